/* SPDX-License-Identifier: MIT */
/* The fake exclusive monitor. */
#ifndef GUESTMEM_EXCLUSIVE_HOST_H
#define GUESTMEM_EXCLUSIVE_HOST_H

#include "base/types.h"

/* When set each try asks: true loses the exclusive. The hook may write the word: another CPU did.
 */
extern bool (*fake_exclusive_lost)(void *word);

#endif
