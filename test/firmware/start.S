// SPDX-License-Identifier: MIT
// EL3: the reset, the vectors, the way in and out. Runs from the flash at 0 with the MMU off; the
// stacks and all data are in the secure SRAM, which QEMU hands over zeroed.
    .section .head, "ax"
    .globl _start
_start:                             // every CPU comes here at power on
    msr     daifset, #15
    adr     x1, vectors
    msr     vbar_el3, x1
    ldr     x1, =0x30c50830         // SCTLR_EL3, RES1 only
    msr     sctlr_el3, x1
    isb
    mrs     x0, mpidr_el1
    and     x0, x0, #0xff
    ldr     x1, =stacks
    add     x1, x1, x0, lsl #12
    add     x1, x1, #4096
    mov     sp, x1
    b       firmware_main           // x0: number of the CPU

// To EL2 for the first time. x0: where, x1: its x0, x2: number of the CPU
    .globl  firmware_enter
firmware_enter:
    ldr     x3, =stacks
    add     x3, x3, x2, lsl #12
    add     x3, x3, #4096
    mov     sp, x3
    msr     elr_el3, x0
    mov     x3, #0x3c9              // EL2h, all masked
    msr     spsr_el3, x3
    mov     x0, x1
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    eret

    // struct frame: x0..x30, pc, pstate
    .macro  vector handler
    .balign 128
    sub     sp, sp, #272
    stp     x0, x1, [sp]
    adr     x0, \handler
    b       enter
    .endm

enter:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x1, elr_el3
    stp     x30, x1, [sp, #240]
    mrs     x1, spsr_el3
    str     x1, [sp, #256]
    mov     x1, x0
    mov     x0, sp
    blr     x1
    ldr     x1, [sp, #256]
    msr     spsr_el3, x1
    ldp     x30, x1, [sp, #240]
    msr     elr_el3, x1
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp]
    add     sp, sp, #272
    eret

    .balign 2048
vectors:
    .rept   8                       // of EL3 itself
    vector  firmware_stray
    .endr
    vector  firmware_smc            // of the levels below, which are AArch64 or under one that is
    vector  firmware_stray
    vector  firmware_fiq
    vector  firmware_stray
    .rept   4
    vector  firmware_stray
    .endr

    .bss
    .balign 4096
stacks:
    .space  8 * 4096
