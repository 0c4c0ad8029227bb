/* SPDX-License-Identifier: MIT */
/* The decoding half: what each command hands to evtchn/, and what it writes back. */
#include "abi/event.h"
#include "call/fake_test.h"
#include "evtchn/evtchn.h"

#define AT (GUEST_BASE + 0x80)

/* What evtchn/ was asked last, and what it answers. */
static struct {
    const char *name;
    struct domain *d, *remote;
    u64 a, b, c;
    u32 calls;
} asked;
static enum err answer;
static u32 answer_port;
static u32 answer_cursor;

static enum err ask(const char *name, struct domain *d, u64 a, u64 b, u64 c)
{
    asked.name = name;
    asked.d = d;
    asked.a = a;
    asked.b = b;
    asked.c = c;
    asked.calls++;
    return answer;
}

enum err evtchn_alloc_unbound(struct domain *d, domid_t remote, port_t *out)
{
    out->port = answer_port;
    return ask("alloc_unbound", d, remote.id, 0, 0);
}

enum err evtchn_bind_interdomain(struct domain *d, struct domain *remote, port_t port, port_t *out)
{
    out->port = answer_port;
    asked.remote = remote;
    return ask("bind_interdomain", d, port.port, 0, 0);
}

enum err evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, port_t *out)
{
    out->port = answer_port;
    return ask("bind_virq", d, virq, vcpu, 0);
}

static u32 nr_marked;
void dom_mark_all_changed(void)
{
    nr_marked++;
}

enum err evtchn_bind_ipi(struct domain *d, u32 vcpu, port_t *out)
{
    out->port = answer_port;
    return ask("bind_ipi", d, vcpu, 0, 0);
}

enum err evtchn_close(struct domain *d, port_t port)
{
    return ask("close", d, port.port, 0, 0);
}

enum err evtchn_send(struct domain *d, port_t port)
{
    return ask("send", d, port.port, 0, 0);
}

enum err evtchn_unmask(struct domain *d, port_t port)
{
    return ask("unmask", d, port.port, 0, 0);
}

enum err evtchn_bind_vcpu(struct domain *d, port_t port, u32 vcpu)
{
    return ask("bind_vcpu", d, port.port, vcpu, 0);
}

static u32 nr_abandoned;
void evtchn_reset_abandon(struct domain *d)
{
    nr_abandoned++;
}

enum err evtchn_reset(struct domain *d, bool again)
{
    return ask("reset", d, again, 0, 0);
}

enum err evtchn_status(struct domain *d, port_t port, struct xen_evtchn_status *out)
{
    out->status = EVTCHNSTAT_interdomain;
    out->vcpu = 3;
    out->u.interdomain.dom = 2;
    out->u.interdomain.port = 55;
    return ask("status", d, port.port, 0, 0);
}

enum err evtchn_init_control(struct domain *d, u32 vcpu, gfn_t control, u32 offset, u8 *link_bits)
{
    *link_bits = 17;
    return ask("init_control", d, vcpu, control.gfn, offset);
}

enum err evtchn_expand_array(struct domain *d, gfn_t array, u32 *cursor)
{
    u32 was = *cursor;
    *cursor = answer_cursor;
    return ask("expand_array", d, array.gfn, was, 0);
}

enum err evtchn_set_priority(struct domain *d, port_t port, u32 priority)
{
    return ask("set_priority", d, port.port, priority, 0);
}

static struct call_args args;

static s64 call(u64 command, u64 at)
{
    args = (struct call_args){{command, at}};
    return call_event_channel_op(vcpu_current(), &args);
}

static int begin(void **state)
{
    memset(&asked, 0, sizeof(asked));
    answer = OK;
    answer_port = 77;
    return fake_setup(state);
}

#define EVENT_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, fake_teardown)

#define assert_asked(what, domain, x, y, z)              \
    do {                                                 \
        assert_string_equal(asked.name, what);           \
        assert_ptr_equal(asked.d, &fake_domain[domain]); \
        assert_int_equal(asked.a, x);                    \
        assert_int_equal(asked.b, y);                    \
        assert_int_equal(asked.c, z);                    \
    } while (0)

static void ports_alone(void **state)
{
    static const struct {
        u32 command;
        const char *name;
    } cases[] = {{EVTCHNOP_send, "send"}, {EVTCHNOP_unmask, "unmask"}, {EVTCHNOP_close, "close"}};
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        const u32 port = 4000 + i;
        guest_put(GUEST_END - 4, &port, 4); /* no byte more is read */
        answer = OK;
        assert_int_equal(call(cases[i].command, GUEST_END - 4), 0);
        assert_asked(cases[i].name, 1, port, 0, 0);
        answer = E_INVAL;
        assert_int_equal(call(cases[i].command, GUEST_END - 4), -22);
        asked.calls = 0;
        assert_int_equal(call(cases[i].command, GUEST_END - 3), -14);
        assert_int_equal(call(cases[i].command, GUEST_NOWHERE), -14);
        assert_int_equal(asked.calls, 0);
    }
}

static void alloc_unbound(void **state)
{
    struct xen_evtchn_alloc_unbound *op = guest_at(AT);
    *op = (struct xen_evtchn_alloc_unbound){.dom = XEN_DOMID_SELF, .remote_dom = 9};
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), 0);
    assert_asked("alloc_unbound", 1, 9, 0, 0);
    assert_int_equal(op->port, 77);
    assert_int_equal(op->remote_dom, 9);
    op->dom = 1;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), 0);
    asked.calls = 0;
    op->dom = 2;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), -1);
    op->dom = 55;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), -3);
    assert_int_equal(call(EVTCHNOP_alloc_unbound, GUEST_NOWHERE), -14);
    assert_int_equal(asked.calls, 0);
    fake_become(0, 0);
    op->dom = 2;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), 0);
    assert_asked("alloc_unbound", 2, 9, 0, 0);
    answer = E_NOSPC;
    answer_port = 78;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), -28);
    assert_int_equal(op->port, 77);
    answer = E_RESTART; /* the same again */
    assert_int_equal(call(EVTCHNOP_alloc_unbound, AT), E_RESTART);
    assert_int_equal(args.arg[0], EVTCHNOP_alloc_unbound);
    assert_int_equal(args.arg[1], AT);
    /* Done, but nowhere to say so. */
    answer = OK;
    struct xen_evtchn_alloc_unbound *readonly = guest_at(GUEST_READONLY);
    *readonly = *op;
    assert_int_equal(call(EVTCHNOP_alloc_unbound, GUEST_READONLY), -14);
}

static void bind_interdomain(void **state)
{
    struct xen_evtchn_bind_interdomain *op = guest_at(AT);
    *op = (struct xen_evtchn_bind_interdomain){.remote_dom = 2, .remote_port = 5};
    assert_int_equal(call(EVTCHNOP_bind_interdomain, AT), 0);
    assert_asked("bind_interdomain", 1, 5, 0, 0);
    assert_ptr_equal(asked.remote, &fake_domain[2]);
    assert_int_equal(op->local_port, 77);
    op->remote_dom = XEN_DOMID_SELF;
    assert_int_equal(call(EVTCHNOP_bind_interdomain, AT), 0);
    assert_ptr_equal(asked.remote, &fake_domain[1]);
    op->remote_dom = 55;
    asked.calls = 0;
    assert_int_equal(call(EVTCHNOP_bind_interdomain, AT), -3);
    assert_int_equal(call(EVTCHNOP_bind_interdomain, GUEST_NOWHERE), -14);
    assert_int_equal(asked.calls, 0);
    op->remote_dom = 2;
    answer = E_INVAL;
    answer_port = 78;
    assert_int_equal(call(EVTCHNOP_bind_interdomain, AT), -22);
    assert_int_equal(op->local_port, 77);
}

/* Dom0 is told of all domains when it begins to listen; nobody else has anything to do with it. */
static void who_binds_the_virq_of_domains(void **state)
{
    struct xen_evtchn_bind_virq *virq = guest_at(AT);
    *virq = (struct xen_evtchn_bind_virq){.virq = VIRQ_DOM_EXC};
    nr_marked = 0;
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), 0); /* a guest */
    fake_become(0, 0);
    answer = E_EXIST;
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), -17);
    answer = OK;
    virq->virq = VIRQ_CONSOLE;
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), 0);
    assert_int_equal(nr_marked, 0);
    virq->virq = VIRQ_DOM_EXC;
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), 0);
    assert_int_equal(nr_marked, 1);
}

static void bind_virq_and_ipi(void **state)
{
    struct xen_evtchn_bind_virq *virq = guest_at(AT);
    *virq = (struct xen_evtchn_bind_virq){.virq = 3, .vcpu = 1};
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), 0);
    assert_asked("bind_virq", 1, 3, 1, 0);
    assert_int_equal(virq->port, 77);
    answer = E_EXIST;
    answer_port = 78;
    assert_int_equal(call(EVTCHNOP_bind_virq, AT), -17);
    assert_int_equal(virq->port, 77);
    assert_int_equal(call(EVTCHNOP_bind_virq, GUEST_NOWHERE), -14);

    answer = OK;
    struct xen_evtchn_bind_ipi *ipi = guest_at(AT);
    *ipi = (struct xen_evtchn_bind_ipi){.vcpu = 1};
    assert_int_equal(call(EVTCHNOP_bind_ipi, AT), 0);
    assert_asked("bind_ipi", 1, 1, 0, 0);
    assert_int_equal(ipi->port, 78);
    answer = E_NOENT;
    answer_port = 79;
    assert_int_equal(call(EVTCHNOP_bind_ipi, AT), -2);
    assert_int_equal(ipi->port, 78);
    assert_int_equal(call(EVTCHNOP_bind_ipi, GUEST_NOWHERE), -14);
}

static void status_of_a_port(void **state)
{
    struct xen_evtchn_status *op = guest_at(AT);
    *op = (struct xen_evtchn_status){.dom = XEN_DOMID_SELF, .port = 12};
    assert_int_equal(call(EVTCHNOP_status, AT), 0);
    assert_asked("status", 1, 12, 0, 0);
    assert_int_equal(op->status, EVTCHNSTAT_interdomain);
    assert_int_equal(op->vcpu, 3);
    assert_int_equal(op->u.interdomain.dom, 2);
    assert_int_equal(op->u.interdomain.port, 55);
    assert_int_equal(op->dom, XEN_DOMID_SELF);
    op->dom = 2;
    asked.calls = 0;
    assert_int_equal(call(EVTCHNOP_status, AT), -1);
    op->dom = 55;
    assert_int_equal(call(EVTCHNOP_status, AT), -3);
    assert_int_equal(call(EVTCHNOP_status, GUEST_NOWHERE), -14);
    assert_int_equal(asked.calls, 0);
    fake_become(0, 0);
    op->dom = 2;
    op->status = 99;
    answer = E_INVAL;
    assert_int_equal(call(EVTCHNOP_status, AT), -22);
    assert_asked("status", 2, 12, 0, 0);
    assert_int_equal(op->status, 99);
}

static void bind_vcpu_and_priority(void **state)
{
    struct xen_evtchn_bind_vcpu *op = guest_at(AT);
    *op = (struct xen_evtchn_bind_vcpu){.port = 8, .vcpu = 2};
    answer = E_NOENT;
    assert_int_equal(call(EVTCHNOP_bind_vcpu, AT), -2);
    assert_asked("bind_vcpu", 1, 8, 2, 0);
    answer = E_NOSYS;
    assert_int_equal(call(EVTCHNOP_set_priority, AT), -38);
    assert_asked("set_priority", 1, 8, 2, 0);
    asked.calls = 0;
    assert_int_equal(call(EVTCHNOP_bind_vcpu, GUEST_NOWHERE), -14);
    assert_int_equal(call(EVTCHNOP_set_priority, GUEST_NOWHERE), -14);
    assert_int_equal(asked.calls, 0);
}

static void reset(void **state)
{
    struct xen_evtchn_reset *op = guest_at(AT);
    op->dom = XEN_DOMID_SELF;
    assert_int_equal(call(EVTCHNOP_reset, AT), 0);
    assert_asked("reset", 1, false, 0, 0);
    answer = E_RESTART;
    assert_int_equal(call(EVTCHNOP_reset, AT), E_RESTART);
    assert_int_equal(args.arg[0], 14);
    assert_int_equal(args.arg[1], AT);
    assert_int_equal(call(14, AT), E_RESTART);
    assert_asked("reset", 1, true, 0, 0);
    assert_int_equal(args.arg[0], 14);
    answer = E_BUSY;
    assert_int_equal(call(EVTCHNOP_reset, AT), -16);
    assert_int_equal(args.arg[0], EVTCHNOP_reset);
    /* Another one's: by dom0, while it is paused. */
    asked.calls = 0;
    answer = OK;
    op->dom = 2;
    fake_domain[2].paused_by_tools = true;
    assert_int_equal(call(EVTCHNOP_reset, AT), -1);
    fake_become(0, 0);
    fake_domain[2].paused_by_tools = false;
    assert_int_equal(call(EVTCHNOP_reset, AT), -22);
    op->dom = 55;
    assert_int_equal(call(EVTCHNOP_reset, AT), -3);
    assert_int_equal(call(EVTCHNOP_reset, GUEST_NOWHERE), -14);
    assert_int_equal(asked.calls, 0);
    op->dom = 2;
    fake_domain[2].paused_by_tools = true;
    assert_int_equal(call(EVTCHNOP_reset, AT), 0);
    assert_asked("reset", 2, false, 0, 0);
    /* Unpaused between two stays: it is not left half reset for ever. */
    answer = E_RESTART;
    assert_int_equal(call(EVTCHNOP_reset, AT), E_RESTART);
    fake_domain[2].paused_by_tools = false;
    asked.calls = nr_abandoned = 0;
    assert_int_equal(call(14, AT), -22);
    assert_int_equal(nr_abandoned, 1);
    assert_int_equal(asked.calls, 0);
}

static void fifo(void **state)
{
    struct xen_evtchn_init_control *control = guest_at(AT);
    *control =
        (struct xen_evtchn_init_control){.control_gfn = 0x123456789, .offset = 64, .vcpu = 1};
    assert_int_equal(call(EVTCHNOP_init_control, AT), 0);
    assert_asked("init_control", 1, 1, 0x123456789, 64);
    assert_int_equal(control->link_bits, 17);
    control->link_bits = 0;
    answer = E_INVAL;
    assert_int_equal(call(EVTCHNOP_init_control, AT), -22);
    assert_int_equal(control->link_bits, 0);
    assert_int_equal(call(EVTCHNOP_init_control, GUEST_NOWHERE), -14);

    struct xen_evtchn_expand_array *array = guest_at(AT);
    array->array_gfn = 0x123;
    answer = OK;
    assert_int_equal(call(EVTCHNOP_expand_array, AT), 0);
    assert_asked("expand_array", 1, 0x123, 0, 0);
    answer = E_RESTART;
    answer_cursor = 131071;
    assert_int_equal(call(EVTCHNOP_expand_array, AT), E_RESTART);
    u64 again = args.arg[0];
    assert_int_not_equal(again, EVTCHNOP_expand_array);
    assert_true(again < 1ULL << 32);
    answer = OK;
    assert_int_equal(call(again, AT), 0);
    assert_asked("expand_array", 1, 0x123, 131071, 0);
    assert_int_equal(call(EVTCHNOP_expand_array, GUEST_NOWHERE), -14);
}

static void no_such_command(void **state)
{
    static const u32 none[] = {EVTCHNOP_bind_pirq, 15, 16, 255, 0x100, 0x104, ~0u};
    for (u32 i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(call(none[i], AT), -38);
    }
    assert_int_equal(asked.calls, 0);
    /* The command is 32 bits. */
    const u32 port = 3;
    guest_put(AT, &port, 4);
    assert_int_equal(call(0xffffffff00000004ULL, AT), 0);
    assert_asked("send", 1, 3, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EVENT_TEST(ports_alone),
        EVENT_TEST(alloc_unbound),
        EVENT_TEST(bind_interdomain),
        EVENT_TEST(bind_virq_and_ipi),
        EVENT_TEST(who_binds_the_virq_of_domains),
        EVENT_TEST(status_of_a_port),
        EVENT_TEST(bind_vcpu_and_priority),
        EVENT_TEST(reset),
        EVENT_TEST(fifo),
        EVENT_TEST(no_such_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
