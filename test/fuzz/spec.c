/* SPDX-License-Identifier: MIT */
/* The specification (test/spec) is asked at moments at which all CPUs are quiet. */
#include "test/spec/spec.h"

#include <stdarg.h>
#include <stdio.h>

#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"

void spec_fail(const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    machine_finding("specification: %s", text);
}

void fuzz_ask_specification(void)
{
    u32 domains;
    u64 pages;
    if (!spec_ask(&domains, &pages)) {
        machine_finding("specification: no memory for its maps");
    }
}
