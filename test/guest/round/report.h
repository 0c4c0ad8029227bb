// SPDX-License-Identifier: MIT
// What the guest `round` tells test/dom0/round_trip.c, in its own memory.
#pragma once
#include <stdint.h>

#define ROUND_REPORT  0x40100000ul // a page; then ROUND_PATTERN pages with a word each
#define ROUND_PATTERN 64u
#define ROUND_CONSOLE 0x40180000ul // a page that nobody reads
#define ROUND_BYTES   0x400000ul

struct round_report {
    uint64_t gic_version; // in
    uint64_t ready;       // all below: out
    uint64_t port;        // where dom0 binds
    uint64_t ticks;       // of the virtual timer
    uint64_t physical;    // of the physical timer
    uint64_t sgis;        // one is sent each tick
    uint64_t events;      // times that the port was found pending
    uint64_t loops;       // of the main program, which adds as many in d8
    uint64_t late;        // most virtual ticks that an interrupt came after its time
    uint64_t bad;         // bits of enum round_bad
    uint64_t runstate[6];
};

enum round_bad {
    ROUND_FP = 1,
    ROUND_MEMORY = 2,
    ROUND_STRAY = 4,
    ROUND_CALL = 8,
    ROUND_EL1 = 16,
    ROUND_ORDER = 32,
    ROUND_RUNSTATE = 64,
    ROUND_EARLY = 128,
};
