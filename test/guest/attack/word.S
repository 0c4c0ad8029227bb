// SPDX-License-Identifier: MIT
// unsigned long word_run(void *code, value, x16): executes what was written at code, one instruction and BR X17, with
// value in x0 and in all that a call may carry; what it may have turned off is turned on again.
    .globl word_run
word_run:
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    mov     x19, sp
    mrs     x20, vbar_el1
    mrs     x21, sctlr_el1
    mrs     x22, cpacr_el1
    mov     x18, x0
    mov     x0, x1
    mov     x16, x2
    mov     x2, x1
    mov     x3, x1
    mov     x4, x1
    adr     x17, 1f
    br      x18
1:  msr     spsel, #1
    mov     sp, x19
    msr     vbar_el1, x20
    msr     sctlr_el1, x21
    msr     cpacr_el1, x22
    msr     mdscr_el1, xzr
    msr     daifset, #15
    isb
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    ret
