/* SPDX-License-Identifier: MIT */
/* Inside the room: time_init() calls it first. E_NODEV when the counter has no frequency. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "base/err.h"

enum err clock_init(void);

#endif
