/* SPDX-License-Identifier: MIT */
/* One CPU's run queue, between sched.c and the policies. */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include "sched/sched.h"
#include "time/time.h"

struct sched_queue {
    struct spinlock lock;       /* RANK_SCHED */
    u32 cpu;                    /* [c] */
    u32 nr_waiting;             /* [L] units in tree; read without the lock as a hint */
    struct sched_unit *running; /* [L] NULL: idle */
    u64 charged_ns;             /* [L] until when running has been charged */
    u64 slice_end_ns;           /* [L] */
    bool slice_armed;           /* [L] the timer is set, not later than slice_end_ns */
    struct timer slice;
    u64 idle_ns;                /* total; written by its CPU only */
    u64 idle_since_ns;          /* 0: not idle */
    /* policy fair */
    struct rb_tree tree;        /* [L] by vruntime */
    u64 min_vruntime;           /* [L] never goes back */
};
DECLARE_PER_CPU(struct sched_queue, sched_queue);

#endif
