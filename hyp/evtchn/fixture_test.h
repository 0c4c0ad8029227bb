/* SPDX-License-Identifier: MIT */
/* The world of test/host/domains.h with event tables; once in each test of this room. */
#ifndef EVTCHN_FIXTURE_TEST_H
#define EVTCHN_FIXTURE_TEST_H

#include "test/host/domains.h"

#include "abi/event.h"
#include "dom/policy.h"
#include "evtchn/port.h"

#define MAX_PORT 200000u

static u32 device_events,
    device_port; /* how many came for an emulated device, the last for whose */

void evtchn_up_device(struct domain *d, port_t port)
{
    device_events++;
    device_port = d->id.id << 20 | port.port;
}

static int start(void **state)
{
    world_start(state);
    domain_policy_open = false;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        assert_int_equal(evtchn_create(&world_domain[n], MAX_PORT), OK);
    }
    return 0;
}

static int end(void **state)
{
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = &world_domain[n];
        d->life = DOMAIN_DYING;
        u64 cursor = 0;
        while (evtchn_relinquish(d, &cursor) == E_RESTART) {
        }
        assert_int_equal(evtchn_nr_ports_in_use(d), 0);
    }
    world_rcu();
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = &world_domain[n];
        for (u32 i = 0; i < WORLD_VCPUS; i++) {
            evtchn_destroy_vcpu(&world_vcpu[n][i]);
        }
        evtchn_destroy(d);
        assert_null(d->evtchn);
    }
    return world_end(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

static inline struct domain *dom(u32 n)
{
    return &world_domain[n];
}

static inline u32 new_ipi(struct domain *d, u32 vcpu)
{
    port_t p = {0};
    assert_int_equal(evtchn_bind_ipi(d, vcpu, &p), OK);
    return p.port;
}

static inline u32 new_unbound(struct domain *d, u32 remote)
{
    port_t p = {0};
    assert_int_equal(evtchn_alloc_unbound(d, (domid_t){(u16)remote}, &p), OK);
    return p.port;
}

/* A port of d joined to port there of remote's, which is unbound. */
static inline u32 new_joined(struct domain *d, struct domain *remote, u32 there)
{
    port_t p = {0};
    assert_int_equal(evtchn_bind_interdomain(d, remote, (port_t){there}, &p), OK);
    return p.port;
}

static inline struct xen_evtchn_status status_of(struct domain *d, u32 port)
{
    struct xen_evtchn_status s = {0};
    assert_int_equal(evtchn_status(d, (port_t){port}, &s), OK);
    return s;
}

static inline bool bit_of(const u64 *map, u32 bit)
{
    return bitmap_test(map, bit);
}

/* 2-level: takes the pending bit away as a guest does; was it set? */
static inline bool consume(u32 domain, u32 port)
{
    u64 *map = world_shared(domain)->evtchn_pending;
    bool was = bitmap_test(map, port);
    bitmap_clear(map, port);
    return was;
}

static inline u32 injected(u32 domain)
{
    u32 n = 0;
    for (u32 i = 0; i < WORLD_VCPUS; i++) {
        n += world_injected[domain][i];
    }
    return n;
}

#endif
