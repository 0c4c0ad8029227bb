// SPDX-License-Identifier: MIT
#include "xenstored/view.h"
#include "xenstored/client.h"
#include "xenstored/fire.h"
#include "xenstored/path.h"
#include "xenstored/transaction.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <string.h>

static struct tree_node **root_of(const struct view *view)
{
    return view->transaction != NULL ? &view->transaction->root : &view->x->root;
}

static int note(const struct view *view, const char *path, unsigned length, unsigned what)
{
    return view->transaction == NULL
               ? 0
               : transaction_note(view->x, view->client, view->transaction, path, length, what);
}

/* Nodes and bytes of a domain become more or less. In a transaction room was reserved. */
static void charge(const struct view *view, uint16_t domid, int64_t nodes, int64_t bytes)
{
    if (view->transaction != NULL) {
        tally_add(&view->transaction->tally, domid, nodes, bytes);
    } else {
        account_charge(&view->x->accounts, domid, nodes, bytes);
    }
}

static int reserve(const struct view *view)
{
    return view->transaction == NULL ? 0 : tally_reserve(&view->transaction->tally);
}

/* The length of what is left of path without its last components. */
static unsigned cut(const char *path, unsigned components)
{
    unsigned length = (unsigned)strlen(path);
    for (; components > 0; components--) {
        length = path_parent(path, length);
    }
    return length;
}

int view_get(const struct view *view, const char *path, unsigned need, unsigned what,
             struct tree_node **node)
{
    const struct subject *subject = &view->client->subject;
    unsigned missing;
    *node = tree_find_nearest(*root_of(view), path, &missing);
    int err = 0;
    if (missing > 0) {
        err = note(view, path, (unsigned)strlen(path), ACCESS_EXISTENCE);
        if (err == 0 && !subject->is_privileged) {
            err = note(view, path, cut(path, missing), ACCESS_PERMISSIONS);
        }
    } else {
        err = note(view, path, (unsigned)strlen(path),
                   what | (subject->is_privileged ? 0 : ACCESS_PERMISSIONS));
    }
    if (err < 0) {
        return err;
    }
    if ((permissions_of((*node)->permissions, subject) & need) != need) {
        return -EACCES;
    }
    return missing > 0 ? -ENOENT : 0;
}

/* May the client's domain own so many nodes and bytes more? */
static int check_quota(const struct view *view, unsigned nodes, size_t bytes)
{
    const struct client *client = view->client;
    if (client->subject.is_privileged) {
        return 0;
    }
    int64_t have = client->account->nodes;
    if (view->transaction != NULL) {
        const struct tally_entry *entry =
            tally_find(&view->transaction->tally, client->subject.domid);
        have += entry != NULL ? entry->nodes : 0;
    }
    if (nodes > 0 && have + nodes > view->x->quota.nodes) {
        return -ENOSPC;
    }
    return client_is_over_memory(client, bytes) ? -ENOMEM : 0;
}

/* Adds what lacks of the path; the last one gets the data. */
static int add_nodes(const struct view *view, const char *path, unsigned missing, const void *data,
                     uint32_t bytes, struct permissions *list)
{
    struct xenstored *x = view->x;
    struct tree_node **root = root_of(view);
    char part[PATH_ROOM];
    char first[PATH_ROOM] = "";
    for (; missing > 0; missing--) {
        const unsigned length = cut(path, missing - 1);
        memcpy(part, path, length);
        part[length] = '\0';
        const int err = tree_add(&x->tree, root, part, missing == 1 ? data : NULL,
                                 missing == 1 ? bytes : 0, list);
        if (err < 0) {
            /* The way is ours alone by now, so this needs no memory */
            struct tree_node *removed;
            if (first[0] != '\0' && tree_remove(&x->tree, root, first, &removed) == 0) {
                tree_put(&x->tree, removed);
            }
            return err;
        }
        if (first[0] == '\0') {
            memcpy(first, part, length + 1);
        }
    }
    return 0;
}

/* Makes path below its nearest node that exists. */
static int create(const struct view *view, const char *path, struct tree_node *above,
                  unsigned missing, const void *data, uint32_t bytes)
{
    const struct subject *subject = &view->client->subject;
    int err = check_quota(view, missing, strlen(path) + bytes);
    if (err == 0) {
        err = note(view, path, cut(path, missing), ACCESS_PERMISSIONS);
    }
    for (unsigned left = missing; err == 0 && left > 0; left--) {
        err = note(view, path, cut(path, left - 1), CHANGED_VALUE | (left == 1 ? CHANGED_FIRE : 0));
    }
    if (err == 0) {
        err = reserve(view);
    }
    if (err < 0) {
        return err;
    }
    struct permissions *list = permissions_inherit(above->permissions, subject);
    if (list == NULL) {
        return -ENOMEM;
    }
    err = add_nodes(view, path, missing, data, bytes, list);
    if (err == 0) {
        int64_t all = bytes > 0 ? (int64_t)(sizeof(struct tree_value) + bytes) : 0;
        for (unsigned left = missing; left > 0; left--) {
            const unsigned length = cut(path, left - 1);
            const unsigned parent = path_parent(path, length);
            all += (int64_t)(sizeof(struct tree_node) + length - parent + (parent == 1));
        }
        charge(view, permissions_owner(list), missing, all);
    }
    permissions_put(list);
    return err;
}

