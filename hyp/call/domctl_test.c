/* SPDX-License-Identifier: MIT */
#define dom_next fake_dom_next
#include "call/domctl_fake_test.h"
#undef dom_next

/* After the three comes one with the number 60. */
static struct domain sixty = {.id = {60}};
struct domain *dom_next(domid_t from);
struct domain *dom_next(domid_t from)
{
    struct domain *d = fake_dom_next(from);
    return d != NULL ? d : from.id <= 60 ? &sixty : NULL;
}

static void who_asks_and_how(void **state)
{
    struct call_args nowhere = {{GUEST_NOWHERE}};
    assert_int_equal(call_domctl(vcpu_current(), &nowhere), E_FAULT);

    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 1), 0);
    domctl_at()->interface_version++;
    struct call_args args = {{ARGUMENT}};
    assert_int_equal(call_domctl(vcpu_current(), &args), E_ACCES);

    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 9), E_SRCH);
    assert_int_equal(fake_domctl(XEN_DOMCTL_sendtrigger, 9), E_SRCH);
    assert_int_equal(fake_domctl(XEN_DOMCTL_sendtrigger, 1), E_NOSYS);
    assert_int_equal(fake_domctl(XEN_DOMCTL_assign_device, 1), E_NOSYS);
    assert_int_equal(fake_domctl(0, 1), E_NOSYS);
    assert_int_equal(fake_domctl(127, 1), E_NOSYS);
    assert_int_equal(fake_domctl(128 + XEN_DOMCTL_pausedomain, 1), E_NOSYS);
    assert_int_equal(fake_domctl(~0u, 1), E_NOSYS);

    fake_become(1, 0); /* a guest, even on itself */
    fake_calls[0] = '\0';
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 2), E_PERM);
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), E_PERM);
    assert_string_equal(fake_calls, "");
}

static void one_at_a_time(void **state)
{
    assert_true(control_try_begin());
    assert_false(control_try_begin());
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 1), E_RESTART);
    assert_string_equal(fake_calls, "");
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuinfo, 1), 0); /* only looks */
    control_end();
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 1), 0);
    assert_true(control_try_begin()); /* it was given back */
    control_end();
}

static void pause_and_unpause(void **state)
{
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 0), E_INVAL);
    assert_int_equal(fake_domctl(XEN_DOMCTL_unpausedomain, 1), E_INVAL);
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 1), 0);
    assert_string_equal(fake_calls, "pause(1) ");
    assert_int_equal(fake_domctl(XEN_DOMCTL_unpausedomain, 1), 0);
    assert_false(fake_domain[1].paused_by_tools);
    fake_answer = E_OVERFLOW;
    assert_int_equal(fake_domctl(XEN_DOMCTL_pausedomain, 1), E_OVERFLOW);
    fake_answer = OK;
    fake_calls[0] = '\0';
    assert_int_equal(fake_domctl(XEN_DOMCTL_resumedomain, 0), E_INVAL);
    assert_int_equal(fake_domctl(XEN_DOMCTL_resumedomain, 1), 0);
    assert_string_equal(fake_calls, "resume(1) ");
}

static void destroy(void **state)
{
    assert_int_equal(fake_domctl(XEN_DOMCTL_destroydomain, 0), E_INVAL);
    assert_string_equal(fake_calls, "");
    fake_answer = E_RESTART;
    assert_int_equal(fake_domctl(XEN_DOMCTL_destroydomain, 1), E_RESTART);
    fake_answer = OK;
    assert_int_equal(fake_domctl(XEN_DOMCTL_destroydomain, 1), 0);
    assert_string_equal(fake_calls, "kill(1) kill(1) ");
}

