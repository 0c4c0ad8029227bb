/* SPDX-License-Identifier: MIT */
/* The specification (test/spec) is asked at moments at which all CPUs are quiet. */
#include "test/spec/spec.h"

#include <stdarg.h>
#include <stdio.h>

#include "dom/domain.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"

#define DOMAINS_MAX 64u

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
    struct domain *all[DOMAINS_MAX];
    struct spec_world w = {all, 0};
    for (struct domain *d = dom_next((domid_t){0}); d;
         d = dom_next((domid_t){(u16)(d->id.id + 1)})) {
        if (w.nr == DOMAINS_MAX) {
            return;
        }
        all[w.nr++] = d;
    }
    spec_pages_check(&w);
    spec_events_check(&w);
    spec_grants_check(&w);
    spec_vcpus_check(&w);
}
