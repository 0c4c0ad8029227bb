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
 * context. */
void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *));
/* The way out and the idle loop call this when WORK_RCU is set: no borrowed pointers, no locks.
 * Bounded. */
void rcu_quiescent(void);

#endif
