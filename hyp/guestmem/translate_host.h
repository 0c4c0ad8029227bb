/* SPDX-License-Identifier: MIT */
/* The fake machine's address translation. */
#ifndef GUESTMEM_TRANSLATE_HOST_H
#define GUESTMEM_TRANSLATE_HOST_H

#include "base/addr.h"

/* When set each piece of a copy calls it just before the bytes move: what another vCPU of the guest
 * does to its memory between two copies happens here. */
extern void (*fake_translate_hook)(gva_t va, bool write);

#endif
