// SPDX-License-Identifier: MIT
#include "xenconsoled/tail.h"

#include <stdlib.h>
#include <string.h>

void console_tail_init(struct console_tail *tail, size_t limit)
{
    if (limit < CONSOLE_TAIL_MIN) {
        limit = CONSOLE_TAIL_MIN;
    } else if (limit > CONSOLE_TAIL_MAX) {
        limit = CONSOLE_TAIL_MAX;
    }
    *tail = (struct console_tail){.limit = limit};
}

void console_tail_fini(struct console_tail *tail)
{
    free(tail->at);
    *tail = (struct console_tail){.limit = tail->limit};
}

size_t console_tail_room(const struct console_tail *tail)
{
    return tail->limit - tail->nr;
}

static void copy_out(const struct console_tail *tail, char *to)
{
    const size_t first = tail->nr < tail->room - tail->start ? tail->nr : tail->room - tail->start;
    memcpy(to, tail->at + tail->start, first);
    memcpy(to + first, tail->at, tail->nr - first);
}

static void grow(struct console_tail *tail, size_t wanted)
{
    size_t room = tail->room > 0 ? tail->room : CONSOLE_TAIL_MIN;
    while (room < wanted && room < tail->limit) {
        room *= 2;
    }
    if (room > tail->limit) {
        room = tail->limit;
    }
    if (room <= tail->room) {
        return;
    }
    char *at = malloc(room);
    if (at == NULL) {
        return;
    }
    if (tail->nr > 0) {
        copy_out(tail, at);
    }
    free(tail->at);
    tail->at = at;
    tail->room = room;
    tail->start = 0;
}

void console_tail_add(struct console_tail *tail, const char *bytes, size_t nr)
{
    if (nr > tail->room - tail->nr) {
        grow(tail, tail->nr + nr);
    }
    if (nr > tail->room) {
        tail->cut = true;
        bytes += nr - tail->room;
        nr = tail->room;
    }
    if (nr == 0) {
        return;
    }
    if (tail->nr + nr > tail->room) {
        const size_t lost = tail->nr + nr - tail->room;
        tail->start = (tail->start + lost) % tail->room;
        tail->nr -= lost;
        tail->cut = true;
    }
    const size_t end = (tail->start + tail->nr) % tail->room;
    const size_t first = nr < tail->room - end ? nr : tail->room - end;
    memcpy(tail->at + end, bytes, first);
    memcpy(tail->at, bytes + first, nr - first);
    tail->nr += nr;
}

/* Up to the first line that is whole; all stays if there is none. */
static void skip_to_line(struct console_tail *tail)
{
    for (size_t i = 0; i < tail->nr; i++) {
        if (tail->at[(tail->start + i) % tail->room] == '\n') {
            if (i + 1 < tail->nr) {
                console_tail_drop(tail, i + 1);
            }
            break;
        }
    }
    tail->cut = false;
}

size_t console_tail_peek(struct console_tail *tail, const char **bytes)
{
    if (tail->cut) {
        skip_to_line(tail);
    }
    if (tail->nr == 0) {
        return 0;
    }
    *bytes = tail->at + tail->start;
    return tail->nr < tail->room - tail->start ? tail->nr : tail->room - tail->start;
}

void console_tail_drop(struct console_tail *tail, size_t nr)
{
    if (nr >= tail->nr) {
        console_tail_fini(tail);
        return;
    }
    tail->start = (tail->start + nr) % tail->room;
    tail->nr -= nr;
}
