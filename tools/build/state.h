/* SPDX-License-Identifier: MIT */
/* A guest under construction, for the files of this room. */
#pragma once
#include "build/build.h"
#include "build/layout.h"
#include "build/tree.h"
#include "hv/hv.h"
#include "image/image.h"

#define BUILD_PAGE 4096ULL

/* Pages behind GUEST_MAGIC_BASE, in the order that Xen's tools give them. */
enum magic { MAGIC_CONSOLE, MAGIC_STORE, MAGIC_MONITOR, MAGIC_VUART, NR_MAGIC };

struct build {
    const struct guest_config *config;
    struct image image;
    struct image ramdisk; /* bytes 0: none */
    void *partial, *tree;
    size_t tree_bytes;
    uint8_t seed[TREE_SEED_BYTES];
    struct layout layout;
    build_progress_fn *progress;
    void *progress_context;
    uint64_t done_bytes; /* of kernel file and ramdisk */

    struct hv *hv; /* this and what follows: since build_create() */
    uint16_t domid;
    uint32_t vuart_port;
    bool is_gicv3;
    uint32_t clock_hz;
};

/* Says "can't WHAT: REASON" and gives the errno back. */
int build_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* create.c: as many bits as its kernel has. */
int build_set_bits(struct build *build);
/* How many pages of the machine's the guest's memory and its magic pages take. */
uint64_t build_count_pages(const struct build *build);
unsigned build_count_magic(const struct build *build);

/* Makes the device tree anew from what is known by now, its ramdisk not placed. */
int build_make_tree(struct build *build, unsigned xen_major, unsigned xen_minor,
                    unsigned address_bits);

/* memory.c: gives the guest its RAM and its magic pages, these cleared. */
int build_populate(struct build *build);
/* load.c: kernel, ramdisk and tree into the places of the layout, by its grant table. */
int build_load(struct build *build, const struct hv_mapping *grants);
