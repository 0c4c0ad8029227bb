/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include <pthread.h>
#include <sched.h>

#include "sync/rwlock.h"
#include "sync/spinlock.h"

static void test_lock_and_unlock(void **state)
{
    struct spinlock l;
    spin_init(&l, RANK_FRAME, "l");
    assert_int_equal(l.rank, RANK_FRAME);
    assert_string_equal(l.name, "l");
    assert_false(spin_is_locked(&l));
    spin_lock(&l);
    assert_true(spin_is_locked(&l));
    assert_int_equal(lock_nr_held(), 1);
    spin_unlock(&l);
    assert_false(spin_is_locked(&l));
    assert_int_equal(lock_nr_held(), 0);
}

static void test_tickets_wrap(void **state)
{
    struct spinlock l;
    spin_init(&l, RANK_FRAME, "l");
    l.owner = l.next = 0xffff;
    spin_lock(&l);
    assert_int_equal(l.next, 0);
    spin_unlock(&l);
    assert_int_equal(l.owner, 0);
    assert_false(spin_is_locked(&l));
    spin_lock(&l);
    assert_true(spin_is_locked(&l));
    spin_unlock(&l);
}

static void test_rank_inversion_panics(void **state)
{
    struct spinlock low, high;
    spin_init(&low, RANK_DOMAIN, "low");
    spin_init(&high, RANK_P2M, "high");
    spin_lock(&low);
    spin_lock(&high);
    spin_unlock(&high);
    spin_unlock(&low);
    spin_lock(&high);
    expect_panic(spin_lock(&low), "lock order: low (20) taken while holding high (50)");
    spin_unlock(&high);
    assert_int_equal(lock_nr_held(), 0);
}

static void test_same_rank_panics(void **state)
{
    struct spinlock a, b;
    spin_init(&a, RANK_P2M, "a");
    spin_init(&b, RANK_P2M, "b");
    spin_lock(&a);
    expect_panic(spin_lock(&b), "lock order: b");
    expect_panic(spin_lock(&a), "lock order: a");
    spin_unlock(&a);
}

static void test_release_of_what_is_not_held_panics(void **state)
{
    struct spinlock a, b;
    spin_init(&a, RANK_P2M, "a");
    spin_init(&b, RANK_FRAME, "b");
    expect_panic(spin_unlock(&a), "released but not held");
    spin_lock(&a);
    expect_panic(spin_unlock(&b), "released but not held");
    spin_unlock(&a);
}

/* What is held is forgotten by lock, not by order. */
static void test_release_in_any_order(void **state)
{
    struct spinlock a, b, c;
    spin_init(&a, RANK_DOMAIN, "a");
    spin_init(&b, RANK_P2M, "b");
    spin_init(&c, RANK_FRAME, "c");
    spin_lock(&a);
    spin_lock(&b);
    spin_lock(&c);
    spin_unlock(&a);
    expect_panic(spin_lock(&b), "lock order: b (50) taken while holding b (50)");
    spin_unlock(&c);
    assert_int_equal(lock_nr_held(), 1);
    expect_panic(spin_lock(&a), "lock order: a (20) taken while holding b (50)");
    spin_unlock(&b);
    spin_lock(&a);
    spin_unlock(&a);
}

static void test_pair(void **state)
{
    struct spinlock l[2];
    spin_init(&l[0], RANK_GNTTAB, "first");
    spin_init(&l[1], RANK_GNTTAB, "second");
    for (u32 i = 0; i < 2; i++) {
        spin_lock_pair(&l[i], &l[1 - i]);
        assert_true(spin_is_locked(&l[0]));
        assert_true(spin_is_locked(&l[1]));
        assert_int_equal(lock_nr_held(), 2);
        spin_unlock_pair(&l[i], &l[1 - i]);
        assert_false(spin_is_locked(&l[0]));
        assert_false(spin_is_locked(&l[1]));
    }
    spin_lock_pair(&l[0], &l[0]);
    assert_int_equal(lock_nr_held(), 1);
    spin_unlock_pair(&l[0], &l[0]);
    assert_false(spin_is_locked(&l[0]));
}

/* With the first of a pair held by another, the second is not taken: address order. */
static struct spinlock order[2];

static void release_first(void)
{
    host_relax_hook = NULL;
    assert_false(spin_is_locked(&order[1]));
    order[0].owner++;
}

static void test_pair_goes_by_address(void **state)
{
    spin_init(&order[0], RANK_GNTTAB, "first");
    spin_init(&order[1], RANK_GNTTAB, "second");
    order[0].next++;
    host_relax_hook = release_first;
    spin_lock_pair(&order[1], &order[0]);
    assert_null(host_relax_hook);
    spin_unlock_pair(&order[0], &order[1]);
}

