/* SPDX-License-Identifier: MIT */
/* An exception of the hypervisor itself: there is no way on. */
#include "log/panic.h"
#include "trap/trap_arm64.h"

/* Called on a stack of its own with the registers as they were; kind: number of the vector. */
__noreturn void trap_panic(const struct cpu_regs *r, u64 sp, u64 kind)
{
    panic_exception(r, sp, (u32)kind);
}
