/* SPDX-License-Identifier: MIT */
/*
 * What a guest may use of the store. dom0 may everything: it is what the quotas protect. The names
 * are those that Xen's xenstored takes on its command line and by CONTROL.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct quota {
    uint32_t nodes;             /* that a domain owns */
    uint32_t watches;           /* of a domain */
    uint32_t transactions;      /* open at a time */
    uint32_t outstanding;       /* answers that wait for the domain to take them */
    uint32_t transaction_nodes; /* touched by one transaction */
    uint32_t entry_bytes;       /* of a value */
    uint32_t permissions;       /* entries of a node */
    uint32_t path_bytes;        /* behind /local/domain/N/ */
    uint32_t memory_bytes;      /* nodes, watches and waiting messages of a domain */
    uint32_t memory_soft_bytes; /* beyond which a line is logged */
};

void quota_init(struct quota *quota);

/* 0; -ENOENT for an unknown name, -EINVAL for a value that makes no sense. */
int quota_set(struct quota *quota, const char *name, uint32_t value);
int quota_set_soft(struct quota *quota, const char *name, uint32_t value);
/* "nodes=2000" of the command line. */
int quota_set_word(struct quota *quota, const char *word);

/* A table for people; the bytes without the zero, at most room - 1. */
size_t quota_print(const struct quota *quota, char *out, size_t room);
size_t quota_print_soft(const struct quota *quota, char *out, size_t room);
