// SPDX-License-Identifier: MIT
// The windows of the interrupt controller, in passes. In the pages where registers lie each double
// word is read and written at every size and alignment; elsewhere a pass does a share of these, the
// next pass (or the next seed) the next, so that after PASSES of them nothing is left out there
// either. Now and then comes an access of a form that no syndrome describes. The order spreads over
// the window.
#include "attack.h"

enum {
    NR_ACCESSES = 64, // one of four sizes at one of eight alignments, read or written
    SPARSE = 1,       // of them a pass, where no registers are
    PASSES = NR_ACCESSES / SPARSE,
    STEP = 40503 // odd: each double word comes once before the first comes again
};

struct window {
    unsigned long base, bytes; // bytes: a power of two
    unsigned long dense;       // pages full of registers, a bit each
};

// GICv2: distributor, CPU interface. GICv3: distributor; two frames for each of the redistributors
// of vCPUs 0 and 1, 2 and 3; what follows them, which is nobody's
static const struct window windows_v2[] = {{0x03001000, 0x1000, 1}, {0x03002000, 0x2000, 3}};
static const struct window windows_v3[] = {{0x03001000, 0x10000, 0x8041},
                                           {0x03020000, 0x40000, 0x18001},
                                           {0x03060000, 0x40000, 0},
                                           {0x030a0000, 0x40000, 0}};

static bool begun;
static unsigned window, pass;
static unsigned long at;

static void touch(unsigned long a, unsigned kind, unsigned long v)
{
    unsigned long r;

    switch (kind) {
    case 0:
        __asm__ volatile("ldrb %w0, [%1]" : "=r"(r) : "r"(a) : "memory");
        break;
    case 1:
        __asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(a) : "memory");
        break;
    case 2:
        __asm__ volatile("ldrsh %w0, [%1]" : "=r"(r) : "r"(a) : "memory");
        break;
    case 3:
        __asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(a) : "memory");
        break;
    case 4:
        __asm__ volatile("ldr %w0, [%1]" : "=r"(r) : "r"(a) : "memory");
        break;
    case 5:
        __asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(a) : "memory");
        break;
    case 6:
        __asm__ volatile("ldr %0, [%1]" : "=r"(r) : "r"(a) : "memory");
        break;
    case 7:
        __asm__ volatile("str %0, [%1]" ::"r"(v), "r"(a) : "memory");
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

// Returns how many accesses it were
static unsigned double_word(const struct window *w)
{
    unsigned long offset = (at * STEP * 8) % w->bytes, a = w->base + offset;
    bool dense = w->dense >> (offset / PAGE) & 1;
    unsigned nr = dense ? NR_ACCESSES : SPARSE;
    unsigned first = dense ? 0 : (pass + (unsigned)at) % PASSES * SPARSE;

    for (unsigned i = first; i < first + nr; i++) {
        touch(a + i / 8, i % 8, below(4) ? wild() : draw());
    }
    if (below(64) == 0) {
        touch_oddly(a + below(8), wild());
    }
    return nr;
}

bool attack_mmio(void)
{
    unsigned nr_windows = gic == 2 ? sizeof(windows_v2) / sizeof(windows_v2[0])
                                   : sizeof(windows_v3) / sizeof(windows_v3[0]);
    const struct window *w = gic == 2 ? windows_v2 : windows_v3;

    if (!begun) {
        begun = true;
        pass = (unsigned)(seed % PASSES);
    }
    for (unsigned n = 0; n < accesses_a_turn;) {
        n += double_word(&w[window]);
        if (++at == w[window].bytes / 8) {
            at = 0;
            window = (window + 1) % nr_windows;
            if (window == 0) {
                pass = (pass + 1) % PASSES;
                return true;
            }
        }
    }
    return false;
}
