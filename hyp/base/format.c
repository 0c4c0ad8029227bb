/* SPDX-License-Identifier: MIT */
#include "base/format.h"

#include "base/bits.h"
#include "base/string.h"

/* Where the text goes: len counts what the whole text has, bytes beyond size are dropped. */
struct out {
    char *buf;
    size_t size, len;
};

/* One conversion, decoded. */
struct spec {
    bool left, zero, plus, space, alt;
    int width, precision; /* -1: none */
    u32 length;           /* bytes of the argument */
    char conversion;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size) {
        o->buf[o->len] = c;
    }
    o->len++;
}

static void put_n(struct out *o, char c, int n)
{
    for (; n > 0; n--) {
        put(o, c);
    }
}

/* text padded to the width on the side that the flags say */
static void put_text(struct out *o, const struct spec *s, const char *text, int len)
{
    int pad = s->width - len;
    if (!s->left) {
        put_n(o, ' ', pad);
    }
    for (int i = 0; i < len; i++) {
        put(o, text[i]);
    }
    if (s->left) {
        put_n(o, ' ', pad);
    }
}

static const char *read_flags(const char *f, struct spec *s)
{
    for (;; f++) {
        switch (*f) {
        case '-':
            s->left = true;
            break;
        case '0':
            s->zero = true;
            break;
        case '+':
            s->plus = true;
            break;
        case ' ':
            s->space = true;
            break;
        case '#':
            s->alt = true;
            break;
        default:
            return f;
        }
    }
}

static const char *read_length(const char *f, struct spec *s)
{
    s->length = sizeof(int);
    if (*f == 'h') {
        f++;
        s->length = sizeof(short);
        if (*f == 'h') {
            f++;
            s->length = sizeof(char);
        }
    } else if (*f == 'l') {
        f++;
        s->length = sizeof(long);
        if (*f == 'l') {
            f++;
            s->length = sizeof(long long);
        }
    } else if (*f == 'z' || *f == 'j' || *f == 't') {
        f++;
        s->length = sizeof(u64);
    }
    return f;
}

/* Digits of value, last first; returns how many. */
static int digits(char *text, u64 value, u32 base, bool upper)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    int n = 0;
    for (; value != 0; value /= base) {
        text[n++] = set[value % base];
    }
    return n;
}

static void put_number(struct out *o, const struct spec *s, u64 value, bool negative, u32 base)
{
    char text[24];
    int n = digits(text, value, base, s->conversion == 'X');
    int least = s->precision < 0 ? 1 : s->precision;
    char prefix[3];
    int np = 0;
    if (s->conversion == 'd') {
        if (negative || s->plus || s->space) {
            prefix[np++] = negative ? '-' : s->plus ? '+' : ' ';
        }
    } else if (s->conversion == 'p' || (s->alt && base == 16 && value != 0)) {
        prefix[np++] = '0';
        prefix[np++] = s->conversion == 'X' ? 'X' : 'x';
    } else if (s->alt && base == 8 && n >= least) {
        least = n + 1;
    }
    /* Zeros fill the width only when nothing else says how many there are (C17 7.21.6.1). */
    if (s->zero && !s->left && s->precision < 0) {
        least = MAX(least, s->width - np);
    }
    int zeros = MAX(least - n, 0);
    int pad = s->width - np - zeros - n;
    if (!s->left) {
        put_n(o, ' ', pad);
    }
    for (int i = 0; i < np; i++) {
        put(o, prefix[i]);
    }
    put_n(o, '0', zeros);
    while (n > 0) {
        put(o, text[--n]);
    }
    if (s->left) {
        put_n(o, ' ', pad);
    }
}

/* The argument, of s->length bytes. */
static u64 take(const struct spec *s, va_list *args, bool is_signed)
{
    u64 value = s->length == sizeof(u64) ? va_arg(*args, u64) : va_arg(*args, unsigned int);
    const u32 above = 64 - 8 * s->length;
    return is_signed ? (u64)((s64)(value << above) >> above) : value << above >> above;
}

static void convert(struct out *o, struct spec *s, va_list *args)
{
    switch (s->conversion) {
    case 'd':
    case 'i': {
        s64 value = (s64)take(s, args, true);
        s->conversion = 'd';
        put_number(o, s, value < 0 ? -(u64)value : (u64)value, value < 0, 10);
        break;
    }
    case 'u':
        put_number(o, s, take(s, args, false), false, 10);
        break;
    case 'x':
    case 'X':
        put_number(o, s, take(s, args, false), false, 16);
        break;
    case 'o':
        put_number(o, s, take(s, args, false), false, 8);
        break;
    case 'p':
        put_number(o, s, (u64)va_arg(*args, void *), false, 16);
        break;
    case 'c': {
        char c = (char)va_arg(*args, int);
        put_text(o, s, &c, 1);
        break;
    }
    case 's': {
        const char *text = va_arg(*args, const char *);
        text = text ? text : "(null)";
        size_t most = s->precision < 0 ? 0x7fffffff : (size_t)s->precision;
        put_text(o, s, text, (int)strnlen(text, most));
        break;
    }
    case '%':
        put(o, '%');
        break;
    default: /* not in our list: show it, so that it is seen and mended */
        put(o, '%');
        put(o, s->conversion);
        break;
    }
}

static const char *read_number(const char *f, int *value)
{
    *value = 0;
    for (; *f >= '0' && *f <= '9'; f++) {
        *value = *value < 100000 ? *value * 10 + (*f - '0') : *value;
    }
    return f;
}

/* Reads what stands between % and its end. */
static const char *read_spec(const char *f, struct spec *s, va_list *args)
{
    *s = (struct spec){.precision = -1};
    f = read_flags(f, s);
    if (*f == '*') {
        f++;
        s->width = va_arg(*args, int);
        if (s->width < 0) {
            s->left = true;
            s->width = -s->width;
        }
    } else {
        f = read_number(f, &s->width);
    }
    if (*f == '.') {
        f++;
        if (*f == '*') {
            f++;
            s->precision = va_arg(*args, int); /* a negative one counts as none */
        } else {
            f = read_number(f, &s->precision);
        }
    }
    f = read_length(f, s);
    s->conversion = *f;
    return *f ? f + 1 : f;
}

int format_v(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = {.buf = buf, .size = size};
    va_list copy;
    va_copy(copy, args);
    while (*fmt) {
        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        struct spec s;
        fmt = read_spec(fmt + 1, &s, &copy);
        if (s.conversion) {
            convert(&o, &s, &copy);
        }
    }
    va_end(copy);
    if (size != 0) {
        buf[MIN(o.len, size - 1)] = '\0';
    }
    return (int)o.len;
}

int format(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = format_v(buf, size, fmt, args);
    va_end(args);
    return len;
}