static void info_of_a_domain(void **state)
{
    struct domain *d = &fake_domain[1];
    d->create_flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    d->nr_pages = 1234;
    d->max_pages = 2345;
    d->ssidref = 9;
    d->handle[15] = 0xaa;
    d->paused_by_tools = true;
    fake_now_ns = 1000;
    fake_vcpu[1][0].unit =
        (struct sched_unit){.state = UNIT_RUNNING,
                            .wanted = true,
                            .since_ns = 900,
                            .time_ns = {[UNIT_RUNNING] = 50, [UNIT_BLOCKED] = 7}};
    fake_vcpu[1][0].online = true;
    fake_vcpu[1][1].unit.state = UNIT_OFFLINE;
    fake_vcpu[1][1].unit.time_ns[UNIT_RUNNING] = 3;
    memset(&domctl_at()->u, 0xff, sizeof(domctl_at()->u));
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    const struct xen_domctl_getdomaininfo *i = &domctl_at()->u.getdomaininfo;
    assert_int_equal(i->domain, 1);
    assert_int_equal(i->flags, XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | XEN_DOMINF_running |
                                   XEN_DOMINF_paused | 0xffff0000);
    assert_int_equal(i->tot_pages, 1234);
    assert_int_equal(i->max_pages, 2345);
    assert_int_equal(i->cpu_time, 153);
    assert_int_equal(i->nr_online_vcpus, 1);
    assert_int_equal(i->max_vcpu_id, 1);
    assert_true(i->shared_info_frame == ~0ULL);
    assert_int_equal(i->ssidref, 9);
    assert_int_equal(i->handle[15], 0xaa);
    assert_int_equal(i->cpupool, 0);
    assert_int_equal(i->gpaddr_bits, 40);
    assert_int_equal(i->pad1 | i->pad2[0] | i->outstanding_pages | i->shr_pages | i->paged_pages,
                     0);

    /* Blocked when no vCPU that is online wants to run; neither when none is online. */
    fake_vcpu[1][0].unit.wanted = false;
    fake_vcpu[1][0].unit.state = UNIT_BLOCKED;
    d->paused_by_tools = false;
    d->shut_down = true;
    d->shutdown_code = 3;
    struct frame shared = {.gfn = 0x555};
    d->shared_info = &shared;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(i->flags, XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | XEN_DOMINF_blocked |
                                   XEN_DOMINF_shutdown | 3 << 16);
    assert_int_equal(i->shared_info_frame, 0x555);
    fake_vcpu[1][0].online = false;
    d->life = DOMAIN_DYING;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(i->flags,
                     XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | XEN_DOMINF_shutdown | 3 << 16);
    d->life = DOMAIN_DEAD;
    d->create_flags = XEN_DOMCTL_CDF_xs_domain;
    d->debug_preempt = true;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(i->flags, XEN_DOMINF_dying | XEN_DOMINF_hap | XEN_DOMINF_shutdown |
                                   XEN_DOMINF_xs_domain | XEN_DOMINF_debugged | 3 << 16);
    fake_vcpus[1][0] = fake_vcpus[1][1] = NULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(i->max_vcpu_id, XEN_INVALID_MAX_VCPU_ID);
    /* Of a number that nobody has: the next one. */
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 3), 0);
    assert_int_equal(domctl_at()->domain, 60);
    assert_int_equal(i->domain, 60);
    assert_int_equal(fake_domctl(XEN_DOMCTL_getdomaininfo, 61), E_SRCH);
}

static void small_ones(void **state)
{
    memset(domctl_at()->u.setdomainhandle.handle, 0x5a, 16);
    assert_int_equal(fake_domctl(XEN_DOMCTL_setdomainhandle, 1), 0);
    assert_int_equal(fake_domain[1].handle[0] + fake_domain[1].handle[15], 2 * 0x5a);

    domctl_at()->u.setdebugging.enable = 1;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setdebugging, 1), 0);
    assert_true(fake_domain[1].debug_preempt);
    assert_int_equal(fake_domctl(XEN_DOMCTL_setdebugging, 0), E_INVAL);

    domctl_at()->u.settimeoffset.time_offset_seconds = -60;
    assert_int_equal(fake_domctl(XEN_DOMCTL_settimeoffset, 1), 0);
    assert_true(fake_domain[1].time_offset_seconds == (u64)-60);
    assert_string_equal(fake_calls, "wallclock(1) ");
}

