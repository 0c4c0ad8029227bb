/* SPDX-License-Identifier: MIT */
/*
 * Physical CPUs of the host machine: coroutines, one runs at a time. Who goes on is a seeded
 * choice, so a run repeats exactly. They change turns between exits, where one waits for another,
 * and where the driver says so; built for the thread sanitizer they are preempted anywhere.
 *
 * Beside them stands the service CPU: the caller's own thread. It has per-CPU data and a number,
 * the one after the last, but the hypervisor never counts it: it boots the machine and tears down.
 */
#ifndef TEST_FUZZ_CPUS_H
#define TEST_FUZZ_CPUS_H

#include "base/types.h"

/* A function of the driver's whose state belongs to the one thread that all CPUs are. */
#define ONE_THREAD __attribute__((no_sanitize("thread")))

/* Makes CPUs 0 .. nr - 1, which run main when the service CPU first yields. */
void cpus_start(u32 nr, void (*main)(void));
/* Any CPU: others go on; returns at some time. */
void cpus_yield(void);
/* This CPU has nothing to do until something is due for it: yields at least once. */
void cpus_rest(void);
/* Service CPU: returns when all CPUs rest and nothing is due. */
void cpus_settle(void);
/* When the first CPU has something due, in ticks; ~0: none. */
u64 cpus_next_deadline(void);
/* May a CPU lose its turn anywhere, locks held? */
extern const bool cpus_preempted;

/* The machine tells: is something due for this CPU (an interrupt, a timer)? */
bool machine_is_due(void);
/* When will something be due for this CPU, in ticks? */
u64 machine_deadline(void);
/* All CPUs rest and nothing is due. May move time; false: nothing will ever be. */
bool machine_wait_for_time(void);
/* A choice: 0 .. n - 1. */
u32 machine_choose(u32 n);

#endif
