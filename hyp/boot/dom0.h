/* SPDX-License-Identifier: MIT */
/*
 * The control domain, built once at boot from the host's own description:
 *
 *   options -> RAM banks 1:1 -> kernel and ramdisk placed -> device tree written -> devices mapped
 * -> vCPU 0
 *
 * dom0's RAM is machine RAM at the same address (gfn == mfn), because its drivers do DMA. Modules
 * that lie in it stay where they are. Everything here runs on the boot CPU, before the others may
 * allocate, and is exempt from the bound on a stay at EL2. An error was already said in one line
 * when it is returned.
 */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H

#include "base/addr.h"
#include "base/err.h"
#include "base/range.h"
#include "boot/image.h"
#include "fw/firmware.h"
#include "mem/frame.h"

struct domain;

/* First thing once the allocator knows the RAM: takes dom0's, around its modules, before anything
 * else is allocated in their neighbourhood. */
enum err dom0_take(void);
/* Last: makes domain 0 and leaves it runnable; domain_hardware is set. The caller then enters the
 * scheduler. */
enum err dom0_build(void);

/* ---- between the files of the builder ---- */

#define DOM0_MAX_BANKS     16u
#define DOM0_MAX_RANGES    512u
#define DOM0_DEFAULT_BYTES (512ULL << 20)
/* dom0's RAM comes in pieces of this size: the smallest block of stage 2, and what an arm64 Image
 * is aligned to. */
#define DOM0_PIECE           (2ULL << 20)
#define DOM0_GRANT_FRAMES    64u
#define DOM0_MAPTRACK_FRAMES 1024u

struct dom0 {
    struct domain *domain;
    u64 memory_bytes;  /* dom0_mem, a multiple of DOM0_PIECE */
    u64 maximum_bytes; /* dom0_mem=max:, at least memory_bytes */
    u32 nr_vcpus;

    u32 nr_banks;
    struct range bank[DOM0_MAX_BANKS]; /* ascending; the tree names them in this order */
    u32 kernel_bank;                   /* index */

    struct image image;
    struct range kernel;  /* where the kernel runs: from its first byte, image_bytes long */
    struct range ramdisk; /* bytes 0: none */
    struct range fdt;     /* room for the tree */
    struct range grant;   /* guest-physical region that dom0 may use for its grant table */
};

/* RAM as we see it. */
static inline void *dom0_ram(u64 at)
{
    return (void *)(frame_linear + at);
}

/* dom0_memory.c: chooses the banks around the modules and takes them from the allocator; then gives
 * them to the domain and maps them. */
enum err dom0_memory_take(struct dom0 *dom0);
enum err dom0_memory_give(struct dom0 *dom0);
/* Of the largest aligned block that starts at page and ends by end, both page numbers. */
u32 dom0_block_order(u64 page, u64 end);
/* Where the kernel's module could run as it lies; false when it must move. */
[[nodiscard]] bool dom0_kernel_home(const struct dom0 *dom0, struct range *out);

/* dom0_load.c: decodes the modules; says where kernel, ramdisk and tree go in the banks; moves what
 * can't stay. */
enum err dom0_modules_decode(struct dom0 *dom0);
enum err dom0_place(struct dom0 *dom0);
enum err dom0_load(struct dom0 *dom0);

/* dom0_fdt.c: writes the tree to dom0->fdt and hands each node that dom0 gets to dom0_devices.c. */
enum err dom0_fdt_write(struct dom0 *dom0);

/*
 * dom0_devices.c: what a node of the tree stands for. The walk keeps the chain of buses from the
 * root (bus[0]) to the node at hand (bus[depth]), so that translating an address never searches the
 * tree.
 */
#define DOM0_MAX_DEPTH 16u
struct dom0_bus {
    int node;
    u32 address_cells, size_cells; /* of its children */
    const u32 *ranges;
    int ranges_bytes;     /* 0: children's addresses are ours too; < 0: they have none of ours */
    u32 interrupt_parent; /* phandle; children inherit it; 0: none */
    bool pci, available;
};
struct dom0_walk {
    struct dom0 *dom0;
    const void *fdt; /* the host's */
    u32 depth;
    struct dom0_bus bus[DOM0_MAX_DEPTH];
};
/* Forgets what was noted. */
void dom0_devices_begin(void);
/* Fills bus[depth] for node, from bus[depth - 1] and the node's properties. */
void dom0_bus_read(struct dom0_walk *walk, int node);
/* Notes the MMIO ranges and routes the interrupts of the node at hand, when it is available. */
enum err dom0_device_add(struct dom0_walk *walk);
/* The frame of a GICv2m: its page and the interrupts it can raise. */
enum err dom0_device_add_v2m(struct dom0_walk *walk);
/* RAM that firmware keeps for dom0's drivers: mapped as memory. */
void dom0_device_add_reserved(struct dom0_walk *walk);
/* Maps all noted ranges 1:1. */
enum err dom0_devices_map(struct dom0 *dom0);

#endif
