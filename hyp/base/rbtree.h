/* SPDX-License-Identifier: MIT */
/*
 * A red-black tree (Cormen et al., ch. 13), intrusive. The caller walks down and links; the tree
 * keeps balance and the leftmost node (the next timer, the neediest unit) at O(1).
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include "base/types.h"

struct rb_node {
    struct rb_node *parent, *left, *right;
    bool red;
    bool linked;
};

struct rb_tree {
    struct rb_node *root;
    struct rb_node *first; /* leftmost, or NULL */
};

/* Inserts node; less(a, b) orders strictly; equal keys go right of those that are there (FIFO). */
void rb_insert(struct rb_tree *tree, struct rb_node *node,
               bool (*less)(const struct rb_node *, const struct rb_node *));
/* Removes z, which must be linked in this tree. */
void rb_remove(struct rb_tree *tree, struct rb_node *z);
/* In-order successor, or NULL. */
struct rb_node *rb_next(const struct rb_node *node);

#endif
