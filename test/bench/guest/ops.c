/* SPDX-License-Identifier: MIT */
/* Operations that any guest can measure by itself, each between its markers. */
#include "test/bench/guest/bench.h"

static u32 own_port;
static u64 frequency;

/* After setup(). */
void ops_prepare(void)
{
    struct xen_evtchn_bind_ipi bind = {.vcpu = 0};
    must("bind_ipi", hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (u64)&bind, 0));
    own_port = bind.port;
    frequency = SYSREG_READ(cntfrq_el0);
}

static void do_multicall(void)
{
    struct xen_multicall_entry multi[8];
    for (unsigned k = 0; k < 8; k++) {
        multi[k] = (struct xen_multicall_entry){.op = __HYPERVISOR_xen_version};
    }
    BEGIN(OP_MULTICALL);
    hypercall(__HYPERVISOR_multicall, (u64)multi, 8, 0);
    END(OP_MULTICALL);
}

static void do_event_self(void)
{
    u64 seen = nr_event;
    BEGIN(OP_EVENT_SELF);
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&own_port, 0);
    while (nr_event == seen) {
    }
    END(OP_EVENT_SELF);
}

static void do_event_pending(void)
{
    u64 seen = nr_event;
    interrupts_off();
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&own_port, 0);
    BEGIN(OP_EVENT_PENDING);
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&own_port, 0);
    END(OP_EVENT_PENDING);
    interrupts_on();
    while (nr_event == seen) {
    }
}

static void do_sgi(void)
{
    u64 seen = nr_sgi;
    BEGIN(OP_SGI);
    send_sgi(0);
    while (nr_sgi == seen) {
    }
    END(OP_SGI);
}

static void do_timer(void)
{
    u64 seen = nr_timer;
    BEGIN(OP_TIMER);
    timer_arm(frequency / 20000);
    while (nr_timer == seen) {
    }
    END(OP_TIMER);
}

static void do_wfi(void)
{
    u64 seen = nr_timer;
    interrupts_off();
    BEGIN(OP_WFI);
    timer_arm(frequency / 1000);
    while (nr_timer == seen) {
        sleep_once();
    }
    END(OP_WFI);
    interrupts_on();
}

/* What needs neither interrupts nor memory of its own. */
static void do_call(unsigned id)
{
    struct xen_feature_info features = {0, 0};
    switch (id) {
    case OP_EMPTY:
        BEGIN(OP_EMPTY);
        END(OP_EMPTY);
        break;
    case OP_VERSION:
        BEGIN(OP_VERSION);
        hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0);
        END(OP_VERSION);
        break;
    case OP_FEATURES:
        BEGIN(OP_FEATURES);
        hypercall(__HYPERVISOR_xen_version, XENVER_get_features, (u64)&features, 0);
        END(OP_FEATURES);
        break;
    case OP_PSCI:
        BEGIN(OP_PSCI);
        firmware_call(0x84000000, 0, 0, 0);
        END(OP_PSCI);
        break;
    case OP_ID_REGISTER:
        BEGIN(OP_ID_REGISTER);
        (void)SYSREG_READ(id_aa64pfr0_el1);
        END(OP_ID_REGISTER);
        break;
    case OP_TYPER:
        BEGIN(OP_TYPER);
        (void)mmio_read(typer_address());
        END(OP_TYPER);
        break;
    case OP_YIELD:
        BEGIN(OP_YIELD);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        END(OP_YIELD);
        break;
    }
}

/* With interrupts on. */
void op_do(unsigned id)
{
    switch (id) {
    case OP_MULTICALL:
        do_multicall();
        break;
    case OP_EVENT_SELF:
        do_event_self();
        break;
    case OP_EVENT_PENDING:
        do_event_pending();
        break;
    case OP_SGI:
        do_sgi();
        break;
    case OP_TIMER:
        do_timer();
        break;
    case OP_WFI:
        do_wfi();
        break;
    default:
        do_call(id);
    }
}
