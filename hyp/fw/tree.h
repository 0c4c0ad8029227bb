/* SPDX-License-Identifier: MIT */
/* Private to fw/: cells. */
#ifndef FW_TREE_H
#define FW_TREE_H

#include "base/types.h"

#define FDT_MAX_DEPTH 16u

/* n cells (0, 1 or 2; of more the last two count) at p, big endian as stored. */
u64 fdt_cells(const u32 *p, u32 n);
/* True unless the node says status = anything but "okay" or "ok". */
bool fdt_is_available(const void *fdt, int node);
u32 fdt_cell_property(const void *fdt, int node, const char *name, u32 fallback);

#endif
