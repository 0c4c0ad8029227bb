// SPDX-License-Identifier: MIT
#include "xenconsoled/table.h"

#include <errno.h>
#include <stdlib.h>

/* Where a key wants to be: the top bits of a product with 2^32 / golden ratio spread runs. */
static size_t home(const struct console_table *table, uint32_t key)
{
    return (uint32_t)(key * 2654435769U) >> (32 - __builtin_ctzl(table->room));
}

/* The slot of a key, or the free one where it would go. */
static size_t seek(const struct console_table *table, uint32_t key)
{
    size_t at = home(table, key);
    while (table->slot[at].value != NULL && table->slot[at].key != key) {
        at = (at + 1) % table->room;
    }
    return at;
}

void *console_table_find(const struct console_table *table, uint32_t key)
{
    return table->room == 0 ? NULL : table->slot[seek(table, key)].value;
}

static int grow(struct console_table *table)
{
    struct console_table larger = {.room = table->room > 0 ? table->room * 2 : 16, .nr = table->nr};
    larger.slot = calloc(larger.room, sizeof(*larger.slot));
    if (larger.slot == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < table->room; i++) {
        if (table->slot[i].value != NULL) {
            larger.slot[seek(&larger, table->slot[i].key)] = table->slot[i];
        }
    }
    free(table->slot);
    *table = larger;
    return 0;
}

int console_table_add(struct console_table *table, uint32_t key, void *value)
{
    if (table->nr * 2 >= table->room) {
        const int err = grow(table);
        if (err < 0) {
            return err;
        }
    }
    const size_t at = seek(table, key);
    if (table->slot[at].value != NULL) {
        return -EEXIST;
    }
    table->slot[at] = (struct console_slot){key, value};
    table->nr++;
    return 0;
}

void console_table_remove(struct console_table *table, uint32_t key)
{
    if (table->room == 0) {
        return;
    }
    size_t hole = seek(table, key);
    if (table->slot[hole].value == NULL) {
        return;
    }
    table->nr--;
    // Those behind the hole that could not have their home move up, so that no search ends early
    for (size_t at = (hole + 1) % table->room; table->slot[at].value != NULL;
         at = (at + 1) % table->room) {
        const size_t from_home = (at - home(table, table->slot[at].key)) & (table->room - 1);
        if (from_home >= ((at - hole) & (table->room - 1))) {
            table->slot[hole] = table->slot[at];
            hole = at;
        }
    }
    table->slot[hole] = (struct console_slot){0};
}

void console_table_fini(struct console_table *table)
{
    free(table->slot);
    *table = (struct console_table){0};
}
