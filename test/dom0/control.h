// SPDX-License-Identifier: MIT
// What the programs share that make domains by hypercalls alone: each includes it once and names
// itself.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "abi/domctl.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/xen.h"

#define BATCH 64u // pages in one populate, and in one mapping

struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
struct privcmd_mmapbatch {
    uint32_t num;
    uint16_t dom;
    uint64_t addr, arr, err;
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))
#define PRIVCMD_MMAPBATCH _IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch))

extern const char program[];
static int privcmd;
static struct {
    struct xen_domctl op;
    struct xen_vcpu_guest_context context;
    struct xen_memory_reservation populate;
    struct xen_hvm_param param;
    uint64_t extents[BATCH];
} * shared; // locked: what hypercalls read

static inline long hypercall(uint64_t op, uint64_t a, uint64_t b)
{
    struct privcmd_call call = {.op = op, .arg = {a, b}};
    return ioctl(privcmd, PRIVCMD_HYPERCALL, &call);
}

static inline void must(const char *what, long result)
{
    if (result < 0) {
        printf("%s: %s: %s\n", program, what, strerror(errno));
        exit(1);
    }
}

// Memory that hypercalls may read and write: it stays where it is.
static inline void *locked(size_t bytes)
{
    void *p =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    must("mmap", p == MAP_FAILED ? -1 : 0);
    memset(p, 1, bytes);
    return p;
}

static inline void control_open(void)
{
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    must("/dev/xen/privcmd", privcmd);
    shared = locked(sizeof(*shared));
}

static inline long domctl(uint32_t cmd, uint16_t domain)
{
    shared->op.cmd = cmd;
    shared->op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    shared->op.domain = domain;
    return hypercall(__HYPERVISOR_domctl, (uintptr_t)&shared->op, 0);
}

// nr <= BATCH extents of 2^order pages from gfn on
static inline void populate(uint16_t domain, uint64_t gfn, unsigned nr, unsigned order)
{
    for (unsigned i = 0; i < nr; i++) {
        shared->extents[i] = gfn + ((uint64_t)i << order);
    }
    shared->populate = (struct xen_memory_reservation){.extent_start = {(uintptr_t)shared->extents},
                                                       .nr_extents = nr,
                                                       .extent_order = order,
                                                       .domid = domain};
    long done =
        hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&shared->populate);
    must("populate", done == nr ? 0 : -1);
}

// nr <= BATCH pages of the domain's from gfn on
static inline void *map(uint16_t domain, uint64_t gfn, unsigned nr)
{
    uint64_t gfns[BATCH];
    int errors[BATCH];
    void *pages = mmap(NULL, nr * 4096ul, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);
    must("mmap", pages == MAP_FAILED ? -1 : 0);
    for (unsigned i = 0; i < nr; i++) {
        gfns[i] = gfn + i;
    }
    struct privcmd_mmapbatch batch = {.num = nr,
                                      .dom = domain,
                                      .addr = (uintptr_t)pages,
                                      .arr = (uintptr_t)gfns,
                                      .err = (uintptr_t)errors};
    must("foreign map", ioctl(privcmd, PRIVCMD_MMAPBATCH, &batch));
    for (unsigned i = 0; i < nr; i++) {
        must("foreign map of a page", errors[i]);
    }
    return pages;
}

static inline void set_param(uint16_t domain, uint32_t index, uint64_t value)
{
    shared->param = (struct xen_hvm_param){.domid = domain, .index = index, .value = value};
    must("set_param", hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&shared->param));
}

// One vCPU, no memory yet. *gic_version: 2 or 3, as the host's.
static inline uint16_t create(uint64_t max_kib, unsigned *gic_version)
{
    memset(&shared->op, 0, sizeof(shared->op));
    shared->op.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = 64,
        .max_maptrack_frames = 1024,
        .grant_opts = 1,
        .arch = {.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE},
    };
    memset(shared->op.u.createdomain.handle, 0x5a, 16);
    must("createdomain", domctl(XEN_DOMCTL_createdomain, 0));
    const uint16_t domain = shared->op.domain;
    *gic_version = shared->op.u.createdomain.arch.gic_version == XEN_DOMCTL_CONFIG_GIC_V2 ? 2 : 3;
    shared->op.u.max_vcpus.max = 1;
    must("max_vcpus", domctl(XEN_DOMCTL_max_vcpus, domain));
    shared->op.u.address_size.size = 64;
    must("address_size", domctl(XEN_DOMCTL_set_address_size, domain));
    shared->op.u.paging_mempool.size = 400 * 4096;
    must("paging_mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, domain));
    shared->op.u.max_mem.max_memkb = max_kib;
    must("max_mem", domctl(XEN_DOMCTL_max_mem, domain));
    return domain;
}

// vCPU 0 begins at entry.
static inline void begin_at(uint16_t domain, uint64_t entry)
{
    shared->context =
        (struct xen_vcpu_guest_context){.flags = VGCF_online, .sctlr = SCTLR_GUEST_INIT};
    shared->context.user_regs.pc64 = entry;
    shared->context.user_regs.cpsr = PSR_GUEST64_INIT;
    shared->op.u.vcpucontext.vcpu = 0;
    shared->op.u.vcpucontext.ctxt.p = (uintptr_t)&shared->context;
    must("setvcpucontext", domctl(XEN_DOMCTL_setvcpucontext, domain));
}

static inline void destroy(uint16_t domain)
{
    while (domctl(XEN_DOMCTL_destroydomain, domain) < 0) {
        must("destroydomain", errno == EAGAIN ? 0 : -1);
    }
}
