/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a hypervisor here is asked wrongly, mostly: each operation of each call with an
 * argument that is all zeros, all ones, names the caller, another domain or nobody, or is at no
 * address. Once as dom0, once as a guest that dom0 builds from this very image. Lines "@@ANSWERS
 * who call pattern: 0-4 -38, 5 0, ..." hold the answers; the scenario compares them with those of
 * Xen. Positive numbers show as + (they count things), except where they are the answer.
 */
#include "guest.h"

#include "abi/arm.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/vcpu.h"
#include "abi/version.h"
#include "abi/xen.h"

enum { NOBODY = 50, REPORT_BYTES = 256 << 10 };
#define NOWHERE 0xf000000000ULL

static u8 argument[2 * PAGE] __attribute__((aligned(4096)));
static char report[REPORT_BYTES] __attribute__((aligned(4096)));
static const char *who;
static u16 other; /* the other domain, for "other" */

/* ---- runs of equal answers */

static s64 run_answer;
static u32 run_first, run_last;
static bool run_open;

static void say_answer(s64 answer, bool exact)
{
    if (answer > 0 && !exact) {
        say("+");
        return;
    }
    say(answer < 0 ? "-" : "");
    say_number(answer < 0 ? -(u64)answer : (u64)answer, 10);
}

static void close_run(void)
{
    if (run_open) {
        say(" ");
        say_number(run_first, 10);
        if (run_last != run_first) {
            say("-");
            say_number(run_last, 10);
        }
        say(" ");
        say_answer(run_answer, false);
        say(",");
    }
    run_open = false;
}

static void title(const char *call, const char *pattern)
{
    say("@@ANSWERS ");
    say(who);
    say(" ");
    say(call);
    say(" ");
    say(pattern);
    say(":");
}

static void answer(u32 operation, s64 value)
{
    value = value > 0 ? 1 : value;
    if (run_open && run_last + 1 == operation && run_answer == value) {
        run_last = operation;
        return;
    }
    close_run();
    run_open = true;
    run_first = run_last = operation;
    run_answer = value;
}

static void end(void)
{
    close_run();
    say_end();
}

/* ---- arguments */

enum pattern { ZEROS, ONES, SELF, OTHER, NONE, NO_ADDRESS, NR_PATTERNS };
static const char pattern_name[NR_PATTERNS][8] = {"zeros", "ones",   "self",
                                                  "other", "nobody", "nowhere"};

/* Domain ids are at the beginning of most arguments, in a reservation at its end. */
static u64 fill(enum pattern p)
{
    u16 id = p == SELF ? XEN_DOMID_SELF : p == OTHER ? other : p == NONE ? NOBODY : 0;
    memset(argument, p == ONES ? 0xff : 0, sizeof(argument));
    if (p >= SELF && p <= NONE) {
        *(volatile u16 *)argument = id;
        *(volatile u16 *)(argument + offsetof(struct xen_memory_reservation, domid)) = id;
    }
    return p == NO_ADDRESS ? NOWHERE : (u64)argument;
}

/* ---- one call with all its operations */

enum shape { POINTER, COUNT_POINTER, POINTER_COUNT, VCPU_POINTER };
static const struct question {
    char name[20];
    u32 number;
    enum shape shape;
    u32 nr_operations;
    u64 skip; /* operations that would end or stop the caller */
} questions[] = {
    {"xen_version", __HYPERVISOR_xen_version, POINTER, 16, 0},
    {"console_io", __HYPERVISOR_console_io, COUNT_POINTER, 8, 0},
    {"vcpu_op", __HYPERVISOR_vcpu_op, VCPU_POINTER, 20, 0},
    {"event_channel_op", __HYPERVISOR_event_channel_op, POINTER, 20, 0},
    {"grant_table_op", __HYPERVISOR_grant_table_op, POINTER_COUNT, 20, 0},
    {"hvm_op", __HYPERVISOR_hvm_op, POINTER, 32, 0},
    {"physdev_op", __HYPERVISOR_physdev_op, POINTER, 40, 0},
    {"sched_op", __HYPERVISOR_sched_op, POINTER, 16,
     1 << SCHEDOP_block | 1 << SCHEDOP_shutdown | 1 << SCHEDOP_poll | 1 << SCHEDOP_remote_shutdown |
         1 << SCHEDOP_watchdog},
    {"memory_op", __HYPERVISOR_memory_op, POINTER, 40, 0},
};

