/* SPDX-License-Identifier: MIT */
#include "base/format.h"

#include "base/string.h"

/* Value of a digit in base 16, or 16. */
static u32 digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (u32)(c - '0');
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : 16;
}

u64 parse_u64(const char *s, const char **end)
{
    u32 base = 10;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16) {
        base = 16;
        s += 2;
    }
    u64 value = 0;
    for (; digit(*s) < base; s++) {
        u64 next;
        /* Too large sticks at the largest: a limit that is asked for stays a limit. */
        if (__builtin_mul_overflow(value, base, &next) ||
            __builtin_add_overflow(next, digit(*s), &value)) {
            value = ~0ULL;
            while (digit(*s) < base) {
                s++;
            }
            break;
        }
    }
    *end = s;
    return value;
}

u64 parse_size_bytes(const char *s, u32 default_shift, const char **end)
{
    static const char units[] = "bkmgt"; /* each 2^10 of the one before */
    const u64 value = parse_u64(s, end);
    const char *unit = *end != s ? strchr(units, **end | 0x20) : NULL;
    const u32 shift = unit ? 10 * (u32)(unit - units) : default_shift;
    *end += unit != NULL;
    return value > ~0ULL >> shift ? ~0ULL : value << shift;
}
