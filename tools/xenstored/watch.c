// SPDX-License-Identifier: MIT
#include "xenstored/watch.h"
#include "xenstored/client.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRIME 0x9e3779b97f4a7c15ULL

/* One byte at a time, so that all ancestors' hashes come out on the way. */
static inline uint64_t hash_step(uint64_t hash, char c)
{
    hash = (hash ^ (uint8_t)c) * PRIME;
    return hash ^ (hash >> 29);
}

static uint64_t hash_path(const struct watch_table *table, const char *path, unsigned length)
{
    uint64_t hash = table->seed;
    for (unsigned i = 0; i < length; i++) {
        hash = hash_step(hash, path[i]);
    }
    return hash;
}

static struct watch **bucket_of(const struct watch_table *table, uint64_t hash)
{
    return &table->bucket[(hash >> 32) & (table->nr_buckets - 1)];
}

void watch_fini(struct watch_table *table)
{
    free(table->bucket);
    table->bucket = NULL;
    table->nr_buckets = 0;
}

/* No memory for more buckets is no error: the chains get longer. */
static int grow(struct watch_table *table)
{
    if (table->nr < table->nr_buckets) {
        return 0;
    }
    const unsigned nr = table->nr_buckets == 0 ? 64 : 2 * table->nr_buckets;
    struct watch **bucket = malloc(nr * sizeof(struct watch *));
    if (bucket == NULL) {
        return table->nr_buckets == 0 ? -ENOMEM : 0;
    }
    memset(bucket, 0, nr * sizeof(struct watch *));
    struct watch_table bigger = {.bucket = bucket, .nr_buckets = nr};
    for (unsigned i = 0; i < table->nr_buckets; i++) {
        struct watch **last = &table->bucket[i];
        while (*last != NULL) {
            struct watch *watch = *last;
            *last = watch->hash_next;
            struct watch **first = bucket_of(&bigger, watch->hash);
            watch->hash_next = *first;
            *first = watch;
        }
    }
    free(table->bucket);
    table->bucket = bucket;
    table->nr_buckets = nr;
    return 0;
}

static size_t watch_bytes(const struct watch *watch)
{
    return sizeof(*watch) + watch->length + 1 + strlen(watch->token) + 1;
}

static struct watch *find(const struct watch_table *table, const struct client *client,
                          const struct path *path, const char *token)
{
    if (table->nr_buckets == 0) {
        return NULL;
    }
    struct watch *watch = *bucket_of(table, hash_path(table, path->text, path->length));
    while (watch != NULL &&
           (watch->client != client || watch->length != path->length ||
            watch->prefix != path->prefix || memcmp(watch->path, path->text, path->length) != 0 ||
            strcmp(watch->token, token) != 0)) {
        watch = watch->hash_next;
    }
    return watch;
}

int watch_add(struct xenstored *x, struct client *client, const struct path *path,
              const char *token, int32_t depth)
{
    struct watch_table *table = &x->watches;
    struct account *account = client->account;
    if (find(table, client, path, token) != NULL) {
        return -EEXIST;
    }
    const size_t bytes = path->length + 1 + strlen(token) + 1;
    if (!client->subject.is_privileged && account->watches >= x->quota.watches) {
        return -ENOSPC;
    }
    if (client_is_over_memory(client, sizeof(struct watch) + bytes)) {
        return -ENOMEM;
    }
    struct watch *watch = malloc(sizeof(*watch) + bytes);
    if (watch == NULL || grow(table) < 0) {
        free(watch);
        return -ENOMEM;
    }
    *watch = (struct watch){.client = client,
                            .hash = hash_path(table, path->text, path->length),
                            .depth = depth,
                            .prefix = path->prefix,
                            .length = path->length,
                            .token = watch->path + path->length + 1};
    memcpy(watch->path, path->text, path->length + 1);
    memcpy(watch->path + path->length + 1, token, strlen(token) + 1);
    /* Newest last: events come in the order in which the watches were set */
    struct watch **last = bucket_of(table, watch->hash);
    while (*last != NULL) {
        last = &(*last)->hash_next;
    }
    *last = watch;
    watch->client_next = client->watches;
    watch->client_back = &client->watches;
    if (client->watches != NULL) {
        client->watches->client_back = &watch->client_next;
    }
    client->watches = watch;
    table->nr++;
    account->watches++;
    account_charge(&x->accounts, account->domid, 0, (int64_t)watch_bytes(watch));
    client_event(client, watch, watch->path + watch->prefix);
    return 0;
}