/* Of a grant operation that went through, the status of its one element. */
static s64 grant_status(u32 operation, s64 result)
{
    static const u8 at[] = {
        [GNTTABOP_map_grant_ref] = offsetof(struct xen_gnttab_map_grant_ref, status),
        [GNTTABOP_unmap_grant_ref] = offsetof(struct xen_gnttab_unmap_grant_ref, status),
        [GNTTABOP_setup_table] = offsetof(struct xen_gnttab_setup_table, status),
        [GNTTABOP_copy] = offsetof(struct xen_gnttab_copy, status),
        [GNTTABOP_query_size] = offsetof(struct xen_gnttab_query_size, status),
        [GNTTABOP_unmap_and_replace] = offsetof(struct xen_gnttab_unmap_and_replace, status),
        [GNTTABOP_swap_grant_ref] = offsetof(struct xen_gnttab_swap_grant_ref, status),
    };
    bool has = operation < sizeof(at) && at[operation] != 0;
    return result == 0 && has ? *(volatile s16 *)(argument + at[operation]) : result;
}

static void ask(const struct question *q, enum pattern p)
{
    title(q->name, pattern_name[p]);
    for (u32 i = 0; i < q->nr_operations; i++) {
        if (i < 64 && q->skip >> i & 1) {
            continue;
        }
        u64 at = fill(p);
        s64 result =
            hypercall(q->number, i, q->shape == COUNT_POINTER || q->shape == VCPU_POINTER ? 0 : at,
                      q->shape == POINTER_COUNT ? 1
                      : q->shape == POINTER     ? 0
                                                : at);
        answer(i, q->number == __HYPERVISOR_grant_table_op && p != NO_ADDRESS
                      ? grant_status(i, result)
                      : result);
    }
    end();
}

/* domctl, sysctl, platform_op: the operation is in the structure, behind it the version, then
 * perhaps the domain. */
static void ask_control(const char *name, u32 number, u32 version, u16 domain, const char *pattern,
                        u32 nr, u32 skip)
{
    title(name, pattern);
    for (u32 i = 0; i < nr; i++) {
        if (i == skip) {
            continue;
        }
        fill(pattern[0] == 'o' && pattern[2] == 'e' ? ONES : ZEROS);
        *(volatile u32 *)argument = i;
        *(volatile u32 *)(argument + 4) = version;
        if (number == __HYPERVISOR_domctl) {
            *(volatile u64 *)(argument + 8) = domain;
        }
        answer(i, hypercall(number, (u64)argument, 0, 0));
    }
    end();
}

static void ask_controls(void)
{
    ask_control("domctl", __HYPERVISOR_domctl, XEN_DOMCTL_INTERFACE_VERSION, other, "other", 100,
                XEN_DOMCTL_destroydomain);
    ask_control("domctl", __HYPERVISOR_domctl, XEN_DOMCTL_INTERFACE_VERSION, NOBODY, "nobody", 100,
                ~0u);
    ask_control("domctl", __HYPERVISOR_domctl, XEN_DOMCTL_INTERFACE_VERSION - 1, other, "version",
                100, ~0u);
    ask_control("sysctl", __HYPERVISOR_sysctl, XEN_SYSCTL_INTERFACE_VERSION, 0, "zeros", 40, ~0u);
    ask_control("sysctl", __HYPERVISOR_sysctl, XEN_SYSCTL_INTERFACE_VERSION - 1, 0, "version", 40,
                ~0u);
    ask_control("platform_op", __HYPERVISOR_platform_op, 0x03000000, 0, "zeros", 70, ~0u);
    ask_control("platform_op", __HYPERVISOR_platform_op, 0x02000000, 0, "version", 70, ~0u);
}

static s64 ask_credit2(u32 cmd, u16 weight, u16 cap, struct xen_domctl *op)
{
    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_scheduler_op;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = other;
    op->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op->u.scheduler_op.cmd = cmd;
    op->u.scheduler_op.u.credit2.weight = weight;
    op->u.scheduler_op.u.credit2.cap = cap;
    return hypercall(__HYPERVISOR_domctl, (u64)op, 0, 0);
}

