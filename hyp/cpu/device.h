/* SPDX-License-Identifier: MIT */
/* Registers of devices, mapped as device memory: one access of 32 bits each. */
#ifndef CPU_DEVICE_H
#define CPU_DEVICE_H

#include "base/types.h"

static inline u32 device_read32(const volatile u8 *base, u32 offset)
{
    return *(const volatile u32 *)(base + offset);
}

static inline void device_write32(volatile u8 *base, u32 offset, u32 value)
{
    *(volatile u32 *)(base + offset) = value;
}

#endif
