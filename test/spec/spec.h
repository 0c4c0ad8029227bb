/* SPDX-License-Identifier: MIT */
/*
 * What must be true of domains at any quiet moment, said a second time and as plainly as can be:
 * who owns a page and how often it is mapped, which ports are joined, which grants are in use,
 * which vCPUs may run. Each check builds its own small maps from scratch, by looking at everything,
 * and compares what the hypervisor keeps as it goes along with them.
 *
 * Any driver may call them, after each operation, when no operation is under way (and so nothing is
 * borrowed for its length) and no grace period is owed. They change nothing and know nothing of how
 * the domains were made.
 */
#ifndef TEST_SPEC_SPEC_H
#define TEST_SPEC_SPEC_H

#include <stdlib.h>
#include <string.h>

#include "base/types.h"

struct domain;

/* All domains that have not gone, the dying ones too: whoever may hold a reference. */
struct spec_world {
    struct domain *const *domain;
    u32 nr;
};

void spec_pages_check(const struct spec_world *w);
void spec_events_check(const struct spec_world *w);
void spec_grants_check(const struct spec_world *w);
void spec_vcpus_check(const struct spec_world *w);

/* Something is not as it must be: defined by the driver. */
__attribute__((noreturn, format(printf, 1, 2))) void spec_fail(const char *fmt, ...);

/* Room for a check's map, all zero. It is kept, as spec_fail() may jump. One thread at a time. */
struct spec_room {
    void *p;
    u64 bytes;
};
static inline void *spec_zeroed(struct spec_room *r, u64 bytes)
{
    if (r->bytes < bytes) {
        free(r->p);
        r->p = malloc(bytes);
        r->bytes = bytes;
    }
    return memset(r->p, 0, bytes);
}

#define spec_check(x, fmt, ...)          \
    do {                                 \
        if (!(x)) {                      \
            spec_fail(fmt, __VA_ARGS__); \
        }                                \
    } while (0)

#endif
