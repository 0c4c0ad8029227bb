/* SPDX-License-Identifier: MIT */
/* What the kernels of this folder share: the calls, and lines on dom0's console. MMU and caches
 * stay off. */
#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>

#include "abi/types.h"

extern char _start[], _end[];

/* fdt: the device tree, NULL in a guest that one of us built. It may return. */
void boot_main(const u32 *fdt);

void *memset(void *to, int value, size_t n);
s64 hypercall(u64 number, u64 a, u64 b, u64 c);
s64 firmware_call(u64 function, u64 a, u64 b, u64 c);
__attribute__((noreturn)) void power_off(void);

/* A line is gathered by say...() and written by say_end(), to where it was said last: dom0's
 * console, or memory. */
void say(const char *text);
void say_number(u64 value, u32 base); /* base 16: with 0x */
void say_end(void);
void say_to(char *memory, u32 bytes);
/* "@@PROBE-FAIL what 0x..." and one more failure */
void failed(const char *what, u64 value);
extern u32 nr_failed;

#endif
