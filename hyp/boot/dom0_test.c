/* SPDX-License-Identifier: MIT */
/*
 * The builder of dom0 as a whole, on machines described by trees that are made here: real
 * allocator, real reading of the tree; domain, stage 2 and virtual GIC are noted. What dom0 gets is
 * read back from its own tree.
 */
#include "boot/dom0.h"

#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/string.h"
#include "dom/domain.h"
#include "drv/uart.h"
#include "irq/irq.h"
#include "log/log.h"
#include "mem/hypmap.h"
#include "mem/ram_host.h"
#include "p2m/p2m.h"
#include "sched/sched.h"
#include "vgic/vgic.h"

#define MIB              (1ULL << 20)
#define GIB              (1ULL << 30)
#define RAM              0x40000000ULL
#define FDT_AT           0x48000000ULL
#define FDT_BYTES        (1 * MIB)
#define KERNEL_BYTES     (3 * MIB + 100)
#define KERNEL_IN_MEMORY (4 * MIB)
#define RAMDISK_BYTES    (5 * MIB + 1)

__noreturn void panic(const char *fmt, ...)
{
    fprintf(stderr, "error: panic: %s\n", fmt);
    abort();
}

static char errors[512];
void log_at(enum log_level level, const char *fmt, ...)
{
    if (level != LOG_ERROR) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(errors, sizeof(errors), fmt, args);
    va_end(args);
}

/* ---- the domain, noted */

static struct domain domain;
static struct vcpu vcpu[128];
static struct vcpu *vcpus[128];
static struct p2m p2m;
static struct domain_config config;
struct domain *domain_hardware;
static u64 pages_given;
static enum err create_answer;

enum err domain_create(const struct domain_config *c, struct domain **out)
{
    config = *c;
    memset(&domain, 0, sizeof(domain));
    domain.id = c->id;
    domain.p2m = &p2m;
    domain.vcpu = vcpus;
    domain.paused_by_tools = true;
    *out = &domain;
    return create_answer;
}

enum err domain_create_vcpu(struct domain *d, u32 id)
{
    vcpus[id] = &vcpu[id];
    return OK;
}

enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard,
                            const struct cpumask *soft)
{
    u->hard = *hard;
    assert_null(soft);
    return OK;
}

enum err domain_add_pages(struct domain *d, struct frame *first, u32 order)
{
    assert_int_equal(first->state, FRAME_HEAP);
    pages_given += 1ULL << order;
    return OK;
}

/* Never comes: dom0's pages stay. */
void frame_up_release(struct frame *f)
{
    abort();
}

void percpu_up_kick(u32 cpu)
{
}

void *percpu_up_alloc(u32 bytes)
{
    return NULL;
}

void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32)
{
    assert_false(aarch32);
    v->regs.pc = pc;
    v->regs.x[0] = x0;
}

void vcpu_set_online(struct vcpu *v, bool online)
{
    v->online = online;
}

enum err domain_unpause_by_tools(struct domain *d)
{
    d->paused_by_tools = false;
    return OK;
}

u64 vcpu_mpidr(u32 id)
{
    return 1u << 31 | (id >> 4) << 8 | (id & 15);
}

/* What is mapped, in order of the calls; runs that continue are one. */
static struct mapping {
    u64 start, end;
    enum p2m_type type;
} mapped[64];
static u32 nr_mapped;

enum err p2m_map(struct p2m *p, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type)
{
    u64 start = gfn.gfn << PAGE_SHIFT, end = start + (PAGE_SIZE << order);
    assert_true(gfn.gfn == mfn.mfn);
    assert_true(order <= 18 && gfn.gfn % (1ULL << order) == 0);
    struct mapping *last = nr_mapped != 0 ? &mapped[nr_mapped - 1] : NULL;
    if (last != NULL && last->end == start && last->type == type) {
        last->end = end;
    } else {
        mapped[nr_mapped++] = (struct mapping){start, end, type};
    }
    return OK;
}

