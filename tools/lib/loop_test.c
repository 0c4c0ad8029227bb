// SPDX-License-Identifier: MIT
#include "lib/loop.h"
#include "lib/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

struct counted {
    struct loop_source source;
    struct loop *loop;
    struct counted *victim; /* removed in the first call */
    int nr_calls;
};

static void count(struct loop_source *source, uint32_t events)
{
    struct counted *c = (struct counted *)source;
    uint64_t value;
    assert_int_equal(read(source->fd, &value, sizeof(value)), sizeof(value));
    c->nr_calls++;
    if (c->victim != NULL) {
        loop_remove(c->loop, &c->victim->source);
        c->victim = NULL;
    }
}

static void init(struct counted *c, struct loop *loop)
{
    *c = (struct counted){.source = {eventfd(0, EFD_NONBLOCK), count}, .loop = loop};
    assert_int_equal(loop_add(loop, &c->source, EPOLLIN), 0);
}

static void only_ready_ones_are_called(void **state)
{
    struct loop loop;
    struct counted c[100];
    assert_int_equal(loop_init(&loop), 0);
    for (int i = 0; i < 100; i++) {
        init(&c[i], &loop);
    }
    assert_int_equal(loop_turn(&loop, 0), 0);
    eventfd_write(c[42].source.fd, 1);
    assert_int_equal(loop_turn(&loop, -1), 1);
    assert_int_equal(c[42].nr_calls, 1);
    assert_int_equal(loop_add(&loop, &c[42].source, EPOLLIN), -EEXIST);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(c[i].nr_calls, i == 42);
        loop_remove(&loop, &c[i].source);
        close(c[i].source.fd);
    }
    loop_fini(&loop);
}

static void removed_in_the_same_batch(void **state)
{
    struct loop loop;
    struct counted a;
    struct counted b;
    assert_int_equal(loop_init(&loop), 0);
    init(&a, &loop);
    init(&b, &loop);
    a.victim = &b;
    b.victim = &a;
    eventfd_write(a.source.fd, 1);
    eventfd_write(b.source.fd, 1);
    assert_int_equal(loop_turn(&loop, -1), 1);
    assert_int_equal(a.nr_calls + b.nr_calls, 1);
    assert_int_equal(loop_turn(&loop, 0), 0);
    close(a.source.fd);
    close(b.source.fd);
    loop_fini(&loop);
}

static int nr_due;

static void due(struct loop_timer *timer)
{
    nr_due++;
}

static void timer_is_due_once(void **state)
{
    struct loop loop;
    struct loop_timer timer = {.due = due};
    assert_int_equal(loop_init(&loop), 0);
    assert_int_equal(loop_timer_init(&loop, &timer), 0);
    assert_int_equal(loop_timer_set(&timer, clock_now_ms() + 100000), 0);
    assert_int_equal(loop_turn(&loop, 0), 0);
    assert_int_equal(loop_timer_set(&timer, 1), 0); /* long past */
    assert_int_equal(loop_turn(&loop, -1), 1);
    assert_int_equal(nr_due, 1);
    assert_int_equal(loop_timer_set(&timer, 0), 0);
    assert_int_equal(loop_turn(&loop, 0), 0);
    loop_timer_fini(&loop, &timer);
    loop_fini(&loop);
}

static int last_signal;
static struct loop signal_loop;

static void caught(struct loop_signals *signals, int signal)
{
    last_signal = signal;
    if (signal == SIGTERM) {
        loop_stop(&signal_loop);
    }
}

static void signals_are_words(void **state)
{
    struct loop_signals signals = {.caught = caught};
    assert_int_equal(loop_init(&signal_loop), 0);
    assert_int_equal(loop_signals_init(&signal_loop, &signals, (const int[]){SIGHUP, SIGTERM, 0}),
                     0);
    raise(SIGHUP);
    assert_int_equal(loop_turn(&signal_loop, -1), 1);
    assert_int_equal(last_signal, SIGHUP);
    raise(SIGTERM);
    assert_int_equal(loop_run(&signal_loop), 0);
    assert_int_equal(last_signal, SIGTERM);
    loop_signals_fini(&signal_loop, &signals);
    loop_fini(&signal_loop);
}

/* A pipe that wakes us for its first byte only, as a driver does that forgets: the second is found
 * by the look afterwards, and when there is nothing more no look follows. */
static unsigned nr_taken;

static void take_one(struct loop_source *source, uint32_t events)
{
    char byte;
    assert_int_equal(read(source->fd, &byte, 1), 1);
    nr_taken++;
}

static void doubted_is_asked_again(void **state)
{
    struct loop loop;
    int ends[2];
    assert_int_equal(loop_init(&loop), 0);
    assert_int_equal(pipe(ends), 0);
    struct loop_source source = {ends[0], take_one};
    assert_int_equal(loop_add(&loop, &source, EPOLLIN | EPOLLET), 0);
    loop_doubt(&loop, &source);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    assert_int_equal(loop_turn(&loop, -1), 1);
    assert_int_equal(loop_turn(&loop, 0), 0); /* forgotten */
    const uint64_t begin = clock_now_ms();
    while (nr_taken < 2 && clock_now_ms() < begin + 20 * LOOP_AGAIN_MS) {
        assert_true(loop_turn(&loop, 20 * LOOP_AGAIN_MS) >= 0);
    }
    assert_int_equal(nr_taken, 2);
    assert_true(loop.again_ms != 0); /* a find is a call like another */
    loop_turn(&loop, 20 * LOOP_AGAIN_MS);
    loop_turn(&loop, 0);
    assert_int_equal(loop.again_ms, 0);
    loop_remove(&loop, &source);
    assert_null(loop.doubted);
    close(ends[0]);
    close(ends[1]);
    loop_fini(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ready_ones_are_called), cmocka_unit_test(removed_in_the_same_batch),
        cmocka_unit_test(timer_is_due_once),          cmocka_unit_test(doubted_is_asked_again),
        cmocka_unit_test(signals_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
