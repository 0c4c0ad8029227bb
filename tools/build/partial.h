/* SPDX-License-Identifier: MIT */
/*
 * A partial device tree (device_tree=): nodes of devices that a guest is given. Of it only
 * /passthrough and /aliases are taken; the file is any bytes until it is checked.
 */
#pragma once
#include <stddef.h>

/* Reads and checks a file; the caller frees what comes. A failure has had its sentence. */
int partial_open(void **out, const char *path);
/* The check of bytes; NULL or what is wrong with them. */
const char *partial_check(const void *partial, size_t bytes);
/* Adds the nodes to a tree that libfdt writes; a libfdt error. */
int partial_write(const void *partial, void *tree);
