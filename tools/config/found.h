/* SPDX-License-Identifier: MIT */
/*
 * What a bootloader found on a guest's disk, in the format "simple0" of Xen's pygrub: items, each
 * with a zero behind it. Scripts write lines: where there is no zero at all, lines are items.
 *
 *     kernel /run/kanso/bootloader.7.d/boot_kernel.x\0ramdisk ...\0args root=/dev/xvda1 ro\0
 */
#pragma once
#include <stddef.h>

#define FOUND_MAX 65536 /* bytes that a bootloader may write */

struct found {
    char *kernel, *ramdisk, *args; /* NULL: it names none */
};
/*
 * bytes end where n says. The last of two like items counts, as with Xen's tools; what is none of
 * the three gets a warning that begins with the bootloader's name. -EINVAL: no kernel among them,
 * -ENOMEM; both said.
 */
int found_read(const char *bytes, size_t n, const char *bootloader, struct found *out);
void found_fini(struct found *f);
