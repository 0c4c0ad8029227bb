/* SPDX-License-Identifier: MIT */
/* Sets of CPUs and nodes as people write and read them: "all", "0-3,^2,8", "node:1,nodes:2-3". */
#pragma once
#include <stdint.h>

#include "life/life.h"
#include "lib/text.h"

/* Words of a set that has room for every CPU that a command may name. */
#define SET_MAX   4096
#define SET_WORDS (SET_MAX / 64)

/* "all" if every one of nr is in it, "none", else ranges: "0-3,8". */
void set_format(const uint64_t *set, unsigned nr, struct text *out);
/* "0,1,2,3", as xl cpupool-list -c has it; "" if it is empty. */
void set_format_plain(const uint64_t *set, unsigned nr, struct text *out);

/* How many CPUs (the highest number and one) and nodes the host has. 0 or negative errno, said. */
int sets_nr_cpus(struct life *l, unsigned *nr);
int sets_nr_nodes(struct life *l, unsigned *nr);

/*
 * CPUs of the host: ranges with commas, each part taken away after "^" and meaning nodes after
 * "node:" or "nodes:". -EINVAL (said): not such a list, -ERANGE (said): no such CPU or node.
 */
int set_parse(struct life *l, const char *word, uint64_t set[SET_WORDS]);

static inline int set_has(const uint64_t *set, unsigned n)
{
    return set[n / 64] >> n % 64 & 1;
}
