/* SPDX-License-Identifier: MIT */
/*
 * What must be true of domains at any quiet moment, said a second time and as plainly as can be:
 * who owns a page and how often it is mapped, which ports are joined, which grants are in use,
 * which vCPUs may run. Each check builds its own small maps from scratch, by looking at everything,
 * and compares what the hypervisor keeps as it goes along with them.
 *
 * Any driver may call them, after each operation, when no operation is under way (and so nothing is
 * borrowed for its length) and no grace period is owed. They change nothing and know nothing of how
 * the domains were made. Drivers: unit tests, the fuzzers' machine (test/fuzz/spec.c), and the
 * image of DEBUG=1, by a debug key (image.c).
 */
#ifndef TEST_SPEC_SPEC_H
#define TEST_SPEC_SPEC_H

#include "base/types.h"

struct domain;

/* All domains that have not gone, the dying ones too: whoever may hold a reference. */
struct spec_world {
    struct domain *const *domain;
    u32 nr;
};

/* False: there was no room for its map, so nothing is known. */
bool spec_pages_check(const struct spec_world *w);
bool spec_events_check(const struct spec_world *w);
bool spec_grants_check(const struct spec_world *w);
bool spec_vcpus_check(const struct spec_world *w);

/* All of them, of all domains there are; nr_domains and nr_pages: what was looked at. */
bool spec_ask(u32 *nr_domains, u64 *nr_pages);

/* Something is not as it must be: defined by the driver. */
__attribute__((noreturn, format(printf, 1, 2))) void spec_fail(const char *fmt, ...);

/* Room for a check's map, all zero; NULL: there is none. It is kept, as spec_fail() may jump. One
 * thread at a time. Defined once for processes (process.c), once for the image. */
struct spec_room {
    void *p;
    u64 bytes;
    struct spec_room *next; /* whose memory is given back when all is asked: image.c */
};
void *spec_zeroed(struct spec_room *r, u64 bytes);

#define spec_check(x, fmt, ...)          \
    do {                                 \
        if (!(x)) {                      \
            spec_fail(fmt, __VA_ARGS__); \
        }                                \
    } while (0)

#endif
