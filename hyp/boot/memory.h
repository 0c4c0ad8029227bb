/* SPDX-License-Identifier: MIT */
/* Private to boot/: from the firmware's list of RAM to an allocator that works. */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include "base/err.h"
#include "base/range.h"

/* Maps all RAM linearly and the frame table over it, and gives the free part to the allocator.
 * image: what the image and its bss occupy. An error was said in one line. */
enum err memory_init(const struct range *image);
/* dom0 has its own tree: the pages of the firmware's go back, and nobody may read it any more. */
void memory_release_fdt(void);
/* One line a bank and a line for what is taken. */
void memory_print(void);
/* Pages of the image and of the frame table. */
u64 memory_nr_own(void);

#endif
