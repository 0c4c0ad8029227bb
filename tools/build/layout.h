/* SPDX-License-Identifier: MIT */
/* Where in a guest's memory what lies. Arithmetic only; addresses and sizes in bytes. */
#pragma once
#include <stdint.h>

#include "image/image.h"

struct range {
    uint64_t start, bytes;
};

struct layout {
    struct range bank[2]; /* RAM; the second may be empty */
    struct range kernel;  /* as far as it may go: it can be shorter */
    struct range ramdisk; /* empty: none */
    struct range tree;    /* whole pages */
};

/* NULL, or the sentence's end that says why it does not fit, in why. */
const char *layout_plan(struct layout *layout, uint64_t memory_bytes, const struct image *image,
                        uint64_t ramdisk_bytes, uint64_t tree_bytes, char why[160]);

/* Stretches of the guest's space behind its RAM that hold nothing, 64 MiB or more, for it to map
 * foreign pages in; how many. address_bits: of its physical space. */
unsigned layout_find_free(const struct layout *layout, unsigned address_bits,
                          struct range region[2]);
