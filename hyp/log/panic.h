/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine. panic() itself is declared in base/panic.h, because everybody may need
 * it; here is the part that the architecture supplies.
 */
#ifndef LOG_PANIC_H
#define LOG_PANIC_H

#include "base/types.h"
#include "cpu/context.h"

/* The registers of the moment and where the calls came from; the architecture's file. */
void panic_arch_dump(void);
/* True on the CPU that panics, from then on. */
bool panic_is_mine(void);

/* An exception that EL2 itself caused. r: as it was; vector: 0..15 as VBAR_EL2's table has them. */
__noreturn void panic_exception(const struct cpu_regs *r, u64 sp, u32 vector);

#endif
