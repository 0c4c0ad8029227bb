// SPDX-License-Identifier: MIT
#include "xenstored/storepage.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void bytes_go_round(void **state)
{
    struct storepage page = {.request_consumer = UINT32_MAX - 3,
                             .request_producer = UINT32_MAX - 3,
                             .response_consumer = 1000,
                             .response_producer = 1000};
    char data[2048];
    assert_int_equal(storepage_read(&page, data, sizeof(data)), 0);
    /* Behind the end of the ring and of the numbers */
    const char *text = "0123456789";
    for (unsigned i = 0; i < 10; i++) {
        page.request[(UINT32_MAX - 3 + i) % STOREPAGE_RING] = text[i];
    }
    page.request_producer += 10;
    assert_int_equal(storepage_read(&page, data, 4), 4);
    assert_int_equal(storepage_read(&page, data + 4, sizeof(data)), 6);
    assert_memory_equal(data, text, 10);
    assert_int_equal(page.request_consumer, page.request_producer);

    memset(data, 'x', sizeof(data));
    const struct iovec part[] = {{data, 1000}, {data, 1000}};
    assert_int_equal(storepage_write(&page, part, 2), STOREPAGE_RING);
    assert_int_equal(storepage_write(&page, part, 2), 0);
    page.response_consumer += 7;
    assert_int_equal(storepage_write(&page, part, 2), 7);
}

static void nonsense(void **state)
{
    struct storepage page = {.request_producer = STOREPAGE_RING + 1};
    char data[16] = "";
    const struct iovec part = {data, sizeof(data)};
    assert_int_equal(storepage_read(&page, data, sizeof(data)), -EIO);
    page.request_producer = 0;
    page.request_consumer = 1;
    assert_int_equal(storepage_read(&page, data, sizeof(data)), -EIO);
    page.response_consumer = 1;
    assert_int_equal(storepage_write(&page, &part, 1), -EIO);
    storepage_set_error(&page, STOREPAGE_ERROR_RINGIDX);
    assert_int_equal(page.error, 2);
    page.connection = STOREPAGE_RECONNECT;
    assert_int_equal(storepage_connection(&page), STOREPAGE_RECONNECT);
    storepage_reset(&page);
    assert_int_equal(storepage_read(&page, data, sizeof(data)), 0);
    assert_int_equal(storepage_write(&page, &part, 1), sizeof(data));
    assert_int_equal(page.error, 0);
    assert_int_equal(page.connection, STOREPAGE_CONNECTED);
}

/* A guest that saves events as Linux does, and a store that waits for events: neither waits for
 * ever. Every request is a header and a body of their own, so that many fall into the moment
 * between the store's look at the producer and its own index. */
enum { NR_REQUESTS = 200000, REQUEST_BYTES = 44, HEADER_BYTES = 16, PATIENCE_S = 20 };

struct pair {
    struct storepage page;
    sem_t event;
};

static void guest_writes(struct pair *pair, uint32_t bytes)
{
    struct storepage *page = &pair->page;
    const uint32_t producer = page->request_producer;
    while (STOREPAGE_RING -
               (producer - __atomic_load_n(&page->request_consumer, __ATOMIC_ACQUIRE)) <
           bytes) {
        sched_yield();
    }
    for (uint32_t i = 0; i < bytes; i++) {
        page->request[(producer + i) % STOREPAGE_RING] = (char)((producer + i) * 7);
    }
    __atomic_store_n(&page->request_producer, producer + bytes, __ATOMIC_SEQ_CST);
    if ((int32_t)(producer - __atomic_load_n(&page->request_consumer, __ATOMIC_SEQ_CST)) <= 0) {
        sem_post(&pair->event);
    }
}

static void *guest(void *arg)
{
    for (unsigned i = 0; i < NR_REQUESTS; i++) {
        guest_writes(arg, HEADER_BYTES);
        guest_writes(arg, REQUEST_BYTES - HEADER_BYTES);
    }
    return NULL;
}

static void no_request_waits_for_ever(void **state)
{
    static struct pair pair;
    pthread_t thread;
    char data[STOREPAGE_RING];
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    assert_int_equal(sem_init(&pair.event, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, guest, &pair), 0);
    for (uint32_t at = 0; at < NR_REQUESTS * REQUEST_BYTES;) {
        if (!storepage_has_requests(&pair.page)) {
            assert_int_equal(sem_timedwait(&pair.event, &end), 0);
        }
        const ssize_t n = storepage_read(&pair.page, data, sizeof(data));
        assert_true(n >= 0);
        for (ssize_t i = 0; i < n; i++, at++) {
            assert_int_equal(data[i], (char)(at * 7));
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    sem_destroy(&pair.event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_go_round), cmocka_unit_test(nonsense),
                                       cmocka_unit_test(no_request_waits_for_ever)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
