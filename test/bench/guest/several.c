/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs, and what one does to the other. vCPUs are pinned: dom0's second one has the second CPU
 * to itself, and when it is off, a player has.
 */
#include "test/bench/guest/bench.h"

enum { NEAR, FAR }; /* players, and the CPU that each is on */
enum { NAPS = 60, LONGEST_US = 300 };

static volatile bool rested, sleeps, may_go_on, stops;

/*
 * Each CPU is a thread of the host's, which may let one wait while the other's time goes on; then
 * timers end, and the sample would be of what they lead to. What takes too long is done again.
 */
u64 sample_begins(void)
{
    return SYSREG_READ(cntvct_el0);
}

bool sample_in_time(u64 since)
{
    return (SYSREG_READ(cntvct_el0) - since) * 1000000 / SYSREG_READ(cntfrq_el0) < LONGEST_US;
}

static void nap(u64 us)
{
    u64 ticks = SYSREG_READ(cntfrq_el0) * us / 1000000, until = SYSREG_READ(cntvct_el0) + ticks;
    interrupts_off();
    timer_arm(ticks);
    while (SYSREG_READ(cntvct_el0) < until) {
        sleep_once();
    }
    interrupts_on();
}

/* A hypervisor may have work for CPUs that rest (Kanso's zero memory after a long wait): it is done
 * before anything is counted. */
void rest(void)
{
    for (unsigned i = 0; i < NAPS; i++) {
        nap(10000);
    }
}

/* ---- dom0's second vCPU */

static void sleep_for_one(void)
{
    u64 seen = nr_sgi;
    interrupts_off();
    may_go_on = false;
    sleeps = true;
    while (nr_sgi == seen) {
        sleep_once();
    }
    interrupts_on();
    while (!may_go_on) {
    }
}

/* First it runs when interrupts come, then it sleeps. */
void several_second(void)
{
    setup_second();
    rest();
    rested = true;
    while (!stops) {
    }
    for (stops = false; !stops;) {
        sleep_for_one();
    }
    firmware_call(0x84000002, 0, 0, 0);
}

static bool sgi_in_time(void)
{
    u64 seen = nr_sgi, since = sample_begins();
    send_sgi(1);
    while (nr_sgi == seen) {
    }
    return sample_in_time(since);
}

static bool sgi_running(void)
{
    spin_us(SETTLED_US / 10);
    BEGIN(OP_SGI_RUNNING);
    bool in_time = sgi_in_time();
    if (in_time) {
        END(OP_SGI_RUNNING);
    }
    return in_time;
}

static bool sgi_blocked(void)
{
    while (!sleeps) {
    }
    spin_us(SETTLED_US);
    sleeps = false;
    BEGIN(OP_SGI_BLOCKED);
    bool in_time = sgi_in_time();
    if (in_time) {
        END(OP_SGI_BLOCKED);
    }
    return in_time;
}

static void sgis(void)
{
    start_second(SECOND_RECEIVES);
    rest();
    while (!rested) {
    }
    for (unsigned tries = 0, done = 0; tries < TRIES * count && done < count; tries++) {
        done += sgi_running();
    }
    stops = true;
    for (unsigned tries = 0, done = 0; tries < TRIES * count && done < count; tries++) {
        done += sgi_blocked();
        stops = done == count || tries + 1 == TRIES * count;
        may_go_on = true;
    }
    wait_second();
}

void several(void)
{
    for (u8 cpu = 0; cpu < 2; cpu++) {
        domain_pin(0, cpu, cpu);
    }
    sgis();
    player_make(NEAR, 0);
    player_make(FAR, 1);
    player_turn_running(FAR);
    for (unsigned tries = 0, done = 0; tries < TRIES * count && done < count; tries++) {
        done += player_turn_woken(FAR);
    }
    player_turn_page(NEAR)->nr = 0;
    for (unsigned i = 0; i < count; i++) {
        nap(SETTLED_US); /* the player is back asleep by then */
        player_turn(NEAR);
    }
}
