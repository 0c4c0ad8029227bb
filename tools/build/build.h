/* SPDX-License-Identifier: MIT */
/*
 * Builds a guest of Arm: from a checked configuration to a paused domain whose first vCPU stands at
 * its kernel's first instruction. Devices, the store and the undo are not here: whoever called
 * build_create() destroys the domain if what follows fails.
 *
 *     build_open()    files and sizes, no hypercall: all that can be wrong is found here
 *     build_create()  the domain and its parameters; from here on there is something to destroy
 *     build_set_kernel()  if a bootloader finds it, which runs now
 *     build_boot()    memory, kernel, ramdisk, device tree, rings, first vCPU
 *     build_close()   files and memory of this process
 *
 *     0x3800_0000  grant table          0x4000_0000  RAM, up to 3 GiB
 *     0x3900_0000  console, store,      0x2_0000_0000  the rest of it
 *                  monitor, vuart
 *
 *     in RAM, from its start:  | kernel ... |          | ramdisk | device tree |
 *                                                      ^ 128 MiB, or as high as small guests allow
 *
 * The kernel lies at its text_offset; the others start at 128 MiB above the start of RAM (a 32-bit
 * kernel unpacks itself below) or above a longer kernel; in guests too small for that, at the end
 * of the first bank. The device tree is made twice: at build_open() to find what is wrong with it,
 * at build_boot() with what the hypervisor told.
 *
 * A guest starts with maxmem: Linux takes what its device tree tells for static-max, and gives back
 * the difference to target. Told of less, it would give back as much once more.
 *
 * A failure has had its one sentence when a negative errno comes back.
 */
#pragma once
#include <stdint.h>

#include "config/guest.h"

struct hv;
struct build;

/* done of total bytes of kernel and ramdisk are in place: called after each window of 2 MiB. */
typedef void build_progress_fn(void *context, uint64_t done, uint64_t total);

/* What life/ writes to the store and tells the daemons. */
struct build_result {
    uint64_t console_gfn, store_gfn, vuart_gfn;
    uint32_t console_port, store_port; /* of the guest, for domain 0 to bind */
    uint32_t vuart_port;               /* the guest's, domain 0 binds to it; 0: no vuart */
};

/* config must live and stay as it is until build_close(). */
int build_open(struct build **out, const struct guest_config *config);
void build_set_progress(struct build *build, build_progress_fn *progress, void *context);
/* pool: id of the CPU pool. On failure *domid is 0 if there is no domain to destroy. */
int build_create(struct build *build, struct hv *hv, uint32_t pool, uint16_t *domid);
/*
 * Only if the configuration has a bootloader: kernel, ramdisk and command line are not those of
 * build_open()'s config, which are words for the bootloader, but this one's, else the same. It must
 * live until build_close(). The files may go when it returns.
 */
int build_set_kernel(struct build *build, const struct guest_config *config);
int build_boot(struct build *build, struct build_result *result);
void build_close(struct build *build); /* may be NULL */