static bool is_mapped(u64 start, u64 end, enum p2m_type type)
{
    for (u32 i = 0; i < nr_mapped; i++) {
        if (mapped[i].start <= start && mapped[i].end >= end && mapped[i].type == type) {
            return true;
        }
    }
    return false;
}

static bool is_touched(u64 start, u64 end)
{
    for (u32 i = 0; i < nr_mapped; i++) {
        if (mapped[i].start < end && mapped[i].end > start) {
            return true;
        }
    }
    return false;
}

/* ---- interrupts: by number the trigger, and who has them otherwise */

static u8 routed[1024];
#define UART_IRQ 33u

enum err vgic_route_irq(struct domain *d, virq_t virq, hwirq_t hwirq, enum irq_trigger trigger)
{
    assert_int_equal(virq.virq, hwirq.hw);
    assert_int_equal(routed[virq.virq], 0);
    if (virq.virq == UART_IRQ) {
        return E_BUSY;
    }
    routed[virq.virq] = (u8)trigger;
    return OK;
}

static u32 nr_routed(void)
{
    u32 n = 0;
    for (u32 i = 0; i < 1024; i++) {
        n += routed[i] != 0;
    }
    return n;
}

struct gic_ops gic_table;
struct gic_info gic_info;

static u32 v2m_frame[1024];
void *hypmap_device(maddr_t at, u64 bytes)
{
    assert_int_equal(at.m, 0x8020000);
    return v2m_frame;
}

int uart_node(void)
{
    return fdt_path_offset(firmware.fdt, "/pl011@9000000");
}

/* ---- the host's tree */

static u8 host_tree[FDT_BYTES];
static void *out = host_tree;

static void node(const char *name)
{
    assert_int_equal(fdt_begin_node(out, name), 0);
}

static void end(void)
{
    assert_int_equal(fdt_end_node(out), 0);
}

static void text(const char *name, const char *value)
{
    assert_int_equal(fdt_property_string(out, name, value), 0);
}

static void cells(const char *name, u32 n, const u32 *values)
{
    u32 big[64];
    for (u32 i = 0; i < n; i++) {
        big[i] = cpu_to_fdt32(values[i]);
    }
    assert_int_equal(fdt_property(out, name, big, (int)(n * 4)), 0);
}
#define CELLS(name, ...)                                      \
    do {                                                      \
        const u32 list_[] = {__VA_ARGS__};                    \
        cells(name, sizeof(list_) / sizeof(list_[0]), list_); \
    } while (0)

struct machine {
    u32 gic; /* version */
    struct range bank[2];
    struct range kernel, ramdisk;
    const char *options;
};
static const struct machine plain = {3,
                                     {{RAM, 4 * GIB}},
                                     {0x50000000, KERNEL_BYTES},
                                     {0x58000000, RAMDISK_BYTES},
                                     "dom0_mem=1024M dom0_max_vcpus=2"};

#define GIC  0x8005u
#define MSI  0x8006u
#define GPIO 0x8007u

