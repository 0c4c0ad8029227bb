/* SPDX-License-Identifier: MIT */
/* Who is told of a change: from what happened to nodes to watch_fire(). */
#pragma once
#include "xenstored/permission.h"
#include "xenstored/tree.h"

#include <stdbool.h>

struct xenstored;

enum special {
    SPECIAL_INTRODUCE, /* @introduceDomain */
    SPECIAL_RELEASE,   /* @releaseDomain */
    SPECIAL_NR,
};
/* SPECIAL_NR: none of them. */
enum special fire_special_of(const char *path);
/* Of a domain: a watch of "@releaseDomain/7" hears of 7, one of "@releaseDomain" of all; that one
 * is told the number too if its depth is 1. */
void fire_special(struct xenstored *x, enum special which, uint16_t domid);

/* The node at path was written, made or got other permissions than old (or NULL). It is there. */
void fire_change(struct xenstored *x, const char *path, const struct permissions *old);
/* It was taken out of the tree with all below. */
void fire_gone(struct xenstored *x, const struct tree_node *removed, const char *path);
/* A commit made the tree before into the one of now; removed: what was at path was taken out. */
void fire_commit(struct xenstored *x, struct tree_node *before, const char *path, bool removed);