static void address_size(void **state)
{
    domctl_at()->u.address_size.size = 32;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_address_size, 1), 0);
    assert_true(fake_domain[1].is_32bit);
    domctl_at()->u.address_size.size = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_get_address_size, 1), 0);
    assert_int_equal(domctl_at()->u.address_size.size, 32);
    domctl_at()->u.address_size.size = 16;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_address_size, 1), E_INVAL);
    fake_domain[1].nr_pages = 1;
    domctl_at()->u.address_size.size = 64;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_address_size, 1), E_BUSY);
    fake_domain[1].nr_pages = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_address_size, 1), 0);
    assert_false(fake_domain[1].is_32bit);
    assert_int_equal(fake_domctl(XEN_DOMCTL_get_address_size, 1), 0);
    assert_int_equal(domctl_at()->u.address_size.size, 64);
}

/* ---- createdomain */

static struct xen_domctl_createdomain *create(void)
{
    struct xen_domctl_createdomain *c = &domctl_at()->u.createdomain;
    *c = (struct xen_domctl_createdomain){
        .ssidref = 4,
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 2,
        .max_evtchn_port = 1023,
        .max_grant_frames = 32,
        .max_maptrack_frames = 100,
        .grant_opts = 1,
        .arch = {.nr_spis = 5},
        .handle = {1, 2, 3},
    };
    return c;
}

static void a_domain_is_made(void **state)
{
    create();
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 2), E_EXIST);
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 50), 0);
    assert_int_equal(domctl_at()->domain, 50);
    assert_int_equal(domctl_at()->u.createdomain.arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V3);
    assert_int_equal(domctl_at()->u.createdomain.arch.clock_frequency, 0);
    const struct domain_config *c = &fake_config;
    assert_int_equal(c->id.id, 50);
    assert_false(c->privileged || c->direct_mapped);
    assert_int_equal(c->max_vcpus, 2);
    assert_int_equal(c->flags, 3);
    assert_int_equal(c->ssidref, 4);
    assert_int_equal(c->nr_spis, 5);
    assert_int_equal(c->gic_version, 3);
    assert_int_equal(c->max_evtchn_port, 1023);
    assert_int_equal(c->max_grant_frames, 32);
    assert_int_equal(c->max_maptrack_frames, 100);
    assert_int_equal(c->handle[2], 3);

    /* Defaults, and an id that was not used before: they go round from the last one given. */
    create()->max_grant_frames = -1;
    domctl_at()->u.createdomain.max_maptrack_frames = -1;
    domctl_at()->u.createdomain.max_evtchn_port = ~0u;
    domctl_at()->u.createdomain.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_V2;
    gic_table.version = 2;
    fake_domain[2].id.id = 2;
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), 0);
    assert_int_equal(domctl_at()->domain, 3);
    assert_int_equal(domctl_at()->u.createdomain.arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V2);
    assert_int_equal(c->max_grant_frames, 64);
    assert_int_equal(c->max_maptrack_frames, 1024);
    assert_int_equal(c->max_evtchn_port, 0x7fffffff);
    create();
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, DOMID_FIRST_RESERVED), 0);
    assert_int_equal(domctl_at()->domain, 4);
    /* A failure does not use an id up. */
    create();
    fake_answer = E_NOMEM;
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), E_NOMEM);
    fake_answer = OK;
    assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), 0);
    assert_int_equal(domctl_at()->domain, 5);
}

static void ids_go_round(void **state)
{
    u32 before = 0;
    for (u32 i = 0; i < DOMID_FIRST_RESERVED; i++) {
        create();
        fake_domain[2].id.id = 2;
        fake_calls[0] = '\0';
        assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), 0);
        u32 id = domctl_at()->domain;
        assert_true(id == before + 1 || before == 0 ||
                    (before == DOMID_FIRST_RESERVED - 1 && id == 3));
        before = id;
    }
}

