/* SPDX-License-Identifier: MIT */
/* A daemon that answers with any bytes: nothing is read beyond them and nobody waits for ever. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/message.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What it says of a daemon gone mad is not looked at. */
void message_error(const char *format, ...)
{
}

static void ask_everything(struct store *s)
{
    char *value = NULL;
    uint64_t number;
    struct store_list list;
    struct store_event event;
    struct store_txn t;
    if (store_read(s, &value, NULL, "/a") == 0) {
        free(value);
    }
    if (store_list(s, &list, "/a") == 0) {
        store_list_fini(&list);
    }
    (void)store_read_number(s, &number, "/b");
    store_txn_init(&t);
    store_txn_expect(&t, "/c");
    store_txn_write(&t, "1", "/d");
    (void)store_txn_commit(s, &t);
    store_txn_fini(&t);
    struct store_want want = {.path = "/e", .is_met = store_met_exists};
    (void)store_wait(s, &want, 1, CLOCK_NEVER, -1);
    while (store_event_next(s, &event, CLOCK_NEVER) > 0) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    struct store *s;
    if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return 0;
    }
    if (store_open_fd(pair[0], &s) == 0) {
        ssize_t n = send(pair[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)n;
        shutdown(pair[1], SHUT_WR); /* it still takes what we ask */
        ask_everything(s);
        store_close(s);
    }
    close(pair[1]);
    return 0;
}
