/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine. panic() itself is declared in base/panic.h, because everybody may need it; here is the
 * part that the architecture supplies.
 */
#ifndef LOG_PANIC_H
#define LOG_PANIC_H

#include "base/types.h"

/* The registers of the moment and where the calls came from; the architecture's file. */
void panic_arch_dump(void);
/* This CPU is done. */
__noreturn void panic_arch_halt(void);
/* True on the CPU that panics, from then on. */
bool panic_is_mine(void);

#endif
