// SPDX-License-Identifier: MIT
// A bare-metal arm64 guest: Linux Image header, stack, vectors. The MMU stays off.
    .section .head, "ax"
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0                   // text offset
    .quad   _end - _start       // image size
    .quad   0xa                 // little endian, 4 KiB pages, anywhere
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:  mov     x19, x0
    ldr     x1, =stack_top
    mov     sp, x1
    mov     x0, #(3 << 20)      // FP at EL1
    msr     cpacr_el1, x0
    ldr     x0, =vectors
    msr     vbar_el1, x0
    isb
    mov     x0, x19
    bl      guest_start
2:  wfi
    b       2b

    .macro  vector name, size=0x80
    .balign 0x80
    b       \name
    .endm

    .balign 0x800
    .globl vectors
vectors:
    .rept   4
    vector  stray
    .endr
    vector  synchronous
    vector  interrupt
    vector  stray
    vector  stray
    .rept   8
    vector  stray
    .endr

    .macro  save
    sub     sp, sp, #192
    stp     x0, x1, [sp]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    .endm

    .macro  restore
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    ldp     x0, x1, [sp]
    add     sp, sp, #192
    eret
    .endm

synchronous:
    save
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    ldr     x3, [sp, #152]
    bl      guest_exception     // returns where to go on
    msr     elr_el1, x0
    restore

interrupt:
    save
    bl      guest_interrupt
    restore

stray:
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    bl      guest_stray
3:  wfi
    b       3b

    .bss
    .balign 4096
    .space  16384
stack_top:
