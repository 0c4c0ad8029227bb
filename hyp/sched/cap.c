/* SPDX-License-Identifier: MIT */
/*
 * Caps: the units of a group run no more than cap_percent of one CPU, all together.
 *
 *   period      |<------- 10 ms -------->|<------- 10 ms -------->|
 *   unit A      |#####take#####|  parked |#####take#####|  parked |
 *   unit B      |   #####take##|  parked |   #####take##|  parked |
 *                              ^ the pot is empty       ^         ^ timer: refill, settle the
 * parked
 *
 * Each period puts a quota of cap_percent / 100 * PERIOD_NS into the group's pot (group->left_ns);
 * what a period leaves over is not kept. A unit that runs takes a grant out of the pot, a unit's
 * share of the quota at a time, and its CPU's slice timer ends the grant; then it takes another, or
 * is parked: RUNNABLE, on group->parked and on no queue, so no CPU takes it for work. A unit that
 * leaves its CPU puts the rest back. Units that wait on a queue hold nothing: what their siblings
 * leave them is asked when they are picked.
 *
 * Refills are counted when somebody asks, so a group below its cap has no timer; the group's own
 * runs only while somebody is parked. To run, a unit takes one lock of its group; who has no cap
 * comes here never.
 *
 * How exact. Let L be how late a timer is served (one stay at EL2), n the CPUs that the group runs
 * on. A grant is overrun by at most L, and a pot that is nearly empty gives GRANT_SMALL_NS on
 * credit to each of n; both are owed to the next quota. A grant may outlive its period, and grants
 * add up to a quota (or to n times GRANT_NS). So in any time T a group runs at most
 *
 *     (T / PERIOD_NS + 2) * quota + n * (GRANT_NS + L)
 *
 * and since nothing but that is ever added, the average goes to the cap as T grows. It gets less
 * only where its units do not want the CPU or do not get it from others: who is parked gets back at
 * most RELEASE_GAP_NS for each RELEASES_AT_ONCE siblings, and L, after the period begins.
 */
#include "base/panic.h"
#include "sched/queue.h"

#define PERIOD_NS 10000000ULL
/* Less is not worth an interrupt, while there is more. */
#define GRANT_NS       100000LL
#define GRANT_SMALL_NS 50000LL
/* Parked units that one interrupt settles, and the time until the next ones. */
#define RELEASES_AT_ONCE 16u
#define RELEASE_GAP_NS   50000ULL
/* Nobody owes more; keeps the product small. */
#define REFILL_MAX (1ULL << 20)

static s64 quota_ns(u64 cap_percent)
{
    return (s64)(cap_percent * (PERIOD_NS / 100));
}

/* ---- the group's lock is held ---- */

static void refill(struct sched_group *g, u64 now) REQUIRES(g->lock)
{
    if (now < g->period_end_ns) {
        return;
    }
    u64 periods = (now - g->period_end_ns) / PERIOD_NS + 1;
    s64 quota = quota_ns(g->cap_percent);
    g->period_end_ns += periods * PERIOD_NS;
    g->left_ns = MIN(g->left_ns + (s64)MIN(periods, REFILL_MAX) * quota, quota);
}

static void put_back(struct sched_group *g, struct sched_unit *u) REQUIRES(g->lock)
{
    g->left_ns += u->budget_ns;
    u->budget_ns = 0;
}

/* ---- the unit's queue is locked ---- */

bool cap_lets_run(struct sched_unit *u, u64 now)
{
    struct sched_group *g = u->group;
    if (u->budget_ns > 0) {
        return true;
    }
    spin_lock(&g->lock);
    put_back(g, u);
    refill(g, now);
    bool may = g->left_ns > 0;
    spin_unlock(&g->lock);
    return may;
}

bool cap_parks(struct sched_unit *u, u64 now)
{
    struct sched_group *g = u->group;
    spin_lock(&g->lock);
    refill(g, now);
    if (g->left_ns <= 0) {
        if (list_is_empty(&g->parked)) {
            timer_set(&g->refill, g->period_end_ns);
        }
        list_add_tail(&g->parked, &u->parked_node);
        u->parked = true;
    }
    spin_unlock(&g->lock);
    return u->parked;
}

