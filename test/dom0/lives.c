// SPDX-License-Identifier: MIT
// lives COUNT: makes, runs and destroys bare domains by hypercalls alone, thousands a
// minute. Each guest asks for two of its numbers over and over, on a stack in single pages and on
// one in a block of 2 MiB, and looks at what it gets: an answer that is wrong once in a million
// shows here. Prints the lives, or the first wrong answer.
#include <sched.h>
#include <time.h>

#include "abi/sched.h"
#include "test/dom0/control.h"

const char program[] = "lives";

#define GUEST_BASE   0x40000000ull
#define GUEST_PAGES  512u // one block
#define SINGLE_BASE  0x40200000ull
#define SINGLE_PAGES 64u
#define REPORT       0x40001000ull

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

static uint16_t make(void)
{
    unsigned gic_version;
    const uint16_t domain = create((GUEST_PAGES + SINGLE_PAGES) * 4 + 64, &gic_version);
    populate(domain, GUEST_BASE >> 12, 1, 9);
    populate(domain, SINGLE_BASE >> 12, SINGLE_PAGES, 0);
    set_param(domain, HVM_PARAM_CONSOLE_PFN, 0x1234);
    set_param(domain, HVM_PARAM_CONSOLE_EVTCHN, 5);
    return domain;
}

static void start(uint16_t domain)
{
    char *page = map(domain, GUEST_BASE >> 12, 1);
    memcpy(page, guest_code, guest_code_end - guest_code);
    __builtin___clear_cache(page, page + 4096);
    munmap(page, 4096);
    begin_at(domain, GUEST_BASE);
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

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "lives COUNT\n");
        return 2;
    }
    control_open();
    const unsigned wanted = (unsigned)atoi(argv[1]);
    for (unsigned life = 0; life < wanted; life++) {
        const uint16_t domain = make();
        start(domain);
        const unsigned code = end_of(domain);
        if (code != 0) {
            const uint64_t *report = map(domain, REPORT >> 12, 1);
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
