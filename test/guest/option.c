// SPDX-License-Identifier: MIT
// The command line: the value of "bootargs" in the flattened device tree (Devicetree Specification
// 0.4, chapter 5). It is the only property of that name, so the structure is walked without its
// nesting.
#include "guest.h"

enum { MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4 };

static char line[256];

void option_init(unsigned long tree);

static uint32_t word(unsigned long at)
{
    return __builtin_bswap32(*(const volatile uint32_t *)at);
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void keep(const char *text)
{
    for (unsigned i = 0; i < sizeof(line) - 1 && text[i]; i++) {
        line[i] = text[i];
    }
}

void option_init(unsigned long tree)
{
    if (tree % 8 || word(tree) != MAGIC) {
        return;
    }
    unsigned long at = tree + word(tree + 8), strings = tree + word(tree + 12);

    for (;;) {
        uint32_t token = word(at);

        at += 4;
        if (token == BEGIN_NODE) {
            while (*(const volatile char *)at) {
                at++;
            }
            at = (at + 4) & ~3UL;
        } else if (token == PROP) {
            if (same((const char *)strings + word(at + 4), "bootargs")) {
                keep((const char *)at + 8);
                return;
            }
            at += (8 + word(at) + 3) & ~3UL;
        } else if (token != END_NODE && token != NOP) {
            return;
        }
    }
}

unsigned long option(const char *name, unsigned long other)
{
    for (const char *at = line; *at; at++) {
        unsigned i = 0;

        while (name[i] && at[i] == name[i]) {
            i++;
        }
        if (name[i] || at[i] != '=' || (at != line && at[-1] != ' ')) {
            continue;
        }
        unsigned long value = 0;
        for (at += i + 1; *at >= '0' && *at <= '9'; at++) {
            value = value * 10 + (unsigned long)(*at - '0');
        }
        return value;
    }
    return other;
}
