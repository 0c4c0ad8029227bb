/* SPDX-License-Identifier: MIT */
/*
 * The benchmark kernel. It is dom0 itself, on one CPU, with nothing beside it, so that counts
 * repeat exactly: each operation runs between two markers of count.c, many times. Command line:
 * "gic=2|3 n=COUNT". bench.py names the ids.
 */
#include <stdbool.h>

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/version.h"
#include "abi/xen.h"

#define MARK(op, id) \
    __asm__ volatile(".inst %0" ::"i"(0xd280001f | (((op) << 12 | (id)) << 5)) : "memory")
#define BEGIN(id)      MARK(1, id)
#define END(id)        MARK(2, id)
#define CHECKPOINT(id) MARK(3, id)
#define SYSREG_READ(reg)                                  \
    ({                                                    \
        u64 value_;                                       \
        __asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
        value_;                                           \
    })
#define SYSREG_WRITE(reg, value) \
    __asm__ volatile("msr " #reg ", %0\n isb" ::"r"((u64)(value)) : "memory")

enum {
    GICD = 0x08000000,
    GICC = 0x08010000,
    GICR = 0x080a0000
}; /* QEMU's virt, which dom0 sees as it is */
enum { TIMER_IRQ = GUEST_TIMER_VIRT_PPI, SGI = 3, GUEST_PAGES = 4096, SCRATCH_GFN = 0x100000 };

static unsigned gic = 3, count = 200;
static u32 event_irq;
static volatile u64 nr_timer, nr_event, nr_sgi;
static volatile bool second_runs, second_stops;
static u8 shared_info[4096] __attribute__((aligned(4096)));

void bench_main(const u8 *dtb);
void bench_second(void);
void bench_irq(void);
void bench_unexpected(u64 esr, u64 pc, u64 address);
extern u8 second_cpu[] __attribute__((visibility("hidden")));
extern u8 yielder[] __attribute__((visibility("hidden")));

void *memset(void *to, int value, size_t n);
/* The compiler asks for it by name. */
void *memset(void *to, int value, size_t n)
{
    for (volatile u8 *p = to; n--; p++) {
        *p = (u8)value;
    }
    return to;
}

static s64 hypercall(u64 nr, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x16 __asm__("x16") = nr;
    __asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16)::"memory", "x3", "x4");
    return (s64)x0;
}

static u64 firmware_call(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5", "x6", "x7",
                       "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
    return x0;
}

/* Plain forms: an access with write-back has no syndrome and cannot be emulated. */
static u32 mmio_read(u64 at)
{
    u32 value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static void mmio_write(u64 at, u32 value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

static void print(const char *text)
{
    u64 n = 0;
    while (text[n]) {
        n++;
    }
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, n, (u64)text);
}

static void print_number(const char *name, s64 value)
{
    char text[24];
    int i = 23;
    bool negative = value < 0;
    u64 rest = negative ? -(u64)value : (u64)value;
    text[i--] = 0;
    do {
        text[i--] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (negative) {
        text[i--] = '-';
    }
    print(name);
    print("=");
    print(text + i + 1);
    print("\n");
}

static __attribute__((noreturn)) void power_off(void)
{
    firmware_call(0x84000008, 0, 0, 0);
    for (;;) {
    }
}

static void must(const char *what, s64 result)
{
    if (result < 0) {
        print("BENCH-FAILED ");
        print_number(what, result);
        power_off();
    }
}

void bench_unexpected(u64 esr, u64 pc, u64 address)
{
    print("BENCH-FAILED unexpected exception\n");
    print_number("esr", (s64)esr);
    print_number("pc", (s64)(pc - (u64)second_cpu));
    print_number("address", (s64)address);
    power_off();
}

/* ---- interrupts */

static void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2\n isb" ::: "memory");
}

static void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

static void gic_setup(void)
{
    u32 enable = 0xffff | 1u << TIMER_IRQ | 1u << event_irq;
    u64 base = gic == 3 ? GICR + 0x10000 : GICD;
    mmio_write(GICD, gic == 3 ? 0x12 : 1);
    if (gic == 3) {
        mmio_write(GICR + 0x14, 0);
        mmio_write(base + 0x80, ~0u);
    }
    for (u32 i = 0; i < 32; i += 4) {
        mmio_write(base + 0x400 + i, 0xa0a0a0a0);
    }
    mmio_write(base + 0x100, enable);
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C12_5, 1);
        SYSREG_WRITE(S3_0_C4_C6_0, 0xff);
        SYSREG_WRITE(S3_0_C12_C12_7, 1);
    } else {
        mmio_write(GICC + 4, 0xff);
        mmio_write(GICC, 1);
    }
}

static void send_sgi_self(void)
{
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C11_5, (u64)SGI << 24 | 1);
    } else {
        mmio_write(GICD + 0xf00, 1u << 16 | SGI);
    }
}

