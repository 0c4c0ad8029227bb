/* SPDX-License-Identifier: MIT */
#include "log/panic.h"

#include "base/format.h"
#include "base/panic.h"
#include "cpu/atomic.h"
#include "log/log.h"
#include "log/log_up.h"
#include "log/ring.h"
#include "sync/percpu.h"

static u32 owner = ~0u; /* [a] the CPU that panics */

bool panic_is_mine(void)
{
    return load_relaxed(&owner) == cpu_current();
}

void panic(const char *fmt, ...)
{
    u32 nobody = ~0u;
    if (!atomic_cmpxchg(&owner, &nobody, cpu_current())) {
        /* Another CPU is at it, or this one has failed on the way: one report is enough. */
        if (panic_is_mine()) {
            panic_up_end();
        }
        cpu_halt();
    }
    console_take_for_panic();
    panic_up_stop_others();

    char text[200];
    va_list args;
    va_start(args, fmt);
    format_v(text, sizeof(text), fmt, args);
    va_end(args);
    log_error("panic on CPU %u: %s", cpu_current(), text);
    panic_arch_dump();
    panic_up_end();
}
