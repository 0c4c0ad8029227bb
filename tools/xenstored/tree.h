/* SPDX-License-Identifier: MIT */
/*
 * The nodes of the store: a tree that can be kept as it is for the price of one reference.
 *
 * A root is a pointer. Who takes a reference on it (a transaction) keeps all that hangs below
 * unchanged: a change copies the nodes from the root down to the changed one and leaves all others
 * shared. Nodes that nobody else refers to are changed in place, so without a transaction nothing
 * is ever copied.
 *
 *        root                     root'  (changed c)
 *        /  \                     /   \
 *       a    b    becomes        a     b'        a is shared
 *           / \                       / \
 *          c   d                     c'  d       d is shared
 *
 * The children of a node are themselves a balanced binary tree (a treap: ordered by name, a heap by
 * a random priority), so 10,000 siblings are found, copied and changed in some 15 steps. A step
 * compares two words: a name's key is its order, as far as 64 bits tell it.
 *
 * What changed when is told by generations, one counter for all: a transaction compares those of
 * the nodes that it touched. Functions that change either do it or answer -ENOMEM and have changed
 * nothing that can be seen. One thread.
 */
#pragma once
#include "xenstored/path.h"
#include "xenstored/permission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_value {
    unsigned refs;
    uint32_t bytes;
    char data[];
};

struct tree_node {
    unsigned refs;
    uint32_t priority;
    struct tree_node *left, *right; /* siblings; left also links nodes that wait to be freed */
    struct tree_node *children;     /* the middle one of them */
    struct tree_value *value;       /* NULL: empty */
    struct permissions *permissions;
    uint64_t gen_value;       /* of the last write; of its making */
    uint64_t gen_permissions; /* of their last change; of its making */
    uint64_t gen_children;    /* a child came or went */
    uint64_t gen_below;       /* anything changed here or below */
    uint32_t names_bytes;     /* of the names with zeros, this node and its left and right */
    uint16_t name_length;
    uint64_t key; /* the name's order among siblings: struct path_name */
    char name[];
};

/* What all roots share. */
struct tree {
    uint64_t generation; /* the last one given */
    uint64_t seed;       /* of the priorities: not to be guessed by guests */
    struct tree_node *garbage;
    size_t nr_nodes, bytes; /* for reports: in memory, garbage included */
};

/* A root without children. NULL: no memory. */
struct tree_node *tree_plant(struct tree *tree, struct permissions *permissions);
struct tree_node *tree_get(struct tree_node *node);
/* Lets go. What nobody refers to any more is freed by tree_collect(), so this takes no time. */
void tree_put(struct tree *tree, struct tree_node *node);
/* Frees at most nr nodes that wait for it; true when there are more. */
bool tree_collect(struct tree *tree, unsigned nr);

/* Borrowed. NULL: no such node. Paths are absolute and valid (path.h). */
struct tree_node *tree_find(struct tree_node *root, const char *path);
/* The node, or the nearest that exists above it; *depth (may be NULL) is how many components of the
 * path are missing. */
struct tree_node *tree_find_nearest(struct tree_node *root, const char *path, unsigned *missing);
/* Borrowed. NULL: no such child. To look in many places the name is read once. */
struct tree_node *tree_find_child(const struct tree_node *parent, const struct path_name *name);

/* The path's node exists. The caller's reference on permissions stays the caller's. */
int tree_write(struct tree *tree, struct tree_node **root, const char *path, const void *data,
               uint32_t bytes);
int tree_set_permissions(struct tree *tree, struct tree_node **root, const char *path,
                         struct permissions *permissions);
/* The parent exists, the node does not. */
int tree_add(struct tree *tree, struct tree_node **root, const char *path, const void *data,
             uint32_t bytes, struct permissions *permissions);
/* The node exists and is not the root; it goes with all below. The reference on it is the caller's,
 * to look at it once more and to put it. */
int tree_remove(struct tree *tree, struct tree_node **root, const char *path,
                struct tree_node **removed);

/* Calls visit for a node and all below, parents first, with the path of each (as long as it is
 * called, room PATH_ROOM, path has the first node's). Stops at the first answer that is not 0. */
typedef int tree_visit(const char *path, unsigned length, const struct tree_node *node, void *arg);
int tree_walk(const struct tree_node *node, char *path, unsigned length, tree_visit *visit,
              void *arg);

/* The bytes of all children's names with their zeros. */
static inline uint32_t tree_names_bytes(const struct tree_node *node)
{
    return node->children == NULL ? 0 : node->children->names_bytes;
}
/* Copies names of children, ordered (numbers first), beginning with the one at byte offset of the
 * whole list, as many as fit whole. The bytes copied. */
uint32_t tree_names(const struct tree_node *node, uint32_t offset, char *out, uint32_t room);

/* What a node counts for in a domain's memory. */
static inline size_t tree_bytes_of(const struct tree_node *node)
{
    return sizeof(*node) + node->name_length + 1 +
           (node->value == NULL ? 0 : sizeof(*node->value) + node->value->bytes);
}
