/* SPDX-License-Identifier: MIT */
/* Private to boot/: between the first instructions and the first C. */
#ifndef BOOT_START_ARM64_H
#define BOOT_START_ARM64_H

/* Offsets in struct boot_secondary, in pairs. */
#define BOOT_SECONDARY_IDENTITY 0
#define BOOT_SECONDARY_STACK    16

#ifndef __ASSEMBLER__
#include "base/addr.h"

/* What a CPU that PSCI starts needs; read with its MMU off, so it is cleaned to the point of
 * coherency. */
struct boot_secondary {
    u64 identity_root, root; /* machine addresses */
    u64 stack_top;
    u64 percpu_offset;
};
extern struct boot_secondary boot_secondary;

/* early_arm64.c: runs with the MMU off, at the image's machine address. Returns the identity map's
 * root. */
u64 boot_map_image(u64 image);
extern u64 boot_root_table[512], boot_identity_table[512];

/* From start_arm64.S, with the MMU on. fdt, image: machine addresses. */
__noreturn void boot_main(maddr_t fdt, maddr_t image);
__noreturn void boot_main_el1(maddr_t fdt, maddr_t image);
__noreturn void smp_secondary_main(void);
extern char secondary_entry[];

/* The linker's (kanso_arm64.lds). */
extern char image_start[], text_end[], rodata_end[], boot_guard[], boot_stack[], boot_stack_top[],
    image_end[];
#endif

#endif
