// SPDX-License-Identifier: MIT
#include "xenstored/client.h"
#include "lib/message.h"
#include "xenstored/request.h"
#include "xenstored/transaction.h"
#include "xenstored/watch.h"
#include "xenstored/xenstored.h"

#include <stdlib.h>
#include <string.h>

#define PARTS 32 /* messages in one write */

struct client *client_create(struct xenstored *x, const struct transport *transport,
                             struct account *account)
{
    struct client *client = malloc(sizeof(*client));
    if (client == NULL) {
        return NULL;
    }
    *client = (struct client){.source.fd = -1,
                              .x = x,
                              .transport = transport,
                              .account = account,
                              .subject = account_subject(&x->accounts, account),
                              .next = x->clients,
                              .back = &x->clients};
    if (x->clients != NULL) {
        x->clients->back = &client->next;
    }
    x->clients = client;
    x->nr_clients++;
    return client;
}

static void charge(struct client *client, int64_t bytes)
{
    account_charge(&client->x->accounts, client->account->domid, 0, bytes);
}

/* Takes the first message off the queue. */
static void drop_first(struct client *client)
{
    struct message *message = client->first;
    client->first = message->next;
    if (client->first == NULL) {
        client->last = NULL;
    }
    client->sent = 0;
    client->queued_bytes -= message->bytes;
    charge(client, -(int64_t)message->bytes);
    if (message->watch != NULL) {
        struct watch *watch = message->watch;
        watch->pending = message->watch_next;
        watch->pending_last = watch->pending == NULL ? NULL : watch->pending_last;
        watch->nr_pending--;
    } else if (!message->is_dropped) {
        client->nr_answers--;
    }
    free(message);
}

void client_reset(struct client *client)
{
    watch_remove_all(client->x, client);
    transaction_end_all(client->x, client);
    while (client->first != NULL) {
        drop_first(client);
    }
    free(client->input);
    client->input = NULL;
    client->input_bytes = 0;
    client->is_throttled = client->has_missed = false;
    client->was_reset = true;
}

static void unready(struct client *client)
{
    struct xenstored *x = client->x;
    struct client **at = &x->ready;
    while (*at != client) {
        at = &(*at)->ready_next;
    }
    *at = client->ready_next;
    if (client->ready_next == NULL) {
        x->ready_last = at;
    }
    client->is_ready = false;
    x->nr_ready--;
}

struct client *client_next_ready(struct xenstored *x)
{
    struct client *client = x->ready;
    unready(client);
    return client;
}

static void unflush(struct client *client)
{
    struct client **at = &client->x->flush;
    while (*at != client) {
        at = &(*at)->flush_next;
    }
    *at = client->flush_next;
}

void client_destroy(struct client *client)
{
    struct xenstored *x = client->x;
    client_reset(client);
    client->transport->close(client);
    if (client->is_ready) {
        unready(client);
    }
    if (client->is_flushing) {
        unflush(client);
    }
    *client->back = client->next;
    if (client->next != NULL) {
        client->next->back = client->back;
    }
    x->nr_clients--;
    free(client);
}

static void want_flush(struct client *client)
{
    if (!client->is_flushing) {
        client->is_flushing = true;
        client->flush_next = client->x->flush;
        client->x->flush = client;
    }
}

void client_break(struct client *client)
{
    client->is_broken = true;
    want_flush(client);
}

void client_ready(struct client *client)
{
    if (!client->is_ready && !client->is_broken) {
        client->is_ready = true;
        client->ready_next = NULL;
        *client->x->ready_last = client;
        client->x->ready_last = &client->ready_next;
        client->x->nr_ready++;
    }
}

bool client_is_over_memory(const struct client *client, size_t bytes)
{
    return !client->subject.is_privileged &&
           client->account->memory + bytes > client->x->quota.memory_bytes;
}

static bool has_credit(const struct client *client)
{
    return client->nr_answers <
           (client->subject.is_privileged ? CLIENT_MAX_ANSWERS : client->x->quota.outstanding);
}

