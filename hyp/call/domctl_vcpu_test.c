/* SPDX-License-Identifier: MIT */
#include "call/domctl_fake_test.h"

static void max_vcpus(void **state)
{
    fake_vcpus[1][1] = NULL;
    domctl_at()->u.max_vcpus.max = 1;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 1), E_INVAL);
    domctl_at()->u.max_vcpus.max = 2;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 0), E_INVAL);
    assert_string_equal(fake_calls, "");
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 1), 0); /* what is there stays */
    assert_string_equal(fake_calls, "vcpu(1.1) ");
    fake_vcpus[1][0] = fake_vcpus[1][1] = NULL;
    fake_answer = E_NOMEM;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 1), E_NOMEM);
    assert_string_equal(fake_calls, "vcpu(1.1) vcpu(1.0) ");
}

static void vcpus_by_and_by(void **state)
{
    fake_vcpus[1][0] = fake_vcpus[1][1] = NULL;
    domctl_at()->u.max_vcpus.max = 2;
    fake_restart = true;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 1), E_RESTART);
    assert_string_equal(fake_calls, "vcpu(1.0) ");
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_vcpus, 1), 0);
    assert_string_equal(fake_calls, "vcpu(1.0) vcpu(1.1) ");
}

/* ---- contexts */

static struct xen_vcpu_guest_context *context(u32 vcpu)
{
    domctl_at()->u.vcpucontext.vcpu = vcpu;
    domctl_at()->u.vcpucontext.ctxt.p = BUFFER;
    return guest_at(BUFFER);
}

static void context_out(void **state)
{
    struct vcpu *v = &fake_vcpu[1][1];
    struct xen_vcpu_guest_context *c = context(1);
    memset(c, 0xff, sizeof(*c));
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), E_NODATA);
    fake_calls[0] = '\0';
    v->initialised = true;
    v->online = true;
    for (u32 i = 0; i < 31; i++) {
        v->regs.x[i] = 100 + i;
    }
    v->regs.pc = 1;
    v->regs.pstate = 2;
    v->regs.sp_el0 = 3;
    v->el1 = (struct el1_regs){.spsr = 4,
                               .sp_el1 = 5,
                               .elr = 6,
                               .sctlr = 7,
                               .tcr = 8,
                               .ttbr0 = 9,
                               .ttbr1 = 10,
                               .spsr_fiq = 11,
                               .spsr_irq = 12,
                               .spsr_und = 13,
                               .spsr_abt = 14};
    fake_stays = true; /* in the middle of a call: not yet */
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), E_RESTART);
    assert_string_equal(fake_calls, "hold(1.1) sync(1.1) release(1.1) ");
    assert_int_not_equal(c->user_regs.pc64, 1);
    fake_calls[0] = '\0';
    fake_stays = false;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), 0);
    assert_string_equal(fake_calls, "hold(1.1) sync(1.1) release(1.1) ");
    const struct xen_vcpu_guest_core_regs *r = &c->user_regs;
    assert_int_equal(r->x0, 100);
    assert_int_equal(r->x30, 130);
    assert_int_equal(r->pc64, 1);
    assert_int_equal(r->cpsr, 2);
    assert_int_equal(r->sp_el0, 3);
    assert_int_equal(r->spsr_el1, 4);
    assert_int_equal(r->sp_el1, 5);
    assert_int_equal(r->elr_el1, 6);
    assert_int_equal(r->spsr_fiq | r->spsr_irq | r->spsr_und | r->spsr_abt, 0);
    assert_int_equal(c->sctlr, 7);
    assert_int_equal(c->ttbcr, 8);
    assert_int_equal(c->ttbr0, 9);
    assert_int_equal(c->ttbr1, 10);
    assert_int_equal(c->flags, VGCF_online);

    fake_domain[1].is_32bit = true;
    v->online = false;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), 0);
    assert_int_equal(r->sp_el0 | r->sp_el1 | r->elr_el1, 0);
    assert_int_equal(r->spsr_fiq, 11);
    assert_int_equal(r->spsr_irq, 12);
    assert_int_equal(r->spsr_und, 13);
    assert_int_equal(r->spsr_abt, 14);
    assert_int_equal(c->flags, 0);

    context(2);
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), E_INVAL);
    context(0);
    vcpu_current()->initialised = true;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 0),
                     E_INVAL); /* our own registers move */
    fake_vcpus[1][0] = NULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), E_INVAL);
    context(1);
    domctl_at()->u.vcpucontext.ctxt.p = GUEST_NOWHERE;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpucontext, 1), E_FAULT);
}