u64 cap_take(struct sched_unit *u)
{
    struct sched_group *g = u->group;
    if (u->budget_ns <= 0) { /* 0: what it owed was put back when it was asked whether it may run */
        spin_lock(&g->lock);
        s64 share = MAX(quota_ns(g->cap_percent) / (s64)g->nr_units, GRANT_NS);
        u->budget_ns = MIN(share, MAX(g->left_ns, GRANT_SMALL_NS));
        g->left_ns -= u->budget_ns;
        spin_unlock(&g->lock);
    }
    return (u64)u->budget_ns;
}

void cap_return(struct sched_unit *u)
{
    struct sched_group *g = u->group;
    spin_lock(&g->lock);
    put_back(g, u);
    spin_unlock(&g->lock);
}

void cap_unpark(struct sched_unit *u)
{
    struct sched_group *g = u->group;
    spin_lock(&g->lock);
    list_del(&u->parked_node);
    if (list_is_empty(&g->parked)) {
        timer_cancel(&g->refill);
    }
    spin_unlock(&g->lock);
    u->parked = false;
}

/* ---- no locks ---- */

/* The first of the parked, off the list but parked still, if there is a budget. */
static struct sched_unit *next_parked(struct sched_group *g, u64 now)
{
    struct sched_unit *u = NULL;
    spin_lock(&g->lock);
    refill(g, now);
    if (g->left_ns > 0 && !list_is_empty(&g->parked)) {
        u = list_first(&g->parked, struct sched_unit, parked_node);
        list_del(&u->parked_node);
    }
    spin_unlock(&g->lock);
    return u;
}

/*
 * The timer: a period begins. A unit that we hold meanwhile without a lock does not go away: its
 * memory is freed a grace period after it was held for good, and this CPU is at EL2 until we are
 * done. Nor does the group: all its units are held by then, so nobody is parked and the timer is
 * not set again.
 */
static void release_parked(void *arg)
{
    struct sched_group *g = arg;
    u64 now = clock_ns();
    for (u32 i = 0; i < RELEASES_AT_ONCE; i++) {
        struct sched_unit *u = next_parked(g, now);
        if (!u) {
            break;
        }
        sched_settle(u, true);
    }
    spin_lock(&g->lock);
    if (!list_is_empty(&g->parked)) {
        timer_set(&g->refill, g->left_ns > 0 ? now + RELEASE_GAP_NS : g->period_end_ns);
    }
    spin_unlock(&g->lock);
}

void sched_group_init(struct sched_group *g)
{
    *g = (struct sched_group){.weight = SCHED_DEFAULT_WEIGHT};
    spin_init(&g->lock, RANK_SCHED_GROUP, "sched group");
    list_init(&g->parked);
    timer_init(&g->refill, release_parked, g);
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED void sched_group_fini(struct sched_group *g)
{
    check(g->nr_units == 0 && list_is_empty(&g->parked) && !timer_is_set(&g->refill));
}

enum err sched_group_set(struct sched_group *g, u64 weight, u64 cap_percent)
{
    if (weight == 0 || weight > SCHED_MAX_WEIGHT) {
        return E_INVAL;
    }
    u64 now = clock_ns();
    spin_lock(&g->lock);
    bool fits = cap_percent <= 100ULL * g->nr_units;
    if (fits) {
        if (g->cap_percent == 0) {
            g->left_ns = 0;
            g->period_end_ns = now + PERIOD_NS;
        }
        refill(g, now);
        /* What it ran in this period stays counted, so setting caps again and again gives nothing.
         */
        g->left_ns += quota_ns(cap_percent) - quota_ns(g->cap_percent);
        g->weight = weight;
        g->cap_percent = cap_percent;
    }
    spin_unlock(&g->lock);
    return fits ? OK : E_INVAL;
}
