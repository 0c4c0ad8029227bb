/* SPDX-License-Identifier: MIT */
/*
 * The device tree that tells a guest of its machine, as Xen's guests of Arm know it:
 *
 *     /            model, compatible "xen,xenvm-4.17", "xen,xenvm"
 *     /chosen      bootargs, linux,initrd-start and -end, rng-seed
 *     /cpus        a cpu each, started by PSCI, reg its MPIDR
 *     /psci        by HVC
 *     /memory@     one each bank
 *     /interrupt-controller@3001000   GICv2 or GICv3, phandle 65000
 *     /timer       the architected one
 *     /hypervisor  "xen,xen-4.17", "xen,xen": grant table region, free regions, event interrupt
 *     /sbsa-pl011@22000000            with a vuart
 *     /passthrough, /aliases          from a partial tree of the user's
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "build/layout.h"

#define TREE_MAX_BYTES   (2ULL * 1024 * 1024) /* what arm64 kernels map */
#define TREE_GIC_PHANDLE 65000U               /* known to authors of partial trees */
#define TREE_SEED_BYTES  128                  /* as Xen's tools give */

struct tree_facts {
    unsigned nr_cpus, bits;
    bool is_gicv3, has_vuart;
    unsigned xen_major, xen_minor;
    uint32_t clock_hz; /* 0: the timer itself tells */
    const char *command_line;
    const uint8_t *seed;         /* TREE_SEED_BYTES of them */
    const struct layout *layout; /* banks, ramdisk */
    struct range free_region[2];
    unsigned nr_free_regions;
    const void *partial; /* a checked one, or NULL */
};

/* An MPIDR as the hypervisor gives it: 16 vCPUs a cluster. */
static inline uint32_t tree_mpidr(unsigned vcpu)
{
    return (vcpu & 15) | (vcpu >> 4) << 8;
}

/* Makes a tree that the caller frees. -ENOMEM, -E2BIG: above TREE_MAX_BYTES; no sentence. */
int tree_create(const struct tree_facts *facts, void **out, size_t *bytes);
/* Writes the ramdisk's place into a tree that has one. */
void tree_place_ramdisk(void *tree, const struct range *ramdisk);
