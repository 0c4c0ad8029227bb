/* SPDX-License-Identifier: MIT */
/* Private to boot/. */
#ifndef BOOT_MAIN_H
#define BOOT_MAIN_H

#include "base/addr.h"

#define KANSO_VERSION "0.1"

const void *boot_map_fdt(maddr_t at);
/* What each CPU does for itself, the boot CPU first. */
void boot_init_cpu(void);

/* One line on the console, before or without the console's room: the UART that stdout-path names,
 * or the one of QEMU's virt board when there is no tree. early_console_arm64.c. */
void boot_say(const char *text);

/* smp_arm64.c: brings the other CPUs up, one after the other. One that does not come is left out,
 * and said. */
void smp_init(void);
/* MPIDR's affinity fields of this CPU. */
u64 boot_mpidr(void);
/* Where a byte of the image is in the machine. */
maddr_t boot_image_maddr(const void *va);
/* First thing in C: EL2's tables are ours from now on. image, as start_arm64.S found it. */
void boot_adopt_tables(maddr_t image);

/* keys.c: the debug keys of boot/ and of rooms that know no console. */
void boot_register_keys(void);

#endif
