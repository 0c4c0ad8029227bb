/* SPDX-License-Identifier: MIT */
/*
 * Reading a flattened device tree that was checked once (Devicetree Specification 0.4, chapter 5).
 * libfdt checks each step of each search again; a boot makes thousands of them, and these cost a
 * twentieth. Nodes are libfdt's offsets, so both can be used on one tree. Boot only.
 *
 *   structure block:  BEGIN_NODE name.. [PROP length name-offset value..]* [child nodes]* END_NODE
 */
#ifndef FW_TREE_H
#define FW_TREE_H

#include "base/types.h"

#define TREE_MAX_DEPTH 16u

/* Is all of it well formed? What follows trusts it. */
bool tree_check(const void *fdt);

/* The node after node in the order of the tree; *depth follows (start with -1, -1: the root comes
 * as 0). -1: end. */
int tree_next(const void *fdt, int node, int *depth);
const char *tree_name(const void *fdt, int node);
/* Fills chain with the nodes from the root (0) to node (*depth); false: deeper than TREE_MAX_DEPTH.
 */
bool tree_chain(const void *fdt, int node, int chain[TREE_MAX_DEPTH], u32 *depth);

/* Value of a property, aligned to 4; NULL and *bytes < 0: none, or no such node (node < 0). bytes
 * may be NULL. */
const void *tree_property(const void *fdt, int node, const char *name, int *bytes);
/* A property of one cell; fallback when it is something else. */
u32 tree_u32(const void *fdt, int node, const char *name, u32 fallback);
/* A property that ends with NUL, or NULL. */
const char *tree_string(const void *fdt, int node, const char *name);
static inline u32 tree_cell(const u32 *p)
{
    return __builtin_bswap32(*p);
}
/* n cells at p as a number; of more than two the last two. */
u64 tree_cells(const u32 *p, u32 n);

/* No status, or "okay". */
bool tree_is_available(const void *fdt, int node);
/* Is that its device_type? */
bool tree_has_type(const void *fdt, int node, const char *type);
/*
 * One step up, from a bus (a node with ranges, bytes of them) to its parent's: an address of child
 * cells becomes one of above cells, or there is none: false. An empty ranges property is the
 * identity; without one (bytes < 0) the bus has no memory mapping at all. More than two cells are
 * PCI's, whose windows are read by who needs them.
 */
bool tree_translate(const u32 *ranges, int bytes, u32 child, u32 above, u32 size, u64 *at);
bool tree_is_compatible(const void *fdt, int node, const char *name);
u32 tree_phandle(const void *fdt, int node);         /* 0: none */
int tree_find_phandle(const void *fdt, u32 phandle); /* -1: none */
/* The next compatible node behind after (-1: the first). -1: none. */
int tree_find_compatible(const void *fdt, int after, const char *name);
/* "/soc/uart@9000000", "/soc/uart" or an alias, as far as a colon. -1: none. */
int tree_find_path(const void *fdt, const char *path);

#endif
