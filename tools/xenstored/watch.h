/* SPDX-License-Identifier: MIT */
/*
 * Watches: who is told when a node, or one below it, changes. They are found by a hash of their
 * path: a change asks once for each of the path's ancestors, however many watches there are.
 *
 * A client is told of a node only if it may read it or its parent. The first event comes when the
 * watch is set.
 */
#pragma once
#include "xenstored/path.h"
#include "xenstored/permission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct message;
struct xenstored;

struct watch {
    struct watch *hash_next;
    struct watch *client_next, **client_back; /* all of a client; newest first */
    struct client *client;
    uint64_t hash;
    int32_t depth;   /* levels below the path that count; negative: all */
    unsigned prefix; /* bytes that events leave out: the path was relative */
    unsigned length; /* of the path */
    const char *token;
    bool missed; /* events were left out for want of room: one for the path itself is owed */
    unsigned nr_pending;
    struct message *pending, *pending_last; /* its events that wait to be sent */
    char path[];
};

/* Pending events of one watch; beyond, changes come down to one event of its own path. Linux makes
 * nothing of that one: for the control domain's kernel the limit is above what a guest with dozens
 * of devices brings in one transaction. Each new event is compared with all of them. */
#define WATCH_MAX_PENDING         64
#define WATCH_MAX_PENDING_CONTROL 1024

struct watch_table {
    struct watch **bucket;
    unsigned nr, nr_buckets; /* a power of two */
    uint64_t seed;
};

void watch_fini(struct watch_table *table);

/* Sets one and tells it. 0, -EEXIST (same client, path and token), -ENOSPC (quota), -ENOMEM. */
int watch_add(struct xenstored *x, struct client *client, const struct path *path,
              const char *token, int32_t depth);
/* Takes it back with the events that still wait. 0 or -ENOENT. */
int watch_remove(struct xenstored *x, struct client *client, const struct path *path,
                 const char *token);
void watch_remove_all(struct xenstored *x, struct client *client);

/* Permissions that let a client know: any of those that are not NULL. */
struct watch_rights {
    const struct permissions *of[3];
};

/* path changed. Watches of it and, unless exact, of all above it are told. */
void watch_fire(struct xenstored *x, const char *path, unsigned length, struct watch_rights rights,
                bool exact);
