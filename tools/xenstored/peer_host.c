// SPDX-License-Identifier: MIT
#include "xenstored/peer_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(char **to, size_t *have, const void *data, size_t bytes)
{
    char *more = NULL;
    while (more == NULL) {
        more = realloc(*to, *have + bytes + 1); /* also while a test lets one fail */
    }
    *to = more;
    memcpy(*to + *have, data, bytes);
    *have += bytes;
}

static void take(char *from, size_t *have, size_t bytes)
{
    memmove(from, from + bytes, *have - bytes);
    *have -= bytes;
}

static ssize_t peer_read(struct client *client, void *data, size_t room)
{
    struct peer *peer = client->link;
    const size_t n = peer->out_bytes < room ? peer->out_bytes : room;
    if (n > 0) {
        memcpy(data, peer->out, n);
        take(peer->out, &peer->out_bytes, n);
    }
    return (ssize_t)n;
}

static ssize_t peer_take(struct client *client, const struct iovec *part, int nr)
{
    struct peer *peer = client->link;
    size_t sum = 0;
    for (int i = 0; i < nr; i++) {
        const size_t n = part[i].iov_len < peer->room ? part[i].iov_len : peer->room;
        append(&peer->in, &peer->in_bytes, part[i].iov_base, n);
        peer->room -= peer->room == SIZE_MAX ? 0 : n;
        sum += n;
    }
    return (ssize_t)sum;
}

static void peer_settle(struct client *client, bool may_read, bool wants_write)
{
}

static void peer_closed(struct client *client)
{
    struct peer *peer = client->link;
    peer->client = NULL;
    if (client->account->client == client) {
        client->account->client = NULL;
    }
}

static const struct transport transport = {peer_read, peer_take, peer_settle, peer_closed};

void peer_open(struct peer *peer, struct xenstored *x, uint16_t domid)
{
    struct account *account = account_open(&x->accounts, domid, x->tree.generation);
    *peer = (struct peer){.room = SIZE_MAX, .client = client_create(x, &transport, account)};
    peer->client->link = peer;
    account->is_introduced = true;
    if (domid != 0) {
        account->client = peer->client;
    }
}

void peer_close(struct peer *peer)
{
    if (peer->client != NULL) {
        client_destroy(peer->client);
    }
    free(peer->out);
    free(peer->in);
    *peer = (struct peer){0};
}

void peer_send(struct peer *peer, const void *data, size_t bytes)
{
    append(&peer->out, &peer->out_bytes, data, bytes);
    if (peer->client != NULL) {
        client_ready(peer->client);
    }
}

void peer_run(struct xenstored *x)
{
    do {
        xenstored_turn(x, 0);
    } while (x->ready != NULL || x->has_garbage);
}

/* The first message of what came that is an event, or that is none; false: no such. */
static bool receive(struct peer *peer, bool event)
{
    struct wire_header header;
    for (size_t at = 0; at < peer->in_bytes;) {
        const int whole = wire_decode(peer->in + at, peer->in_bytes - at, &header);
        if (whole <= 0) {
            return false;
        }
        if ((header.type == WIRE_WATCH_EVENT) == event) {
            peer->type = header.type;
            peer->bytes = header.bytes;
            memcpy(peer->payload, peer->in + at + sizeof(header), header.bytes);
            peer->payload[header.bytes] = '\0';
            memmove(peer->in + at, peer->in + at + whole, peer->in_bytes - at - (size_t)whole);
            peer->in_bytes -= (size_t)whole;
            return true;
        }
        at += (size_t)whole;
    }
    return false;
}

int peer_ask(struct peer *peer, uint32_t type, uint32_t transaction, const void *payload,
             size_t bytes)
{
    static const int known[] = {EINVAL, EACCES, EEXIST, ENOENT, ENOMEM, ENOSPC,
                                EIO,    ENOSYS, EBUSY,  EAGAIN, E2BIG,  EPERM};
    const struct wire_header header = {type, 77, transaction, (uint32_t)bytes};
    peer_send(peer, &header, sizeof(header));
    peer_send(peer, payload, bytes);
    if (peer->client == NULL) {
        return -EPIPE;
    }
    peer_run(peer->client->x);
    if (!receive(peer, false)) {
        return -EPIPE;
    }
    for (size_t i = 0; peer->type == WIRE_ERROR && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(peer->payload, wire_error(known[i])) == 0) {
            return -known[i];
        }
    }
    return peer->type == type ? 0 : -EPROTO;
}

int peer_call(struct peer *peer, uint32_t type, uint32_t transaction, const char *first, ...)
{
    char payload[WIRE_MAX_PAYLOAD];
    size_t bytes = 0;
    va_list words;
    va_start(words, first);
    for (const char *word = first; word != NULL; word = va_arg(words, const char *)) {
        memcpy(payload + bytes, word, strlen(word) + 1);
        bytes += strlen(word) + 1;
    }
    va_end(words);
    return peer_ask(peer, type, transaction, payload, bytes);
}

int peer_write(struct peer *peer, uint32_t transaction, const char *path, const char *value)
{
    char payload[WIRE_MAX_PAYLOAD];
    const int bytes = snprintf(payload, sizeof(payload), "%s%c%s", path, '\0', value);
    return peer_ask(peer, WIRE_WRITE, transaction, payload, (size_t)bytes);
}

uint32_t peer_start(struct peer *peer)
{
    uint32_t id = 0;
    if (peer_call(peer, WIRE_TRANSACTION_START, 0, "", NULL) == 0) {
        wire_number(peer->payload, UINT32_MAX, &id);
    }
    return id;
}

bool peer_event(struct peer *peer)
{
    if (!receive(peer, true)) {
        return false;
    }
    peer->payload[strlen(peer->payload)] = ' ';
    return true;
}