/* Caps of a domain with two vCPUs; "kept" says of each weight, and behind it of the cap, whether it
 * is what was put. */
static void ask_caps(void)
{
    static const struct {
        u16 weight, cap;
    } put[] = {{300, 1}, {0, 99}, {310, 200}, {320, 201}, {330, 0}, {340, 65535}, {0, 0}, {1, 30}};
    struct xen_domctl op;
    enum { NR = sizeof(put) / sizeof(put[0]) };
    s64 result[NR];
    title("scheduler_op", "kept");
    for (u32 i = 0; i < NR; i++) {
        result[i] = ask_credit2(XEN_DOMCTL_SCHEDOP_putinfo, put[i].weight, put[i].cap, &op);
        if (ask_credit2(XEN_DOMCTL_SCHEDOP_getinfo, 0, 0, &op) == 0) {
            answer(2 * i, op.u.scheduler_op.u.credit2.weight == put[i].weight);
            answer(2 * i + 1, op.u.scheduler_op.u.credit2.cap == put[i].cap);
        }
    }
    end();
    title("scheduler_op", "put");
    for (u32 i = 0; i < NR; i++) {
        answer(i, result[i]);
    }
    end();
    title("scheduler_op", "commands");
    for (u32 cmd = 0; cmd < 6; cmd++) {
        answer(cmd, ask_credit2(cmd, 256, 0, &op));
    }
    end();
}

/* ---- what has a parameter of its own worth all its values */

static void ask_numbers(void)
{
    title("call", "999");
    for (u32 number = 0; number < 70; number++) {
        if (number != __HYPERVISOR_multicall) {
            answer(number, hypercall(number, 999, 0, 0));
        }
    }
    answer(999, hypercall(999, 0, 0, 0));
    answer(4096, hypercall(4096, 0, 0, 0));
    end();
}

static void ask_params(u32 operation, u16 domain, const char *pattern)
{
    title(operation == HVMOP_set_param ? "set_param" : "get_param", pattern);
    for (u32 i = 0; i < 48; i++) {
        struct xen_hvm_param p = {.domid = domain, .index = i};
        answer(i, hypercall(__HYPERVISOR_hvm_op, operation, (u64)&p, 0));
    }
    end();
}

static void ask_virqs(u32 vcpu, const char *pattern)
{
    title("bind_virq", pattern);
    for (u32 i = 0; i < 32; i++) {
        struct xen_evtchn_bind_virq bind = {.virq = i, .vcpu = vcpu};
        s64 result = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (u64)&bind, 0);
        struct xen_evtchn_close close = {.port = bind.port};
        if (result == 0) {
            result = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, (u64)&close, 0);
        }
        answer(i, result);
    }
    end();
}

/* Operations on a port: one that is closed, one that cannot be; and one of each kind. */
static void ask_ports(void)
{
    static const u32 operations[] = {EVTCHNOP_close,  EVTCHNOP_send,      EVTCHNOP_status,
                                     EVTCHNOP_unmask, EVTCHNOP_bind_vcpu, EVTCHNOP_set_priority};
    static const char kinds[][12] = {"port-0",  "port-9", "port-5000", "port-131072",
                                     "unbound", "virq",   "ipi",       "self"};
    for (u32 kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        title("port", kinds[kind]);
        for (u32 i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
            u32 port = kind == 1 ? 9 : kind == 2 ? 5000 : kind == 3 ? 131072 : 0;
            struct xen_evtchn_alloc_unbound alloc = {
                .dom = XEN_DOMID_SELF, .remote_dom = kind == 7 ? XEN_DOMID_SELF : other};
            struct xen_evtchn_bind_virq virq = {.virq = VIRQ_DEBUG};
            struct xen_evtchn_bind_ipi ipi = {.vcpu = 0};
            if (kind == 4 || kind == 7) {
                hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (u64)&alloc, 0);
                port = alloc.port;
            } else if (kind == 5) {
                hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (u64)&virq, 0);
                port = virq.port;
            } else if (kind == 6) {
                hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (u64)&ipi, 0);
                port = ipi.port;
            }
            if (kind == 7) {
                struct xen_evtchn_bind_interdomain bind = {.remote_dom = XEN_DOMID_SELF,
                                                           .remote_port = port};
                answer(100 + i, hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain,
                                          (u64)&bind, 0));
                port = bind.local_port;
            }
            fill(ZEROS);
            bool status = operations[i] == EVTCHNOP_status;
            *(volatile u16 *)argument = status ? XEN_DOMID_SELF : (u16)port;
            *(volatile u32 *)(argument + (status ? 4 : 0)) = port;
            s64 result = hypercall(__HYPERVISOR_event_channel_op, operations[i], (u64)argument, 0);
            answer(operations[i], result);
            if (status && result == 0) {
                answer(200, (s64) * (volatile u32 *)(argument +
                                                     offsetof(struct xen_evtchn_status, status)) ==
                                    0
                                ? 0
                                : 1);
            }
            struct xen_evtchn_close close = {.port = port};
            if (port != 0) {
                hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, (u64)&close, 0);
            }
        }
        end();
    }
}

