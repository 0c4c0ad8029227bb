/* SPDX-License-Identifier: MIT */
/*
 * Inside the store's client: requests are put into one output buffer, one exchange sends them all
 * and hands out their answers in order. Events that arrive in between are queued.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store/store.h"
#include "store/wire.h"

struct queued_event {
    struct queued_event *next;
    char *token;
    char path[]; /* token lies behind it */
};

struct store {
    int fd;
    bool is_device; /* /dev/xen/xenbus: one message a write(), no flags a call */
    bool is_broken; /* was said, nothing more is tried */
    uint32_t next_request;
    uint32_t next_wait;

    char *out;
    size_t out_len, out_room;
    size_t nr_out; /* requests in it */
    int out_error; /* -ENOMEM, -ENAMETOOLONG of a put: the exchange returns it */

    char in[2 * WIRE_MAX_MESSAGE];
    size_t in_len;

    struct queued_event *first, **last;
    struct queued_event *handed_out;
};

/* One answer: error 0 or negative errno; data with a zero behind it, gone when take returns. */
struct store_answer {
    size_t index;
    int error;
    const char *data;
    size_t len;
};
typedef void store_take(void *arg, const struct store_answer *answer);

/* A path from printf's words, to be freed; NULL: no memory, or longer than the store takes. */
char *store_path(const char *format, va_list arguments);
/* The same for the words at the end of a function's arguments: no function can take those over. */
#define STORE_PATH(name, last)              \
    char *name;                             \
    do {                                    \
        va_list arguments;                  \
        va_start(arguments, last);          \
        name = store_path(last, arguments); \
        va_end(arguments);                  \
    } while (0)

/* Puts "path\0" and then bytes. path NULL: store_path() failed. */
void store_put(struct store *s, uint32_t type, uint32_t transaction, const char *path,
               const void *bytes, size_t len);
/* Sends what was put and calls take for each answer; its own error only if the line broke. */
int store_exchange(struct store *s, store_take *take, void *arg);
/* One request; the answer's copy in *data if wanted. */
int store_ask(struct store *s, uint32_t type, uint32_t transaction, const char *path,
              const void *bytes, size_t len, char **data, size_t *data_len);

/* Reads what is there, waiting if wait; queues events. 1: an answer's header is complete in s->in.
 */
int store_receive(struct store *s, bool wait);
/* Takes one event of that token (NULL: any) out of the queue, or NULL; the caller frees it. */
struct queued_event *store_dequeue(struct store *s, const char *token, size_t token_len);

/* A word such as "EAGAIN" of an answer, as negative errno; -EIO if unknown. */
int store_errno(const char *word);
