/* SPDX-License-Identifier: MIT */
/*
 * What Debian's libfdt.a calls of a C library, beyond string.h. It is built with the stack
 * protector: its guard is a constant here, set before anything could know it, and libfdt runs at
 * boot only.
 */
#include "base/format.h"
#include "base/panic.h"

unsigned long __stack_chk_guard = 0x5b1a3c97d204e86fUL;
__noreturn void __stack_chk_fail(void);
unsigned long strtoul(const char *s, char **end, int base);

__noreturn void __stack_chk_fail(void)
{
    panic("libfdt overran its stack frame");
}

/* libfdt parses decimal numbers in overlays' fixups; the base is always 10 there. */
unsigned long strtoul(const char *s, char **end, int base)
{
    const char *stop;
    u64 value = parse_u64(s, &stop);
    if (end) {
        *end = (char *)stop;
    }
    return value;
}