static void ask_pairs(void)
{
    const u16 ids[] = {XEN_DOMID_SELF,   0, other, NOBODY, XEN_DOMID_IO, XEN_DOMID_XEN,
                       XEN_DOMID_INVALID};
    enum { NR = sizeof(ids) / sizeof(ids[0]) };
    title("alloc_unbound", "pairs");
    for (u32 i = 0; i < NR * NR; i++) {
        struct xen_evtchn_alloc_unbound alloc = {.dom = ids[i / NR], .remote_dom = ids[i % NR]};
        answer(i, hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (u64)&alloc, 0));
    }
    end();
    title("reset", "domains");
    for (u32 i = 1; i < NR; i++) {
        struct xen_evtchn_reset reset = {.dom = ids[i]};
        answer(i, hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, (u64)&reset, 0));
    }
    end();
}

static void ask_assists(void)
{
    for (u32 command = 0; command < 4; command++) {
        const char name[2] = {(char)('0' + command)};
        title("vm_assist", name);
        for (u32 type = 0; type < 40; type++) {
            answer(type, hypercall(__HYPERVISOR_vm_assist, command, type, 0));
        }
        end();
    }
}

static void ask_vcpus(void)
{
    static const u32 ids[] = {1, 2, 127, 128, 8192, 0xffffffff};
    title("vcpu_op", "others");
    for (u32 i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        fill(ZEROS);
        answer(i,
               hypercall(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, ids[i], (u64)argument));
        answer(100 + i, hypercall(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area,
                                  ids[i], (u64)argument));
        answer(200 + i, hypercall(__HYPERVISOR_vcpu_op, VCPUOP_is_up, ids[i], 0));
    }
    end();
}

static void ask_spaces(void)
{
    for (u32 pattern = SELF; pattern <= NONE; pattern++) {
        title("add_to_physmap", pattern_name[pattern]);
        for (u32 space = 0; space < 8; space++) {
            fill((enum pattern)pattern);
            struct xen_add_to_physmap *add = (struct xen_add_to_physmap *)argument;
            add->space = space;
            add->idx = space == XENMAPSPACE_grant_table ? 5000 : 0;
            add->gpfn = SCRATCH_GFN;
            add->size = 0;
            answer(space, hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (u64)add, 0));
        }
        end();
        title("batch", pattern_name[pattern]);
        for (u32 space = 0; space < 8; space++) {
            u64 from = GUEST_RAM0_BASE >> 12, to = SCRATCH_GFN;
            s32 error = 0;
            struct xen_add_to_physmap_batch batch = {.domid = XEN_DOMID_SELF,
                                                     .space = (u16)space,
                                                     .size = 1,
                                                     .idxs = {(u64)&from},
                                                     .gpfns = {(u64)&to},
                                                     .errs = {(u64)&error}};
            batch.u.foreign_domid = pattern == SELF    ? XEN_DOMID_SELF
                                    : pattern == OTHER ? other
                                                       : NOBODY;
            s64 result =
                hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (u64)&batch, 0);
            answer(space, result == 0 ? error : result);
        }
        end();
        struct xen_remove_from_physmap remove = {.domid = XEN_DOMID_SELF, .gpfn = SCRATCH_GFN};
        hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (u64)&remove, 0);
    }
}

static void ask_resources(void)
{
    title("acquire_resource", "types");
    for (u32 i = 0; i < 32; i++) {
        struct xen_mem_acquire_resource r = {
            .domid = i & 16 ? other : XEN_DOMID_SELF, .type = (u16)(i & 3), .id = i >> 2 & 3};
        answer(i, hypercall(__HYPERVISOR_memory_op, XENMEM_acquire_resource, (u64)&r, 0));
    }
    end();
}

