// SPDX-License-Identifier: MIT
#include "xenconsoled/ring.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t console_ring_nr_waiting(const struct console_ring *ring)
{
    const uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    const uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    const uint32_t nr = prod - cons;
    return nr <= CONSOLE_RING_OUT ? nr : 0;
}

size_t console_ring_take(struct console_ring *ring, char *to, size_t max)
{
    // Both once: what the guest writes meanwhile is for the next call
    const uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    const uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    if (prod - cons > CONSOLE_RING_OUT) {
        __atomic_store_n(&ring->out_cons, prod, __ATOMIC_RELEASE);
        return 0;
    }
    const size_t nr = least(prod - cons, max);
    const size_t at = cons % CONSOLE_RING_OUT;
    const size_t first = least(nr, CONSOLE_RING_OUT - at);
    memcpy(to, ring->out + at, first);
    memcpy(to + first, ring->out, nr - first);
    __atomic_store_n(&ring->out_cons, cons + (uint32_t)nr, __ATOMIC_RELEASE);
    return nr;
}

size_t console_ring_room(const struct console_ring *ring)
{
    const uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    const uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    const uint32_t nr = prod - cons;
    return nr <= CONSOLE_RING_IN ? CONSOLE_RING_IN - nr : 0;
}

size_t console_ring_put(struct console_ring *ring, const char *from, size_t nr)
{
    const uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    const uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    if (prod - cons > CONSOLE_RING_IN) {
        return 0;
    }
    nr = least(nr, CONSOLE_RING_IN - (prod - cons));
    const size_t at = prod % CONSOLE_RING_IN;
    const size_t first = least(nr, CONSOLE_RING_IN - at);
    memcpy(ring->in + at, from, first);
    memcpy(ring->in, from + first, nr - first);
    __atomic_store_n(&ring->in_prod, prod + (uint32_t)nr, __ATOMIC_RELEASE);
    return nr;
}
