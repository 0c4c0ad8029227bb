/* SPDX-License-Identifier: MIT */
/* Pools of CPUs: the hypervisor numbers them, the store names them (/local/pool/N/name). */
#pragma once
#include <stdint.h>

#include "life/life.h"

/* The name of a pool, to be freed: "Pool-N" where the store has none. NULL: no memory. */
char *pool_name(struct life *l, uint32_t pool);

/* By name, else by number. -ENOENT with a sentence and the nearest name. */
int pool_find(struct life *l, const char *word, uint32_t *pool);

/* "credit2" of XEN_SCHEDULER_CREDIT2 and back; "unknown", -EINVAL. */
const char *scheduler_name(uint32_t sched_id);
int scheduler_parse(const char *name, uint32_t *sched_id);

struct pool_info {
    uint32_t id, sched_id;
    unsigned nr_domains;
    uint64_t cpus[64]; /* SET_WORDS */
    char *name;
};

/* All pools in an array that pool_list_fini() frees. 0 or a negative errno, said. */
int pool_list(struct life *l, struct pool_info **list, unsigned *nr);
void pool_list_fini(struct pool_info *list, unsigned nr);
