/* SPDX-License-Identifier: MIT */
/*
 * CPUs are threads, for the thread sanitizer. A CPU that rests polls; time moves while it does. The
 * machine is quiet when every CPU has polled again and none has done anything meanwhile.
 */
#include <pthread.h>
#include <sched.h>

#include "base/panic.h"
#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/machine.h"

#define CPUS_MAX   16u
#define REST_TICKS 300u
#define QUIET      3u /* polls of each CPU, twice */

const bool machine_takes_turns = false;

static u32 nr_cpus;
static void (*cpu_main)(void);
static u64 rests[CPUS_MAX], works[CPUS_MAX]; /* [a] */

static void *thread(void *arg)
{
    cpu_set_percpu_offset(percpu_offset[(u64)arg]);
    cpu_main();
    return NULL;
}

void cpus_start(u32 nr, void (*main)(void))
{
    check(nr <= CPUS_MAX);
    nr_cpus = nr;
    cpu_main = main;
    for (u64 i = 0; i < nr; i++) {
        pthread_t t;
        check(pthread_create(&t, NULL, thread, (void *)i) == 0);
        pthread_detach(t);
    }
}

void cpus_worked(void)
{
    if (cpu_current() < nr_cpus) {
        atomic_add(&works[cpu_current()], 1);
    }
}

void cpus_yield(void)
{
    sched_yield();
}

void cpus_rest(void)
{
    atomic_add(&rests[cpu_current()], 1);
    if (!machine_is_ending()) {
        atomic_add_relaxed(&host_counter_ticks, REST_TICKS);
    }
    sched_yield();
}

static u64 sum_of_works(void)
{
    u64 sum = 0;
    for (u32 i = 0; i < nr_cpus; i++) {
        sum += atomic_add(&works[i], 0);
    }
    return sum;
}

static void wait_for_polls(void)
{
    for (u32 i = 0; i < nr_cpus; i++) {
        u64 from = load_acquire(&rests[i]);
        while (load_acquire(&rests[i]) < from + QUIET) {
            sched_yield();
        }
    }
}

void cpus_settle(void)
{
    u64 before;
    do {
        before = sum_of_works();
        wait_for_polls();
        wait_for_polls();
    } while (sum_of_works() != before);
}

/* Between threads: who is about to take a lock, or has just let one go, may be slow. */
#define DELAY_MAX 400u
static void dawdle(void)
{
    if (machine_choose(32) != 0) {
        return;
    }
    if (machine_choose(8) == 0) {
        cpus_yield();
    }
    for (volatile u32 n = machine_choose(DELAY_MAX); n != 0; n--) {
    }
}

struct spinlock;
void __real_spin_lock(struct spinlock *l);
void __wrap_spin_lock(struct spinlock *l);
void __wrap_spin_lock(struct spinlock *l)
{
    dawdle();
    __real_spin_lock(l);
}

void __real_spin_unlock(struct spinlock *l);
void __wrap_spin_unlock(struct spinlock *l);
void __wrap_spin_unlock(struct spinlock *l)
{
    __real_spin_unlock(l);
    dawdle();
}
