/* SPDX-License-Identifier: MIT */
/*
 * The page that a guest shares with its console (xen/io/console.h), seen from the daemon's side:
 *
 *      0        1024                    3072     3084
 *      | in     | out                   | in_cons in_prod out_cons out_prod
 *        we write  we read                 guest   we      we       guest
 *
 * Indices run free, modulo 2^32; a byte's place is its index modulo the size. The other side is not
 * trusted: it may write any index at any time, also while a function here runs. Whatever it does, a
 * call here moves at most one ring of bytes, never leaves the two arrays and ends.
 *
 * Order (Arm reorders freely, an emulator on x86 does not show it): an index of the other side is
 * read with acquire, so bytes are read or overwritten only after it; our own index is written with
 * release, so it becomes visible only after the bytes were read or written. Both are needed in both
 * directions. No full barrier is: the event behind each change is a hypercall of the guest, which
 * orders, and the kernel clears "pending" before we look.
 *
 * Pure: no memory but the page and the caller's, any context.
 */
#pragma once
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum { CONSOLE_RING_IN = 1024, CONSOLE_RING_OUT = 2048 };

struct console_ring {
    char in[CONSOLE_RING_IN];
    char out[CONSOLE_RING_OUT];
    uint32_t in_cons, in_prod;
    uint32_t out_cons, out_prod;
};
static_assert(offsetof(struct console_ring, in_cons) == 3072 &&
              sizeof(struct console_ring) == 3088);

/* Takes up to max bytes that the guest has written; the count. Indices that are further apart than
 * the ring is large are brought together: what they were about is lost, and the next bytes come. */
size_t console_ring_take(struct console_ring *ring, char *to, size_t max);

/* Bytes that a guest's own indices say are waiting, 0 for indices that make no sense. */
size_t console_ring_nr_waiting(const struct console_ring *ring);

/* How much console_ring_put() would take now. 0 as well while the guest's index makes no sense. */
size_t console_ring_room(const struct console_ring *ring);

/* Gives the guest up to nr bytes; the count. */
size_t console_ring_put(struct console_ring *ring, const char *from, size_t nr);
