/* SPDX-License-Identifier: MIT */
/* What writing and reading of state files share. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define STATE_VERSION 1

/* The file of a guest; -ENAMETOOLONG. */
int state_path(const uint8_t uuid[16], char *path, size_t room);