static void ask_multicalls(void)
{
    struct xen_multicall_entry entry[3] = {
        {.op = __HYPERVISOR_xen_version}, {.op = __HYPERVISOR_multicall}, {.op = 999}};
    title("multicall", "three");
    answer(0, hypercall(__HYPERVISOR_multicall, (u64)entry, 3, 0));
    for (u32 i = 0; i < 3; i++) {
        answer(1 + i, (s64)entry[i].result);
    }
    answer(10, hypercall(__HYPERVISOR_multicall, NOWHERE, 0, 0));
    answer(11, hypercall(__HYPERVISOR_multicall, NOWHERE, 1, 0));
    end();
}

static void ask_scheduler(void)
{
    title("sched_op", "special");
    struct xen_sched_poll poll = {.nr_ports = 129};
    answer(0, hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (u64)&poll, 0));
    u32 ports[1] = {5000};
    poll = (struct xen_sched_poll){.ports = {(u64)ports}, .nr_ports = 1, .timeout = 1};
    answer(1, hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (u64)&poll, 0));
    poll = (struct xen_sched_poll){.ports = {NOWHERE}, .nr_ports = 1, .timeout = 1};
    answer(2, hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (u64)&poll, 0));
    poll = (struct xen_sched_poll){.nr_ports = 0, .timeout = 1};
    answer(3, hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (u64)&poll, 0));
    answer(4, hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, NOWHERE, 0));
    answer(5, hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, NOWHERE, 0));
    struct xen_sched_watchdog watchdog = {.id = 9, .timeout = 1};
    answer(20, hypercall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, (u64)&watchdog, 0));
    const u16 ids[] = {NOBODY, XEN_DOMID_SELF, XEN_DOMID_IO};
    for (u32 i = 0; i < 3; i++) {
        struct xen_sched_remote_shutdown remote = {.domain_id = ids[i]};
        answer(6 + i, hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, (u64)&remote, 0));
    }
    end();
}

/* PSCI and SMCCC; not those that suspend, stop or reset. */
static void ask_firmware(void)
{
    static const u32 bases[] = {0x84000000, 0xc4000000, 0x80000000, 0xc0000000,
                                0x86000000, 0xc6000000, 0x85000000, 0x82000000};
    for (u32 b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        static const char names[][12] = {"0x84000000", "0xc4000000", "0x80000000", "0xc0000000",
                                         "0x86000000", "0xc6000000", "0x85000000", "0x82000000"};
        title("smccc", names[b]);
        for (u32 i = 0; i < 0x60; i++) {
            if (b < 2 && (i == 1 || i == 2 || i == 8 || i == 9 || i == 12 || i == 14 || i == 18)) {
                continue;
            }
            s64 result = firmware_call(bases[b] + i, 0x84000003, 0, 0);
            answer(i, b == 0 || b == 2 || b == 4 || b >= 6 ? (s32)result : result);
        }
        end();
    }
    static const u32 features[] = {
        0x84000000, 0x84000001, 0x84000002, 0x84000003, 0x84000004, 0x84000005, 0x84000006,
        0x84000007, 0x84000008, 0x84000009, 0x8400000a, 0x8400000e, 0xc4000001, 0xc4000003,
        0xc4000004, 0xc400000e, 0x84000012, 0xc4000012, 0x80000000, 0x84000050, 0x12345678};
    title("psci-features", "list");
    for (u32 i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        answer(i, (s32)firmware_call(0x8400000a, features[i], 0, 0));
    }
    end();
    static const u32 arch[] = {0x80000000, 0x80000001, 0x80000002, 0x80008000,
                               0x80007fff, 0x80003fff, 0x84000000, 0x12345678};
    title("smccc-arch-features", "list");
    for (u32 i = 0; i < sizeof(arch) / sizeof(arch[0]); i++) {
        answer(i, (s32)firmware_call(0x80000001, arch[i], 0, 0));
    }
    end();
    title("smccc", "numbers");
    static const u32 told[] = {0x84000000, 0x80000000, 0x84000006, 0x8400ff00,
                               0x8400ff01, 0x8400ff03, 0x8500ff00, 0x8500ff01,
                               0x8500ff03, 0x8600ff00, 0x8600ff01, 0x8600ff03};
    for (u32 i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        say(" ");
        say_number(told[i], 16);
        say(" ");
        say_answer((s32)firmware_call(told[i], 0, 0, 0), true);
        say(",");
    }
    end();
    title("cpu_on", "list");
    answer(0, firmware_call(0xc4000003, 0, 0x40000000, 0));     /* ourselves */
    answer(1, firmware_call(0xc4000003, 0x100, 0x40000000, 0)); /* nobody */
    answer(2, firmware_call(0xc4000003, 0xffffffffff, 0x40000000, 0));
    answer(3, firmware_call(0xc4000004, 0, 0, 0)); /* AFFINITY_INFO */
    answer(4, firmware_call(0xc4000004, 0x100, 0, 0));
    answer(5, firmware_call(0xc4000004, 0, 1, 0));
    answer(6, firmware_call(0xc4000004, 0, 9, 0));
    end();
}