static void destroy(struct xenstored *x, struct watch *watch)
{
    struct client *client = watch->client;
    *watch->client_back = watch->client_next;
    if (watch->client_next != NULL) {
        watch->client_next->client_back = watch->client_back;
    }
    struct watch **chain = bucket_of(&x->watches, watch->hash);
    while (*chain != watch) {
        chain = &(*chain)->hash_next;
    }
    *chain = watch->hash_next;
    client_forget_events(client, watch);
    x->watches.nr--;
    client->account->watches--;
    account_charge(&x->accounts, client->account->domid, 0, -(int64_t)watch_bytes(watch));
    free(watch);
}

int watch_remove(struct xenstored *x, struct client *client, const struct path *path,
                 const char *token)
{
    struct watch *watch = find(&x->watches, client, path, token);
    if (watch == NULL) {
        return -ENOENT;
    }
    destroy(x, watch);
    return 0;
}

void watch_remove_all(struct xenstored *x, struct client *client)
{
    struct watch *next;
    for (struct watch *watch = client->watches; watch != NULL; watch = next) {
        next = watch->client_next;
        destroy(x, watch);
    }
}

static bool may_know(const struct client *client, struct watch_rights rights)
{
    if (client->subject.is_privileged) {
        return true;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (rights.of[i] != NULL &&
            (permissions_of(rights.of[i], &client->subject) & PERMISSION_READ) != 0) {
            return true;
        }
    }
    return false;
}

/* Components of the path behind its first length bytes. */
static int32_t levels_below(const char *path, unsigned length)
{
    int32_t nr = 0;
    for (const char *c = path + (length > 1 ? length : 0); *c != '\0'; c++) {
        nr += *c == '/' && c[1] != '\0';
    }
    return nr;
}

/* What a watch is told of path. That a special event is one domain's hears who asked for it by a
 * depth; others the plain name, as before there were such. */
static const char *event_path(const struct watch *watch, const char *path)
{
    return path_is_special(path) && watch->depth < 0 ? watch->path : path + watch->prefix;
}

/* Tells all watches whose path is the first length bytes of path. */
static void fire_at(struct xenstored *x, uint64_t hash, const char *path, unsigned length,
                    struct watch_rights rights)
{
    for (struct watch *watch = *bucket_of(&x->watches, hash); watch != NULL;
         watch = watch->hash_next) {
        if (watch->hash == hash && watch->length == length &&
            memcmp(watch->path, path, length) == 0 && may_know(watch->client, rights) &&
            (watch->depth < 0 || levels_below(path, length) <= watch->depth)) {
            client_event(watch->client, watch, event_path(watch, path));
        }
    }
}

void watch_fire(struct xenstored *x, const char *path, unsigned length, struct watch_rights rights,
                bool exact)
{
    if (x->watches.nr == 0) {
        return;
    }
    uint64_t hash = x->watches.seed;
    for (unsigned i = 0; i < length; i++) {
        if (i > 0 && path[i] == '/' && !exact) {
            fire_at(x, hash, path, i, rights);
        }
        hash = hash_step(hash, path[i]);
        if (i == 0 && path[0] == '/' && (length == 1 || !exact)) {
            fire_at(x, hash, path, 1, rights);
        }
    }
    if (length > 1) {
        fire_at(x, hash, path, length, rights);
    }
}
