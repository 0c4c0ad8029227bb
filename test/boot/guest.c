/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include "abi/arm.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/xen.h"

enum { GUEST_PAGES = 1024 };

s64 guest_domctl(u32 cmd, u16 domain, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domain;
    return hypercall(__HYPERVISOR_domctl, (u64)op, 0, 0);
}

static void must(const char *what, s64 result)
{
    if (result < 0) {
        failed(what, -(u64)result);
        power_off();
    }
}

u16 guest_create(void)
{
    static struct xen_domctl op;
    static u64 extents[GUEST_PAGES];
    memset(&op, 0, sizeof(op));
    op.u.createdomain.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    op.u.createdomain.max_vcpus = 2;
    op.u.createdomain.max_evtchn_port = 1023;
    op.u.createdomain.max_grant_frames = 64;
    op.u.createdomain.max_maptrack_frames = 1024;
    op.u.createdomain.grant_opts = 1;
    op.u.createdomain.arch.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE;
    op.u.createdomain.handle[0] = 1;
    must("createdomain", guest_domctl(XEN_DOMCTL_createdomain, 0, &op));
    u16 domain = op.domain;
    op.u.max_vcpus.max = 2;
    must("max_vcpus", guest_domctl(XEN_DOMCTL_max_vcpus, domain, &op));
    op.u.address_size.size = 64;
    must("set_address_size", guest_domctl(XEN_DOMCTL_set_address_size, domain, &op));
    op.u.paging_mempool.size = 400 * PAGE;
    must("set_paging_mempool_size", guest_domctl(XEN_DOMCTL_set_paging_mempool_size, domain, &op));
    op.u.max_mem.max_memkb = GUEST_PAGES * 4 + 1024;
    must("max_mem", guest_domctl(XEN_DOMCTL_max_mem, domain, &op));
    for (u32 i = 0; i < GUEST_PAGES; i++) {
        extents[i] = (GUEST_RAM0_BASE >> 12) + i;
    }
    for (u32 done = 0; done < GUEST_PAGES;) {
        struct xen_memory_reservation populate = {.extent_start = {(u64)&extents[done]},
                                                  .nr_extents = GUEST_PAGES - done,
                                                  .domid = domain};
        s64 n = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (u64)&populate, 0);
        must("populate_physmap", n > 0 ? n : -12);
        done += (u32)n;
    }
    return domain;
}

volatile u8 *guest_map(u16 domain, const volatile void *variable)
{
    u64 offset = (u64)variable - (u64)_start;
    u64 gfn = (GUEST_RAM0_BASE + offset) >> 12, to = SCRATCH_GFN;
    s32 error = 0;
    struct xen_add_to_physmap_batch batch = {.domid = XEN_DOMID_SELF,
                                             .space = XENMAPSPACE_gmfn_foreign,
                                             .size = 1,
                                             .idxs = {(u64)&gfn},
                                             .gpfns = {(u64)&to},
                                             .errs = {(u64)&error}};
    batch.u.foreign_domid = domain;
    must("add_to_physmap_batch",
         hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (u64)&batch, 0));
    must("add_to_physmap_batch, the page", error == 0 ? 0 : -(s64)(gfn << 8 | (u64)-error));
    return (volatile u8 *)(((u64)SCRATCH_GFN << 12) + offset % PAGE);
}

void guest_unmap(void)
{
    struct xen_remove_from_physmap remove = {.domid = XEN_DOMID_SELF, .gpfn = SCRATCH_GFN};
    must("remove_from_physmap",
         hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (u64)&remove, 0));
}

void guest_load(u16 domain)
{
    for (const char *from = _start; from < _end; from += PAGE) {
        volatile u64 *to = (volatile u64 *)guest_map(domain, from);
        for (u32 i = 0; i < PAGE / 8; i++) {
            to[i] = ((const volatile u64 *)from)[i];
        }
        guest_unmap();
    }
    __asm__ volatile("dsb sy\n ic iallu\n dsb sy" ::: "memory");
}

void guest_start(u16 domain, u64 argument)
{
    static struct xen_domctl op;
    static struct xen_vcpu_guest_context context;
    memset(&op, 0, sizeof(op));
    context.flags = 1;
    context.sctlr = SCTLR_GUEST_INIT;
    context.user_regs.x0 = argument;
    context.user_regs.pc64 = GUEST_RAM0_BASE;
    context.user_regs.cpsr = PSR_GUEST64_INIT;
    op.u.vcpucontext.ctxt.p = (u64)&context;
    must("setvcpucontext", guest_domctl(XEN_DOMCTL_setvcpucontext, domain, &op));
    must("unpausedomain", guest_domctl(XEN_DOMCTL_unpausedomain, domain, &op));
}

bool guest_has_ended(u16 domain, u32 *code)
{
    static struct xen_domctl op;
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    memset(&op, 0, sizeof(op));
    must("getdomaininfo", guest_domctl(XEN_DOMCTL_getdomaininfo, domain, &op));
    *code = op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    return op.u.getdomaininfo.flags & XEN_DOMINF_shutdown;
}
