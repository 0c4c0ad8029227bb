// SPDX-License-Identifier: MIT
// lives COUNT: makes, runs and destroys bare domains by hypercalls alone, thousands a
// minute. Each guest asks for two of its numbers over and over, on a stack in single pages and on
// one in a block of 2 MiB, and looks at what it gets: an answer that is wrong once in a million
// shows here. Prints the lives, or the first wrong answer.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "abi/domctl.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/xen.h"

#define GUEST_BASE   0x40000000ull
#define GUEST_PAGES  512u // one block
#define SINGLE_BASE  0x40200000ull
#define SINGLE_PAGES 64u
#define REPORT       0x40001000ull

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

// The guest. x20: rounds left, x21: the stack in use, x22: the other. HVM parameters 17 and 18 were
// set to 0x1234 and 5.
__asm__(".pushsection .rodata\n.balign 8\n.global guest_code, guest_code_end\n"
        "guest_code:\n"
        "    mov x20, #300\n"
        "    ldr x21, =0x40203f00\n"
        "    ldr x22, =0x40002f00\n"
        "1:  mov x5, #0x7ff0\n"
        "    movk x5, #17, lsl #32\n"
        "    stp x5, xzr, [x21]\n"
        "    mov x0, #1\n"
        "    mov x1, x21\n"
        "    mov x16, #34\n"
        "    hvc #0xea1\n"
        "    ldr x2, [x21, #8]\n"
        "    mov x3, #17\n"
        "    cbnz x0, 9f\n"
        "    mov x4, #0x1234\n"
        "    cmp x2, x4\n"
        "    b.ne 9f\n"
        "    mov x5, #0x7ff0\n"
        "    movk x5, #18, lsl #32\n"
        "    stp x5, xzr, [x22]\n"
        "    mov x0, #1\n"
        "    mov x1, x22\n"
        "    mov x16, #34\n"
        "    hvc #0xea1\n"
        "    ldr x2, [x22, #8]\n"
        "    mov x3, #18\n"
        "    cbnz x0, 9f\n"
        "    cmp x2, #5\n"
        "    b.ne 9f\n"
        "    subs x20, x20, #1\n"
        "    b.ne 1b\n"
        "    str wzr, [x22]\n"
        "    b 8f\n"
        "9:  ldr x6, =0x40001000\n" // REPORT
        "    stp x3, x0, [x6]\n"
        "    stp x2, x20, [x6, #16]\n"
        "    mrs x7, par_el1\n"
        "    str x7, [x6, #32]\n"
        "    mov w7, #3\n" // SHUTDOWN_crash
        "    str w7, [x22]\n"
        "8:  mov x0, #2\n"
        "    mov x1, x22\n"
        "    mov x16, #29\n"
        "    hvc #0xea1\n"
        "    b 8b\n"
        ".ltorg\n"
        "guest_code_end:\n.popsection\n");
extern const char guest_code[], guest_code_end[];

static int privcmd;
static struct {
    struct xen_domctl op;
    struct xen_vcpu_guest_context context;
    struct xen_memory_reservation populate;
    struct xen_hvm_param param;
    uint64_t extents[SINGLE_PAGES];
} * shared; // locked: what hypercalls read

static long hypercall(uint64_t op, uint64_t a, uint64_t b)
{
    struct privcmd_call call = {.op = op, .arg = {a, b}};
    return ioctl(privcmd, PRIVCMD_HYPERCALL, &call);
}

static void must(const char *what, long result)
{
    if (result < 0) {
        printf("lives: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static long domctl(uint32_t cmd, uint16_t domain)
{
    shared->op.cmd = cmd;
    shared->op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    shared->op.domain = domain;
    return hypercall(__HYPERVISOR_domctl, (uintptr_t)&shared->op, 0);
}

static void populate(uint16_t domain, uint64_t base, unsigned nr, unsigned order)
{
    for (unsigned i = 0; i < nr; i++) {
        shared->extents[i] = (base >> 12) + ((uint64_t)i << order);
    }
    shared->populate = (struct xen_memory_reservation){.extent_start = {(uintptr_t)shared->extents},
                                                       .nr_extents = nr,
                                                       .extent_order = order,
                                                       .domid = domain};
    long done =
        hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&shared->populate);
    must("populate", done == nr ? 0 : -1);
}

static void *map(uint16_t domain, uint64_t at)
{
    uint64_t gfn = at >> 12;
    int error = 0;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);
    must("mmap", page == MAP_FAILED ? -1 : 0);
    struct privcmd_mmapbatch batch = {.num = 1,
                                      .dom = domain,
                                      .addr = (uintptr_t)page,
                                      .arr = (uintptr_t)&gfn,
                                      .err = (uintptr_t)&error};
    must("foreign map", ioctl(privcmd, PRIVCMD_MMAPBATCH, &batch) ? -1 : error);
    return page;
}

static void set_param(uint16_t domain, uint32_t index, uint64_t value)
{
    shared->param = (struct xen_hvm_param){.domid = domain, .index = index, .value = value};
    must("set_param", hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&shared->param));
}

