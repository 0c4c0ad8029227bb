/* SPDX-License-Identifier: MIT */
/*
 * The fake machine's RAM: host memory that pretends to lie at machine addresses from FAKE_RAM on,
 * and a frame table full of junk, so that a record read before it was written is noticed.
 */
#ifndef MEM_RAM_HOST_H
#define MEM_RAM_HOST_H

#include "base/addr.h"

#define FAKE_RAM 0x40000000ULL

struct fake_bank {
    u64 start, bytes;
};
/* Makes the banks (in rising order) RAM, all of it free. Whatever the allocator knew is forgotten
 * first. */
void fake_ram_init(const struct fake_bank *bank, u32 nr_banks);
void fake_ram_fini(void);
/* Address of a byte of fake RAM. */
void *fake_ram(maddr_t at);

#endif