static void event_acknowledge(void)
{
    struct xen_shared_info *info = (struct xen_shared_info *)shared_info;
    info->vcpu_info[0].evtchn_upcall_pending = 0;
    info->vcpu_info[0].evtchn_pending_sel = 0;
    info->evtchn_pending[0] = 0;
    __asm__ volatile("dsb sy" ::: "memory");
}

void bench_irq(void)
{
    u32 irq = gic == 3 ? (u32)SYSREG_READ(S3_0_C12_C12_0) : mmio_read(GICC + 0xc);
    u32 id = irq & 0x3ff;
    if (id >= 1020) {
        return;
    }
    if (id == TIMER_IRQ) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        nr_timer++;
    } else if (id == event_irq) {
        event_acknowledge();
        nr_event++;
    } else {
        nr_sgi++;
    }
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C12_1, irq);
    } else {
        mmio_write(GICC + 0x10, irq);
    }
}

static void timer_arm(u64 ticks)
{
    SYSREG_WRITE(cntv_tval_el0, ticks);
    SYSREG_WRITE(cntv_ctl_el0, 1);
}

/* ---- the rows */

static void calls(void)
{
    struct xen_feature_info features = {0, 0};
    struct xen_multicall_entry multi[8];
    for (unsigned i = 0; i < count; i++) {
        BEGIN(0);
        END(0);
        BEGIN(1);
        hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0);
        END(1);
        BEGIN(2);
        hypercall(__HYPERVISOR_xen_version, XENVER_get_features, (u64)&features, 0);
        END(2);
        for (unsigned k = 0; k < 8; k++) {
            multi[k] = (struct xen_multicall_entry){.op = __HYPERVISOR_xen_version};
        }
        BEGIN(3);
        hypercall(__HYPERVISOR_multicall, (u64)multi, 8, 0);
        END(3);
        BEGIN(4);
        firmware_call(0x84000000, 0, 0, 0);
        END(4);
        BEGIN(5);
        (void)SYSREG_READ(id_aa64pfr0_el1);
        END(5);
        BEGIN(6);
        (void)mmio_read(GICD + 4);
        END(6);
    }
}

static void events(void)
{
    struct xen_evtchn_bind_ipi bind = {.vcpu = 0};
    must("bind_ipi", hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (u64)&bind, 0));
    u32 port = bind.port;
    interrupts_on();
    for (unsigned i = 0; i < count; i++) {
        u64 seen = nr_event;
        BEGIN(7);
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&port, 0);
        while (nr_event == seen) {
        }
        END(7);
        interrupts_off();
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&port, 0);
        BEGIN(8);
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&port, 0);
        END(8);
        seen = nr_event;
        interrupts_on();
        while (nr_event == seen) {
        }
    }
}

static void interrupts(void)
{
    u64 frequency = SYSREG_READ(cntfrq_el0);
    for (unsigned i = 0; i < count; i++) {
        u64 seen = nr_sgi;
        BEGIN(9);
        send_sgi_self();
        while (nr_sgi == seen) {
        }
        END(9);
        seen = nr_timer;
        BEGIN(10);
        timer_arm(frequency / 20000);
        while (nr_timer == seen) {
        }
        END(10);
        seen = nr_timer;
        interrupts_off();
        BEGIN(11);
        timer_arm(frequency / 1000);
        while (nr_timer == seen) {
            __asm__ volatile("dsb sy\n wfi" ::: "memory");
            interrupts_on();
            interrupts_off();
        }
        END(11);
        interrupts_on();
        BEGIN(12);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        END(12);
    }
}

void bench_second(void)
{
    second_runs = true;
    while (!second_stops) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
    firmware_call(0x84000002, 0, 0, 0);
}

static void two_vcpus(void)
{
    s64 result = (s32)firmware_call(0xc4000003, 1, (u64)second_cpu, 0);
    must("cpu_on", result);
    while (!second_runs) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
    for (unsigned i = 0; i < count; i++) {
        BEGIN(13);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        END(13);
    }
    second_stops = true;
    while ((s32)firmware_call(0xc4000004, 1, 0, 0) != 1) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
}

/* ---- another domain */

static s64 domctl(u32 cmd, u16 domain, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domain;
    return hypercall(__HYPERVISOR_domctl, (u64)op, 0, 0);
}

