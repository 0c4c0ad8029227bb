/* SPDX-License-Identifier: MIT */
/*
 * Physical CPUs of the host machine. Two ways to have them, one file each:
 *
 *   cpus_turns.c     coroutines, one runs at a time; who goes on at a yield is a seeded choice, so a
 *                    run repeats exactly.
 *   cpus_threads.c   a thread each, for the thread sanitizer.
 *
 * Beside them stands the service CPU: the caller's own thread. It has per-CPU data and a number, the
 * one after the last, but the hypervisor never counts it: it boots the machine and tears down.
 */
#ifndef TEST_FUZZ_CPUS_H
#define TEST_FUZZ_CPUS_H

#include "base/types.h"

/* Makes CPUs 0 .. nr - 1, which run main when the service CPU first yields. */
void cpus_start(u32 nr, void (*main)(void));
/* Any CPU: others go on; returns at some time. */
void cpus_yield(void);
/* This CPU has nothing to do until something is due for it: yields at least once. */
void cpus_rest(void);
/* Any CPU: it did something that others may have to answer to. */
void cpus_worked(void);
/* Service CPU: returns when all CPUs rest and nothing is due. */
void cpus_settle(void);

/* The machine tells: is something due for this CPU (an interrupt, a timer)? */
bool machine_is_due(void);
/* All CPUs rest and nothing is due. May move time; false: nothing will ever be. Turns only. */
bool machine_wait_for_time(void);
/* A choice: 0 .. n - 1. */
u32 machine_choose(u32 n);

#endif
