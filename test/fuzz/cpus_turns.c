/* SPDX-License-Identifier: MIT */
/* CPUs take turns: coroutines on stacks of their own. */
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <ucontext.h>

#include "base/panic.h"
#include "sync/percpu.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/machine.h"

#define STACK_BYTES (256u << 10)
#define CPUS_MAX    16u
#define IN_VAIN_MAX 100000u

const bool machine_takes_turns = true;

static struct cpu {
    ucontext_t context;
    void *stack;
    size_t stack_bytes;
    void *fake_stack; /* the address sanitizer's */
    bool rests;
} cpus[CPUS_MAX + 1];
static u32 nr_cpus, here;
static void (*cpu_main)(void);

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#define ASAN __has_feature(address_sanitizer)
#endif

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
    cpu_set_percpu_offset(percpu_offset[here]);
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
    swapcontext(&cpus[from].context, &cpus[to].context);
    /* Whoever switched to us is no longer known but for the first time. */
    arrived(~0u);
}

static void first(void)
{
    arrived(nr_cpus);
    cpu_main();
}

void cpus_start(u32 nr, void (*main)(void))
{
    check(nr <= CPUS_MAX);
    nr_cpus = nr;
    here = nr;
    cpu_main = main;
    for (u32 i = 0; i < nr; i++) {
        cpus[i].stack = aligned_alloc(4096, STACK_BYTES);
        cpus[i].stack_bytes = STACK_BYTES;
        getcontext(&cpus[i].context);
        cpus[i].context.uc_stack.ss_sp = cpus[i].stack;
        cpus[i].context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&cpus[i].context, first, 0);
    }
}

static bool is_due(u32 cpu)
{
    u64 offset = cpu_percpu_offset();
    cpu_set_percpu_offset(percpu_offset[cpu]);
    bool due = machine_is_due();
    cpu_set_percpu_offset(offset);
    return due;
}

/* Who goes on: one that works or has something due. nr_cpus: nobody. */
static u32 next(void)
{
    u32 ready[CPUS_MAX];
    u32 nr = 0;
    for (u32 i = 0; i < nr_cpus; i++) {
        if (!cpus[i].rests || is_due(i)) {
            ready[nr++] = i;
        }
    }
    return nr == 0 ? nr_cpus : ready[nr == 1 ? 0 : machine_choose(nr)];
}

void cpus_worked(void)
{
}

void cpus_yield(void)
{
    static u32 in_vain;
    u32 to = next();
    if (here == nr_cpus) {
        in_vain = to == nr_cpus ? in_vain + 1 : 0;
        check(in_vain < IN_VAIN_MAX); /* the service CPU waits for one that has nothing to do */
    }
    if (to != nr_cpus) {
        go(to);
    }
}

void cpus_rest(void)
{
    cpus[here].rests = true;
    u32 to = next();
    while (to == nr_cpus && machine_wait_for_time()) {
        to = next();
    }
    go(to);
    cpus[here].rests = false;
}

void cpus_settle(void)
{
    for (u32 to = next(); to != nr_cpus; to = next()) {
        go(to);
    }
}
