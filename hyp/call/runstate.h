/* SPDX-License-Identifier: MIT */
/*
 * The runstate area: where a guest reads how long each of its vCPUs ran, waited and slept, without
 * a call. It is registered by virtual address, translated once, and its page (or two) kept.
 */
#ifndef CALL_RUNSTATE_H
#define CALL_RUNSTATE_H

#include "base/addr.h"
#include "base/err.h"
#include "guestmem/guestmem.h"
#include "sync/rcu.h"

struct vcpu;

struct runstate_area {
    struct gpage page[2];
    u32 nr_pages; /* 1 or 2 */
    u32 offset;   /* in the first */
    struct rcu_head rcu;
};

/*
 * Puts v's area at a virtual address of the current vCPU, in place of an earlier one, and fills it.
 * v is the current vCPU or offline (else E_INVAL: its scheduler would write meanwhile). E_FAULT:
 * not writable memory of the domain's own.
 */
enum err runstate_register(struct vcpu *v, gva_t at);
/* v is held: where its area is, as runstate_restore() takes it. */
void runstate_place(const struct vcpu *v, u32 gfn[2], u32 *offset);
/* v is held: its area is at these frames (the second only if it crosses into it, else all ones), as
 * it was registered elsewhere; nothing is written. E_INVAL: could not have been registered.
 * E_NOMEM.
 */
enum err runstate_restore(struct vcpu *v, const u32 gfn[2], u32 offset);
/*
 * Writes v's state (RUNSTATE_*), since when (ns) and the time in each state (ns) to its area, if it
 * has one. Called by the switch, on the CPU where v's state changes, and by runstate_register. May
 * be called with the run queue's lock.
 */
void runstate_write(struct vcpu *v, u32 state, u64 since_ns, const u64 time_ns[4]);
/* dom_up_vcpu_destroy and the domain's teardown: gives the pages back. v runs nowhere. */
void runstate_release(struct vcpu *v);

#endif
