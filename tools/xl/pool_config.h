/* SPDX-License-Identifier: MIT */
/* What xlcpupool.cfg(5) and xl cpupool-create's arguments say. */
#pragma once
#include <stdint.h>

struct call;

struct pool_config {
    const char *file; /* NULL: arguments only */
    char *name, *sched;
    char *cpus, *nodes; /* one list: "0-3,5", "node:1,node:2" */
    uint32_t sched_id;
};

/*
 * Reads the file of the first operand without "=" (or of -f), then the key=value operands. 0 or a
 * negative errno, said with file and line; the config can be freed in any case.
 */
int pool_config_read(struct call *call, struct pool_config *c);
void pool_config_fini(struct pool_config *c);
