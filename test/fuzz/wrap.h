/* SPDX-License-Identifier: MIT */
/*
 * What the linker puts between the hypervisor's files (--wrap, test/fuzz/fuzz.mk): allocations,
 * copies, maps and the question whether to restart go through here. Each place that calls one is a
 * site, known by its return address.
 */
#ifndef TEST_FUZZ_WRAP_H
#define TEST_FUZZ_WRAP_H

#include <stdio.h>

#include "base/types.h"

/* The next n-th of them fails, once; ~0: none. */
void wrap_fail_nth(u64 n);
/* Did it? */
bool wrap_has_failed(void);
/* How many there were since wrap_fail_nth(). */
u64 wrap_count(void);
/* CPUs change at copies, and calls restart, as the input says. */
extern bool wrap_disturbs;
void wrap_print_sites(FILE *to);
/* Which site failed last. */
void wrap_print_failed(FILE *to);
bool wrap_failed_is(const char *prefix);

#endif
