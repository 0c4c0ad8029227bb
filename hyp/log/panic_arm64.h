/* SPDX-License-Identifier: MIT */
/*
 * An exception that EL2 itself caused. A vector branches here with its number in x0, the old x0 in SP_EL0, and all
 * else untouched (PANIC_VECTOR); the stack may be the reason, so another one is used (panic_stack, per CPU).
 */
#ifndef LOG_PANIC_ARM64_H
#define LOG_PANIC_ARM64_H

#define PANIC_FRAME_BYTES (36 * 8)

#ifdef __ASSEMBLER__
.macro PANIC_VECTOR number
    msr sp_el0, x0
    mov x0, #\number
    b panic_entry
.endm
#else

#include "base/types.h"

/* As panic_entry stores it. */
struct panic_frame {
    u64 x[31];
    u64 sp, pc, pstate, esr, far;
};
_Static_assert(sizeof(struct panic_frame) == PANIC_FRAME_BYTES, "panic_arm64.S knows these offsets");

/* vector: 0..15 as VBAR_EL2's table has them. */
__noreturn void panic_exception(const struct panic_frame *frame, u32 vector);

#endif
#endif
