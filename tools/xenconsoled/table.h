/* SPDX-License-Identifier: MIT */
/* Who belongs to a number (an event's port, a watch of inotify): found in constant time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct console_table {
    struct console_slot {
        uint32_t key;
        void *value; /* NULL: free */
    } * slot;
    size_t nr, room; /* room is 0 or a power of two, at most half full */
};

/* 0, -ENOMEM or -EEXIST. value is not NULL. A table of zeros is an empty one. */
int console_table_add(struct console_table *table, uint32_t key, void *value);
void *console_table_find(const struct console_table *table, uint32_t key); /* NULL: none */
void console_table_remove(struct console_table *table, uint32_t key);      /* may be none */
void console_table_fini(struct console_table *table);
