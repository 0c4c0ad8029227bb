/* SPDX-License-Identifier: MIT */
/* The first instructions: an arm64 Image that runs wherever it is put, MMU off. */
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
1:  adrp    x1, _start          /* R_AARCH64_RELATIVE is all that static-pie needs */
    adrp    x2, rela_start
    add     x2, x2, :lo12:rela_start
    adrp    x3, rela_end
    add     x3, x3, :lo12:rela_end
2:  cmp     x2, x3
    b.hs    3f
    ldp     x4, x5, [x2], #16
    ldr     x6, [x2], #8
    add     x6, x6, x1
    str     x6, [x1, x4]
    b       2b
3:  adrp    x1, stack_top
    add     x1, x1, :lo12:stack_top
    mov     sp, x1
    adr     x1, vectors
    msr     vbar_el1, x1
    isb
    bl      boot_main           /* x0: the device tree */
    b       .

    /* A secondary CPU. x0: where to write who runs here */
    .globl  probe_cpu
probe_cpu:
    mrs     x1, mpidr_el1
    ldr     x2, =0xff00ffffff
    and     x1, x1, x2
    orr     x1, x1, #(1 << 63)
    str     x1, [x0]
    dsb     sy
    mov     w0, #0x0002         /* CPU_OFF */
    movk    w0, #0x8400, lsl #16
    hvc     #0
    b       .

    .balign 2048
vectors:
    .rept 16
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    b       exception
    .balign 128
    .endr

    .bss
    .balign 16
    .space  16384
stack_top:
