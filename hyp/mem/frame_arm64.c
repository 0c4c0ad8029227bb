/* SPDX-License-Identifier: MIT */
#include "mem/frame.h"

#include "mem/hypmap.h"

struct frame *frame_table = (struct frame *)HYPMAP_FRAMES;
u64 frame_linear = HYPMAP_LINEAR;