static void context_in(void **state)
{
    struct vcpu *v = &fake_vcpu[1][0];
    struct xen_vcpu_guest_context *c = context(0);
    for (u32 i = 0; i < 31; i++) {
        (&c->user_regs.x0)[i] = 200 + i;
    }
    c->user_regs.pc64 = 0x40000000;
    c->user_regs.cpsr = PSR_GUEST64_INIT;
    c->user_regs.spsr_el1 = 4;
    c->user_regs.sp_el0 = 3;
    c->user_regs.sp_el1 = 5;
    c->user_regs.elr_el1 = 6;
    c->user_regs.spsr_fiq = 99;
    c->sctlr = SCTLR_GUEST_INIT;
    c->ttbcr = 8;
    c->ttbr0 = 9;
    c->ttbr1 = 10;
    c->flags = VGCF_online;
    v->el1.spsr_fiq = 1;
    fake_stays = true;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), E_RESTART);
    assert_string_equal(fake_calls, "hold(1) sync(1.0) release(1) ");
    fake_calls[0] = '\0';
    fake_stays = false;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), 0);
    assert_string_equal(fake_calls, "hold(1) sync(1.0) reset(1.0,0x40000000,0) release(1) ");
    assert_int_equal(v->regs.x[0], 200);
    assert_int_equal(v->regs.x[30], 230);
    assert_int_equal(v->regs.pc, 0x40000000);
    assert_int_equal(v->regs.pstate, PSR_GUEST64_INIT);
    assert_int_equal(v->regs.sp_el0, 3);
    assert_int_equal(v->el1.spsr, 4);
    assert_int_equal(v->el1.sp_el1, 5);
    assert_int_equal(v->el1.elr, 6);
    assert_int_equal(v->el1.spsr_fiq, 1); /* none of a 64-bit domain's */
    assert_int_equal(v->el1.sctlr, SCTLR_GUEST_INIT);
    assert_int_equal(v->el1.tcr, 8);
    assert_int_equal(v->el1.ttbr0, 9);
    assert_int_equal(v->el1.ttbr1, 10);
    assert_int_equal(v->el1.vbar, 0x77);
    assert_true(v->online && v->initialised);

    /* Of one that runs already, only what the structure names changes. */
    fake_calls[0] = '\0';
    fake_domain[1].is_32bit = true;
    c->user_regs.spsr_irq = 98;
    c->user_regs.spsr_und = 97;
    c->user_regs.spsr_abt = 96;
    c->user_regs.sp_el1 = 55;
    c->flags = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), 0);
    assert_string_equal(fake_calls, "hold(1) sync(1.0) release(1) ");
    assert_int_equal(v->el1.spsr_fiq, 99);
    assert_int_equal(v->el1.spsr_irq, 98);
    assert_int_equal(v->el1.spsr_und, 97);
    assert_int_equal(v->el1.spsr_abt, 96);
    assert_int_equal(v->el1.sp_el1, 5);
    assert_false(v->online);
    assert_true(v->initialised);

    /* Without a context it is as if just made. */
    fake_calls[0] = '\0';
    v->online = true;
    domctl_at()->u.vcpucontext.ctxt.p = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), 0);
    assert_string_equal(fake_calls, "hold(1.0) release(1.0) ");
    assert_false(v->online || v->initialised);
}

static void context_refused(void **state)
{
    struct xen_vcpu_guest_context *c = context(2);
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), E_INVAL);
    context(0);
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 0), E_INVAL);
    c->user_regs.cpsr = 0xbad;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), E_INVAL);
    domctl_at()->u.vcpucontext.ctxt.p = GUEST_NOWHERE;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), E_FAULT);
    fake_vcpus[1][0] = NULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpucontext, 1), E_SRCH);
    assert_string_equal(fake_calls, "");
    assert_false(fake_vcpu[1][0].initialised);
}

