// SPDX-License-Identifier: MIT
#include "xenstored/storepage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_go_round),
                                       cmocka_unit_test(nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
