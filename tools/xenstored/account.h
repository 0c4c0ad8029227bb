/* SPDX-License-Identifier: MIT */
/*
 * A domain as the store knows it: what it uses of its quotas, whether it was introduced, who its
 * target is. It appears when a permission first names it or when it is introduced, and goes when
 * the hypervisor says that it is dead or when it is released.
 */
#pragma once
#include "abi/xen.h"
#include "xenstored/permission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct quota;

#define ACCOUNT_MAX XEN_DOMID_FIRST_RESERVED /* domain ids from here on mean something else */

struct account {
    uint16_t domid;
    bool is_introduced;
    bool is_shut_down;  /* has been told to who watches @releaseDomain */
    bool is_over;       /* its memory was beyond the soft quota when last looked at */
    uint64_t since;     /* generation of the store when it appeared */
    uint64_t unique_id; /* which domain of that number it is (hv.h); 0: not known */
    uint32_t target;    /* or PERMISSION_NOBODY */
    uint32_t nodes;
    uint32_t watches;
    uint32_t transactions;
    uint64_t memory;
    struct client *client; /* its ring; NULL: none */
};

struct account_table {
    struct account **of; /* by number; NULL: not known */
    unsigned room;       /* entries of it, as many as were needed so far */
    unsigned nr;
};

/* NULL: not known. */
struct account *account_find(const struct account_table *table, uint32_t domid);
/* Finds or makes it. NULL: no memory, or the number is no domain's. */
struct account *account_open(struct account_table *table, uint32_t domid, uint64_t generation);
void account_close(struct account_table *table, uint16_t domid);
void account_fini(struct account_table *table);

/* Who it is when it asks for something. */
struct subject account_subject(const struct account_table *table, const struct account *account);

/* Adds to what a domain uses; for one that is not known nothing is counted. Never below zero. */
void account_charge(struct account_table *table, uint16_t domid, int64_t nodes, int64_t bytes);

/* Changes of several domains, counted apart until a transaction is committed. */
struct tally {
    unsigned nr, room;
    struct tally_entry {
        uint16_t domid;
        int32_t nodes;
        int64_t bytes;
    } * entry;
};
/* Room for one domain more, so that the next tally_add() cannot fail. 0 or -ENOMEM. */
int tally_reserve(struct tally *tally);
void tally_add(struct tally *tally, uint16_t domid, int64_t nodes, int64_t bytes);
const struct tally_entry *tally_find(const struct tally *tally, uint16_t domid);
void tally_fini(struct tally *tally);
