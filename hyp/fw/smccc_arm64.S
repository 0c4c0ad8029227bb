/* SPDX-License-Identifier: MIT */
#include "cpu/asm_arm64.h"

/* void smccc_call(const u64 in[8], u64 out[4]): x0..x7 in, x0..x3 out; SMCCC 1.0 firmware may change x4..x17. */
FUNCTION(smccc_call)
    stp x19, x30, [sp, #-16]!
    mov x19, x1
    ldp x6, x7, [x0, #48]
    ldp x4, x5, [x0, #32]
    ldp x2, x3, [x0, #16]
    ldp x0, x1, [x0]
    smc #0
    stp x0, x1, [x19]
    stp x2, x3, [x19, #16]
    ldp x19, x30, [sp], #16
    ret
END(smccc_call)