static void ask_everything(void)
{
    ask_numbers();
    ask_firmware();
    ask_virqs(0, "vcpu-0");
    ask_virqs(1, "vcpu-1");
    ask_virqs(500, "vcpu-500");
    ask_ports();
    ask_pairs();
    ask_params(HVMOP_get_param, XEN_DOMID_SELF, "self");
    ask_params(HVMOP_set_param, XEN_DOMID_SELF, "self");
    ask_params(HVMOP_get_param, other, "other");
    ask_params(HVMOP_set_param, other, "other");
    ask_params(HVMOP_get_param, NOBODY, "nobody");
    ask_assists();
    ask_vcpus();
    ask_multicalls();
    ask_scheduler();
    for (u32 i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        for (u32 p = 0; p < NR_PATTERNS; p++) {
            ask(&questions[i], (enum pattern)p);
        }
    }
    ask_spaces();
    ask_resources();
    ask_controls();
    ask_caps();
}

/* ---- dom0's part: a guest of this image */

static void run(u16 domain)
{
    u32 code = 0;
    guest_start(domain, 0);
    while (!guest_has_ended(domain, &code)) {
    }
    if (code != SHUTDOWN_poweroff) {
        failed("the guest ended with code", code);
    }
}

static void repeat_report(u16 domain)
{
    for (u64 offset = 0; offset < REPORT_BYTES; offset += PAGE) {
        volatile u8 *page = guest_map(domain, report + offset);
        char text[2] = {0};
        for (u32 i = 0; i < PAGE; i++) {
            text[0] = (char)page[i];
            if (text[0] == '\0') {
                guest_unmap();
                return;
            }
            if (text[0] == '\n') {
                say_end();
            } else {
                say(text);
            }
        }
        guest_unmap();
    }
}

static void as_guest(void)
{
    who = "guest";
    other = 0;
    say_to(report, REPORT_BYTES);
    ask_everything();
    struct xen_sched_shutdown shutdown = {.reason = SHUTDOWN_poweroff};
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (u64)&shutdown, 0);
}

void boot_main(const u32 *fdt)
{
    if (!fdt) {
        as_guest();
        return;
    }
    who = "dom0";
    u16 guest = guest_create();
    who = NULL; /* the image must be as it was at the start */
    guest_load(guest);
    who = "dom0";
    run(guest);
    repeat_report(guest);
    other = guest_create();
    ask_everything();
    struct xen_domctl op;
    memset(&op, 0, sizeof(op));
    title("destroydomain", "list");
    answer(0, guest_domctl(XEN_DOMCTL_destroydomain, 0, &op));
    answer(1, guest_domctl(XEN_DOMCTL_destroydomain, XEN_DOMID_SELF, &op));
    answer(2, guest_domctl(XEN_DOMCTL_pausedomain, 0, &op));
    answer(3, guest_domctl(XEN_DOMCTL_unpausedomain, 0, &op));
    answer(4, guest_domctl(XEN_DOMCTL_resumedomain, 0, &op));
    for (s64 e = -85; e == -85;) {
        e = guest_domctl(XEN_DOMCTL_destroydomain, other, &op);
        answer(5, e);
    }
    end();
    say("@@PROBE failed ");
    say_number(nr_failed, 10);
    say_end();
    power_off();
}
