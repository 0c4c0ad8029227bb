/* SPDX-License-Identifier: MIT */
/* The hypercall fuzzer: bytes or a seed drive what guests on the host machine do. */
#include "abi/arm.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/policy.h"
#include "guestmem/exclusive_host.h"
#include "guestmem/translate_host.h"
#include "mem/frame.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/switch.h"
#include "test/fuzz/wrap.h"

#define RAM_BYTES     (24ULL << 20)
#define RESTARTS_MAX  200000u
#define STUCK_MAX     16u
#define DISTURBED_MAX 64u
#define PRESSURE_LEN  24u
#define FAULT_DEPTH   16u
#define FAULT_DEEP    200u

bool fuzz_faults;
u32 fuzz_ask_calls = 250;

static bool looking; /* the end that was called is a moment's, for the specification */

static struct input {
    const u8 *at, *end;
    u64 random; /* 0: no more after the end */
    u64 left;   /* actions */
} input;

/* ---- the input */

ONE_THREAD static u64 scramble(u64 x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

ONE_THREAD u8 input_byte(void)
{
    if (input.at != input.end) {
        return *input.at++;
    }
    input.random = scramble(input.random);
    return (u8)(input.random >> 24);
}

ONE_THREAD u64 input_u64(void)
{
    if (input.at == input.end) {
        input.random = scramble(input.random);
        return input.random;
    }
    u64 value = 0;
    for (u32 i = 0; i < 8; i++) {
        value = value << 8 | input_byte();
    }
    return value;
}

ONE_THREAD u32 input_below(u32 n)
{
    if (n <= 1) {
        return 0;
    }
    if (input.at == input.end) {
        input.random = scramble(input.random);
        return (u32)((input.random >> 16) % n);
    }
    u32 value = input_byte();
    if (n > 256) {
        value = value << 8 | input_byte();
    }
    if (n > 65536) {
        value = value << 16 | (u32)input_byte() << 8 | input_byte();
    }
    return value % n;
}

bool input_one_in(u32 n)
{
    return input_below(n) == n - 1;
}

/* Choices of the machine: not from the input's bytes, which are for what guests do. */
static u64 chooser;

ONE_THREAD u32 machine_choose(u32 n)
{
    chooser = scramble(chooser);
    return (u32)((chooser >> 16) % n);
}

static bool choose_one_in(u32 n)
{
    return machine_choose(n) == 0;
}

/* ---- what a hostile guest does while its call runs */

/* A call that keeps coming again is let be at last: else the guest itself would end it. */
static bool may_disturb(const struct vcpu *v)
{
    return guest_of(v)->restarts < DISTURBED_MAX;
}

/* Between two copies of one call another vCPU of the guest changes a byte. */
static void flip(gva_t va, bool write)
{
    if (!write && may_disturb(vcpu_current()) && !guest_is_building() && choose_one_in(64)) {
        u8 *byte = machine_memory(domain_current(), va.v, true);
        if (byte) {
            *byte ^= (u8)(1u << machine_choose(8));
        }
    }
}

static u32 storm, pressure;

/* Somebody writes the word under an exclusive: seldom, or without end. */
ONE_THREAD static bool lose_exclusive(void *word)
{
    (void)word;
    if (storm != 0) {
        storm--;
        return true;
    }
    if (!guest_is_building() && choose_one_in(512)) {
        storm = choose_one_in(8) ? 4000 : machine_choose(100);
    }
    return false;
}

ONE_THREAD static bool out_of_memory(void)
{
    if (guest_is_building() || machine_is_ending()) {
        return false;
    }
    if (pressure != 0) {
        pressure--;
        return choose_one_in(2);
    }
    if (choose_one_in(400)) {
        pressure = PRESSURE_LEN;
    }
    return false;
}

/* ---- what each guest does */

static domid_t named(const struct vcpu *v, u16 id)
{
    return id == XEN_DOMID_SELF ? v->domain->id : (domid_t){id};
}

/* What a call that succeeded left in its structure: it fits others to come. */
static void look_at_result(struct vcpu *v, const struct guest *g)
{
    const struct call_shape *row = &call_shapes[g->row];
    const void *there = machine_memory(v->domain, g->array, false);
    if (!there || (g->array & PAGE_MASK) > PAGE_SIZE - 64) {
        return;
    }
    if (row->number == __HYPERVISOR_event_channel_op && row->sub == EVTCHNOP_alloc_unbound) {
        struct xen_evtchn_alloc_unbound op;
        memcpy(&op, there, sizeof(op));
        generate_offer_port(named(v, op.dom), named(v, op.remote_dom), op.port);
    }
    if (row->number == __HYPERVISOR_grant_table_op && row->sub == GNTTABOP_map_grant_ref) {
        struct xen_gnttab_map_grant_ref op;
        memcpy(&op, there, sizeof(op));
        if (op.status == GNTST_okay) {
            generate_mapped(v->domain->id, op.handle, op.host_addr);
        }
    }
    for (u32 i = 0; i < row->nr_fields; i++) {
        if (row->fields[i].kind == K_STATUS) {
            s16 status;
            memcpy(&status, (const u8 *)there + row->fields[i].at, sizeof(status));
            report_status(g->row, status);
        }
    }
}

void fuzz_fetched(const struct vcpu *v, const void *what, u64 at, u32 bytes)
{
    struct guest *g = v == &vcpu_nobody ? NULL : guest_of(v);
    if (g && g->in_call && at == v->regs.x[0] && bytes >= sizeof(g->fetched_op) &&
        !g->has_fetched_op) {
        memcpy(&g->fetched_op, what, sizeof(g->fetched_op));
        g->has_fetched_op = true;
    }
}

/* What is called: the row that was meant, or what another vCPU, or a guess, has made of it. */
static u32 row_called(const struct vcpu *v, const struct guest *g, u64 number, u64 x0)
{
    const struct call_shape *meant = &call_shapes[g->row];
    switch (number) {
    case __HYPERVISOR_domctl:
    case __HYPERVISOR_sysctl:
    case __HYPERVISOR_platform_op:
        if (!g->has_fetched_op && meant->number == number) {
            return g->row;
        }
        return report_row((u32)number, !g->has_fetched_op              ? ~0u
                                       : number == __HYPERVISOR_sysctl ? g->fetched_op & 0x7fffffff
                                                                       : g->fetched_op);
    case __HYPERVISOR_multicall:
    case __HYPERVISOR_physdev_op:
        return report_row((u32)number, 0);
    case __HYPERVISOR_memory_op:
        return report_row((u32)number, x0 & 0x3f);
    case __HYPERVISOR_grant_table_op:
        return report_row((u32)number, x0 & 0xfff);
    case __HYPERVISOR_event_channel_op:
        return report_row((u32)number, (x0 & 0xff) == EVTCHNOP_expand_array ? x0 & 0xff : (u32)x0);
    case __HYPERVISOR_hvm_op:
        return report_row((u32)number, x0 >> 32 ? ~0u : (u32)x0);
    default:
        return report_row((u32)MIN(number, 63ULL), (u32)x0);
    }
}

void fuzz_call(struct vcpu *v, struct guest *g)
{
    const bool is_32bit = v->regs.pstate & PSTATE_AARCH32;
    const u64 number = is_32bit ? v->regs.x[12] & 0xffffffff : v->regs.x[16];
    const u64 x0 = is_32bit ? v->regs.x[0] & 0xffffffff : v->regs.x[0];

    if (!g->in_call) {
        g->in_call = true;
        g->restarts = 0;
        g->array = v->regs.x[1];
        g->fetched_own = false;
        g->is_foreign = number == call_shapes[g->row].number &&
                        permission_is_foreign(v, &call_shapes[g->row], g->array);
    }
    g->has_fetched_op = false;
    v->regs.pc = HVC_AT;
    machine_hvc(v, XEN_HYPERCALL_TAG);
    const u32 row = row_called(v, g, number, x0);
    if (v->regs.pc == HVC_AT) {
        report_restart(row);
        if (++g->restarts > RESTARTS_MAX) {
            machine_finding("d%u: %s restarts for ever", v->domain->id.id,
                            call_shapes[g->row].name);
        }
        return;
    }
    g->in_call = false;
    if (v->regs.x[0] == 0) {
        look_at_result(v, g);
    }
    if (g->is_foreign && !g->fetched_own && g->restarts == 0) {
        permission_check_answer(v, &call_shapes[g->row], g->array, (s64)v->regs.x[0]);
    }
    report_answer(row, is_32bit ? (s32)v->regs.x[0] : (s64)v->regs.x[0]);
}

/* Its EL1 registers are its own, or fresh. */
static void check_registers(const struct vcpu *v)
{
    struct el1_regs *r = &this_cpu(machine_el1);
    const u64 tag = (u64)v->domain->id.id << 32 | v->id << 8 | 1;
    bool is_own = r->tpidr_el1 == tag || r->tpidr_el1 == 0 || load_relaxed(&generate_wrote_records);
    if (!is_own || r->vmpidr != vcpu_mpidr(v->id)) {
        machine_finding("d%u vcpu %u: EL1 registers of another: %llx", v->domain->id.id, v->id,
                        r->tpidr_el1);
    }
    r->tpidr_el1 = tag;
}

ONE_THREAD static void guest(struct vcpu *v)
{
    struct guest *g = guest_of(v);
    check_registers(v);
    if (guest_is_building()) {
        guest_build_step(v);
        cpus_yield();
        return;
    }
    if (input.left == 0 || (input.random == 0 && input.at == input.end)) {
        machine_end();
        return;
    }
    if (g->in_call && v->regs.pc == HVC_AT) {
        /* Again, as it was told, or with arguments that it changed. */
        if (may_disturb(v) && input_one_in(64)) {
            v->regs.x[input_below(5)] = input_u64();
        }
        fuzz_call(v, g);
    } else if (input_below(16) < 13) {
        if (--input.left % fuzz_ask_calls == 0 && input.left != 0) {
            looking = true;
            machine_end();
        }
        g->in_call = false;
        if (fuzz_faults && choose_one_in(2)) {
            wrap_fail_nth(machine_choose(choose_one_in(4) ? FAULT_DEEP : FAULT_DEPTH));
        }
        g->row = generate_row(v->domain);
        generate_call(v, &call_shapes[g->row]);
        fuzz_call(v, g);
    } else {
        generate_other(v);
    }
    if (fuzz_faults && !g->in_call) {
        wrap_fail_nth(~0ULL);
    }
    if (choose_one_in(16)) {
        cpus_yield();
    }
}

/* ---- one run */

void fuzz_boot(u32 nr_cpus, u32 gic_version)
{
    const struct machine_config c = {nr_cpus, gic_version, RAM_BYTES};
    machine_guest = guest;
    generate_init();
    machine_boot(&c);
    fake_translate_hook = flip;
    fake_exclusive_lost = lose_exclusive;
    mem_fail_hook = out_of_memory;
}

/* Nothing will happen by itself: a device interrupts dom0. False: it does not help. */
static bool poke(void)
{
    const struct domain *d = domain_hardware;
    for (u32 i = 0; i < d->max_vcpus; i++) {
        vcpu_wake(d->vcpu[i]);
    }
    return d->vcpu[0]->online || d->vcpu[1]->online;
}

static void run_to_end(void)
{
    u32 stuck = 0;
    while (!machine_run()) {
        if (++stuck > STUCK_MAX || !poke()) {
            looking = false;
            machine_end();
        }
    }
}

void fuzz_run(const u8 *bytes, u64 nr_bytes, u64 seed, u64 actions)
{
    input = (struct input){bytes, bytes + nr_bytes, 0, actions};
    if (seed != 0) {
        input.random = seed * 0x9e3779b97f4a7c15ULL | 1;
        for (u32 k = 0; k < 8; k++) {
            input.random = scramble(input.random);
        }
    }
    u64 choices = seed;
    for (u64 i = 0; i < nr_bytes && i < 32; i++) {
        choices = choices * 31 + bytes[i];
    }
    chooser = (choices + 1) * 0x9e3779b97f4a7c15ULL | 1;
    storm = pressure = 0;
    generate_wrote_records = false;
    domain_policy_open = machine_choose(2);
    wrap_fail_nth(~0ULL);
    guest_build_dom0();
    do {
        looking = false;
        machine_go_on();
        run_to_end();
        fuzz_ask_specification();
    } while (looking && !machine_is_off);
    wrap_fail_nth(~0ULL);
    guest_tear_down();
}
