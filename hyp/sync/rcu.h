/* SPDX-License-Identifier: MIT */
/*
 * Deferred freeing. EL2 is never interrupted, so a CPU that takes the RCU interrupt was in a guest
 * or in the idle loop: it holds no borrowed pointer. A grace period is therefore one IPI to each
 * other CPU and this CPU's own next way out (WORK_RCU). Readers pay nothing: whatever dom_find()
 * lent is valid until this exit ends.
 */
#ifndef SYNC_RCU_H
#define SYNC_RCU_H

#include "base/list.h"
#include "base/types.h"

struct rcu_head {
    struct list node;
    void (*fn)(struct rcu_head *);
};

void rcu_init(void);
/* Calls fn(head) on some CPU, with no lock held, when every CPU has passed a quiescent point. Any
 * context. fn frees a bounded thing; what is larger defers itself again. */
void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *));
/* The way out and the idle loop call this when WORK_RCU is set: no borrowed pointers, no locks. */
void rcu_quiescent(void);
/* What is due is called one at a time, each in a stay at EL2 of its own: rcu_up_later() lets this
 * CPU come back at once after it has left, and then it calls rcu_run(). */
void rcu_up_later(void); /* upcall: irq/ipi.c */
void rcu_run(void);
/* Is nothing deferred whose call has not begun? */
bool rcu_is_idle(void);

#endif