#define REFUSED(field, value)                                               \
    do {                                                                    \
        create()->field = (value);                                          \
        assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), E_INVAL); \
    } while (0)
#define TAKEN(field, value)                                           \
    do {                                                              \
        create()->field = (value);                                    \
        assert_int_equal(fake_domctl(XEN_DOMCTL_createdomain, 0), 0); \
    } while (0)

static void what_create_refuses(void **state)
{
    REFUSED(flags, XEN_DOMCTL_CDF_hvm);
    REFUSED(flags, XEN_DOMCTL_CDF_hap);
    REFUSED(flags, 3 | XEN_DOMCTL_CDF_iommu);
    REFUSED(flags, 3 | 1u << 31);
    TAKEN(flags, 3 | XEN_DOMCTL_CDF_xs_domain);
    REFUSED(iommu_opts, 1);
    REFUSED(vmtrace_size, 4096);
    REFUSED(cpupool_id, 1);
    REFUSED(grant_opts, 0);
    REFUSED(grant_opts, 2);
    REFUSED(grant_opts, 0x11);
    REFUSED(max_grant_frames, 0);
    REFUSED(max_grant_frames, 65);
    TAKEN(max_grant_frames, 64);
    TAKEN(max_grant_frames, 1);
    REFUSED(max_maptrack_frames, 1025);
    TAKEN(max_maptrack_frames, 0);
    REFUSED(max_vcpus, 0);
    REFUSED(max_vcpus, DOMAIN_MAX_VCPUS + 1);
    TAKEN(max_vcpus, DOMAIN_MAX_VCPUS);
    REFUSED(arch.nr_spis, 989);
    TAKEN(arch.nr_spis, 988);
    REFUSED(arch.tee_type, XEN_DOMCTL_CONFIG_TEE_OPTEE);
    REFUSED(arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V2);
    REFUSED(arch.gic_version, 3);
    TAKEN(arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V3);
    gic_table.version = 2;
    REFUSED(max_vcpus, 9);
    TAKEN(max_vcpus, 8);
}

static s64 ask_state(u32 domain, u32 pad)
{
    domctl_at()->u.get_domain_state = (struct xen_domctl_get_domain_state){
        .state = 0xffff, .caps = 0xffff, .pad0 = pad, .unique_id = ~0ULL};
    return fake_domctl(XEN_DOMCTL_get_domain_state, domain);
}

static void assert_state(u32 domain, u32 state, u32 caps, u64 unique_id)
{
    const struct xen_domctl_get_domain_state *s = &domctl_at()->u.get_domain_state;
    assert_int_equal(domctl_at()->domain, domain);
    assert_int_equal(s->state, state);
    assert_int_equal(s->caps, caps);
    assert_int_equal(s->pad0, 0);
    assert_true(s->unique_id == unique_id);
}

static void state_of_a_domain(void **state)
{
    struct domain *d = &fake_domain[1];
    d->unique_id = 500;
    assert_int_equal(ask_state(1, 1), E_INVAL);
    assert_int_equal(ask_state(9, 0), E_SRCH);
    assert_int_equal(ask_state(1, 0), 0);
    assert_state(1, XEN_DOMCTL_GETDOMSTATE_STATE_EXIST, 0, 500);
    d->shut_down = true;
    d->life = DOMAIN_DYING;
    d->create_flags = XEN_DOMCTL_CDF_xs_domain;
    assert_int_equal(ask_state(1, 0), 0);
    assert_state(1,
                 XEN_DOMCTL_GETDOMSTATE_STATE_EXIST | XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN |
                     XEN_DOMCTL_GETDOMSTATE_STATE_DYING,
                 XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE, 500);
    d->shut_down = false;
    d->life = DOMAIN_DEAD;
    assert_int_equal(ask_state(1, 0), 0);
    assert_state(1, XEN_DOMCTL_GETDOMSTATE_STATE_EXIST | XEN_DOMCTL_GETDOMSTATE_STATE_DEAD,
                 XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE, 500);
    assert_int_equal(ask_state(0, 0), 0);
    assert_state(0, XEN_DOMCTL_GETDOMSTATE_STATE_EXIST,
                 XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL | XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE,
                 fake_domain[0].unique_id);
    assert_int_equal(fake_locks_held, 0);

    domctl_at()->interface_version = 0; /* of no version of the tools */
    struct call_args args = {{ARGUMENT}};
    assert_int_equal(call_domctl(vcpu_current(), &args), 0);
}

