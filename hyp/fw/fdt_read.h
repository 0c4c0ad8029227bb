/* SPDX-License-Identifier: MIT */
/* Inside fw/: numbers of one or two cells, big endian. */
#ifndef FW_FDT_READ_H
#define FW_FDT_READ_H

#include <libfdt.h>

#include "base/types.h"

static inline u64 fdt_cells(const fdt32_t *cell, u32 nr)
{
    u64 value = 0;
    for (u32 i = 0; i < nr; i++) {
        value = value << 32 | fdt32_to_cpu(cell[i]);
    }
    return value;
}

#endif
