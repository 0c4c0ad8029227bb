// SPDX-License-Identifier: MIT
// The attacks, one a file, and what they draw their arguments from. Whatever happens the guest goes
// on: an exception skips its instruction. None judges an answer: what counts is that host and
// neighbours are unharmed.
#pragma once
#include "guest.h"

// Memory that is thrown at the hypervisor; what lies outside of it and of the shared pages the
// guest needs for itself.
enum {
    DATA_BASE = 0x40800000,
    DATA_END = 0x43000000,
    PAGE = 4096,
    SCRATCH_PAGES = 4,
    NR_VCPUS = 5
};

// Far behind the image, with nothing after it that matters: calls answer there, some at any length,
// and no flip of one byte turns an address of it into one of the image.
#define scratch ((unsigned char(*)[PAGE])0x43400000UL)
enum { SCRATCH_BYTES = SCRATCH_PAGES * PAGE };

extern unsigned gic; // 2 or 3
extern unsigned long seed;
extern unsigned accesses_a_turn; // of mmio.c
extern uint32_t own_ports[2];    // of console and store

unsigned long draw(void);
unsigned long below(unsigned long limit);
unsigned long wild(
    void); // boundary, address, frame, small or random; never names what the guest needs
unsigned long wild_address(void);
unsigned long wild_frame(void);

void report(const char *what, unsigned long value);
long hypercall5(unsigned long number, const unsigned long args[5]);

// Each does a part of its whole and goes on there when called again; true when it has come round.
bool attack_words(void); // every system instruction and every HVC and SMC
bool attack_mmio(void);  // the windows of the interrupt controller
bool attack_calls(void); // hypercalls
void calls_report(void);
bool attack_events(void); // storms
bool attack_memory(void); // stage 2
bool attack_psci(void);   // firmware
bool attack_rings(void);  // the daemons' rings

// vCPUs that the firmware attack starts
void helper_main(unsigned long vcpu);
unsigned long vcpu_mpidr(unsigned vcpu);
