// SPDX-License-Identifier: MIT
// The windows of the interrupt controller: at each double word some reads and writes of all sizes,
// at an alignment drawn each time, and now and then of a form that no syndrome describes; in an
// order that spreads over the window.
#include "attack.h"

enum {
    WORDS_A_TURN = 1536,
    STEP = 40503
}; // odd: each double word comes once before the first comes again

struct window {
    unsigned long base, bytes; // bytes: a power of two
};

// GICv2: distributor, CPU interface. GICv3: distributor, both frames of one redistributor
static const struct window windows_v2[] = {{0x03001000, 0x1000}, {0x03002000, 0x2000}};
static const struct window windows_v3[] = {{0x03001000, 0x10000}, {0x03020000, 0x20000}};

static unsigned window;
static unsigned long at;

static unsigned long aligned(unsigned long a, unsigned long size)
{
    a += below(8);
    return below(4) ? a & ~(size - 1) : a;
}

// What each of the accesses is: read or written, of which size
static void touch(unsigned long a, unsigned kind, unsigned long v)
{
    unsigned long r;

    switch (kind) {
    case 0:
        __asm__ volatile("ldrb %w0, [%1]" : "=r"(r) : "r"(aligned(a, 1)) : "memory");
        break;
    case 1:
        __asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(aligned(a, 1)) : "memory");
        break;
    case 2:
        __asm__ volatile("ldrsh %w0, [%1]" : "=r"(r) : "r"(aligned(a, 2)) : "memory");
        break;
    case 3:
        __asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(aligned(a, 2)) : "memory");
        break;
    case 4:
        __asm__ volatile("ldr %w0, [%1]" : "=r"(r) : "r"(aligned(a, 4)) : "memory");
        break;
    case 5:
        __asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(aligned(a, 4)) : "memory");
        break;
    case 6:
        __asm__ volatile("ldr %0, [%1]" : "=r"(r) : "r"(aligned(a, 8)) : "memory");
        break;
    case 7:
        __asm__ volatile("str %0, [%1]" ::"r"(v), "r"(aligned(a, 8)) : "memory");
        break;
    }
}

static void touch_oddly(unsigned long a, unsigned long v)
{
    unsigned long r, other;

    __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(r), "=&r"(other) : "r"(a) : "memory");
    __asm__ volatile("stp %w0, %w0, [%1]" ::"r"(v), "r"(a) : "memory");
    __asm__ volatile("ldxr %0, [%1]\n clrex" : "=r"(r) : "r"(a) : "memory");
    __asm__ volatile("str %w1, [%0], #4" : "+r"(a) : "r"(v) : "memory");
    __asm__ volatile("ldr q0, [%0]" ::"r"(a) : "memory");
    __asm__ volatile("dc zva, %0\n dc civac, %0\n ic ivau, %0" ::"r"(a) : "memory");
    __asm__ volatile("prfm pldl1keep, [%0]" ::"r"(a) : "memory");
}

bool attack_mmio(void)
{
    const struct window *w = gic == 2 ? &windows_v2[window] : &windows_v3[window];

    for (unsigned i = 0; i < WORDS_A_TURN; i++) {
        unsigned long a = w->base + (at * STEP * 8) % w->bytes;

        for (unsigned kind = (unsigned)below(3); kind < 8; kind += 1 + (unsigned)below(4)) {
            touch(a, kind, below(4) ? wild() : draw());
        }
        if (below(64) == 0) {
            touch_oddly(a + below(8), wild());
        }
        if (++at == w->bytes / 8) {
            at = 0;
            window = (window + 1) % 2;
            return window == 0;
        }
    }
    return false;
}
