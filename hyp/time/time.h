/* SPDX-License-Identifier: MIT */
/*
 * The system clock (ns since boot, from the architected counter) and a queue of timers per CPU on
 * the EL2 physical timer (CNTHP, PPI 26). Handlers run at EL2 on the CPU that the timer was set on,
 * no locks held.
 */
#ifndef TIME_TIME_H
#define TIME_TIME_H

#include "base/err.h"
#include "base/rbtree.h"

#define NS_PER_S 1000000000ULL

enum err time_init(void); /* boot CPU: frequency from the counter or the device tree */
void time_init_cpu(void);

u64 clock_ns(void);         /* since boot */
u64 clock_boot_ticks(void); /* counter value at clock 0 */
u32 clock_frequency_hz(void);
u64 ticks_to_ns(u64 ticks); /* durations; monotone, no overflow within 500 years */
u64 ns_to_ticks(u64 ns);    /* rounded up */
/* Wall clock: seconds and ns since the epoch at clock 0; set by dom0 (platform_op settime64). */
void clock_set_wall(u64 epoch_ns_at_boot);
u64 clock_wall_at_boot_ns(void);

struct timer {
    struct rb_node node;
    u64 deadline_ns;
    void (*fn)(void *);
    void *arg;
    u32 cpu;     /* queue it is on when node.linked */
    bool is_set; /* [a] the same, for who asks without the queue's lock */
    bool is_stopped;
};

void timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* (Re)arms on this CPU, replacing an earlier deadline wherever that was. */
void timer_set(struct timer *t, u64 deadline_ns);
/* After it returns fn is not pending; it may be running on another CPU unless that CPU is this one.
 */
void timer_cancel(struct timer *t);
/* The same, and it is never set again, not by its own handler either: after a grace period its
 * memory may go. */
void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);

#endif
