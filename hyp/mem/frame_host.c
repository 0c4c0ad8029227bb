/* SPDX-License-Identifier: MIT */
#include "mem/frame.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/panic.h"
#include "mem/ram_host.h"

struct frame *frame_table;
u64 frame_linear;

static void *ram, *table;
static u64 ram_bytes, table_bytes;

void fake_ram_fini(void)
{
    if (ram) {
        munmap(ram, ram_bytes);
        munmap(table, table_bytes);
        ram = NULL;
    }
    frame_reset();
}

void fake_ram_init(const struct fake_bank *bank, u32 nr_banks)
{
    fake_ram_fini();
    u64 start = bank[0].start & ~PAGE_MASK;
    u64 end = (bank[nr_banks - 1].start + bank[nr_banks - 1].bytes + PAGE_MASK) & ~PAGE_MASK;
    ram_bytes = end - start;
    table_bytes = ram_bytes / PAGE_SIZE * sizeof(struct frame);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    table = mmap(NULL, table_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    check(ram != MAP_FAILED && table != MAP_FAILED);
    memset(table, 0xa5, table_bytes);
    frame_linear = (u64)ram - start;
    frame_table = (struct frame *)((u64)table - start / PAGE_SIZE * sizeof(struct frame));
    for (u32 i = 0; i < nr_banks; i++) {
        check(frame_add_ram((maddr_t){bank[i].start}, bank[i].bytes) == OK);
    }
}

void *fake_ram(maddr_t at)
{
    return (void *)(frame_linear + at.m);
}
