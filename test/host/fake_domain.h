/* SPDX-License-Identifier: MIT */
/*
 * Real domains (dom/, sched/, p2m/) on the fake machine, for tests of what stands on them. They
 * have stage-2 tables, a shared info page and vCPUs that never run. RCU callbacks run in
 * fake_rcu(). Include once in a test program.
 */
#ifndef TEST_HOST_FAKE_DOMAIN_H
#define TEST_HOST_FAKE_DOMAIN_H

#include "test/host/fake.h"

#include "dom/domain.h"
#include "log/log.h"
#include "p2m/p2m.h"
#include "sched/sched.h"

static u32 fake_exceptions, fake_domains_gone, fake_crashes_logged;

/* --- upcalls --- */

enum err dom_up_create(struct domain *d, const struct domain_config *c)
{
    enum err e = p2m_create(d->id, &d->p2m);
    if (e != OK) {
        return e;
    }
    e = frame_alloc_zeroed(0, &d->shared_info);
    if (e == OK) {
        frame_share(d->shared_info, d->id);
    }
    return e;
}

enum err dom_up_destroy(struct domain *d)
{
    fake_domains_gone++;
    if (d->p2m) {
        u64 cursor = 0;
        while (p2m_relinquish(d->p2m, &cursor, 512) == E_RESTART) {
        }
        p2m_destroy(d->p2m);
    }
    if (d->shared_info) {
        frame_unshare(d->shared_info);
    }
    return OK;
}

static enum err fake_relinquish_stage2(struct domain *d, u64 *cursor)
{
    return p2m_relinquish(d->p2m, cursor, 512);
}

const struct relinquish domain_relinquish[] = {
    {"stage 2", fake_relinquish_stage2},
    {"pages", domain_pages_relinquish},
    {NULL, NULL},
};

enum err dom_up_vcpu_create(struct vcpu *v)
{
    return OK;
}

void dom_up_vcpu_destroy(struct vcpu *v)
{
}

void dom_up_vcpu_reset(struct vcpu *v)
{
}

void dom_up_exception(void)
{
    fake_exceptions++;
}

__noreturn void dom_up_hardware_shutdown(u8 code)
{
    panic("hardware shutdown %u", code);
}

bool vcpu_up_has_event(struct vcpu *v)
{
    return false;
}

void vcpu_up_unload(struct vcpu *v)
{
}

void vcpu_up_reset_el1(struct vcpu *v, bool aarch32)
{
}

void sched_up_switch(struct sched_unit *next)
{
}

void sched_up_state(struct sched_unit *u)
{
}

void rcu_up_later(void);
void rcu_up_later(void)
{
}

void percpu_up_kick(u32 cpu)
{
}

void log_at(enum log_level level, const char *fmt, ...)
{
}

void log_guest(enum log_level level, domid_t d, const char *fmt, ...)
{
    fake_crashes_logged += strncmp(fmt, "crashed", 7) == 0;
}

/* --- making and using them --- */

static inline void fake_domains_init(u32 mib)
{
    fake_machine_init(mib, 1);
    p2m_init();
    rcu_init();
    sched_init();
    sched_init_cpu();
    domain_init();
    this_cpu(current) = &vcpu_nobody;
}

/* Grace periods pass until nothing is deferred any more. */
static inline void fake_rcu(void)
{
    for (u32 i = 0; i < 64; i++) {
        rcu_quiescent();
        rcu_run();
    }
}

/* A domain with one vCPU and no memory yet. */
static inline struct domain *fake_domain(u16 id, bool privileged, bool direct_mapped, u64 max_pages)
{
    const struct domain_config c = {
        .id = {id}, .privileged = privileged, .direct_mapped = direct_mapped, .max_vcpus = 2};
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), OK);
    assert_int_equal(domain_create_vcpu(d, 0), OK);
    d->max_pages = max_pages;
    if (privileged) {
        domain_hardware = d;
    }
    return d;
}

static inline void fake_run_as(struct domain *d)
{
    this_cpu(current) = d->vcpu[0];
}

/* Zeroed RAM of d's own, mapped at gfn page by page. A 1:1 domain gets it at gfn == mfn; returns
 * where it is. */
static inline gfn_t fake_ram_for(struct domain *d, gfn_t gfn, u32 order)
{
    struct frame *f;
    assert_int_equal(frame_alloc(order, &f), OK);
    memset(frame_map(f), 0, PAGE_SIZE << order);
    assert_int_equal(domain_add_pages(d, f, order), OK);
    if (d->direct_mapped) {
        gfn = (gfn_t){frame_to_mfn(f).mfn};
    }
    assert_int_equal(p2m_map(d->p2m, gfn, frame_to_mfn(f), order, P2M_RAM_RW), OK);
    return gfn;
}

/* Guest memory of d at an address: within one leaf's page. */
static inline void *fake_at(struct domain *d, gaddr_t at)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    assert_int_equal(p2m_lookup(d->p2m, gaddr_to_gfn(at), &mfn, &type, &order), OK);
    return (char *)fake_ram(mfn_to_maddr(mfn)) + (at.g & PAGE_MASK);
}

/* destroydomain, all of it; the structure goes when its pages have and a grace period has passed.
 */
static inline void fake_kill(struct domain *d)
{
    this_cpu(current) = &vcpu_nobody;
    while (domain_kill(d) == E_RESTART) {
    }
    fake_rcu();
}

#endif
