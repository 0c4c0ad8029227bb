/* SPDX-License-Identifier: MIT */
/*
 * One try of a compare-and-exchange on guest memory: true when *expected was there and is replaced,
 * with a full barrier. False: *expected is what is there, or, when that is what was expected, the
 * exclusive was lost.
 */
#ifndef GUESTMEM_EXCLUSIVE_H
#define GUESTMEM_EXCLUSIVE_H

#include "base/types.h"

bool exclusive_try16(u16 *word, u16 *expected, u16 value);
bool exclusive_try32(u32 *word, u32 *expected, u32 value);
bool exclusive_try64(u64 *word, u64 *expected, u64 value);

#endif
