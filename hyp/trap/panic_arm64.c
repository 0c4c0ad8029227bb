/* SPDX-License-Identifier: MIT */
/* An exception of the hypervisor itself: there is no way on. */
#include "base/panic.h"
#include "cpu/arch.h"
#include "log/log.h"
#include "sync/percpu.h"
#include "trap/trap_arm64.h"

static bool panicking;

/* Called on a stack of its own with the registers as they were; kind: number of the vector. */
__noreturn void trap_panic(const struct cpu_regs *r, u64 sp, u64 kind)
{
    static const char *const kinds[4] = {"synchronous", "IRQ", "FIQ", "SError"};
    if (panicking) { /* a fault while we print: keep what is printed */
        for (;;) {
            cpu_wait();
        }
    }
    panicking = true;
    u64 esr = read_sysreg(esr_el2);
    log_error("CPU %u: %s exception at EL2, class %02llx, syndrome %08llx", cpu_current(), kinds[kind & 3],
              ESR_EC(esr), esr);
    log_error("pc %016llx sp %016llx pstate %08llx far %016llx hpfar %llx", r->pc, sp, r->pstate,
              read_sysreg(far_el2), read_sysreg(hpfar_el2));
    for (u32 i = 0; i < 28; i += 4) {
        log_error("x%-2u %016llx %016llx %016llx %016llx", i, r->x[i], r->x[i + 1], r->x[i + 2], r->x[i + 3]);
    }
    log_error("x28 %016llx %016llx %016llx", r->x[28], r->x[29], r->x[30]);
    panic("exception at EL2");
}