static void info_of_a_vcpu(void **state)
{
    struct xen_domctl_getvcpuinfo *i = &domctl_at()->u.getvcpuinfo;
    i->vcpu = 1;
    fake_now_ns = 500;
    fake_vcpu[1][1].online = true;
    fake_vcpu[1][1].unit = (struct sched_unit){.state = UNIT_RUNNING,
                                               .wanted = true,
                                               .since_ns = 400,
                                               .cpu = 1,
                                               .time_ns = {10, 20, 30, 40}};
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuinfo, 1), 0);
    assert_int_equal(i->online, 1);
    assert_int_equal(i->blocked, 0);
    assert_int_equal(i->running, 1);
    assert_int_equal(i->cpu_time, 110);
    assert_int_equal(i->cpu, 1);
    fake_vcpu[1][1].unit.state = UNIT_BLOCKED;
    fake_vcpu[1][1].unit.wanted = false;
    fake_vcpu[1][1].online = false;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuinfo, 1), 0);
    assert_int_equal(i->online, 0);
    assert_int_equal(i->blocked, 1);
    assert_int_equal(i->running, 0);
    assert_int_equal(i->cpu_time, 10);
    i->vcpu = 2;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuinfo, 1), E_INVAL);
    i->vcpu = 0;
    fake_vcpus[1][0] = NULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuinfo, 1), E_SRCH);
}

/* ---- affinity */

static struct xen_domctl_vcpuaffinity *affinity(u32 flags, u32 nr_bits)
{
    struct xen_domctl_vcpuaffinity *a = &domctl_at()->u.vcpuaffinity;
    *a = (struct xen_domctl_vcpuaffinity){
        .vcpu = 0, .flags = flags, {{BUFFER}, nr_bits}, {{BUFFER + 64}, nr_bits}};
    return a;
}

static u8 *map(u32 i)
{
    return guest_at(BUFFER + i * 64);
}

static void affinity_set_and_got(void **state)
{
    struct sched_unit *u = &fake_vcpu[1][0].unit;
    const u32 both = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    affinity(both, 8);
    map(0)[0] = 0xfe; /* CPU 1, and some that are not there */
    map(1)[0] = 0xff;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpuaffinity, 1), 0);
    assert_true(u->hard.bits[0] == 0xfe);
    assert_true(u->soft.bits[0] == 0xff);
    assert_int_equal(map(0)[0], 2); /* what it comes to */
    assert_int_equal(map(1)[0], 2);

    affinity(XEN_VCPUAFFINITY_SOFT, 8);
    map(0)[0] = 0x55;
    map(1)[0] = 1;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpuaffinity, 1), 0);
    assert_true(u->hard.bits[0] == 0xfe);
    assert_true(u->soft.bits[0] == 1);
    assert_int_equal(map(0)[0], 0x55);
    assert_int_equal(map(1)[0], 0);

    /* Read: our two CPUs, and zeros as far as the caller counts. */
    u->hard.bits[0] = ~0ULL;
    affinity(both, 20);
    memset(map(0), 0xee, 4);
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuaffinity, 1), 0);
    assert_int_equal(map(0)[0], 3);
    assert_int_equal(map(0)[1] | map(0)[2], 0);
    assert_int_equal(map(0)[3], 0xee);
    assert_int_equal(map(1)[0], 1);
    affinity(XEN_VCPUAFFINITY_HARD, 1); /* fewer than we have */
    map(0)[0] = map(1)[0] = 0xee;
    assert_int_equal(fake_domctl(XEN_DOMCTL_getvcpuaffinity, 1), 0);
    assert_int_equal(map(0)[0], 1);
    assert_int_equal(map(1)[0], 0xee);
}

