/* SPDX-License-Identifier: MIT */
/*
 * Cache maintenance by address (cpu/cache.h). The line is CTR_EL0.DminLine; it is read each time because CPUs of
 * one machine may differ and the read costs less than a line. Arm ARM D7.5.9.
 */
#include "cpu/asm_arm64.h"

/* x2 = line bytes, x1 = end, x0 = first line */
.macro lines
    mrs x3, ctr_el0
    ubfx x3, x3, #16, #4
    mov x2, #4
    lsl x2, x2, x3
    add x1, x0, x1
    sub x3, x2, #1
    bic x0, x0, x3
.endm

.macro by_line operation
    cbz x1, 2f
    lines
    cmp x2, #64              /* the usual case */
    b.ne 1f
3:  sub x3, x1, x0
    cmp x3, #4096
    b.lo 1f
.rept 64
    dc \operation, x0
    add x0, x0, #64
.endr
    b 3b
1:  cmp x0, x1
    b.hs 2f
    dc \operation, x0
    add x0, x0, x2
    b 1b
2:  dsb sy
    ret
.endm

FUNCTION(cache_clean)
    by_line cvac
END(cache_clean)

FUNCTION(cache_clean_invalidate)
    by_line civac
END(cache_clean_invalidate)

FUNCTION(cache_invalidate_instructions)
    ic ialluis
    dsb ish
    isb
    ret
END(cache_invalidate_instructions)

/* void cache_zero_page(void *va) */
FUNCTION(cache_zero_page)
    mrs x3, dczid_el0
    cmp x3, #4               /* as below */
    b.ne 1f
.rept 64
    dc zva, x0
    add x0, x0, #64
.endr
    ret
1:  mov x1, #0
    mov x2, #4096
    b memset
END(cache_zero_page)

/*
 * void cache_zero_and_clean(void *va, u64 bytes): va and bytes are multiples of 64. DC ZVA zeroes a block of
 * DCZID_EL0 without reading it; where it is prohibited or larger than 64 bytes, stores do. The line is cleaned right
 * behind, while it is still in the first-level cache.
 */
FUNCTION(cache_zero_and_clean)
    cbz x1, 9f
    mrs x3, dczid_el0
    mrs x4, ctr_el0
    ubfx x4, x4, #16, #4
    add x1, x0, x1
    cmp x3, #4               /* DZP clear and a block of 4 << 4 = 64 bytes */
    b.ne 5f
    cmp x4, #4               /* a line of 64 bytes too: the usual case, two pages a turn */
    b.ne 5f
    sub x2, x1, x0
    tst x2, #0xfff
    b.ne 4f
    tbnz x2, #12, 2f         /* an odd number of pages begins in the middle */
1:
.rept 64
    dc zva, x0
    dc cvac, x0
    add x0, x0, #64
.endr
2:
.rept 64
    dc zva, x0
    dc cvac, x0
    add x0, x0, #64
.endr
    cmp x0, x1
    b.lo 1b
    b 9f
4:  dc zva, x0
    dc cvac, x0
    add x0, x0, #64
    cmp x0, x1
    b.lo 4b
    b 9f
5:  mov x2, x0               /* any other geometry: store first, clean by line after */
    sub x1, x1, x0
    add x5, x0, x1
6:  stp xzr, xzr, [x2]
    stp xzr, xzr, [x2, #16]
    stp xzr, xzr, [x2, #32]
    stp xzr, xzr, [x2, #48]
    add x2, x2, #64
    cmp x2, x5
    b.lo 6b
    by_line cvac
9:  dsb sy
    ret
END(cache_zero_and_clean)
