/* SPDX-License-Identifier: MIT */
/*
 * dom0 is made as boot/dom0.c makes it, less the kernel; dom0 then makes the guests as the tools
 * do, a hypercall a step. At the end everything is torn down and must have come back.
 */
#include "test/fuzz/guest.h"

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/memory.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "irq/irq.h"
#include "mem/frame.h"
#include "mem/ram_host.h"
#include "p2m/p2m.h"
#include "test/fuzz/machine.h"

#define DOM0_ORDER  6u
#define DOM0_HOLE   0x60000ULL
#define DEVICES     0x9000ULL
#define NR_DEVICES  16u
#define GUEST_VCPUS 2u
#define MAX_KB      (256u * 4)
#define POOL_BYTES  (48u << 12)
#define FEW_PORTS   9u /* of the last guest: they are all taken now and then */
#define UART_PAGE   31u
#define SLOTS       0x40000u /* 8 vCPUs of each id that there can be */

domid_t guest_id[GUESTS + 1];
u64 dom0_ram;
static struct guest guests[SLOTS];
static u64 generation;             /* of guests: what is older is another's */
static u32 building, build_domain; /* next step, of which domain; GUESTS + 1: done */
static struct machine_account before;

struct guest *guest_of(const struct vcpu *v)
{
    struct guest *g = &guests[(v->domain->id.id * 8u + v->id % 8) % SLOTS];
    if (g->generation != generation) {
        *g = (struct guest){.generation = generation};
    }
    return g;
}

u64 guest_ram(const struct domain *d)
{
    return d->privileged ? dom0_ram : GUEST_RAM;
}

u64 guest_hole(const struct domain *d)
{
    return d->privileged ? DOM0_HOLE : GUEST_HOLE;
}

void guest_write(struct domain *d, u64 at, const void *from, u32 bytes)
{
    while (bytes != 0) {
        u32 here = MIN(bytes, (u32)(PAGE_SIZE - (at & PAGE_MASK)));
        u32 *window = p2m_window_open();
        void *to = machine_memory(d, at, true);
        if (to) {
            memcpy(to, from, here);
        }
        p2m_window_close(window);
        from = (const u8 *)from + here;
        at += here;
        bytes -= here;
    }
}

/* ---- dom0 */

static void must(enum err e, const char *what)
{
    if (e != OK) {
        machine_finding("dom0 is not built: %s answers %d", what, e);
    }
}

void guest_build_dom0(void)
{
    before = machine_account();
    building = 0;
    build_domain = 1;
    for (u32 i = 0; i <= GUESTS; i++) {
        guest_id[i] = (domid_t){(u16)i};
    }
    const struct domain_config config = {
        .id = {0},
        .privileged = true,
        .direct_mapped = true,
        .max_vcpus = 2,
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .nr_spis = gic_info.nr_irqs - 32,
        .gic_version = gic->version,
        .max_evtchn_port = ~0u,
        .max_grant_frames = 64,
        .max_maptrack_frames = 1024,
    };
    struct domain *d;
    struct frame *f;
    must(domain_create(&config, &d), "domain_create");
    must(domain_create_vcpu(d, 0), "vcpu 0");
    must(domain_create_vcpu(d, 1), "vcpu 1");
    d->max_pages = ~0u;
    d->p2m->max_tables = ~0ULL;
    must(frame_alloc(DOM0_ORDER, &f), "its memory");
    memset(frame_map(f), 0, PAGE_SIZE << DOM0_ORDER);
    must(domain_add_pages(d, f, DOM0_ORDER), "its pages");
    dom0_ram = frame_to_mfn(f).mfn;
    must(p2m_map(d->p2m, (gfn_t){dom0_ram}, frame_to_mfn(f), DOM0_ORDER, P2M_RAM_RW), "its map");
    for (u32 i = 0; i < NR_DEVICES; i++) {
        must(p2m_map(d->p2m, (gfn_t){DEVICES + i}, (mfn_t){DEVICES + i}, 0, P2M_DEVICE), "devices");
    }
    domain_hardware = d;
    generation++;
    for (u32 i = 0; i < 2; i++) {
        vcpu_reset(d->vcpu[i], HVC_AT, 0, false);
        spin_lock(&d->lock);
        vcpu_set_online(d->vcpu[i], true);
        spin_unlock(&d->lock);
    }
    must(domain_unpause_by_tools(d), "unpause");
}

/* ---- the guests, by dom0's hypercalls */

static u64 scratch(void)
{
    return (dom0_ram + 40) << PAGE_SHIFT;
}

static void call(struct vcpu *v, u64 number, u64 x0, u64 x1)
{
    v->regs.x[16] = number;
    v->regs.x[0] = x0;
    v->regs.x[1] = x1;
}

