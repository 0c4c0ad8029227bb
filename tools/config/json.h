/* SPDX-License-Identifier: MIT */
/* Words of enums as libxl's JSON spells them; private to json_write.c and json_read.c. */
#pragma once
#include "config/keys.h"

extern const struct config_word json_actions[], json_gics[], json_formats[], json_backends[];