static void put_gic(u32 version)
{
    node("intc@8000000");
    CELLS("phandle", GIC);
    CELLS("interrupts", 1, 9, 4);
    CELLS("#interrupt-cells", 3);
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    fdt_property(out, "ranges", NULL, 0);
    fdt_property(out, "interrupt-controller", NULL, 0);
    if (version == 3) {
        text("compatible", "arm,gic-v3");
        CELLS("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000, 0, 0x8010000, 0, 0x2000);
        CELLS("mbi-ranges", 1, 2);
        node("its@8080000");
        CELLS("phandle", MSI);
        text("compatible", "arm,gic-v3-its");
        CELLS("reg", 0, 0x8080000, 0, 0x20000);
        end();
    } else {
        text("compatible", "arm,cortex-a15-gic");
        CELLS("reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0, 0x8030000, 0, 0x10000,
              0, 0x8040000, 0, 0x10000);
        node("v2m@8020000");
        CELLS("phandle", MSI);
        text("compatible", "arm,gic-v2m-frame");
        CELLS("reg", 0, 0x8020000, 0, 0x1000);
        end();
    }
    end();
}

static void put_devices(void)
{
    node("pl011@9000000"); /* the console */
    text("compatible", "arm,pl011");
    CELLS("reg", 0, 0x9000000, 0, 0x1000);
    CELLS("interrupts", 0, UART_IRQ - 32, 4);
    end();
    for (u32 i = 0; i < 3; i++) { /* three in one page, edge */
        char name[32];
        snprintf(name, sizeof(name), "virtio_mmio@%x", 0xa000000 + i * 0x200);
        node(name);
        text("compatible", "virtio,mmio");
        CELLS("reg", 0, 0xa000000 + i * 0x200, 0, 0x200);
        CELLS("interrupts", 0, 16 + i, 1);
        end();
    }
    node("pl061@9030000"); /* an interrupt controller of its own */
    CELLS("phandle", GPIO);
    CELLS("#interrupt-cells", 2);
    CELLS("reg", 0, 0x9030000, 0, 0x1000);
    CELLS("interrupts", 0, 7, 4);
    node("behind-it");
    CELLS("interrupt-parent", GPIO);
    CELLS("interrupts", 50, 4);
    end();
    end();
    node("both@9040000");
    CELLS("reg", 0, 0x9040000, 0, 0x800);
    CELLS("interrupts-extended", GPIO, 3, 4, GIC, 0, 60, 8, GIC, 1, 2, 4);
    end();
    node("off@9050000");
    text("status", "disabled");
    CELLS("reg", 0, 0x9050000, 0, 0x1000);
    CELLS("interrupts", 0, 70, 4);
    node("below");
    CELLS("interrupts", 0, 71, 4);
    end();
    end();
}

static void put_buses(void)
{
    node("soc"); /* a bus with its own addresses, and one that has none */
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    CELLS("ranges", 0x1000, 0, 0xb001000, 0x3000, 0x8000, 0, 0xb100000, 0x1000);
    node("dev@2000");
    CELLS("reg", 0x2000, 0x800, 0x8000, 0x10);
    end();
    node("lost@9000");
    CELLS("reg", 0x9000, 0x100);
    end();
    end();
    node("i2c@9060000");
    CELLS("reg", 0, 0x9060000, 0, 0x1000);
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    node("chip@50");
    CELLS("reg", 0x50);
    end();
    end();
    node("in-ram@60000000");
    CELLS("reg", 0, 0x60000000, 0, 0x1000);
    end();
    node("around-the-gic@7ff0000"); /* claims the distributor, too */
    CELLS("reg", 0, 0x7ff0000, 0, 0x30000);
    end();
    node("pcie@10000000");
    text("compatible", "pci-host-ecam-generic");
    text("device_type", "pci");
    CELLS("#address-cells", 3);
    CELLS("#size-cells", 2);
    CELLS("#interrupt-cells", 1);
    CELLS("reg", 0x40, 0x10000000, 0, 0x10000000);
    CELLS("ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, 0x2000000, 0, 0x10000000, 0,
          0x10000000, 0, 0x2eff0000, 0x3000000, 0x80, 0, 0x80, 0, 0x80, 0);
    CELLS("interrupt-map", 0, 0, 0, 1, GIC, 0, 0, 0, 3, 4, 0, 0, 0, 2, GIC, 0, 0, 0, 4, 4, 0x800, 0,
          0, 1, GIC, 0, 0, 0, 4, 4);
    CELLS("msi-map", 0, MSI, 0, 0x10000);
    end();
    node("pmu");
    text("compatible", "arm,armv8-pmuv3");
    end();
    node("pmu2");
    text("compatible", "arm,cortex-a57-pmu");
    end();
    node("timer");
    text("compatible", "arm,armv8-timer");
    CELLS("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    end();
}

static void put_module(const char *kind, const struct range *r, const char *arguments)
{
    char name[32];
    if (r->bytes == 0) {
        return;
    }
    snprintf(name, sizeof(name), "module@%llx", r->start);
    node(name);
    text("compatible", kind);
    CELLS("reg", (u32)(r->start >> 32), (u32)r->start, 0, (u32)r->bytes);
    if (arguments != NULL) {
        text("bootargs", arguments);
    }
    end();
}

static void put_tree(const struct machine *m)
{
    assert_int_equal(fdt_create(out, sizeof(host_tree)), 0);
    fdt_finish_reservemap(out);
    node("");
    CELLS("interrupt-parent", GIC);
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    text("compatible", "linux,dummy-virt");
    for (u32 i = 0; i < 2 && m->bank[i].bytes != 0; i++) {
        const struct range *b = &m->bank[i];
        char name[32];
        snprintf(name, sizeof(name), "memory@%llx", b->start);
        node(name);
        text("device_type", "memory");
        CELLS("reg", (u32)(b->start >> 32), (u32)b->start, (u32)(b->bytes >> 32), (u32)b->bytes);
        end();
    }
    node("psci");
    text("compatible", "arm,psci-0.2");
    text("method", "smc");
    end();
    put_devices();
    put_buses();
    put_gic(m->gic);
    node("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    for (u32 i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof(name), "cpu@%u", i);
        node(name);
        text("device_type", "cpu");
        text("compatible", "arm,cortex-a57");
        CELLS("reg", i);
        end();
    }
    end();
    node("reserved-memory");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    fdt_property(out, "ranges", NULL, 0);
    node("keep@47000000");
    CELLS("reg", 0, 0x47000000, 0, 0x10000);
    end();
    end();
    node("chosen");
    text("bootargs", m->options);
    text("stdout-path", "/pl011@9000000");
    CELLS("kaslr-seed", 1, 2);
    CELLS("linux,initrd-start", 7);
    put_module("multiboot,kernel", &m->kernel, "console=hvc0 root=x");
    put_module("multiboot,ramdisk", &m->ramdisk, NULL);
    end();
    end();
    assert_int_equal(fdt_finish(out), 0);
    fdt_set_totalsize(out, FDT_BYTES);
}

/* ---- the machine */

static u8 image_of_kernel[KERNEL_BYTES];

static void fill(u8 *p, u64 bytes, u32 seed)
{
    for (u64 i = 0; i < bytes; i++) {
        p[i] = (u8)((i + seed) * 2654435761u >> 13);
    }
}

/* Boots up to where dom0_build() would be called. */
static void power_on(const struct machine *m)
{
    struct fake_bank banks[2];
    u32 nr_banks = m->bank[1].bytes != 0 ? 2 : 1;
    for (u32 i = 0; i < nr_banks; i++) {
        banks[i] = (struct fake_bank){m->bank[i].start, m->bank[i].bytes};
    }
    fake_ram_init(banks, nr_banks);
    put_tree(m);
    const char *why = NULL;
    enum err e = firmware_read(host_tree, (maddr_t){FDT_AT}, &why);
    assert_int_equal(e, OK);

    frame_reserve((maddr_t){RAM + 2 * MIB}, 200000); /* the hypervisor's image */
    frame_reserve((maddr_t){FDT_AT}, FDT_BYTES);
    for (u32 i = 0; i < MODULE_NR; i++) {
        if (firmware.module[i].bytes != 0) {
            frame_reserve((maddr_t){firmware.module[i].start}, firmware.module[i].bytes);
        }
    }
    for (u32 i = 0; i < firmware.nr_reserved; i++) {
        frame_reserve((maddr_t){firmware.reserved[i].start}, firmware.reserved[i].bytes);
    }
    const struct range *last = &m->bank[nr_banks - 1];
    frame_reserve((maddr_t){range_end(last) - 5 * MIB}, 5 * MIB); /* frame table, first tables */

    fill(image_of_kernel, KERNEL_BYTES, 1);
    memset(image_of_kernel, 0, 64);
    const u64 size = KERNEL_IN_MEMORY, flags = 0xa;
    memcpy(image_of_kernel + 16, &size, 8);
    memcpy(image_of_kernel + 24, &flags, 8);
    memcpy(image_of_kernel + 56, "ARM\x64", 4);
    if (m->kernel.bytes == KERNEL_BYTES) {
        memcpy(dom0_ram(m->kernel.start), image_of_kernel, KERNEL_BYTES);
    }
    if (m->ramdisk.bytes != 0) {
        fill(dom0_ram(m->ramdisk.start), m->ramdisk.bytes, 2);
    }
    gic_table.version = m->gic;
    gic_info = (struct gic_info){.nr_irqs = 288,
                                 .phandle = GIC,
                                 .nr_redist_regions = 1,
                                 .dist = {0x8000000},
                                 .dist_bytes = 0x10000};
    v2m_frame[2] = 80 << 16 | 64;
    percpu_nr_cpus = 4;
}

static int start(void **state)
{
    errors[0] = '\0';
    nr_mapped = 0;
    pages_given = 0;
    create_answer = OK;
    domain_hardware = NULL;
    memset(routed, 0, sizeof(routed));
    memset(vcpu, 0, sizeof(vcpu));
    return 0;
}

static int stop(void **state)
{
    fake_ram_fini();
    return 0;
}

/* ---- what dom0 finds */

static const void *tree;

static const u32 *property(const char *path, const char *name, u32 nr_cells)
{
    int bytes, at = fdt_path_offset(tree, path);
    assert_true(at >= 0);
    const u32 *value = fdt_getprop(tree, at, name, &bytes);
    assert_non_null(value);
    if (nr_cells != 0) {
        assert_int_equal(bytes, nr_cells * 4);
    }
    return value;
}

static u64 cell(const u32 *p, u32 i)
{
    return fdt32_to_cpu(p[i]);
}

static u64 cell2(const u32 *p, u32 i)
{
    return cell(p, i) << 32 | cell(p, i + 1);
}

static bool has_node(const char *path)
{
    return fdt_path_offset(tree, path) >= 0;
}

static bool has(const char *path, const char *name)
{
    return fdt_getprop(tree, fdt_path_offset(tree, path), name, NULL) != NULL;
}

/* Where the tree says that the ramdisk is, and that it is whole. */
static u64 ramdisk_at(void)
{
    const u64 start = cell2(property("/chosen", "linux,initrd-start", 2), 0);
    assert_int_equal(cell2(property("/chosen", "linux,initrd-end", 2), 0) - start, RAMDISK_BYTES);
    static u8 expect[RAMDISK_BYTES];
    fill(expect, RAMDISK_BYTES, 2);
    assert_memory_equal(dom0_ram(start), expect, RAMDISK_BYTES);
    return start;
}

static u64 build(const struct machine *m)
{
    power_on(m);
    assert_int_equal(dom0_take(), OK);
    assert_int_equal(dom0_build(), OK);
    assert_string_equal(errors, "");
    tree = dom0_ram(vcpu[0].regs.x[0]);
    assert_int_equal(fdt_check_full(tree, 2 * MIB), 0);
    assert_true(vcpu[0].online && !vcpu[1].online);
    assert_false(domain.paused_by_tools);
    assert_ptr_equal(domain_hardware, &domain);
    assert_memory_equal(dom0_ram(vcpu[0].regs.pc), image_of_kernel, KERNEL_BYTES);
    return vcpu[0].regs.pc;
}

static void check_memory(u32 nr_banks, u64 start0, u64 bytes0, u64 start1, u64 bytes1)
{
    char name[32];
    snprintf(name, sizeof(name), "/memory@%llx", start0);
    const u32 *reg = property(name, "reg", nr_banks * 4);
    assert_int_equal(cell2(reg, 0), start0);
    assert_int_equal(cell2(reg, 2), bytes0);
    assert_true(is_mapped(start0, start0 + bytes0, P2M_RAM_RW));
    if (nr_banks == 2) {
        assert_int_equal(cell2(reg, 4), start1);
        assert_int_equal(cell2(reg, 6), bytes1);
        assert_true(is_mapped(start1, start1 + bytes1, P2M_RAM_RW));
    }
    assert_int_equal(pages_given, (bytes0 + bytes1) / PAGE_SIZE);
}

static void everything_stays_where_it_is(void **state)
{
    assert_int_equal(build(&plain), 0x50000000);
    assert_int_equal(ramdisk_at(), 0x58000000);
    /* From behind the host's tree, as much as was asked for. */
    check_memory(1, 0x48200000, 1 * GIB, 0, 0);
    assert_int_equal(config.max_vcpus, 2);
    assert_int_equal(config.nr_spis, 256);
    assert_int_equal(config.gic_version, 3);
    assert_int_equal(config.max_grant_frames, 64);
    assert_true(config.privileged && config.direct_mapped);
    assert_int_equal(domain.max_pages, GIB / PAGE_SIZE);
}

static void the_tree_of_gicv3(void **state)
{
    build(&plain);
    assert_false(has_node("/pl011@9000000") || has_node("/pmu") || has_node("/pmu2"));
    assert_false(has_node("/intc@8000000/its@8080000") || has_node("/chosen/module@50000000"));
    assert_string_equal((const char *)property("/chosen", "bootargs", 0), "console=hvc0 root=x");
    assert_false(has("/chosen", "stdout-path"));
    property("/chosen", "kaslr-seed", 2);
    assert_false(has("/pcie@10000000", "msi-map"));
    assert_true(has("/pcie@10000000", "interrupt-map"));
    const u32 *reg = property("/intc@8000000", "reg", 8);
    assert_int_equal(cell2(reg, 0), 0x8000000);
    assert_int_equal(cell2(reg, 4), 0x80a0000);
    assert_false(has("/intc@8000000", "interrupts") || has("/intc@8000000", "mbi-ranges"));
    assert_true(has("/intc@8000000", "interrupt-controller"));
    property("/timer", "interrupts", 12);

    assert_int_equal(cell(property("/cpus", "#address-cells", 1), 0), 1);
    assert_string_equal((const char *)property("/cpus/cpu@1", "compatible", 0), "arm,cortex-a57");
    assert_string_equal((const char *)property("/cpus/cpu@1", "enable-method", 0), "psci");
    assert_int_equal(cell(property("/cpus/cpu@1", "reg", 1), 0), 1);
    assert_false(has_node("/cpus/cpu@2"));
    assert_string_equal((const char *)property("/psci", "method", 0), "hvc");
    assert_int_equal(
        fdt_node_check_compatible(tree, fdt_path_offset(tree, "/psci"), "arm,psci-1.0"), 0);

    const int hypervisor = fdt_path_offset(tree, "/hypervisor");
    assert_int_equal(fdt_node_check_compatible(tree, hypervisor, "xen,xen"), 0);
    assert_int_equal(fdt_node_check_compatible(tree, hypervisor, "xen,xen-4.17"), 0);
    const u32 *grants = property("/hypervisor", "reg", 4);
    assert_int_equal(cell2(grants, 0), RAM);
    assert_int_equal(cell2(grants, 2), 64 * PAGE_SIZE);
    assert_false(is_touched(RAM, RAM + 64 * PAGE_SIZE));
    const u32 *interrupt = property("/hypervisor", "interrupts", 3);
    assert_int_equal(cell(interrupt, 0), 1);
    assert_int_equal(cell(interrupt, 1), 15);
    assert_int_equal(cell(interrupt, 2), 0xf08);
    assert_int_equal(cell(property("/hypervisor", "interrupt-parent", 1), 0), GIC);
}

static void many_vcpus(void **state)
{
    struct machine m = plain;
    m.options = "dom0_mem=256M dom0_max_vcpus=20";
    build(&m);
    assert_int_equal(config.max_vcpus, 20);
    assert_int_equal(cell(property("/cpus/cpu@100", "reg", 1), 0), 0x100);
    assert_int_equal(cell(property("/cpus/cpu@103", "reg", 1), 0), 0x103);
    assert_false(has_node("/cpus/cpu@10") || has_node("/cpus/cpu@104"));
}

static void devices_are_mapped_and_routed(void **state)
{
    build(&plain);
    assert_false(is_touched(0x9000000, 0x9001000)); /* the console */
    assert_true(is_mapped(0xa000000, 0xa001000, P2M_DEVICE));
    assert_false(is_touched(0xa001000, 0xa002000));
    assert_true(is_mapped(0x9030000, 0x9031000, P2M_DEVICE));
    assert_true(is_mapped(0x9040000, 0x9041000, P2M_DEVICE));
    assert_false(is_touched(0x9050000, 0x9051000)); /* disabled */
    assert_true(is_mapped(0xb002000, 0xb003000, P2M_DEVICE));
    assert_true(is_mapped(0xb100000, 0xb101000, P2M_DEVICE));
    assert_false(is_touched(0x9000, 0xa000) || is_touched(0, 0x2000));
    assert_true(is_mapped(0x9060000, 0x9061000, P2M_DEVICE));
    assert_false(is_mapped(0x60000000, 0x60001000, P2M_DEVICE));
    /* What else is in the range stays: the virtual distributor alone is cut out. */
    assert_true(is_mapped(0x7ff0000, 0x8000000, P2M_DEVICE));
    assert_false(is_touched(0x8000000, 0x8010000));
    assert_true(is_mapped(0x8010000, 0x8020000, P2M_DEVICE));
    assert_false(is_touched(0x8080000, 0x80a0000)); /* the ITS */
    /* PCI: configuration space and its three windows */
    assert_true(is_mapped(0x4010000000, 0x4020000000, P2M_DEVICE));
    assert_true(is_mapped(0x10000000, 0x3f000000, P2M_DEVICE));
    assert_true(is_mapped(0x8000000000, 0x10000000000, P2M_DEVICE));
    assert_true(is_mapped(0x47000000, 0x47010000, P2M_DEVICE_CACHED));

    assert_int_equal(routed[48], IRQ_EDGE_RISING);
    assert_int_equal(routed[50], IRQ_EDGE_RISING);
    assert_int_equal(routed[39], IRQ_LEVEL_HIGH);
    assert_int_equal(routed[92], IRQ_LEVEL_HIGH);
    assert_int_equal(routed[35], IRQ_LEVEL_HIGH);
    assert_int_equal(routed[36], IRQ_LEVEL_HIGH);
    assert_int_equal(nr_routed(), 7);
}

static void gicv2_with_its_frame(void **state)
{
    struct machine m = plain;
    m.gic = 2;
    m.options = "dom0_mem=1G";
    build(&m);
    assert_int_equal(config.gic_version, 2);
    assert_int_equal(config.max_vcpus, 4);
    property("/intc@8000000", "reg", 8);
    assert_true(has_node("/intc@8000000/v2m@8020000"));
    assert_true(has("/pcie@10000000", "msi-map"));
    assert_true(is_mapped(0x8020000, 0x8021000, P2M_DEVICE));
    assert_int_equal(routed[79], 0);
    assert_int_equal(routed[80], IRQ_EDGE_RISING);
    assert_int_equal(routed[143], IRQ_EDGE_RISING);
    assert_int_equal(routed[144], 0);
    stop(NULL);
    start(NULL);
    m.options = "dom0_mem=1G dom0_max_vcpus=9";
    build(&m);
    assert_int_equal(config.max_vcpus, 8);
}

static void vcpus_are_pinned_if_asked(void **state)
{
    struct machine m = plain;
    memset(vcpu, 0, sizeof(vcpu));
    build(&m);
    assert_true(cpumask_is_empty(&vcpu[0].unit.hard));
    stop(NULL);
    start(NULL);
    m.options = "dom0_mem=1G dom0_max_vcpus=5 dom0_vcpus_pin";
    build(&m);
    for (u32 i = 0; i < 5; i++) {
        struct cpumask mask = vcpu[i].unit.hard;
        assert_true(cpumask_test(&mask, i % percpu_nr_cpus));
        cpumask_clear(&mask, i % percpu_nr_cpus);
        assert_true(cpumask_is_empty(&mask));
    }
}

static void a_small_host(void **state)
{
    struct machine m = plain;
    m.bank[0].bytes = 512 * MIB;
    m.options = "dom0_mem=256M";
    assert_int_equal(build(&m), 0x50000000);
    assert_int_equal(ramdisk_at(), 0x58000000);
    check_memory(1, 0x48600000, 256 * MIB, 0, 0); /* just as high as to hold the ramdisk's end */
}

static void two_banks(void **state)
{
    struct machine m = plain;
    m.bank[0].bytes = 1 * GIB;
    m.bank[1] = (struct range){0x100000000, 2 * GIB};
    m.options = "dom0_mem=2G";
    assert_int_equal(build(&m), 0x50000000);
    const u64 first = RAM + GIB - 0x48200000;
    check_memory(2, 0x48200000, first, 0x100000000, 2 * GIB - first);
    ramdisk_at();
}

static void modules_that_lie_badly_move(void **state)
{
    struct machine m = plain;
    m.kernel.start = 0x50001000;
    u64 kernel = build(&m);
    assert_int_equal(kernel % (2 * MIB), 0);
    assert_true(kernel != 0x50000000);
    ramdisk_at();
}

static void no_ramdisk(void **state)
{
    struct machine m = plain;
    m.ramdisk.bytes = 0;
    build(&m);
    assert_false(has("/chosen", "linux,initrd-start"));
}

static void refused(const struct machine *m, const char *why)
{
    power_on(m);
    assert_true(dom0_take() != OK || dom0_build() != OK);
    assert_non_null(strstr(errors, why));
    assert_null(domain_hardware);
    stop(NULL);
    start(NULL);
}

static void what_cannot_be(void **state)
{
    struct machine m = plain;
    m.options = "dom0_mem=8G";
    refused(&m, "dom0_mem=8192M is too large");
    m.options = "dom0_mem=lots";
    refused(&m, "dom0_mem=lots is not understood");
    m.options = "dom0_mem=8M";
    refused(&m, "too little");
    m.options = "dom0_max_vcpus=0";
    refused(&m, "dom0_max_vcpus=0");
    m = plain;
    m.kernel.bytes = 0;
    refused(&m, "no kernel");
    m.kernel.bytes = 4096;
    refused(&m, "0x50000000 is no arm64 Image");
    create_answer = E_NOMEM;
    refused(&plain, "not built");
}

static void forms_of_dom0_mem(void **state)
{
    static const struct {
        const char *option;
        u64 bytes, maximum;
    } forms[] = {
        {"", 512 * MIB, 512 * MIB},
        {"dom0_mem=65536", 64 * MIB, 64 * MIB},
        {"dom0_mem=300M,max:1G", 300 * MIB, 1 * GIB},
        {"dom0_mem=min:100M,max:200M", 100 * MIB, 200 * MIB},
        {"dom0_mem=max:128M", 128 * MIB, 128 * MIB},
        {"dom0_mem=65M", 66 * MIB, 66 * MIB},
    };
    for (u32 i = 0; i < ARRAY_LEN(forms); i++) {
        struct machine m = plain;
        m.options = forms[i].option;
        build(&m);
        assert_int_equal(pages_given, forms[i].bytes / PAGE_SIZE);
        assert_int_equal(domain.max_pages, forms[i].maximum / PAGE_SIZE);
        stop(NULL);
        start(NULL);
    }
}

#define BUILD_TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUILD_TEST(everything_stays_where_it_is),
        BUILD_TEST(the_tree_of_gicv3),
        BUILD_TEST(many_vcpus),
        BUILD_TEST(devices_are_mapped_and_routed),
        BUILD_TEST(gicv2_with_its_frame),
        BUILD_TEST(vcpus_are_pinned_if_asked),
        BUILD_TEST(a_small_host),
        BUILD_TEST(two_banks),
        BUILD_TEST(modules_that_lie_badly_move),
        BUILD_TEST(no_ramdisk),
        BUILD_TEST(what_cannot_be),
        BUILD_TEST(forms_of_dom0_mem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
