/* SPDX-License-Identifier: MIT */
/*
 * The newest bytes of a console that nobody has read yet. It grows by doubling up to its limit;
 * then the oldest bytes make room, and a reader who comes later starts with a whole line.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { CONSOLE_TAIL_MIN = 2048, CONSOLE_TAIL_MAX = 64 * 1024 };

struct console_tail {
    char *at; /* circular; NULL while nothing was ever added */
    size_t room, limit;
    size_t start, nr;
    bool cut; /* bytes were lost before the oldest one */
};

/* limit in bytes, brought between CONSOLE_TAIL_MIN and CONSOLE_TAIL_MAX. No memory is taken yet. */
void console_tail_init(struct console_tail *tail, size_t limit);
void console_tail_fini(struct console_tail *tail);

/* Without memory to grow, the oldest bytes make room earlier; with none at all, the new are lost.
 */
void console_tail_add(struct console_tail *tail, const char *bytes, size_t nr);

/* How many bytes more it takes without losing any. */
size_t console_tail_room(const struct console_tail *tail);

/* The oldest bytes that lie in one piece; the count, 0 when there are none. */
size_t console_tail_peek(struct console_tail *tail, const char **bytes);
/* The oldest nr bytes were read. An emptied tail gives its memory back. */
void console_tail_drop(struct console_tail *tail, size_t nr);