/* Handles whole messages at the start of data; the bytes used. */
static size_t handle(struct client *client, const char *data, size_t bytes, unsigned *left)
{
    size_t used = 0;
    while (*left > 0 && !client->is_broken) {
        struct wire_header header;
        const int whole = wire_decode(data + used, bytes - used, &header);
        if (whole < 0) {
            client_break(client);
        }
        if (whole <= 0) {
            break;
        }
        if (!has_credit(client)) {
            client->is_throttled = true;
            break;
        }
        (*left)--;
        request_handle(client, &header, data + used + sizeof(header));
        used += (size_t)whole;
    }
    return used;
}

static void keep_input(struct client *client, const char *data, size_t bytes)
{
    if (bytes > 0) {
        char *input = realloc(client->input, bytes);
        if (input == NULL) {
            client_break(client);
            return;
        }
        memcpy(input, data, bytes);
        client->input = input;
    } else {
        free(client->input);
        client->input = NULL;
    }
    client->input_bytes = bytes;
}

void client_work(struct client *client)
{
    char *scratch = client->x->scratch;
    size_t have = client->input_bytes;
    size_t at = 0;
    unsigned left = CLIENT_TURN;
    want_flush(client);
    if (client->is_broken || (client->is_throttled && !has_credit(client))) {
        return;
    }
    client->is_throttled = false;
    if (have > 0) {
        memcpy(scratch, client->input, have);
    }
    at = handle(client, scratch, have, &left);
    if (left > 0 && !client->is_throttled && !client->is_broken) {
        memmove(scratch, scratch + at, have - at);
        have -= at;
        client->was_reset = false;
        const ssize_t n =
            client->transport->read(client, scratch + have, CLIENT_SCRATCH_ROOM - have);
        if (n < 0) {
            client_break(client);
            return;
        }
        /* What it had begun to say before it started anew is not said */
        have = client->was_reset ? 0 : have + (size_t)n;
        at = handle(client, scratch, have, &left);
    }
    keep_input(client, scratch + at, have - at);
    if (left == 0) {
        client_ready(client);
    }
}

static void append(struct client *client, struct message *message)
{
    if (client->last != NULL) {
        client->last->next = message;
    } else {
        client->first = message;
    }
    client->last = message;
    client->queued_bytes += message->bytes;
    charge(client, message->bytes);
    want_flush(client);
}

void client_answer(struct client *client, const struct wire_header *request, uint32_t type,
                   const void *data, size_t bytes)
{
    struct message *message = malloc(sizeof(*message) + sizeof(*request) + bytes);
    if (message == NULL) {
        client_break(client);
        return;
    }
    const struct wire_header header = {.type = type,
                                       .request = request->request,
                                       .transaction = request->transaction,
                                       .bytes = (uint32_t)bytes};
    *message = (struct message){.bytes = (uint32_t)(sizeof(header) + bytes)};
    memcpy(message->data, &header, sizeof(header));
    memcpy(message->data + sizeof(header), data, bytes);
    client->nr_answers++;
    append(client, message);
}

static bool is_pending(const struct client *client, const struct watch *watch, const char *path)
{
    for (const struct message *at = watch->pending; at != NULL; at = at->watch_next) {
        /* Of one that is on its way already the client may have seen the start */
        if (strcmp(at->data + sizeof(struct wire_header), path) == 0 &&
            (at != client->first || client->sent == 0)) {
            return true;
        }
    }
    return false;
}

static bool has_room(const struct client *client, const struct watch *watch, size_t bytes)
{
    const unsigned most =
        client->account->domid == 0 ? WATCH_MAX_PENDING_CONTROL : WATCH_MAX_PENDING;
    return watch->nr_pending < most &&
           (client->queued_bytes == 0 || (!client_is_over_memory(client, bytes) &&
                                          client->queued_bytes + bytes <= CLIENT_MAX_EVENTS));
}

