/* SPDX-License-Identifier: MIT */
/*
 * The host machine: the hypervisor as a process (docs/why/010). Boots once; domains come and go.
 * Include nothing of it in hyp/.
 */
#ifndef TEST_FUZZ_MACHINE_H
#define TEST_FUZZ_MACHINE_H

#include "base/addr.h"
#include "dom/domain.h"

#define MACHINE_CPUS_MAX 8u

struct machine_config {
    u32 nr_cpus, gic_version;
    u64 ram_bytes;
};
void machine_boot(const struct machine_config *c);
extern u32 machine_nr_cpus;

/* What a guest does from its entry to its next exit, on the CPU that entered it. The driver's. */
extern void (*machine_guest)(struct vcpu *v);
/* Lets the CPUs go on. True: machine_end() was called, and all CPUs are quiet; false: nothing will
 * ever happen by itself. */
bool machine_run(void);
/* Any CPU: guests do nothing from now on, only interrupts are served. */
void machine_end(void);
void machine_go_on(void);
bool machine_is_ending(void);
/* dom0 shut down, and the machine with it. */
extern bool machine_is_off;

/* The guest on this CPU executes HVC: its pc, and x0.., are set. What the trap path does. */
void machine_hvc(struct vcpu *v, u32 immediate);
/* The guest accesses its memory; what no RAM or device is there is looked for in the emulated
 * devices. False: it would get an abort. */
bool machine_mmio(struct vcpu *v, u64 at, u32 bytes, bool write, u64 *value);
/* RAM of the domain under an address, as the MMU finds it: without a lock, so good until the next
 * yield or within a window of the p2m. NULL: none, or not to be written. */
void *machine_memory(struct domain *d, u64 at, bool write);

/* Service CPU, nothing runs: ends the domain and waits for grace periods. */
void machine_kill(struct domain *d);
/* What is in use: compare before and after. */
struct machine_account {
    u64 objects, pages, vmids;
};
struct machine_account machine_account(void);

/* Ends the program as a finding does: prints what and how to repeat it, and aborts. */
_Noreturn void machine_finding(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The driver's: one line that repeats the run. */
extern void (*machine_print_repeat)(void);

#endif
