/* SPDX-License-Identifier: MIT */
/*
 * A client: a connection on the socket, or a guest's ring. Bytes come in through its transport, are
 * cut into messages and handed to request_handle(); answers and events wait in its queue until the
 * transport takes them.
 *
 * No client can hold up another: a turn handles CLIENT_TURN messages at most, nothing ever waits,
 * and a client that does not take its answers is not read from any more until it does. Events that
 * it does not take are bounded too (watch.h).
 */
#pragma once
#include "lib/loop.h"
#include "xenstored/account.h"
#include "xenstored/permission.h"
#include "xenstored/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct client;
struct watch;
struct xenstored;

#define CLIENT_TURN         32
#define CLIENT_MAX_ANSWERS  64         /* that wait, for clients on the socket; guests: the quota */
#define CLIENT_MAX_EVENTS   (4U << 20) /* bytes that wait, for clients on the socket */
#define CLIENT_SCRATCH_ROOM (64U << 10)

/* What carries bytes. Neither function waits. */
struct transport {
    /* The count; 0: nothing there; negative: never again. */
    ssize_t (*read)(struct client *client, void *data, size_t room);
    /* The count; 0: no room; negative: never again. */
    ssize_t (*write)(struct client *client, const struct iovec *part, int nr);
    /* After reading and writing of a turn. may_read: there is credit; wants_write: more waits. */
    void (*settle)(struct client *client, bool may_read, bool wants_write);
    void (*close)(struct client *client);
};

struct message {
    struct message *next;
    struct message *watch_next; /* of the same watch */
    struct watch *watch;        /* NULL: an answer */
    uint32_t bytes;
    bool is_dropped; /* its watch has gone */
    char data[];
};

struct client {
    struct loop_source source; /* the socket's; fd < 0 for others */
    uint32_t source_events;
    struct xenstored *x;
    const struct transport *transport;
    struct subject subject;
    struct account *account;
    struct client *next, **back; /* all clients */
    struct client *ready_next, *flush_next;
    bool is_ready, is_flushing; /* in those lists */
    bool is_broken;             /* will be destroyed at the end of the turn */
    bool is_throttled;          /* not read from: too much waits */
    bool has_missed;            /* some watch owes an event */
    bool was_reset;             /* since the last read */
    struct watch *watches;
    struct transaction *transactions;
    uint32_t last_transaction;
    char *input; /* the start of a message whose rest has not come */
    size_t input_bytes;
    struct message *first, *last;
    size_t sent; /* bytes of the first one */
    unsigned nr_answers;
    size_t queued_bytes;
    void *link; /* the transport's */
};

/* NULL: no memory. */
struct client *client_create(struct xenstored *x, const struct transport *transport,
                             struct account *account);
void client_destroy(struct client *client);
/* It goes at the end of the turn: for who is in the middle of something. */
void client_break(struct client *client);
/* Drops watches, transactions and all that waits: a guest starts anew. A transport's read() that
 * calls it gives nothing that time. */
void client_reset(struct client *client);

/* There may be something to read: it has its turn. */
void client_ready(struct client *client);
/* Takes the one that waited longest; there is one. */
struct client *client_next_ready(struct xenstored *x);
/* Reads and handles what a turn allows. */
void client_work(struct client *client);
/* Hands to the transport what waits. */
void client_flush(struct client *client);

/* The answer to a request. No memory breaks the client: it would wait for ever. */
void client_answer(struct client *client, const struct wire_header *request, uint32_t type,
                   const void *data, size_t bytes);
/* An event of path for the watch; one that still waits for the same path is enough. */
void client_event(struct client *client, struct watch *watch, const char *path);
void client_forget_events(struct client *client, struct watch *watch);

/* Would bytes more be beyond the memory quota of a guest? */
bool client_is_over_memory(const struct client *client, size_t bytes);
