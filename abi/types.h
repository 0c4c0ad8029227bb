/* SPDX-License-Identifier: MIT */
/*
 * The integers of the ABI and the one way a structure in guest memory holds a guest's address.
 *
 * Rules of this folder: plain structs named xen_<name as in Xen>, fields named and laid out as in
 * Xen, integers of fixed width only (a domain id is a u16, a port or a grant reference a u32, a
 * frame number a u64), so that every file means the same to any compiler and to guests of 32 and
 * 64 bits. test/abi/compare.py holds each number and offset against Debian's libxen-dev.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
_Static_assert(sizeof(u64) == 8 && _Alignof(u64) == 8);

/*
 * A virtual address in the caller's own address space, stored in a structure: 8 bytes, aligned to
 * 8, for callers of 32 bits too, and never to be followed except by guestmem.
 */
typedef struct {
    u64 p;
} guest_handle_t;
_Static_assert(sizeof(guest_handle_t) == 8 && _Alignof(guest_handle_t) == 8);

#endif
