/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset for normal memory with the MMU on (accesses may be unaligned), and the usual names of the
 * functions in string.c. Copies of at least 16 bytes end with one access that overlaps what was done; what it
 * stores is loaded before the first store, so that memmove may share the code.
 */
#include "cpu/asm_arm64.h"

/* x0 dst, x1 src, x2 n < 16; all loads before all stores. Keeps x0. */
.macro copy_small
    tbz x2, #3, 1f
    add x3, x1, x2
    add x4, x0, x2
    ldr x5, [x1]
    ldur x6, [x3, #-8]
    str x5, [x0]
    stur x6, [x4, #-8]
    ret
1:  tbz x2, #2, 2f
    add x3, x1, x2
    add x4, x0, x2
    ldr w5, [x1]
    ldur w6, [x3, #-4]
    str w5, [x0]
    stur w6, [x4, #-4]
    ret
2:  cbz x2, 3f               /* one to three bytes: first, middle, last */
    lsr x3, x2, #1
    sub x4, x2, #1
    ldrb w5, [x1]
    ldrb w6, [x1, x3]
    ldrb w7, [x1, x4]
    strb w5, [x0]
    strb w6, [x0, x3]
    strb w7, [x0, x4]
3:  ret
.endm

/* 64 bytes from x1 + at to x3 + at; all loads before all stores. */
.macro copy_line at
    ldp x8, x9, [x1, #\at]
    ldp x10, x11, [x1, #\at + 16]
    ldp x12, x13, [x1, #\at + 32]
    ldp x14, x15, [x1, #\at + 48]
    stp x8, x9, [x3, #\at]
    stp x10, x11, [x3, #\at + 16]
    stp x12, x13, [x3, #\at + 32]
    stp x14, x15, [x3, #\at + 48]
.endm

/* The same at 0, and 256 bytes on. */
.macro copy_line_and_go_on
    ldp x8, x9, [x1], #256
    ldp x10, x11, [x1, #16 - 256]
    ldp x12, x13, [x1, #32 - 256]
    ldp x14, x15, [x1, #48 - 256]
    stp x8, x9, [x3], #256
    stp x10, x11, [x3, #16 - 256]
    stp x12, x13, [x3, #32 - 256]
    stp x14, x15, [x3, #48 - 256]
.endm

FUNCTION(memmove)
    sub x3, x0, x1
    cmp x3, x2
    b.lo backward
.type memcpy, %function
.global memcpy
memcpy:
    cmp x2, #16
    b.lo small
    add x4, x1, x2
    ldp x6, x7, [x4, #-16]   /* the tail, stored last */
    add x5, x0, x2
    mov x3, x0
    subs x2, x2, #64
    b.lo 2f
    subs x2, x2, #192        /* by 256: pages */
    b.lo 0f
7:  copy_line_and_go_on
    copy_line 64 - 256
    copy_line 128 - 256
    copy_line 192 - 256
    subs x2, x2, #256
    b.hs 7b
0:  adds x2, x2, #192        /* remaining - 64 */
    b.lo 2f
1:  copy_line 0
    add x1, x1, #64
    add x3, x3, #64
    subs x2, x2, #64
    b.hs 1b
2:  adds x2, x2, #48         /* remaining - 16; fewer than 64 remain */
    b.lo 4f
3:  ldp x8, x9, [x1], #16
    stp x8, x9, [x3], #16
    subs x2, x2, #16
    b.hs 3b
4:  stp x6, x7, [x5, #-16]
    ret

small:
    copy_small

backward:
    cmp x2, #16
    b.lo small
    ldp x6, x7, [x1]         /* the head, stored last */
    add x4, x1, x2
    add x5, x0, x2
    sub x2, x2, #16
5:  ldp x8, x9, [x4, #-16]!
    stp x8, x9, [x5, #-16]!
    subs x2, x2, #16
    b.hs 5b
    stp x6, x7, [x0]
    ret
END(memmove)

FUNCTION(memset)
    and x1, x1, #0xff
    orr x1, x1, x1, lsl #8
    orr x1, x1, x1, lsl #16
    orr x1, x1, x1, lsl #32
    add x5, x0, x2
    cmp x2, #16
    b.lo 4f
    mov x3, x0
    subs x2, x2, #64
    b.lo 2f
1:  stp x1, x1, [x3]
    stp x1, x1, [x3, #16]
    stp x1, x1, [x3, #32]
    stp x1, x1, [x3, #48]
    add x3, x3, #64
    subs x2, x2, #64
    b.hs 1b
2:  adds x2, x2, #48
    b.lo 9f
3:  stp x1, x1, [x3], #16
    subs x2, x2, #16
    b.hs 3b
9:  stp x1, x1, [x5, #-16]
    ret
4:  tbz x2, #3, 5f
    str x1, [x0]
    stur x1, [x5, #-8]
    ret
5:  tbz x2, #2, 6f
    str w1, [x0]
    stur w1, [x5, #-4]
    ret
6:  cbz x2, 7f
    lsr x3, x2, #1
    strb w1, [x0]
    strb w1, [x0, x3]
    sturb w1, [x5, #-1]
7:  ret
END(memset)

/* base/string.c under the names that the compiler and libfdt call. */
#define USUAL(name)                                                                                \
    FUNCTION(name)                                                                                 \
    b string_##name;                                                                               \
    END(name)

USUAL(memcmp)
USUAL(memchr)
USUAL(strlen)
USUAL(strnlen)
USUAL(strcmp)
USUAL(strncmp)
USUAL(strchr)
USUAL(strrchr)