void client_event(struct client *client, struct watch *watch, const char *path)
{
    if (is_pending(client, watch, path)) {
        return;
    }
    const size_t path_bytes = strlen(path) + 1;
    const size_t token_bytes = strlen(watch->token) + 1;
    const struct wire_header header = {.type = WIRE_WATCH_EVENT,
                                       .bytes = (uint32_t)(path_bytes + token_bytes)};
    const size_t bytes = sizeof(header) + header.bytes;
    struct message *message =
        has_room(client, watch, bytes) ? malloc(sizeof(*message) + bytes) : NULL;
    if (message == NULL || header.bytes > WIRE_MAX_PAYLOAD) {
        free(message);
        watch->missed = client->has_missed = true;
        want_flush(client);
        return;
    }
    *message = (struct message){.watch = watch, .bytes = (uint32_t)bytes};
    memcpy(message->data, &header, sizeof(header));
    memcpy(message->data + sizeof(header), path, path_bytes);
    memcpy(message->data + sizeof(header) + path_bytes, watch->token, token_bytes);
    if (watch->pending_last != NULL) {
        watch->pending_last->watch_next = message;
    } else {
        watch->pending = message;
    }
    watch->pending_last = message;
    watch->nr_pending++;
    append(client, message);
}

void client_forget_events(struct client *client, struct watch *watch)
{
    for (struct message *at = watch->pending; at != NULL; at = at->watch_next) {
        at->watch = NULL;
        at->is_dropped = true;
    }
    watch->pending = watch->pending_last = NULL;
    watch->nr_pending = 0;
}

/* All that waited has gone: what was left out comes now, as one event of the watch's own path. */
static void tell_missed(struct client *client)
{
    client->has_missed = false;
    for (struct watch *watch = client->watches; watch != NULL; watch = watch->client_next) {
        if (watch->missed) {
            watch->missed = false;
            client_event(client, watch, watch->path + watch->prefix);
        }
    }
}

/* One write of what waits; false: the transport takes no more. */
static bool write_some(struct client *client)
{
    struct iovec part[PARTS];
    int nr = 0;
    size_t skip = client->sent;
    while (client->first != NULL && client->first->is_dropped && client->sent == 0) {
        drop_first(client);
    }
    for (struct message *at = client->first; at != NULL && nr < PARTS; at = at->next) {
        if (!at->is_dropped || skip > 0) {
            part[nr++] = (struct iovec){at->data + skip, at->bytes - skip};
        }
        skip = 0;
    }
    if (nr == 0) {
        return false;
    }
    ssize_t n = client->transport->write(client, part, nr);
    if (n < 0) {
        client_break(client);
    }
    if (n <= 0) {
        return false;
    }
    while (n > 0) {
        struct message *at = client->first;
        if (at->is_dropped && client->sent == 0) {
            drop_first(client);
            continue;
        }
        const size_t rest = at->bytes - client->sent;
        if ((size_t)n < rest) {
            client->sent += (size_t)n;
            return true;
        }
        n -= (ssize_t)rest;
        drop_first(client);
    }
    return true;
}

/* A line when a guest comes to use more than it should, and when it no longer does. */
static void watch_memory(const struct client *client)
{
    struct account *account = client->account;
    const bool is_over = account->memory > client->x->quota.memory_soft_bytes;
    if (account->domid != 0 && is_over != account->is_over) {
        account->is_over = is_over;
        message_warning("domain %u %s the soft memory quota: %llu bytes", account->domid,
                        is_over ? "exceeds" : "is back below", (unsigned long long)account->memory);
    }
}

void client_flush(struct client *client)
{
    watch_memory(client);
    unsigned left = CLIENT_TURN;
    while (left > 0 && !client->is_broken) {
        if (client->first == NULL && client->has_missed) {
            tell_missed(client);
        }
        if (client->first == NULL || !write_some(client)) {
            break;
        }
        left--;
    }
    if (client->is_broken) {
        return;
    }
    if (left == 0 || (client->is_throttled && has_credit(client))) {
        client_ready(client);
    }
    client->transport->settle(client, !client->is_throttled, client->first != NULL);
}