static void domains_that_changed(void **state)
{
    fake_domain[1].unique_id = 500;
    fake_nr_changed = 0;
    assert_int_equal(ask_state(DOMID_INVALID.id, 0), E_NOENT);
    fake_changed[fake_nr_changed++] = (domid_t){1};
    fake_changed[fake_nr_changed++] = (domid_t){9};
    assert_int_equal(ask_state(DOMID_INVALID.id, 7), E_INVAL);
    assert_int_equal(fake_nr_changed, 2); /* nobody was told */
    fake_become(1, 0);
    assert_int_equal(ask_state(DOMID_INVALID.id, 0), E_PERM);
    assert_int_equal(fake_nr_changed, 2);
    fake_become(0, 0);
    assert_int_equal(ask_state(DOMID_INVALID.id, 0), 0);
    assert_state(9, 0, 0, 0); /* it is gone */
    assert_int_equal(ask_state(DOMID_INVALID.id, 0), 0);
    assert_state(1, XEN_DOMCTL_GETDOMSTATE_STATE_EXIST, 0, 500);
    assert_int_equal(ask_state(DOMID_INVALID.id, 0), E_NOENT);
}

static s64 fake_vuart(u32 cmd, u32 type, u8 pad)
{
    struct xen_domctl_vuart_op *u = &domctl_at()->u.vuart_op;
    *u = (struct xen_domctl_vuart_op){
        .cmd = cmd, .type = type, .gfn = 0x39003, .console_domid = 2, .pad = {0, pad}};
    fake_calls[0] = '\0';
    return fake_domctl(XEN_DOMCTL_vuart_op, 1);
}

static void a_uart(void **state)
{
    assert_int_equal(fake_vuart(0, 0, 1), E_INVAL);
    assert_int_equal(fake_vuart(1, 0, 0), E_INVAL);
    assert_int_equal(fake_vuart(0, 1, 0), E_OPNOTSUPP);
    assert_string_equal(fake_calls, "");
    fake_answer = E_NOMEM;
    assert_int_equal(fake_vuart(0, 0, 0), E_NOMEM);
    assert_int_equal(domctl_at()->u.vuart_op.evtchn, 0);
    fake_answer = OK;
    assert_int_equal(fake_vuart(0, 0, 0), 0);
    assert_int_equal(domctl_at()->u.vuart_op.evtchn, 77);
    assert_string_equal(fake_calls, "vuart(1:39003,2) ");
    fake_domain[1].has_run = true; /* its vCPUs look up registers */
    assert_int_equal(fake_vuart(0, 1, 0), E_PERM);
    assert_string_equal(fake_calls, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(who_asks_and_how),
        CONTROL_TEST(one_at_a_time),
        CONTROL_TEST(pause_and_unpause),
        CONTROL_TEST(destroy),
        CONTROL_TEST(info_of_a_domain),
        CONTROL_TEST(small_ones),
        CONTROL_TEST(address_size),
        CONTROL_TEST(a_domain_is_made),
        CONTROL_TEST(what_create_refuses),
        CONTROL_TEST(ids_go_round),
        CONTROL_TEST(state_of_a_domain),
        CONTROL_TEST(domains_that_changed),
        CONTROL_TEST(a_uart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