static void domctl(struct vcpu *v, u32 cmd, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = cmd == XEN_DOMCTL_createdomain ? 0 : guest_id[build_domain].id;
    guest_write(v->domain, scratch(), op, sizeof(*op));
    call(v, __HYPERVISOR_domctl, scratch(), 0);
}

static void create(struct vcpu *v)
{
    struct xen_domctl op = {0};
    op.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = GUEST_VCPUS,
        .max_evtchn_port = build_domain == GUESTS ? FEW_PORTS : 127,
        .max_grant_frames = 8,
        .max_maptrack_frames = 4,
        .grant_opts = 1,
        .arch = {.nr_spis = 32},
    };
    domctl(v, XEN_DOMCTL_createdomain, &op);
}

static void max_vcpus(struct vcpu *v)
{
    struct xen_domctl op = {.u.max_vcpus.max = GUEST_VCPUS};
    domctl(v, XEN_DOMCTL_max_vcpus, &op);
}

static void max_mem(struct vcpu *v)
{
    struct xen_domctl op = {.u.max_mem.max_memkb = MAX_KB};
    domctl(v, XEN_DOMCTL_max_mem, &op);
}

static void pool(struct vcpu *v)
{
    struct xen_domctl op = {.u.paging_mempool.size = POOL_BYTES};
    domctl(v, XEN_DOMCTL_set_paging_mempool_size, &op);
}

static void devices(struct vcpu *v)
{
    struct xen_domctl op = {.u.iomem_permission = {DEVICES, NR_DEVICES, 1}};
    domctl(v, XEN_DOMCTL_iomem_permission, &op);
}

static void interrupt(struct vcpu *v)
{
    struct xen_domctl op = {.u.irq_permission = {.pirq = 39 + build_domain, .allow_access = 1}};
    domctl(v, XEN_DOMCTL_irq_permission, &op);
}

static void bind(struct vcpu *v)
{
    struct xen_domctl op = {0};
    op.u.bind_pt_irq.machine_irq = 39 + build_domain;
    op.u.bind_pt_irq.irq_type = PT_IRQ_TYPE_SPI;
    op.u.bind_pt_irq.u.spi.spi = (u16)(39 + build_domain);
    domctl(v, XEN_DOMCTL_bind_pt_irq, &op);
}

/* The last guest has one, in a page that it writes to like to any other. The others, whose events
 * can be saved for that, are asked something. */
static void uart(struct vcpu *v)
{
    struct xen_domctl op = {0};
    if (build_domain != GUESTS) {
        domctl(v, XEN_DOMCTL_get_paging_mempool_size, &op);
        return;
    }
    op.u.vuart_op.cmd = XEN_DOMCTL_VUART_OP_INIT;
    op.u.vuart_op.type = XEN_DOMCTL_VUART_TYPE_VPL011;
    op.u.vuart_op.gfn = GUEST_RAM + UART_PAGE;
    domctl(v, XEN_DOMCTL_vuart_op, &op);
}

static void populate(struct vcpu *v)
{
    u64 list[RAM_PAGES];
    for (u32 i = 0; i < RAM_PAGES; i++) {
        list[i] = GUEST_RAM + i;
    }
    const struct xen_memory_reservation r = {
        .extent_start = {scratch() + 512},
        .nr_extents = RAM_PAGES,
        .domid = guest_id[build_domain].id,
    };
    guest_write(v->domain, scratch() + 512, list, sizeof(list));
    guest_write(v->domain, scratch(), &r, sizeof(r));
    call(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, scratch());
}

/* Of guest n, or dom0's own (0): the grant table, and the shared page below it. */
static void map_shared(struct vcpu *v, u32 space, u32 n)
{
    u64 idx[NR_FRAMES] = {0};
    u64 gfn[NR_FRAMES];
    u64 at = n == 0 ? DOM0_HOLE - NR_FRAMES : GUEST_GNT;
    u16 nr = space == XENMAPSPACE_grant_table ? NR_FRAMES : 1;
    for (u32 i = 0; i < nr; i++) {
        idx[i] = i;
        gfn[i] = at + i;
    }
    if (nr == 1) {
        gfn[0] = n == 0 ? DOM0_HOLE - NR_FRAMES - 1 : GUEST_INFO;
    }
    const struct xen_add_to_physmap_batch b = {
        .domid = n == 0 ? (u16)XEN_DOMID_SELF : guest_id[n].id,
        .space = (u16)space,
        .size = nr,
        .idxs = {scratch() + 512},
        .gpfns = {scratch() + 1024},
        .errs = {scratch() + 1536},
    };
    guest_write(v->domain, scratch() + 512, idx, nr * 8u);
    guest_write(v->domain, scratch() + 1024, gfn, nr * 8u);
    guest_write(v->domain, scratch(), &b, sizeof(b));
    call(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, scratch());
}