static void test_pair_of_lower_rank_panics(void **state)
{
    struct spinlock l[2], high;
    spin_init(&l[0], RANK_GNTTAB, "first");
    spin_init(&l[1], RANK_GNTTAB, "second");
    spin_init(&high, RANK_P2M, "high");
    spin_lock(&high);
    expect_panic(spin_lock_pair(&l[0], &l[1]), "lock order: first");
    spin_unlock(&high);
}

static void test_readers_and_writers_by_state(void **state)
{
    struct rwlock l;
    rw_init(&l, RANK_P2M, "rw");
    read_lock(&l);
    assert_int_equal(l.state, 1);
    expect_panic(read_lock(&l), "lock order: rw");
    read_unlock(&l);
    assert_int_equal(l.state, 0);
    write_lock(&l);
    assert_int_equal(l.state, 0x80000000u);
    assert_int_equal(lock_nr_held(), 1);
    write_unlock(&l);
    assert_int_equal(l.state, 0);
    assert_int_equal(lock_nr_held(), 0);
}

static struct rwlock rw;
static u32 relaxed;

static void reader_leaves(void)
{
    relaxed++;
    assert_int_equal(rw.waiting_writers, 1);
    if (relaxed == 3) {
        rw.state--;
    }
}

static void test_writer_waits_for_readers(void **state)
{
    rw_init(&rw, RANK_P2M, "rw");
    rw.state = 1;
    relaxed = 0;
    host_relax_hook = reader_leaves;
    write_lock(&rw);
    host_relax_hook = NULL;
    assert_int_equal(relaxed, 3);
    assert_int_equal(rw.waiting_writers, 0);
    assert_int_equal(rw.state, 0x80000000u);
    write_unlock(&rw);
}

static void writer_leaves(void)
{
    relaxed++;
    if (relaxed == 2) {
        rw.state = 0;
    }
    if (relaxed == 4) {
        rw.waiting_writers = 0;
    }
}

static void test_reader_waits_for_writers_inside_and_waiting(void **state)
{
    rw_init(&rw, RANK_P2M, "rw");
    rw.state = 0x80000000u;
    rw.waiting_writers = 1;
    relaxed = 0;
    host_relax_hook = writer_leaves;
    read_lock(&rw);
    host_relax_hook = NULL;
    assert_int_equal(relaxed, 4);
    assert_int_equal(rw.state, 1);
    read_unlock(&rw);
}

/* --- with threads, each a CPU --- */

#define ROUNDS 2000u
static struct spinlock shared_lock = SPINLOCK_INIT(RANK_P2M, "shared");
static struct rwlock shared_rw = RWLOCK_INIT(RANK_P2M, "shared rw");
static u64 counter, copy;

static void yield(void)
{
    sched_yield();
}

static void *count_up(void *cpu)
{
    fake_cpu((u32)(u64)cpu);
    for (u32 i = 0; i < ROUNDS; i++) {
        spin_lock(&shared_lock);
        counter++;
        spin_unlock(&shared_lock);
    }
    return NULL;
}

static void *read_and_write(void *cpu)
{
    fake_cpu((u32)(u64)cpu);
    for (u32 i = 0; i < ROUNDS; i++) {
        if (i % 4 == 0) {
            write_lock(&shared_rw);
            counter++;
            copy++;
            write_unlock(&shared_rw);
        } else {
            read_lock(&shared_rw);
            if (counter != copy) {
                abort();
            }
            read_unlock(&shared_rw);
        }
    }
    return NULL;
}

static void run_threads(void *(*fn)(void *))
{
    pthread_t t[3];
    counter = copy = 0;
    host_relax_hook = yield;
    for (u64 i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, fn, (void *)(i + 1)), 0);
    }
    for (u32 i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    host_relax_hook = NULL;
}

static void test_threads_spin(void **state)
{
    run_threads(count_up);
    assert_int_equal(counter, 3 * ROUNDS);
}

static void test_threads_rw(void **state)
{
    run_threads(read_and_write);
    assert_int_equal(counter, 3 * ROUNDS / 4);
}

static int start(void **state)
{
    fake_machine_init(16, 4);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_and_unlock),
        cmocka_unit_test(test_tickets_wrap),
        cmocka_unit_test(test_rank_inversion_panics),
        cmocka_unit_test(test_same_rank_panics),
        cmocka_unit_test(test_release_of_what_is_not_held_panics),
        cmocka_unit_test(test_release_in_any_order),
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_pair_goes_by_address),
        cmocka_unit_test(test_pair_of_lower_rank_panics),
        cmocka_unit_test(test_readers_and_writers_by_state),
        cmocka_unit_test(test_writer_waits_for_readers),
        cmocka_unit_test(test_reader_waits_for_writers_inside_and_waiting),
        cmocka_unit_test(test_threads_spin),
        cmocka_unit_test(test_threads_rw),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