static void affinity_refused(void **state)
{
    const u32 hard = XEN_VCPUAFFINITY_HARD, soft = XEN_VCPUAFFINITY_SOFT;
    for (u32 cmd = XEN_DOMCTL_setvcpuaffinity; cmd != 0;
         cmd = cmd == XEN_DOMCTL_setvcpuaffinity ? XEN_DOMCTL_getvcpuaffinity : 0) {
        map(0)[0] = map(1)[0] = 3;
        affinity(0, 8);
        assert_int_equal(fake_domctl(cmd, 1), E_INVAL);
        affinity(XEN_VCPUAFFINITY_FORCE, 8);
        assert_int_equal(fake_domctl(cmd, 1), E_INVAL);
        affinity(hard, 8)->cpumap_hard.bitmap.p = 0;
        assert_int_equal(fake_domctl(cmd, 1), E_INVAL);
        affinity(hard | soft, 8)->cpumap_soft.bitmap.p = 0;
        assert_int_equal(fake_domctl(cmd, 1), E_INVAL);
        affinity(hard, 8)->vcpu = 2;
        assert_int_equal(fake_domctl(cmd, 1), E_INVAL);
        affinity(hard, 8)->cpumap_hard.bitmap.p = GUEST_NOWHERE;
        assert_int_equal(fake_domctl(cmd, 1), E_FAULT);
        affinity(soft, 8)->cpumap_soft.bitmap.p = GUEST_NOWHERE;
        assert_int_equal(fake_domctl(cmd, 1), E_FAULT);
        fake_vcpus[1][1] = NULL;
        affinity(hard, 8)->vcpu = 1;
        assert_int_equal(fake_domctl(cmd, 1), E_SRCH);
    }
    affinity(hard, 8);
    map(0)[0] = 0xfc; /* no CPU that is online */
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpuaffinity, 1), E_INVAL);
    assert_true(fake_vcpu[1][0].unit.hard.bits[0] == ~0ULL);
    affinity(hard, 0); /* an empty map */
    assert_int_equal(fake_domctl(XEN_DOMCTL_setvcpuaffinity, 1), E_INVAL);
}

static void nodes(void **state)
{
    struct xen_domctl_nodeaffinity *n = &domctl_at()->u.nodeaffinity;
    *n = (struct xen_domctl_nodeaffinity){{{BUFFER}, 64}};
    memset(map(0), 0xee, 9);
    assert_int_equal(fake_domctl(XEN_DOMCTL_getnodeaffinity, 1), 0);
    assert_int_equal(map(0)[0], 1);
    assert_int_equal(map(0)[1] | map(0)[7], 0);
    assert_int_equal(map(0)[8], 0xee);
    assert_int_equal(fake_domctl(XEN_DOMCTL_setnodeaffinity, 1), 0);
    map(0)[0] = 2;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setnodeaffinity, 1), E_INVAL);
    n->nodemap.bitmap.p = GUEST_NOWHERE;
    assert_int_equal(fake_domctl(XEN_DOMCTL_setnodeaffinity, 1), E_FAULT);
    /* Nobody has 33,000 nodes. */
    *n = (struct xen_domctl_nodeaffinity){{{BUFFER}, 8 * (PAGE_SIZE + 2)}};
    assert_int_equal(fake_domctl(XEN_DOMCTL_getnodeaffinity, 1), E_INVAL);
}

static void weights(void **state)
{
    struct xen_domctl_scheduler_op *s = &domctl_at()->u.scheduler_op;
    *s = (struct xen_domctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT2,
                                          .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
                                          .u.credit2 = {.weight = 512, .cap = 50}};
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), 0);
    const struct sched_group *g = &fake_domain[1].sched;
    assert_int_equal(g->weight, 512);
    assert_int_equal(g->cap_percent, 50);
    assert_string_equal(fake_calls, "update(1.0) update(1.1) ");
    s->u.credit2.weight = 0; /* keeps it */
    s->u.credit2.cap = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), 0);
    assert_int_equal(g->weight, 512);
    assert_int_equal(g->cap_percent, 0);
    s->u.credit2.cap = 201;
    fake_calls[0] = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), E_INVAL);
    assert_string_equal(fake_calls, "");

    fake_domain[1].sched.cap_percent = 7;
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), 0);
    assert_int_equal(s->u.credit2.weight, 512);
    assert_int_equal(s->u.credit2.cap, 7);
    fake_vcpus[1][0] = NULL;
    s->cmd = XEN_DOMCTL_SCHEDOP_putinfo; /* the other vCPU only */
    s->u.credit2.weight = 9;
    fake_calls[0] = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), 0);
    assert_int_equal(g->weight, 9);
    assert_string_equal(fake_calls, "update(1.1) ");

    s->cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), E_INVAL);
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    s->sched_id = XEN_SCHEDULER_CREDIT;
    assert_int_equal(fake_domctl(XEN_DOMCTL_scheduler_op, 1), E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(max_vcpus),
        CONTROL_TEST(vcpus_by_and_by),
        CONTROL_TEST(context_out),
        CONTROL_TEST(context_in),
        CONTROL_TEST(context_refused),
        CONTROL_TEST(info_of_a_vcpu),
        CONTROL_TEST(affinity_set_and_got),
        CONTROL_TEST(affinity_refused),
        CONTROL_TEST(nodes),
        CONTROL_TEST(weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