static void shared_info(struct vcpu *v)
{
    map_shared(v, XENMAPSPACE_shared_info, build_domain);
}

static void grant_table(struct vcpu *v)
{
    map_shared(v, XENMAPSPACE_grant_table, build_domain);
}

static void own_shared_info(struct vcpu *v)
{
    map_shared(v, XENMAPSPACE_shared_info, 0);
}

static void own_grant_table(struct vcpu *v)
{
    map_shared(v, XENMAPSPACE_grant_table, 0);
}

static void registers(struct vcpu *v, u32 vcpu)
{
    struct xen_vcpu_guest_context c;
    memset(&c, 0, sizeof(c));
    c.user_regs.cpsr = PSTATE_EL1H | PSTATE_DAIF;
    c.user_regs.pc64 = HVC_AT + 64;
    c.flags = VGCF_online;
    guest_write(v->domain, scratch() + 512, &c, sizeof(c));
    struct xen_domctl op = {0};
    op.u.vcpucontext.vcpu = vcpu;
    op.u.vcpucontext.ctxt.p = scratch() + 512;
    domctl(v, XEN_DOMCTL_setvcpucontext, &op);
}

static void registers_0(struct vcpu *v)
{
    registers(v, 0);
}

static void registers_1(struct vcpu *v)
{
    registers(v, 1);
}

static void unpause(struct vcpu *v)
{
    struct xen_domctl op = {0};
    domctl(v, XEN_DOMCTL_unpausedomain, &op);
}

static void (*const steps[])(struct vcpu *) = {
    create,   max_vcpus, max_mem,     pool,        devices,     interrupt,   bind,
    populate, uart,      shared_info, grant_table, registers_0, registers_1, unpause,
};
static void (*const own_steps[])(struct vcpu *) = {own_shared_info, own_grant_table};

bool guest_is_building(void)
{
    return __atomic_load_n(&build_domain, __ATOMIC_ACQUIRE) != GUESTS + 2;
}

static u32 nr_steps(void)
{
    return build_domain <= GUESTS ? ARRAY_LEN(steps) : ARRAY_LEN(own_steps);
}

static void step_is_done(struct vcpu *v)
{
    s64 expected = build_domain <= GUESTS && steps[building] == populate ? RAM_PAGES : 0;
    if ((s64)v->regs.x[0] != expected) {
        machine_finding("guest %u: step %u of its making answers %lld", build_domain, building,
                        (s64)v->regs.x[0]);
    }
    if (building == 0 && build_domain <= GUESTS) {
        const struct xen_domctl *op = machine_memory(v->domain, scratch(), false);
        guest_id[build_domain].id = op->domain;
    }
    if (++building == nr_steps()) {
        building = 0;
        __atomic_store_n(&build_domain, build_domain + 1, __ATOMIC_RELEASE);
    }
}

void guest_build_step(struct vcpu *v)
{
    struct guest *g = guest_of(v);
    if (!v->domain->privileged || v->id != 0) {
        return;
    }
    if (!g->in_call) {
        (build_domain <= GUESTS ? steps : own_steps)[building](v);
    }
    fuzz_call(v, g);
    if (!g->in_call) {
        step_is_done(v);
    }
}

/* ---- the end */

/* What is on a domain's list is its own, and no more than it is charged for. */
static void check_pages(const struct domain *d)
{
    u64 nr = 0;
    for (u32 i = d->page_list; i != FRAME_NIL; i = frame_table[i].next) {
        const struct frame *f = &frame_table[i];
        if (f->state != FRAME_GUEST || f->owner != d->id.id || !(f->refs & FRAME_OWNED)) {
            machine_finding("d%u: frame %x on its list is in state %u, of %u, references %x",
                            d->id.id, i, f->state, f->owner, f->refs);
        }
        nr++;
    }
    if (nr > d->nr_pages) {
        machine_finding("d%u: %llu pages on its list, %llu counted", d->id.id, nr, d->nr_pages);
    }
}

static void kill_from(u16 first)
{
    for (struct domain *d = dom_next((domid_t){first}); d;) {
        const domid_t next = {(u16)(d->id.id + 1)};
        check_pages(d);
        if (d->life != DOMAIN_DEAD) {
            machine_kill(d);
        }
        d = dom_next(next);
    }
}

void guest_tear_down(void)
{
    kill_from(1);
    domain_hardware = NULL;
    kill_from(0);
    machine_run();
    const struct domain *d = dom_next((domid_t){0});
    if (d) {
        machine_finding("d%u stays: %u references, %llu pages", d->id.id, d->refs.count,
                        d->nr_pages);
    }
    struct machine_account now = machine_account();
    if (now.objects != before.objects || now.pages != before.pages) {
        machine_finding("leak: %lld objects, %lld pages", (s64)(now.objects - before.objects),
                        (s64)(now.pages - before.pages));
    }
}
