/* SPDX-License-Identifier: MIT */
/* Private to call/: what the table of calls knows besides the handler. */
#ifndef CALL_TABLE_H
#define CALL_TABLE_H

#include "base/types.h"

/* How many arguments call number takes; 0 when there is no such call. */
u32 call_nr_args(u64 number);

#endif
