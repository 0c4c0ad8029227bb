// SPDX-License-Identifier: MIT
#include "xenconsoled/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A page of its own, so that a byte beyond the arrays is seen by the sanitizer. */
static struct console_ring *new_ring(uint32_t start)
{
    struct console_ring *ring = calloc(1, sizeof(*ring));
    assert_non_null(ring);
    ring->in_cons = ring->in_prod = ring->out_cons = ring->out_prod = start;
    return ring;
}

static void guest_writes(struct console_ring *ring, const char *text, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        ring->out[ring->out_prod++ % CONSOLE_RING_OUT] = text[i];
    }
}

static void out_and_around(void **state)
{
    static const uint32_t starts[] = {0, 2047, UINT32_MAX - 3};
    for (size_t s = 0; s < 3; s++) {
        struct console_ring *ring = new_ring(starts[s]);
        char got[CONSOLE_RING_OUT] = "";
        assert_int_equal(console_ring_take(ring, got, sizeof(got)), 0);
        guest_writes(ring, "hello, world", 12);
        assert_int_equal(console_ring_nr_waiting(ring), 12);
        assert_int_equal(console_ring_take(ring, got, 5), 5);
        assert_int_equal(console_ring_take(ring, got + 5, sizeof(got) - 5), 7);
        assert_memory_equal(got, "hello, world", 12);
        assert_int_equal(ring->out_cons, starts[s] + 12);
        free(ring);
    }
}

static void in_and_around(void **state)
{
    static const uint32_t starts[] = {0, 1020, UINT32_MAX - 3};
    for (size_t s = 0; s < 3; s++) {
        struct console_ring *ring = new_ring(starts[s]);
        char fill[CONSOLE_RING_IN + 100];
        memset(fill, 'x', sizeof(fill));
        memcpy(fill, "typed", 5);
        assert_int_equal(console_ring_room(ring), CONSOLE_RING_IN);
        assert_int_equal(console_ring_put(ring, fill, 5), 5);
        for (uint32_t i = 0; i < 5; i++) {
            assert_int_equal(ring->in[(starts[s] + i) % CONSOLE_RING_IN], "typed"[i]);
        }
        assert_int_equal(console_ring_put(ring, fill, sizeof(fill)), CONSOLE_RING_IN - 5);
        assert_int_equal(console_ring_room(ring), 0);
        assert_int_equal(console_ring_put(ring, fill, 1), 0);
        ring->in_cons += 3;
        assert_int_equal(console_ring_room(ring), 3);
        free(ring);
    }
}

static void a_full_ring_is_a_full_ring(void **state)
{
    struct console_ring *ring = new_ring(77);
    char text[CONSOLE_RING_OUT];
    char got[CONSOLE_RING_OUT + 1];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)i;
    }
    guest_writes(ring, text, sizeof(text));
    assert_int_equal(console_ring_take(ring, got, sizeof(got)), sizeof(text));
    assert_memory_equal(got, text, sizeof(text));
    free(ring);
}

/* Indices that make no sense move nothing, and the next sensible bytes come. */
static void broken_indices_mend(void **state)
{
    static const uint32_t apart[] = {CONSOLE_RING_OUT + 1, 1U << 31, UINT32_MAX};
    for (size_t a = 0; a < 3; a++) {
        struct console_ring *ring = new_ring(5);
        char got[CONSOLE_RING_OUT];
        ring->out_prod = ring->out_cons + apart[a];
        assert_int_equal(console_ring_nr_waiting(ring), 0);
        assert_int_equal(console_ring_take(ring, got, sizeof(got)), 0);
        assert_int_equal(ring->out_cons, ring->out_prod);
        guest_writes(ring, "ok", 2);
        assert_int_equal(console_ring_take(ring, got, sizeof(got)), 2);
        assert_memory_equal(got, "ok", 2);

        ring->in_cons = ring->in_prod + 1; /* as if it had taken what was never there */
        assert_int_equal(console_ring_room(ring), 0);
        assert_int_equal(console_ring_put(ring, "x", 1), 0);
        ring->in_cons = ring->in_prod;
        assert_int_equal(console_ring_put(ring, "x", 1), 1);
        free(ring);
    }
}

enum { NR_BYTES = 1 << 20 };

static void *guest(void *arg)
{
    struct console_ring *ring = arg;
    for (uint32_t i = 0; i < NR_BYTES;) {
        const uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
        for (uint32_t prod = ring->out_prod; i < NR_BYTES && prod - cons < CONSOLE_RING_OUT; i++) {
            ring->out[prod++ % CONSOLE_RING_OUT] = (char)(i * 7);
            __atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
        }
    }
    return NULL;
}

static void nothing_is_lost_between_two_threads(void **state)
{
    struct console_ring *ring = new_ring(UINT32_MAX - 1000);
    pthread_t thread;
    char got[CONSOLE_RING_OUT];
    assert_int_equal(pthread_create(&thread, NULL, guest, ring), 0);
    for (uint32_t i = 0; i < NR_BYTES;) {
        const size_t nr = console_ring_take(ring, got, sizeof(got));
        for (size_t k = 0; k < nr; k++, i++) {
            assert_int_equal(got[k], (char)(i * 7));
        }
    }
    pthread_join(thread, NULL);
    assert_int_equal(console_ring_nr_waiting(ring), 0);
    free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_around),
        cmocka_unit_test(in_and_around),
        cmocka_unit_test(a_full_ring_is_a_full_ring),
        cmocka_unit_test(broken_indices_mend),
        cmocka_unit_test(nothing_is_lost_between_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
