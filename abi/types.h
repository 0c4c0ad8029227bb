/* SPDX-License-Identifier: MIT */
/* The fixed-width integers of the ABI and the guest handle. */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

/* A pointer of the guest's in a structure of the ABI: 8 bytes, 8-aligned, on every architecture's control
 * interface and on Arm everywhere. */
typedef struct {
    u64 p;
} guest_handle_t;

#endif
