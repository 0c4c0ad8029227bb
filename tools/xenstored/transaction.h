/* SPDX-License-Identifier: MIT */
/*
 * Transactions: a client's own view of the tree, as it was at the start and with its own changes.
 *
 * What it looks at and what it changes is written down by path: existence, value, permissions, the
 * list of children, a whole subtree. A commit compares the generations of just these between the
 * tree of the start and the tree of now. If one differs, somebody was faster: EAGAIN. If the tree
 * of now is the one of the start, the transaction's own becomes the tree; else its changes are made
 * once more on top of what others did elsewhere.
 */
#pragma once
#include "xenstored/account.h"
#include "xenstored/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct xenstored;

enum {
    ACCESS_EXISTENCE = 0, /* always */
    ACCESS_VALUE = 1,
    ACCESS_PERMISSIONS = 2,
    ACCESS_CHILDREN = 4,
    ACCESS_BELOW = 8,   /* the node and all below it */
    CHANGED_VALUE = 16, /* also: made */
    CHANGED_PERMISSIONS = 32,
    CHANGED_REMOVED = 64,
    CHANGED_FIRE = 128, /* watches are told at the commit */
};

struct access {
    struct access *hash_next, *next; /* next: in order of their first time */
    uint32_t hash;
    uint16_t what;
    uint16_t length;
    char path[];
};

struct transaction {
    struct transaction *next; /* of the client */
    uint32_t id;
    struct tree_node *base; /* the tree at the start */
    struct tree_node *root; /* the same with this transaction's changes */
    struct tally tally;
    struct access **bucket;
    unsigned nr_accesses, nr_buckets;
    struct access *first, *last;
    size_t bytes; /* of the accesses, charged to the client's domain */
};

/* -ENOSPC (quota), -ENOMEM; *id is what the client calls it from now on, not 0. */
int transaction_start(struct xenstored *x, struct client *client, uint32_t *id);
/* NULL: the client has none of that id. */
struct transaction *transaction_find(struct client *client, uint32_t id);

/* Writes down that path was looked at or changed. 0, -ENOSPC (quota), -ENOMEM. */
int transaction_note(struct xenstored *x, struct client *client, struct transaction *transaction,
                     const char *path, unsigned length, unsigned what);

/* Ends it in any case. Commit: 0, -EAGAIN (a conflict), -ENOSPC (quota), -ENOMEM. */
int transaction_end(struct xenstored *x, struct client *client, struct transaction *transaction,
                    bool commit);
void transaction_end_all(struct xenstored *x, struct client *client);
