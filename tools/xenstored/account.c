// SPDX-License-Identifier: MIT
#include "xenstored/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct account *account_find(const struct account_table *table, uint32_t domid)
{
    return domid < table->room ? table->of[domid] : NULL;
}

/* Room for the number. Numbers are given one after the other, so doubling is seldom. */
static int grow(struct account_table *table, uint32_t domid)
{
    unsigned room = table->room == 0 ? 16 : table->room;
    while (room <= domid) {
        room *= 2;
    }
    if (room == table->room) {
        return 0;
    }
    struct account **of = realloc(table->of, room * sizeof(struct account *));
    if (of == NULL) {
        return -ENOMEM;
    }
    memset(of + table->room, 0, (room - table->room) * sizeof(struct account *));
    table->of = of;
    table->room = room;
    return 0;
}

struct account *account_open(struct account_table *table, uint32_t domid, uint64_t generation)
{
    struct account *account = account_find(table, domid);
    if (account != NULL || domid >= ACCOUNT_MAX || grow(table, domid) < 0) {
        return account;
    }
    account = malloc(sizeof(*account));
    if (account != NULL) {
        *account = (struct account){
            .domid = (uint16_t)domid, .since = generation, .target = PERMISSION_NOBODY};
        table->of[domid] = account;
        table->nr++;
    }
    return account;
}

void account_close(struct account_table *table, uint16_t domid)
{
    if (account_find(table, domid) != NULL) {
        free(table->of[domid]);
        table->of[domid] = NULL;
        table->nr--;
    }
}

void account_fini(struct account_table *table)
{
    for (unsigned i = 0; i < table->room; i++) {
        account_close(table, (uint16_t)i);
    }
    free(table->of);
    *table = (struct account_table){0};
}

struct subject account_subject(const struct account_table *table, const struct account *account)
{
    const struct account *target = account_find(table, account->target);
    return (struct subject){
        .domid = account->domid,
        .is_privileged = account->domid == 0,
        .since = account->since,
        .target = target != NULL ? account->target : PERMISSION_NOBODY,
        .target_since = target != NULL ? target->since : 0,
    };
}

void account_charge(struct account_table *table, uint16_t domid, int64_t nodes, int64_t bytes)
{
    struct account *account = account_find(table, domid);
    if (account != NULL) {
        const int64_t all_nodes = (int64_t)account->nodes + nodes;
        const int64_t all_bytes = (int64_t)account->memory + bytes;
        account->nodes = all_nodes > 0 ? (uint32_t)all_nodes : 0;
        account->memory = all_bytes > 0 ? (uint64_t)all_bytes : 0;
    }
}

int tally_reserve(struct tally *tally)
{
    if (tally->nr < tally->room) {
        return 0;
    }
    const unsigned room = tally->room == 0 ? 4 : 2 * tally->room;
    struct tally_entry *entry = realloc(tally->entry, room * sizeof(*entry));
    if (entry == NULL) {
        return -ENOMEM;
    }
    tally->entry = entry;
    tally->room = room;
    return 0;
}

const struct tally_entry *tally_find(const struct tally *tally, uint16_t domid)
{
    for (unsigned i = 0; i < tally->nr; i++) {
        if (tally->entry[i].domid == domid) {
            return &tally->entry[i];
        }
    }
    return NULL;
}

void tally_add(struct tally *tally, uint16_t domid, int64_t nodes, int64_t bytes)
{
    struct tally_entry *entry = (struct tally_entry *)tally_find(tally, domid);
    if (entry == NULL) {
        entry = &tally->entry[tally->nr++];
        *entry = (struct tally_entry){.domid = domid};
    }
    entry->nodes += (int32_t)nodes;
    entry->bytes += bytes;
}

void tally_fini(struct tally *tally)
{
    free(tally->entry);
    *tally = (struct tally){0};
}
