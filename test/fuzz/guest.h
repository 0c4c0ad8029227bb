/* SPDX-License-Identifier: MIT */
/* Guests of the host machine that fuzz: where they come from, and what each of their vCPUs is at.
 */
#ifndef TEST_FUZZ_GUEST_H
#define TEST_FUZZ_GUEST_H

#include <stdio.h>

#include "dom/domain.h"
#include "test/fuzz/calls.h"

#define GUESTS     3u /* beside dom0 */
#define GUEST_RAM  0x40000ULL
#define GUEST_GNT  0x38000ULL
#define GUEST_INFO 0x39000ULL
#define GUEST_HOLE 0x48000ULL
#define NR_HOLES   48u
#define RAM_PAGES  32u
#define NR_FRAMES  4u /* of grant table, mapped */
#define HVC_AT     0x40001000ULL

/* ---- the input: bytes, and then either the end or more bytes from a seed */
u8 input_byte(void);
u32 input_below(u32 n);
u64 input_u64(void);
bool input_one_in(u32 n);

/* ---- what a vCPU is at */
struct guest {
    bool in_call;
    bool is_foreign;  /* the call named another domain when it began */
    bool fetched_own; /* but not in what was last fetched of it */
    u32 row, restarts;
    u64 generation;
    u64 array;      /* of S_ARRAY, when it began */
    u32 fetched_op; /* the first word of what was fetched at x0, since its last HVC */
    bool has_fetched_op;
};
/* How much one input of a coverage-guided fuzzer may do. */
#define INPUT_ACTIONS_MAX 2000u

struct guest *guest_of(const struct vcpu *v);

/* The domains: 0 is dom0. */
extern domid_t guest_id[GUESTS + 1];
extern u64 dom0_ram; /* gfn */

/* Service CPU: dom0, paused by nobody. It makes the guests by hypercalls when it runs. */
void guest_build_dom0(void);
/* Service CPU: ends all domains, and looks whether everything came back. */
void guest_tear_down(void);
bool guest_is_building(void);
void guest_build_step(struct vcpu *v);

/* First frame of a domain's RAM, and of its free places. */
u64 guest_ram(const struct domain *d);
u64 guest_hole(const struct domain *d);
void guest_write(struct domain *d, u64 at, const void *from, u32 bytes);

/* ---- generate.c */
void generate_init(void);
/* A record was changed since fuzz_run() began: a vCPU may hold whatever it said. */
extern bool generate_wrote_records;
/* Writes the structure of row somewhere in v's memory and sets the registers of the call. */
void generate_call(struct vcpu *v, const struct call_shape *row);
u32 generate_row(const struct domain *d);
/* from has a port that to may bind to. */
void generate_offer_port(domid_t from, domid_t to, u32 port);
/* by has a grant mapped. */
void generate_mapped(domid_t by, u32 handle, u64 at);
/* All but a call: memory, interrupts, timers, firmware. */
void generate_other(struct vcpu *v);

/* ---- fuzz.c */
/* In half of the calls an allocation, a copy or a map fails: the first, or one of the next few. */
extern u32 fuzz_ask_calls; /* between two looks of the specification */
extern bool fuzz_faults;
void fuzz_boot(u32 nr_cpus, u32 gic_version);
/* One machine's worth of guests on this input. */
void fuzz_run(const u8 *bytes, u64 nr_bytes, u64 seed, u64 actions);
/* The guest executes its HVC, for the first time or again. */
void fuzz_call(struct vcpu *v, struct guest *g);
/* The hypervisor has read this at v's address at. */
void fuzz_fetched(const struct vcpu *v, const void *what, u64 at, u32 bytes);

/* ---- permission.c */
/* Does the structure of v's call, at its address at, say that it is about another domain? Never for
 * the control domain. */
bool permission_is_foreign(const struct vcpu *v, const struct call_shape *row, u64 at);
/* The call was foreign when it began, and has answered. */
void permission_fetched(const struct vcpu *v, const void *op, u64 at, u32 bytes);
void permission_check_answer(const struct vcpu *v, const struct call_shape *row, u64 at,
                             s64 answer);

/* ---- check.c */
/* Ends with a finding when the hypervisor does what call_shapes does not describe. */
void fuzz_check_calls(void);

/* ---- spec.c */
/* Service CPU, all others are quiet: is what must always be true (test/spec)? */
void fuzz_ask_specification(void);

/* ---- report.c */
/* The row of an operation: of those after call_shapes, one a call, when nothing is known of it. */
u32 report_row(u32 number, u32 sub);
void report_answer(u32 row, s64 result);
void report_status(u32 row, s64 status);
void report_restart(u32 row);
void report_print(FILE *to, bool whole);
u64 report_calls(void);

#endif