static u64 free_pages(void)
{
    static struct xen_sysctl op;
    op = (struct xen_sysctl){.cmd = XEN_SYSCTL_physinfo,
                             .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    must("physinfo", hypercall(__HYPERVISOR_sysctl, (u64)&op, 0, 0));
    return op.u.physinfo.free_pages;
}

static u16 domain_make(void)
{
    static struct xen_domctl op;
    static u64 extents[GUEST_PAGES / 512];
    op = (struct xen_domctl){0};
    op.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = 64,
        .max_maptrack_frames = 1024,
        .grant_opts = 1,
        .arch = {.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE},
    };
    for (int i = 0; i < 16; i++) {
        op.u.createdomain.handle[i] = (u8)(i + 1);
    }
    must("createdomain", domctl(XEN_DOMCTL_createdomain, 0, &op));
    u16 domain = op.domain;
    op.u.max_vcpus.max = 1;
    must("max_vcpus", domctl(XEN_DOMCTL_max_vcpus, domain, &op));
    op.u.address_size.size = 64;
    must("address_size", domctl(XEN_DOMCTL_set_address_size, domain, &op));
    op.u.paging_mempool.size = 400 * 4096;
    must("paging_mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, domain, &op));
    op.u.max_mem.max_memkb = GUEST_PAGES * 4 + 64;
    must("max_mem", domctl(XEN_DOMCTL_max_mem, domain, &op));
    for (u32 i = 0; i < GUEST_PAGES / 512; i++) {
        extents[i] = (GUEST_RAM0_BASE >> 12) + i * 512;
    }
    struct xen_memory_reservation populate = {.extent_start = {(u64)extents},
                                              .nr_extents = GUEST_PAGES / 512,
                                              .extent_order = 9,
                                              .domid = domain};
    s64 done = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (u64)&populate, 0);
    must("populate", done == GUEST_PAGES / 512 ? 0 : -1000 - done);
    return domain;
}

static void domain_start(u16 domain)
{
    static struct xen_domctl op;
    static struct xen_vcpu_guest_context context;
    u64 from = GUEST_RAM0_BASE >> 12, to = SCRATCH_GFN;
    s32 error = 0;
    struct xen_add_to_physmap_batch map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
    map.u.foreign_domid = domain;
    map.idxs.p = (u64)&from;
    map.gpfns.p = (u64)&to;
    map.errs.p = (u64)&error;
    must("map", hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (u64)&map, 0));
    must("map error", error);
    volatile u32 *page = (volatile u32 *)((u64)SCRATCH_GFN << 12);
    const volatile u32 *code = (const volatile u32 *)yielder;
    for (int i = 0; i < 4; i++) {
        page[i] = code[i];
    }
    __asm__ volatile("dsb sy\n ic iallu\n dsb sy" ::: "memory");
    struct xen_remove_from_physmap unmap = {.domid = XEN_DOMID_SELF, .gpfn = SCRATCH_GFN};
    must("unmap", hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (u64)&unmap, 0));
    context = (struct xen_vcpu_guest_context){.flags = 1, .sctlr = SCTLR_GUEST_INIT};
    context.user_regs.pc64 = GUEST_RAM0_BASE;
    context.user_regs.cpsr = PSR_GUEST64_INIT;
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = (u64)&context;
    must("setvcpucontext", domctl(XEN_DOMCTL_setvcpucontext, domain, &op));
    must("unpause", domctl(XEN_DOMCTL_unpausedomain, domain, &op));
}

static void another_domain(void)
{
    static struct xen_domctl op;
    for (unsigned i = 0; i < 5; i++) {
        u64 before = free_pages();
        BEGIN(15);
        u16 domain = domain_make();
        END(15);
        if (i == 1) {
            print_number("create-pages", (s64)(before - free_pages()) - GUEST_PAGES);
        }
        if (i < 4) {
            BEGIN(16);
            must("destroy", domctl(XEN_DOMCTL_destroydomain, domain, &op));
            END(16);
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
            continue;
        }
        domain_start(domain);
        for (unsigned k = 0; k < count + 8; k++) {
            BEGIN(14);
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
            END(14);
        }
    }
}

static unsigned option(const u8 *dtb, const char *name, unsigned otherwise)
{
    u32 size = __builtin_bswap32(*(const u32 *)(dtb + 4)), length = 0;
    while (name[length]) {
        length++;
    }
    for (u32 i = 0; i + length < size; i++) {
        u32 k = 0;
        while (k < length && dtb[i + k] == (u8)name[k]) {
            k++;
        }
        if (k == length) {
            unsigned value = 0;
            for (const u8 *p = dtb + i + length; *p >= '0' && *p <= '9'; p++) {
                value = value * 10 + (*p - '0');
            }
            return value;
        }
    }
    return otherwise;
}

void bench_main(const u8 *dtb)
{
    CHECKPOINT(0);
    gic = option(dtb, "bench-gic=", 3);
    count = option(dtb, "bench-n=", 200);
    struct xen_hvm_param callback = {.domid = XEN_DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};
    must("callback irq", hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (u64)&callback, 0));
    event_irq = callback.value & 0xff;
    struct xen_add_to_physmap map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = (u64)shared_info >> 12};
    must("shared info", hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (u64)&map, 0));
    gic_setup();
    interrupts_on();
    calls();
    events();
    interrupts();
    two_vcpus();
    another_domain();
    CHECKPOINT(1);
    print("BENCH-DONE\n");
    power_off();
}
