/* SPDX-License-Identifier: MIT */
/*
 * The tree as one client sees it in one request: through its permissions and quotas, and, if it has
 * one, through its transaction. All that a request does to nodes goes through here.
 */
#pragma once
#include "xenstored/permission.h"
#include "xenstored/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct client;
struct transaction;
struct xenstored;

struct view {
    struct xenstored *x;
    struct client *client;
    struct transaction *transaction; /* NULL: the tree itself */
};

/*
 * Borrows the node. need is a mask of PERMISSION_*, what of ACCESS_* is looked at. -ENOENT, -EACCES
 * (also for a node that is not there where the client could not have seen it), -ENOSPC and -ENOMEM
 * within a transaction.
 */
int view_get(const struct view *view, const char *path, unsigned need, unsigned what,
             struct tree_node **node);

/* Writes a node; one that is not there is made with all that lacks above it. 0, -EACCES, -ENOSPC,
 * -ENOMEM. */
int view_write(const struct view *view, const char *path, const void *data, uint32_t bytes);
/* Makes a node; one that is there stays as it is. */
int view_make(const struct view *view, const char *path);
/* Removes a node and all below. One that is not there is fine if its parent is. -EINVAL: the root.
 */
int view_remove(const struct view *view, const char *path);
/* -EPERM: only dom0 gives nodes away. The reference stays the caller's. */
int view_set_permissions(const struct view *view, const char *path, struct permissions *list);

/* What was taken out of the tree counts for its owners no more. */
void view_discharge(struct xenstored *x, const struct tree_node *removed, const char *path);
