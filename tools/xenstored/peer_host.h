/* SPDX-License-Identifier: MIT */
/* For tests: a client without a socket. What it asks is answered before the call returns. */
#pragma once
#include "xenstored/wire.h"
#include "xenstored/xenstored.h"

struct peer {
    struct client *client; /* NULL: the daemon ended the connection */
    char *out, *in;        /* bytes to the daemon and from it */
    size_t out_bytes, in_bytes;
    size_t room;    /* bytes that the peer takes before it reads; SIZE_MAX: any */
    uint32_t type;  /* of the last answer */
    uint32_t bytes; /* of payload, which has a zero behind it */
    char payload[WIRE_MAX_PAYLOAD + 1];
};

/* A client of a domain; domid 0 may everything. The domain becomes known and introduced. */
void peer_open(struct peer *peer, struct xenstored *x, uint16_t domid);
void peer_close(struct peer *peer);

/* Bytes as they are, not handled before peer_run(). */
void peer_send(struct peer *peer, const void *data, size_t bytes);
/* Turns until the daemon has nothing more to do. */
void peer_run(struct xenstored *x);

/* Asks, and waits for the answer in type, bytes and payload: 0, or the negative errno that an ERROR
 * names. */
int peer_ask(struct peer *peer, uint32_t type, uint32_t transaction, const void *payload,
             size_t bytes);
/* The same with strings, each sent with its zero; the list ends with NULL. */
int peer_call(struct peer *peer, uint32_t type, uint32_t transaction, const char *first, ...);
/* WRITE of a string's bytes. */
int peer_write(struct peer *peer, uint32_t transaction, const char *path, const char *value);
uint32_t peer_start(struct peer *peer); /* a transaction's id, 0: refused */

/* The next event that came: "path token" in payload; false: none. */
bool peer_event(struct peer *peer);
