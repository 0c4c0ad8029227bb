/* SPDX-License-Identifier: MIT */
/* xen_version: what is told of the hypervisor; most of it is fixed when it is built. */
#ifndef CALL_VERSION_H
#define CALL_VERSION_H

#include "base/types.h"

/* major << 16 | minor; tools choose their own version by it. [c] after boot */
extern u32 version_abi;

/* Boot CPU, after firmware_read(): reads option abi=<major>.<minor>; an ill-formed one is warned
 * about and ignored. aarch32: the CPUs run 32-bit guests (ID_AA64PFR0_EL1.EL1 is 2), which the
 * capabilities tell. */
void version_init(bool aarch32);

#endif
