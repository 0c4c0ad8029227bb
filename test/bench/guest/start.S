/* SPDX-License-Identifier: MIT */
/* The bench kernel's first instructions: an arm64 Image that runs wherever it is put, MMU off. */
    .section .head, "ax"
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0                   /* text_offset */
    .quad   _end - _start       /* image_size */
    .quad   0xa                 /* little endian, 4 KiB pages, anywhere */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:  adrp    x1, stack0_top
    add     x1, x1, :lo12:stack0_top
    b       enter
    .globl  second_cpu
second_cpu:
    adrp    x1, stack1_top
    add     x1, x1, :lo12:stack1_top
    mov     x19, #1
    b       2f
enter:
    mov     x19, #0
2:  mov     sp, x1
    adr     x1, vectors
    msr     vbar_el1, x1
    isb
    cbnz    x19, 3f
    bl      bench_main
    b       .
3:  bl      bench_second
    b       .

    .balign 2048
vectors:
    .rept 5
    b       unexpected
    .balign 128
    .endr
    /* 0x280: IRQ from this EL */
    sub     sp, sp, #176
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
    bl      bench_irq
    ldp     x0, x1, [sp]
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    add     sp, sp, #176
    eret
    .balign 128
    .rept 10
    b       unexpected
    .balign 128
    .endr
unexpected:
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    bl      bench_unexpected
    b       .

    .section .rodata.yielder, "a"
    .balign 4096
    /* What the second domain runs: it yields for ever, and may use floating point before each. */
    .globl  yielder, yielder_fp
yielder:
    mov     x0, #0
    mov     x16, #29
    hvc     #0xea1
    b       yielder
yielder_fp:
    mov     x1, #(3 << 20)
    msr     cpacr_el1, x1
    isb
1:  fmov    d0, x1
    mov     x0, #0
    mov     x16, #29
    hvc     #0xea1
    b       1b
    .balign 4096

    .bss
    .balign 4096
    .space  8192
stack0_top:
    .space  8192
stack1_top:
