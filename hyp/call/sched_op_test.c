/* SPDX-License-Identifier: MIT */
#include "abi/event.h"
#include "abi/sched.h"
#include "call/fake_test.h"
#include "call/sched_op.h"
#include "evtchn/evtchn.h"
#include "time/time.h"

#define ARGUMENT (GUEST_BASE + 0x40)
#define PORTS    (GUEST_BASE + 0x400)

static u32 yields, blocks, raised;
static s32 shutdown_code[3];
static u64 armed_ns;
static bool pending[256];

void sched_yield_unit(struct sched_unit *u)
{
    yields++;
}

void vcpu_block(struct vcpu *v)
{
    blocks++;
}

void vcpu_raise(struct vcpu *v, enum vcpu_work bit)
{
    assert_int_equal(bit, VCPU_WORK_POLL);
    raised++;
}

void domain_shutdown(struct domain *d, u8 code)
{
    shutdown_code[d->id.id] = code;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    t->fn = fn;
    t->arg = arg;
}

void timer_set(struct timer *t, u64 deadline_ns)
{
    armed_ns = deadline_ns;
}

void timer_cancel(struct timer *t)
{
    armed_ns = 0;
}

enum err evtchn_status(struct domain *d, port_t port, struct xen_evtchn_status *out)
{
    return port.port < ARRAY_LEN(pending) ? OK : E_INVAL;
}

bool evtchn_is_port_pending(struct domain *d, port_t port)
{
    return pending[port.port];
}

void evtchn_poll_begin(struct vcpu *v, u32 port)
{
    assert_int_equal(v->poll_state, 0);
    v->poll_state = 1;
    v->poll_port = port;
}

bool evtchn_poll_end(struct vcpu *v)
{
    const bool came = v->poll_state == 2;
    v->poll_state = 0;
    return came;
}

static s64 op(u64 command, u64 argument)
{
    struct call_args args = {{command, argument}};
    return call_sched_op(vcpu_current(), &args);
}

static int start(void **state)
{
    yields = blocks = raised = 0;
    armed_ns = 0;
    memset(pending, 0, sizeof(pending));
    memset(shutdown_code, 0xff, sizeof(shutdown_code));
    return fake_setup(state);
}

static void yield_and_block(void **state)
{
    struct vcpu *v = vcpu_current();
    assert_int_equal(op(SCHEDOP_yield, 0), 0);
    assert_int_equal(yields, 1);
    v->regs.pstate = 0x3c5;
    assert_int_equal(op(SCHEDOP_block, 0), 0);
    assert_int_equal(blocks, 1);
    assert_int_equal(v->regs.pstate, 0x345); /* IRQs only */
    assert_int_equal(op(SCHEDOP_watchdog, ARGUMENT), -38);
    assert_int_equal(op(SCHEDOP_pin_override, ARGUMENT), -38);
    assert_int_equal(op(0xffffffff, ARGUMENT), -38);
}

static void shutdown(void **state)
{
    *(u32 *)guest_at(ARGUMENT) = SHUTDOWN_reboot;
    assert_int_equal(op(SCHEDOP_shutdown, GUEST_NOWHERE), -14);
    assert_int_equal(shutdown_code[1], -1);
    assert_int_equal(op(SCHEDOP_shutdown, ARGUMENT), 0);
    assert_int_equal(shutdown_code[1], SHUTDOWN_reboot);
    assert_int_equal(op(SCHEDOP_shutdown_code, GUEST_NOWHERE), -14);
    assert_int_equal(op(SCHEDOP_shutdown_code, ARGUMENT), 0);
    assert_int_equal(fake_domain[1].shutdown_code, SHUTDOWN_reboot);
    *(u32 *)guest_at(ARGUMENT) = SHUTDOWN_crash;
    assert_int_equal(op(SCHEDOP_shutdown_code, ARGUMENT), 0);
    assert_int_equal(fake_domain[1].shutdown_code, SHUTDOWN_reboot); /* the first word counts */
}

static void remote_shutdown(void **state)
{
    struct xen_sched_remote_shutdown *r = guest_at(ARGUMENT);
    *r = (struct xen_sched_remote_shutdown){.domain_id = 2, .reason = SHUTDOWN_crash};
    assert_int_equal(op(SCHEDOP_remote_shutdown, ARGUMENT), -1);
    assert_int_equal(shutdown_code[2], -1);
    fake_become(0, 0);
    assert_int_equal(op(SCHEDOP_remote_shutdown, ARGUMENT), 0);
    assert_int_equal(shutdown_code[2], SHUTDOWN_crash);
    assert_int_equal(op(SCHEDOP_remote_shutdown, GUEST_NOWHERE), -14);
    r->domain_id = 9;
    assert_int_equal(op(SCHEDOP_remote_shutdown, ARGUMENT), -3);
    r->domain_id = XEN_DOMID_SELF;
    assert_int_equal(op(SCHEDOP_remote_shutdown, ARGUMENT), -3);
}

static s64 poll(u32 nr_ports, u64 timeout_ns)
{
    *(struct xen_sched_poll *)guest_at(ARGUMENT) =
        (struct xen_sched_poll){.ports = {PORTS}, .nr_ports = nr_ports, .timeout = timeout_ns};
    return op(SCHEDOP_poll, ARGUMENT);
}

static void poll_errors(void **state)
{
    u32 *ports = guest_at(PORTS);
    assert_int_equal(op(SCHEDOP_poll, GUEST_NOWHERE), -14);
    assert_int_equal(poll(129, 0), -22);
    ports[1] = 256;
    assert_int_equal(poll(2, 0), -22);
    *(struct xen_sched_poll *)guest_at(ARGUMENT) =
        (struct xen_sched_poll){.ports = {GUEST_NOWHERE}, .nr_ports = 1};
    assert_int_equal(op(SCHEDOP_poll, ARGUMENT), -14);
    fake_heap_empty = true;
    assert_int_equal(poll(1, 5), -12);
    assert_int_equal(vcpu_current()->poll_state, 0);
    assert_int_equal(blocks, 0);
}

static void poll_finds_a_pending_port(void **state)
{
    u32 *ports = guest_at(PORTS);
    for (u32 i = 0; i < 128; i++) {
        ports[i] = i + 1;
    }
    pending[128] = true;
    assert_int_equal(poll(128, 0), 0);
    assert_int_equal(blocks, 0);
    assert_int_equal(vcpu_current()->poll_state, 0);
    assert_int_equal(poll(127, 0), 0);
    assert_int_equal(blocks, 1);
    assert_int_equal(vcpu_current()->poll_state, 1);
    assert_int_equal(vcpu_current()->poll_port, 0); /* any */
    sched_op_poll_end(vcpu_current());
    assert_int_equal(vcpu_current()->poll_state, 0);
}

static void poll_sleeps_until_its_time(void **state)
{
    struct vcpu *v = vcpu_current();
    *(u32 *)guest_at(PORTS) = 7;
    assert_int_equal(poll(1, 5000), 0);
    assert_int_equal(blocks, 1);
    assert_int_equal(armed_ns, 5000);
    assert_int_equal(v->poll_port, 7);
    v->poll_timer->fn(v->poll_timer->arg);
    assert_int_equal(raised, 1);
    /* An interrupt ended that one and nobody said so: the next poll begins clean, without its time.
     */
    assert_int_equal(poll(1, 0), 0);
    assert_int_equal(armed_ns, 0);
    assert_int_equal(v->poll_state, 1);
    sched_op_destroy_vcpu(v);
    assert_int_equal(v->poll_state, 0);
    assert_null(v->poll_timer);
    sched_op_destroy_vcpu(v);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(yield_and_block),           TEST(shutdown),
        TEST(remote_shutdown),           TEST(poll_errors),
        TEST(poll_finds_a_pending_port), TEST(poll_sleeps_until_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
