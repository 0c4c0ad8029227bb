/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: real threads are the CPUs. One unit, as a vCPU does, blocks and looks at its
 * reason again while another CPU gives reasons and wakes it; each reason must be seen, or the test
 * hangs and its time runs out.
 */
#include "test/host/fake.h"

#include <pthread.h>
#include <unistd.h>

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "sched/sched.h"
#include "time/time.h"

#define ROUNDS  30000u
#define NR_CPUS 3u

static struct sched_group group;
static struct sched_unit unit;
static u32 reasons, seen; /* given so far, taken so far */
static bool over;

void frame_up_release(struct frame *f)
{
    fail();
}

void percpu_up_kick(u32 cpu)
{
}

void sched_up_switch(struct sched_unit *next)
{
}

void sched_up_state(struct sched_unit *u)
{
}

void sched_up_idle_interrupt(void)
{
}

/* Let the other threads on: there may be fewer cores than CPUs. */
static void breathe(void)
{
    usleep(0);
}

static void begin_cpu(u32 cpu)
{
    fake_cpu(cpu);
    time_init_cpu();
    sched_init_cpu();
}

/* A CPU: runs the unit when it has it, else idles. */
static void *processor(void *arg)
{
    fake_cpu((u32)(uintptr_t)arg);
    percpu_raise(cpu_current(), WORK_SCHED);
    while (!load_acquire(&over)) {
        if (load_acquire(&this_cpu(work)) & BIT(WORK_SCHED)) {
            sched_run();
        }
        if (sched_current() != &unit) {
            continue;
        }
        /* in the guest: take what there is, then wait for more */
        store_relaxed(&seen, load_acquire(&reasons));
        sched_block(&unit);
        if (load_relaxed(&reasons) != load_relaxed(&seen)) {
            sched_wake(&unit);
        }
    }
    return NULL;
}

/* An idle CPU leaves its wait when there is something to run. */
static void stop(void)
{
    static struct sched_unit last[NR_CPUS];
    store_release(&over, true);
    for (u32 cpu = 0; cpu + 1 < NR_CPUS; cpu++) {
        struct cpumask only = {{1ULL << cpu}};
        sched_unit_init(&last[cpu], &group, cpu);
        assert_int_equal(sched_set_affinity(&last[cpu], &only, NULL), OK);
        sched_release(&last[cpu]);
    }
}

static void test_every_reason_is_seen(void **state)
{
    pthread_t threads[NR_CPUS - 1];
    sched_unit_init(&unit, &group, 0);
    for (u32 cpu = 0; cpu + 1 < NR_CPUS; cpu++) {
        assert_int_equal(pthread_create(&threads[cpu], NULL, processor, (void *)(uintptr_t)cpu), 0);
    }
    fake_cpu(NR_CPUS - 1);
    struct cpumask others = {{(1ULL << (NR_CPUS - 1)) - 1}};
    assert_int_equal(sched_set_affinity(&unit, &others, NULL), OK);
    sched_release(&unit);
    for (u32 i = 1; i <= ROUNDS; i++) {
        store_release(&reasons, i);
        sched_wake(&unit);
        if (i % 7 == 0) { /* a pause in between, and another home */
            struct cpumask one = {{1ULL << (i % (NR_CPUS - 1))}};
            sched_hold(&unit);
            assert_int_equal(sched_set_affinity(&unit, i % 14 ? &one : &others, NULL), OK);
            sched_release(&unit);
        }
        if (i % 3 == 0) {
            while (load_acquire(&seen) != i) { /* a lost one stays here */
                breathe();
            }
        }
    }
    while (load_acquire(&seen) != ROUNDS) {
        breathe();
    }
    stop();
    for (u32 cpu = 0; cpu + 1 < NR_CPUS; cpu++) {
        assert_int_equal(pthread_join(threads[cpu], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reason_is_seen),
    };
    fake_machine_init(16, NR_CPUS);
    if (time_init() != OK) {
        return 1;
    }
    sched_init();
    sched_group_init(&group);
    for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
        begin_cpu(cpu);
    }
    fake_cpu(0);
    host_wait_hook = breathe;
    host_relax_hook = breathe;
    alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
