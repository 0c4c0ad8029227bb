// SPDX-License-Identifier: MIT
#include "xenstored/transaction.h"
#include "xenstored/client.h"
#include "xenstored/fire.h"
#include "xenstored/path.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct transaction *transaction_find(struct client *client, uint32_t id)
{
    struct transaction *transaction = client->transactions;
    while (transaction != NULL && transaction->id != id) {
        transaction = transaction->next;
    }
    return transaction;
}

int transaction_start(struct xenstored *x, struct client *client, uint32_t *id)
{
    if (!client->subject.is_privileged && client->account->transactions >= x->quota.transactions) {
        return -ENOSPC;
    }
    struct transaction *transaction = malloc(sizeof(*transaction));
    if (transaction == NULL) {
        return -ENOMEM;
    }
    do {
        client->last_transaction++;
    } while (client->last_transaction == 0 || transaction_find(client, client->last_transaction));
    *transaction = (struct transaction){.next = client->transactions,
                                        .id = client->last_transaction,
                                        .base = tree_get(x->root),
                                        .root = tree_get(x->root)};
    client->transactions = transaction;
    client->account->transactions++;
    *id = transaction->id;
    return 0;
}

static uint32_t hash_path(const char *path, unsigned length)
{
    uint32_t hash = 2166136261U;
    for (unsigned i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)path[i]) * 16777619U;
    }
    return hash ^ (hash >> 15);
}

/* As many buckets as accesses: they are few, and a guest's are bounded by its quota. */
static int grow(struct transaction *transaction)
{
    if (transaction->nr_accesses < transaction->nr_buckets) {
        return 0;
    }
    const unsigned nr = transaction->nr_buckets == 0 ? 16 : 4 * transaction->nr_buckets;
    struct access **bucket = malloc(nr * sizeof(struct access *));
    if (bucket == NULL) {
        return -ENOMEM;
    }
    memset(bucket, 0, nr * sizeof(struct access *));
    for (struct access *access = transaction->first; access != NULL; access = access->next) {
        access->hash_next = bucket[access->hash & (nr - 1)];
        bucket[access->hash & (nr - 1)] = access;
    }
    free(transaction->bucket);
    transaction->bucket = bucket;
    transaction->nr_buckets = nr;
    return 0;
}

int transaction_note(struct xenstored *x, struct client *client, struct transaction *transaction,
                     const char *path, unsigned length, unsigned what)
{
    if (grow(transaction) < 0) {
        return -ENOMEM;
    }
    const uint32_t hash = hash_path(path, length);
    struct access **bucket = &transaction->bucket[hash & (transaction->nr_buckets - 1)];
    for (struct access *access = *bucket; access != NULL; access = access->hash_next) {
        if (access->hash == hash && access->length == length &&
            memcmp(access->path, path, length) == 0) {
            access->what |= (uint16_t)what;
            return 0;
        }
    }
    if (!client->subject.is_privileged && transaction->nr_accesses >= x->quota.transaction_nodes) {
        return -ENOSPC;
    }
    const size_t bytes = sizeof(struct access) + length + 1;
    struct access *access = client_is_over_memory(client, bytes) ? NULL : malloc(bytes);
    if (access == NULL) {
        return -ENOMEM;
    }
    *access = (struct access){
        .hash_next = *bucket, .hash = hash, .what = (uint16_t)what, .length = (uint16_t)length};
    memcpy(access->path, path, length);
    access->path[length] = '\0';
    *bucket = access;
    if (transaction->last != NULL) {
        transaction->last->next = access;
    } else {
        transaction->first = access;
    }
    transaction->last = access;
    transaction->nr_accesses++;
    transaction->bytes += bytes;
    account_charge(&x->accounts, client->account->domid, 0, (int64_t)bytes);
    return 0;
}

/* Has what the transaction relied on changed since its start? */
static bool is_stale(const struct access *access, struct tree_node *base, struct tree_node *now)
{
    const struct tree_node *then = tree_find(base, access->path);
    const struct tree_node *here = tree_find(now, access->path);
    if (then == here) {
        return false;
    }
    if (then == NULL || here == NULL) {
        return true;
    }
    return ((access->what & ACCESS_VALUE) != 0 && then->gen_value != here->gen_value) ||
           ((access->what & ACCESS_PERMISSIONS) != 0 &&
            then->gen_permissions != here->gen_permissions) ||
           ((access->what & ACCESS_CHILDREN) != 0 && then->gen_children != here->gen_children) ||
           ((access->what & ACCESS_BELOW) != 0 && then->gen_below != here->gen_below);
}

