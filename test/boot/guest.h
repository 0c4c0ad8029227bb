/* SPDX-License-Identifier: MIT */
/* dom0 builds guests from the very image that it is; whatever fails ends the test. */
#ifndef GUEST_H
#define GUEST_H

#include "boot.h"

#include "abi/domctl.h"

enum { PAGE = 4096, SCRATCH_GFN = 0x100000 };

s64 guest_domctl(u32 cmd, u16 domain, struct xen_domctl *op);
/* Two vCPUs, 4 MiB. */
u16 guest_create(void);
/* Copies the image as it is now, with all its variables. */
void guest_load(u16 domain);
/* vCPU 0 begins at _start; boot_main() gets argument for a device tree. */
void guest_start(u16 domain, u64 argument);
/* Has it shut down? Then *code says how. */
bool guest_has_ended(u16 domain, u32 *code);
/* The guest's page that holds what in our image is at variable; at SCRATCH_GFN, until
 * guest_unmap(). */
volatile u8 *guest_map(u16 domain, const volatile void *variable);
void guest_unmap(void);

#endif
