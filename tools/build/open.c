// SPDX-License-Identifier: MIT
/* What can be known before there is a domain: files, sizes, the device tree. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "abi/arm.h"
#include "build/partial.h"
#include "build/state.h"
#include "lib/message.h"

#define GICV2_MAX_VCPUS 8
#define TRIAL_BITS      40 /* of the guest's space, as long as the hypervisor has not told */

int build_fail(int error, const char *format, ...)
{
    char what[256];
    va_list words;
    va_start(words, format);
    vsnprintf(what, sizeof(what), format, words);
    va_end(words);
    message_error("can't %s: %s", what, strerror(-error));
    return error;
}

int build_make_tree(struct build *build, unsigned xen_major, unsigned xen_minor,
                    unsigned address_bits)
{
    struct tree_facts facts = {
        .nr_cpus = build->config->maxvcpus,
        .bits = build->image.bits,
        .is_gicv3 = build->is_gicv3,
        .has_vuart = build->config->vuart,
        .xen_major = xen_major,
        .xen_minor = xen_minor,
        .clock_hz = build->clock_hz,
        .command_line = build->config->cmdline,
        .seed = build->seed,
        .layout = &build->layout,
        .partial = build->partial,
    };
    facts.nr_free_regions = layout_find_free(&build->layout, address_bits, facts.free_region);
    free(build->tree);
    build->tree = NULL;
    const int error = tree_create(&facts, &build->tree, &build->tree_bytes);
    if (error != 0) {
        message_error("can't make the guest's device tree: %s",
                      error == -E2BIG ? "it would be larger than 2 MiB" : strerror(-error));
    }
    return error;
}

static int check_config(const struct guest_config *config)
{
    if (config->kernel == NULL && config->bootloader == NULL) {
        message_error("no kernel: a guest needs kernel=");
        return -EINVAL;
    }
    const unsigned max = config->gic_version == GIC_V2 ? GICV2_MAX_VCPUS : GUEST_MAX_VCPUS;
    if (config->maxvcpus == 0 || config->maxvcpus > max) {
        message_error("%u vCPUs: a guest%s has 1 to %u", config->maxvcpus,
                      config->gic_version == GIC_V2 ? " with a GICv2" : "", max);
        return -EINVAL;
    }
    return 0;
}

/* The tree is made before it is placed: its size does not depend on where the ramdisk goes. */
static int plan(struct build *build)
{
    char why[160];
    const uint64_t memory = build->config->maxmem_kib * 1024;
    for (unsigned round = 0; round < 2; round++) {
        const char *problem = layout_plan(&build->layout, memory, &build->image,
                                          build->ramdisk.bytes, build->tree_bytes, why);
        if (problem != NULL) {
            message_error("%s", problem);
            return -ENOSPC;
        }
        const int error = build_make_tree(build, 4, 17, TRIAL_BITS);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int open_images(struct build *build)
{
    const struct guest_config *config = build->config;
    const int error = image_open(&build->image, config->kernel);
    return error != 0 || config->ramdisk == NULL
               ? error
               : image_open_data(&build->ramdisk, config->ramdisk, "ramdisk");
}

/* A guest that is given none has no other source: Linux gathers its own for minutes, and as long as
 * that takes each of its system calls hashes what there is, for 7,000 instructions. */
static int draw_seed(struct build *build)
{
    const ssize_t n = getrandom(build->seed, sizeof(build->seed), 0);
    return n == (ssize_t)sizeof(build->seed)
               ? 0
               : build_fail(n < 0 ? -errno : -EIO, "draw a seed for the guest's random numbers");
}

int build_set_kernel(struct build *build, const struct guest_config *config)
{
    build->config = config;
    int error = open_images(build);
    error = error != 0 ? error : plan(build);
    return error != 0 ? error : build_set_bits(build);
}

int build_open(struct build **out, const struct guest_config *config)
{
    struct build *build = calloc(1, sizeof(*build));
    if (build == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    build->config = config;
    build->is_gicv3 = config->gic_version == GIC_V3;
    build->image.bits = 64;
    int error = check_config(config);
    if (error == 0) {
        error = draw_seed(build);
    }
    if (error == 0 && config->bootloader == NULL) {
        error = open_images(build);
    }
    if (error == 0 && config->device_tree != NULL) {
        error = partial_open(&build->partial, config->device_tree);
    }
    if (error == 0) {
        error = plan(build);
    }
    if (error != 0) {
        build_close(build);
        return error;
    }
    *out = build;
    return 0;
}

void build_set_progress(struct build *build, build_progress_fn *progress, void *context)
{
    build->progress = progress;
    build->progress_context = context;
}

void build_close(struct build *build)
{
    if (build == NULL) {
        return;
    }
    image_close(&build->image);
    image_close(&build->ramdisk);
    free(build->partial);
    free(build->tree);
    free(build);
}