static uint16_t make(void)
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
    shared->op.u.max_vcpus.max = 1;
    must("max_vcpus", domctl(XEN_DOMCTL_max_vcpus, domain));
    shared->op.u.address_size.size = 64;
    must("address_size", domctl(XEN_DOMCTL_set_address_size, domain));
    shared->op.u.paging_mempool.size = 400 * 4096;
    must("paging_mempool", domctl(XEN_DOMCTL_set_paging_mempool_size, domain));
    shared->op.u.max_mem.max_memkb = (GUEST_PAGES + SINGLE_PAGES) * 4 + 64;
    must("max_mem", domctl(XEN_DOMCTL_max_mem, domain));
    populate(domain, GUEST_BASE, 1, 9);
    populate(domain, SINGLE_BASE, SINGLE_PAGES, 0);
    set_param(domain, HVM_PARAM_CONSOLE_PFN, 0x1234);
    set_param(domain, HVM_PARAM_CONSOLE_EVTCHN, 5);
    return domain;
}

static void start(uint16_t domain)
{
    char *page = map(domain, GUEST_BASE);
    memcpy(page, guest_code, guest_code_end - guest_code);
    __builtin___clear_cache(page, page + 4096);
    munmap(page, 4096);
    shared->context =
        (struct xen_vcpu_guest_context){.flags = VGCF_online, .sctlr = SCTLR_GUEST_INIT};
    shared->context.user_regs.pc64 = GUEST_BASE;
    shared->context.user_regs.cpsr = PSR_GUEST64_INIT;
    shared->op.u.vcpucontext.vcpu = 0;
    shared->op.u.vcpucontext.ctxt.p = (uintptr_t)&shared->context;
    must("setvcpucontext", domctl(XEN_DOMCTL_setvcpucontext, domain));
    must("unpause", domctl(XEN_DOMCTL_unpausedomain, domain));
}

// The shutdown code.
static unsigned end_of(uint16_t domain)
{
    const time_t deadline = time(NULL) + 20;
    for (;;) {
        must("getdomaininfo", domctl(XEN_DOMCTL_getdomaininfo, domain));
        const uint32_t flags = shared->op.u.getdomaininfo.flags;
        if (flags & XEN_DOMINF_shutdown) {
            return flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
        }
        if (time(NULL) > deadline) {
            shared->op.u.vcpucontext.vcpu = 0;
            shared->op.u.vcpucontext.ctxt.p = (uintptr_t)&shared->context;
            must("getvcpucontext", domctl(XEN_DOMCTL_getvcpucontext, domain));
            printf("lives: d%u does not end: flags %x pc %llx x0 %llx x20 %llx\n", domain, flags,
                   (unsigned long long)shared->context.user_regs.pc64,
                   (unsigned long long)shared->context.user_regs.x0,
                   (unsigned long long)shared->context.user_regs.x20);
            exit(1);
        }
        sched_yield();
    }
}

static void destroy(uint16_t domain)
{
    while (domctl(XEN_DOMCTL_destroydomain, domain) < 0) {
        must("destroydomain", errno == EAGAIN ? 0 : -1);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "lives COUNT\n");
        return 2;
    }
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    must("/dev/xen/privcmd", privcmd);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    must("mmap", shared == MAP_FAILED ? -1 : 0);
    memset(shared, 1, sizeof(*shared));
    const unsigned wanted = (unsigned)atoi(argv[1]);
    for (unsigned life = 0; life < wanted; life++) {
        const uint16_t domain = make();
        start(domain);
        const unsigned code = end_of(domain);
        if (code != 0) {
            const uint64_t *report = map(domain, REPORT);
            printf("lives: code %u, life %u, d%u: parameter %llu answered %lld, value %llx, %llu "
                   "rounds left, PAR %llx\n",
                   code, life, domain, (unsigned long long)report[0], (long long)report[1],
                   (unsigned long long)report[2], (unsigned long long)report[3],
                   (unsigned long long)report[4]);
            return 1;
        }
        destroy(domain);
    }
    printf("lives: %u\n", wanted);
    return 0;
}