/* Gives *root what the transaction's tree has at a path: parents that lack too, then the node. */
static int replay(struct xenstored *x, struct tree_node **root, struct tree_node *from,
                  const struct access *access)
{
    const struct tree_node *node = tree_find(from, access->path);
    if (node == NULL) {
        return 0;
    }
    char path[PATH_ROOM];
    memcpy(path, access->path, access->length + 1U);
    int err = 0;
    for (unsigned missing = 1; err == 0;) {
        tree_find_nearest(*root, path, &missing);
        if (missing == 0) {
            break;
        }
        char part[PATH_ROOM];
        unsigned length = access->length;
        memcpy(part, path, length + 1);
        for (; missing > 1; missing--) {
            length = path_parent(part, length);
        }
        part[length] = '\0';
        const struct tree_node *model = tree_find(from, part);
        err = tree_add(&x->tree, root, part, model->value ? model->value->data : NULL,
                       model->value ? model->value->bytes : 0, model->permissions);
    }
    if (err == 0 && (access->what & CHANGED_VALUE) != 0) {
        err = tree_write(&x->tree, root, path, node->value ? node->value->data : NULL,
                         node->value ? node->value->bytes : 0);
    }
    if (err == 0 && (access->what & CHANGED_PERMISSIONS) != 0) {
        err = tree_set_permissions(&x->tree, root, path, node->permissions);
    }
    return err;
}

/* The tree of now with the transaction's changes. 0 or -ENOMEM. */
static int rebase(struct xenstored *x, const struct transaction *transaction,
                  struct tree_node **out)
{
    int err = 0;
    *out = tree_get(x->root);
    if (x->root == transaction->base) {
        tree_put(&x->tree, *out);
        *out = tree_get(transaction->root);
        return 0;
    }
    const struct access *access;
    for (access = transaction->first; access != NULL && err == 0; access = access->next) {
        if ((access->what & CHANGED_REMOVED) != 0 && tree_find(*out, access->path) != NULL) {
            struct tree_node *removed;
            err = tree_remove(&x->tree, out, access->path, &removed);
            if (err == 0) {
                tree_put(&x->tree, removed);
            }
        }
    }
    for (access = transaction->first; access != NULL && err == 0; access = access->next) {
        if ((access->what & (CHANGED_VALUE | CHANGED_PERMISSIONS)) != 0) {
            err = replay(x, out, transaction->root, access);
        }
    }
    if (err < 0) {
        tree_put(&x->tree, *out);
    }
    return err;
}

/* Others may have used up what there was when the transaction looked. */
static bool is_over_quota(const struct xenstored *x, const struct client *client,
                          const struct transaction *transaction)
{
    if (client->subject.is_privileged) {
        return false;
    }
    const struct tally_entry *entry = tally_find(&transaction->tally, client->subject.domid);
    return entry != NULL && entry->nodes > 0 &&
           (int64_t)client->account->nodes + entry->nodes > x->quota.nodes;
}

static int commit(struct xenstored *x, struct client *client, struct transaction *transaction)
{
    const struct access *access;
    if (x->root != transaction->base) {
        for (access = transaction->first; access != NULL; access = access->next) {
            if (is_stale(access, transaction->base, x->root)) {
                return -EAGAIN;
            }
        }
    }
    if (is_over_quota(x, client, transaction)) {
        return -ENOSPC;
    }
    struct tree_node *next;
    const int err = rebase(x, transaction, &next);
    if (err < 0) {
        return err;
    }
    struct tree_node *before = x->root;
    x->root = next;
    for (access = transaction->first; access != NULL; access = access->next) {
        if ((access->what & CHANGED_FIRE) != 0) {
            fire_commit(x, before, access->path, (access->what & CHANGED_REMOVED) != 0);
        }
    }
    for (unsigned i = 0; i < transaction->tally.nr; i++) {
        const struct tally_entry *entry = &transaction->tally.entry[i];
        account_charge(&x->accounts, entry->domid, entry->nodes, entry->bytes);
    }
    tree_put(&x->tree, before);
    return 0;
}

int transaction_end(struct xenstored *x, struct client *client, struct transaction *transaction,
                    bool do_commit)
{
    const int err = do_commit ? commit(x, client, transaction) : 0;
    struct transaction **at = &client->transactions;
    while (*at != transaction) {
        at = &(*at)->next;
    }
    *at = transaction->next;
    client->account->transactions--;
    account_charge(&x->accounts, client->account->domid, 0, -(int64_t)transaction->bytes);
    tree_put(&x->tree, transaction->base);
    tree_put(&x->tree, transaction->root);
    while (transaction->first != NULL) {
        struct access *access = transaction->first;
        transaction->first = access->next;
        free(access);
    }
    tally_fini(&transaction->tally);
    free(transaction->bucket);
    free(transaction);
    return err;
}

void transaction_end_all(struct xenstored *x, struct client *client)
{
    while (client->transactions != NULL) {
        transaction_end(x, client, client->transactions, false);
    }
}
