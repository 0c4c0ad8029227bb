/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs, and what one does to the other. vCPUs are pinned: dom0's second one has the second CPU
 * to itself, and when it is off, a player has.
 */
#include "test/bench/guest/bench.h"

enum { NEAR, FAR }; /* players, and the CPU that each is on */
enum { SETTLED_US = 500, NAPS = 60 };

static volatile bool rested, sleeps, may_go_on, stops;

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
static void rest(void)
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

static void one_sgi(unsigned id)
{
    u64 seen = nr_sgi;
    if (id == OP_SGI_RUNNING) {
        BEGIN(OP_SGI_RUNNING);
    } else {
        BEGIN(OP_SGI_BLOCKED);
    }
    send_sgi(1);
    while (nr_sgi == seen) {
    }
    if (id == OP_SGI_RUNNING) {
        END(OP_SGI_RUNNING);
    } else {
        END(OP_SGI_BLOCKED);
    }
}

static void sgis(void)
{
    start_second(SECOND_RECEIVES);
    rest();
    while (!rested) {
    }
    for (unsigned i = 0; i < count; i++) {
        one_sgi(OP_SGI_RUNNING);
        spin_us(SETTLED_US / 10);
    }
    stops = true;
    for (unsigned i = 0; i < count; i++) {
        while (!sleeps) {
        }
        spin_us(SETTLED_US);
        sleeps = false;
        one_sgi(OP_SGI_BLOCKED);
        stops = i + 1 == count;
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
    for (unsigned i = 0; i < count; i++) {
        player_turn_woken(FAR);
    }
    player_turn_page(NEAR)->nr = 0;
    for (unsigned i = 0; i < count; i++) {
        nap(SETTLED_US); /* the player is back asleep by then */
        player_turn(NEAR);
    }
}
