/* SPDX-License-Identifier: MIT */
/*
 * Physical CPUs: coroutines on stacks of their own, one of which runs. Each sanitizer is told: to
 * the address sanitizer they are stacks, to the thread sanitizer threads between which a change of
 * turns orders nothing.
 */
#include "test/fuzz/cpus.h"

#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#include <ucontext.h>

#include "base/panic.h"
#include "cpu/arch.h"
#include "sync/percpu.h"

#define STACK_BYTES (256u << 10)
#define CPUS_MAX    16u
#define IN_VAIN_MAX 100000u
/* Turns of the CPUs until the service CPU gets one, for they may all wait for a lock that it holds
 * (it tears domains down). */
#define TURNS_MAX 1000u
/* Steps (edges of the control flow) between two changes of turns: a few, or many. */
#define STEPS_FEW  24u
#define STEPS_MANY 3000u

#define ASAN __has_feature(address_sanitizer)
#define TSAN __has_feature(thread_sanitizer)

const bool cpus_preempted = TSAN;

static struct cpu {
    ucontext_t context;
    void *stack;
    size_t stack_bytes;
    void *fake_stack; /* the address sanitizer's */
    void *fiber;      /* the thread sanitizer's */
    bool rests;
} cpus[CPUS_MAX + 1];
static u32 nr_cpus, here;
static void (*cpu_main)(void);

/* What is here belongs to the one thread that all CPUs are. */
#pragma clang attribute push(__attribute__((no_sanitize("thread"))), apply_to = function)

/* ---- what the thread sanitizer would call synchronisation: the machine starts, or is quiet */

#if TSAN
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);
#endif

static void let_see(void *point)
{
#if TSAN
    __tsan_release(point);
#endif
}

static void see(void *point)
{
#if TSAN
    __tsan_acquire(point);
#endif
}

static char service_waits, cpu_rests;

/* ---- changing turns */

static void arrived(u32 from)
{
#if ASAN
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(cpus[here].fake_stack, &bottom, &size);
    if (from == nr_cpus && cpus[from].stack == NULL) {
        cpus[from].stack = (void *)bottom;
        cpus[from].stack_bytes = size;
    }
#endif
    host_percpu_offset = percpu_offset[here];
}

static void go(u32 to)
{
    u32 from = here;
    if (to == from) {
        return;
    }
    here = to;
#if ASAN
    __sanitizer_start_switch_fiber(&cpus[from].fake_stack, cpus[to].stack, cpus[to].stack_bytes);
#endif
#if TSAN
    __tsan_switch_to_fiber(cpus[to].fiber, __tsan_switch_to_fiber_no_sync);
#endif
    swapcontext(&cpus[from].context, &cpus[to].context);
    /* Whoever switched to us is no longer known but for the first time. */
    arrived(~0u);
}

static void first(void)
{
    arrived(nr_cpus);
    see(&service_waits);
    cpu_main();
}

void cpus_start(u32 nr, void (*main)(void))
{
    check(nr <= CPUS_MAX);
    nr_cpus = nr;
    here = nr;
    cpu_main = main;
#if TSAN
    cpus[nr].fiber = __tsan_get_current_fiber();
#endif
    for (u32 i = 0; i < nr; i++) {
        cpus[i].stack = aligned_alloc(4096, STACK_BYTES);
        cpus[i].stack_bytes = STACK_BYTES;
#if TSAN
        cpus[i].fiber = __tsan_create_fiber(0);
#endif
        getcontext(&cpus[i].context);
        cpus[i].context.uc_stack.ss_sp = cpus[i].stack;
        cpus[i].context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&cpus[i].context, first, 0);
    }
    let_see(&service_waits);
}

/* ---- whose turn it is */

/* While somebody looks at other CPUs with their per-CPU data nobody loses its turn, and what is
 * looked at counts for nothing. */
static bool is_choosing;

static void look_at_others(void)
{
    is_choosing = true;
#if TSAN
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
#endif
}

static void look_away(void)
{
#if TSAN
    AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
    is_choosing = false;
}

static bool is_due(u32 cpu)
{
    host_percpu_offset = percpu_offset[cpu];
    bool due = machine_is_due();
    host_percpu_offset = percpu_offset[here];
    return due;
}

/* Who goes on: one that works or has something due. nr_cpus: nobody. */
static u32 next(void)
{
    u32 ready[CPUS_MAX];
    u32 nr = 0;
    look_at_others();
    for (u32 i = 0; i < nr_cpus; i++) {
        if (!cpus[i].rests || is_due(i)) {
            ready[nr++] = i;
        }
    }
    look_away();
    return nr == 0 ? nr_cpus : ready[nr == 1 ? 0 : machine_choose(nr)];
}

void cpus_yield(void)
{
    static u32 in_vain;
    static u32 turns;
    u32 to = next();
    turns++;
    if (here == nr_cpus) {
        turns = 0;
        in_vain = to == nr_cpus ? in_vain + 1 : 0;
        check(in_vain < IN_VAIN_MAX); /* the service CPU waits for one that has nothing to do */
    } else if (turns >= TURNS_MAX) {
        turns = 0;
        go(nr_cpus);
        return;
    }
    if (to != nr_cpus) {
        go(to);
    }
}

#if TSAN
/* The compiler calls this at each step of the hypervisor's portable files, where CPUs are
 * preempted. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    static u32 left = 1;
    if (here == nr_cpus || is_choosing || host_hw_busy != 0 || --left != 0) {
        return;
    }
    left = 1 + machine_choose(machine_choose(3) == 0 ? STEPS_FEW : STEPS_MANY);
    cpus_yield();
}
#endif

static bool wait_for_time(void)
{
    look_at_others();
    bool moved = machine_wait_for_time();
    look_away();
    return moved;
}

void cpus_rest(void)
{
    cpus[here].rests = true;
    u32 to = next();
    while (to == nr_cpus && wait_for_time()) {
        to = next();
    }
    let_see(&cpu_rests);
    go(to);
    see(&service_waits);
    cpus[here].rests = false;
}

void cpus_settle(void)
{
    let_see(&service_waits);
    for (u32 to = next(); to != nr_cpus; to = next()) {
        go(to);
    }
    see(&cpu_rests);
}

u64 cpus_next_deadline(void)
{
    u64 at = ~0ULL;
    for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
        host_percpu_offset = percpu_offset[cpu];
        u64 due = machine_deadline();
        at = due < at ? due : at;
    }
    host_percpu_offset = percpu_offset[here];
    return at;
}

#pragma clang attribute pop
