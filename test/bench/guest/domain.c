/* SPDX-License-Identifier: MIT */
/* dom0's part of a toolstack: to make, fill, start and destroy a domain. */
#include "test/bench/guest/bench.h"

static struct xen_domctl op;

static s64 domctl(u32 cmd, u16 domain)
{
    op.cmd = cmd;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = domain;
    return hypercall(__HYPERVISOR_domctl, (u64)&op, 0, 0);
}

u64 free_pages(void)
{
    static struct xen_sysctl info;
    info = (struct xen_sysctl){.cmd = XEN_SYSCTL_physinfo,
                               .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    must("physinfo", hypercall(__HYPERVISOR_sysctl, (u64)&info, 0, 0));
    return info.u.physinfo.free_pages;
}

/* With its memory at the beginning of its RAM, in extents of 2 MiB; one more may come later. */
u16 domain_make(u32 pages)
{
    static u64 extents[8];
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
    must("createdomain", domctl(XEN_DOMCTL_createdomain, 0));
    u16 domain = op.domain;
    op.u.max_vcpus.max = 1;
    must("max_vcpus", domctl(XEN_DOMCTL_max_vcpus, domain));
    op.u.address_size.size = 64;
    must("address_size", domctl(XEN_DOMCTL_set_address_size, domain));
    op.u.paging_mempool.size = 400 * 4096;
    must("paging_mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, domain));
    op.u.max_mem.max_memkb = (pages + 512) * 4 + 64;
    must("max_mem", domctl(XEN_DOMCTL_max_mem, domain));
    for (u32 i = 0; i < pages / 512; i++) {
        extents[i] = (GUEST_RAM0_BASE >> 12) + i * 512;
    }
    struct xen_memory_reservation populate = {.extent_start = {(u64)extents},
                                              .nr_extents = pages / 512,
                                              .extent_order = 9,
                                              .domid = domain};
    s64 done = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (u64)&populate, 0);
    must("populate", done == pages / 512 ? 0 : -1000 - done);
    return domain;
}

void domain_destroy(u16 domain)
{
    must("destroy", domctl(XEN_DOMCTL_destroydomain, domain));
}

/* The vCPU runs on this CPU alone. */
void domain_pin(u16 domain, u32 vcpu, u8 cpu)
{
    static u8 map;
    map = (u8)(1u << cpu);
    op.u.vcpuaffinity =
        (struct xen_domctl_vcpuaffinity){.vcpu = vcpu,
                                         .flags = XEN_VCPUAFFINITY_HARD,
                                         .cpumap_hard = {.bitmap = {(u64)&map}, .nr_bits = 8}};
    must("setvcpuaffinity", domctl(XEN_DOMCTL_setvcpuaffinity, domain));
}

void domain_start(u16 domain, u64 pc, u64 x0)
{
    static struct xen_vcpu_guest_context context;
    context = (struct xen_vcpu_guest_context){.flags = 1, .sctlr = SCTLR_GUEST_INIT};
    context.user_regs.x0 = x0;
    context.user_regs.pc64 = pc;
    context.user_regs.cpsr = PSR_GUEST64_INIT;
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = (u64)&context;
    must("setvcpucontext", domctl(XEN_DOMCTL_setvcpucontext, domain));
    must("unpause", domctl(XEN_DOMCTL_unpausedomain, domain));
}

void foreign_map(u16 domain, u64 from, u64 to)
{
    s32 error = 0;
    struct xen_add_to_physmap_batch map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
    map.u.foreign_domid = domain;
    map.idxs.p = (u64)&from;
    map.gpfns.p = (u64)&to;
    map.errs.p = (u64)&error;
    must("map", hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (u64)&map, 0));
    must("map error", error);
}

void unmap(u64 gfn)
{
    struct xen_remove_from_physmap remove = {.domid = XEN_DOMID_SELF, .gpfn = gfn};
    must("unmap", hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (u64)&remove, 0));
}

/* From the beginning of a page on, in whole pages. */
void domain_write(u16 domain, u64 to, const void *from, u64 bytes)
{
    volatile u64 *page = (volatile u64 *)((u64)SCRATCH_GFN << 12);
    const volatile u64 *word = from;
    for (u64 done = 0; done < bytes; done += 4096) {
        foreign_map(domain, (to + done) >> 12, SCRATCH_GFN);
        for (unsigned i = 0; i < 512; i++) {
            page[i] = *word++;
        }
        unmap(SCRATCH_GFN);
    }
    __asm__ volatile("dsb sy\n ic iallu\n dsb sy" ::: "memory");
}