/* Writes, or (make) only sees to it that the node is there. */
static int change(const struct view *view, const char *path, const void *data, uint32_t bytes,
                  bool make)
{
    const struct subject *subject = &view->client->subject;
    struct tree_node *node;
    int err = view_get(view, path, PERMISSION_WRITE, make ? ACCESS_EXISTENCE : ACCESS_VALUE, &node);
    if ((err < 0 && err != -ENOENT) || (err == 0 && make)) {
        return err;
    }
    if (!subject->is_privileged && bytes > view->x->quota.entry_bytes) {
        return -ENOSPC;
    }
    if (err == -ENOENT) {
        unsigned missing;
        node = tree_find_nearest(*root_of(view), path, &missing);
        err = create(view, path, node, missing, data, bytes);
    } else {
        const int64_t before = (int64_t)tree_bytes_of(node);
        const uint16_t owner = permissions_owner(node->permissions);
        err = check_quota(view, 0, bytes);
        err = err < 0 ? err : reserve(view);
        err =
            err < 0 ? err : note(view, path, (unsigned)strlen(path), CHANGED_VALUE | CHANGED_FIRE);
        err = err < 0 ? err : tree_write(&view->x->tree, root_of(view), path, data, bytes);
        if (err == 0) {
            node = tree_find(*root_of(view), path);
            charge(view, owner, 0, (int64_t)tree_bytes_of(node) - before);
        }
    }
    if (err == 0 && view->transaction == NULL) {
        fire_change(view->x, path, NULL);
    }
    return err;
}

int view_write(const struct view *view, const char *path, const void *data, uint32_t bytes)
{
    return change(view, path, data, bytes, false);
}

int view_make(const struct view *view, const char *path)
{
    return change(view, path, NULL, 0, true);
}

/* First for a transaction: so that the second walk can't fail. */
static int reserve_owner(const char *path, unsigned length, const struct tree_node *node, void *arg)
{
    const struct view *view = arg;
    const int err = reserve(view);
    if (err == 0 && view->transaction != NULL) {
        tally_add(&view->transaction->tally, permissions_owner(node->permissions), 0, 0);
    }
    return err;
}

static int discharge_owner(const char *path, unsigned length, const struct tree_node *node,
                           void *arg)
{
    charge(arg, permissions_owner(node->permissions), -1, -(int64_t)tree_bytes_of(node));
    return 0;
}

void view_discharge(struct xenstored *x, const struct tree_node *removed, const char *path)
{
    const struct view view = {.x = x};
    char at[PATH_ROOM];
    const unsigned length = (unsigned)strlen(path);
    memcpy(at, path, length + 1);
    tree_walk(removed, at, length, discharge_owner, (void *)&view);
}

int view_remove(const struct view *view, const char *path)
{
    struct xenstored *x = view->x;
    char at[PATH_ROOM];
    const unsigned length = (unsigned)strlen(path);
    struct tree_node *node;
    int err = view_get(view, path, PERMISSION_WRITE, ACCESS_BELOW, &node);
    if (err == -ENOENT) {
        unsigned missing;
        tree_find_nearest(*root_of(view), path, &missing);
        if (missing > 1) {
            return -ENOENT;
        }
        /* The answer says that the parent is there */
        return note(view, path, path_parent(path, length), ACCESS_EXISTENCE);
    }
    if (err < 0) {
        return err;
    }
    if (length <= 1) {
        return -EINVAL;
    }
    memcpy(at, path, length + 1);
    if (view->transaction != NULL) {
        err = tree_walk(node, at, length, reserve_owner, (void *)view);
    }
    err = err < 0 ? err : note(view, path, length, CHANGED_REMOVED | CHANGED_FIRE);
    struct tree_node *removed;
    err = err < 0 ? err : tree_remove(&x->tree, root_of(view), path, &removed);
    if (err < 0) {
        return err;
    }
    tree_walk(removed, at, length, discharge_owner, (void *)view);
    if (view->transaction == NULL) {
        fire_gone(x, removed, path);
    }
    tree_put(&x->tree, removed);
    return 0;
}

int view_set_permissions(const struct view *view, const char *path, struct permissions *list)
{
    const struct subject *subject = &view->client->subject;
    struct tree_node *node;
    int err = view_get(view, path, PERMISSION_OWNER, ACCESS_PERMISSIONS, &node);
    if (err < 0) {
        return err;
    }
    const uint16_t before = permissions_owner(node->permissions);
    const uint16_t after = permissions_owner(list);
    if (!subject->is_privileged && before != after) {
        return -EPERM;
    }
    err = reserve(view);
    if (err == 0) {
        charge(view, before, 0, 0);
        err = reserve(view);
    }
    err = err < 0 ? err
                  : note(view, path, (unsigned)strlen(path), CHANGED_PERMISSIONS | CHANGED_FIRE);
    if (err < 0) {
        return err;
    }
    struct permissions *old = permissions_get(node->permissions);
    err = tree_set_permissions(&view->x->tree, root_of(view), path, list);
    if (err == 0) {
        const int64_t bytes = (int64_t)tree_bytes_of(tree_find(*root_of(view), path));
        charge(view, before, -1, -bytes);
        charge(view, after, 1, bytes);
        if (view->transaction == NULL) {
            fire_change(view->x, path, old);
        }
    }
    permissions_put(old);
    return err;
}
