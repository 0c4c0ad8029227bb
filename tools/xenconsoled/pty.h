/* SPDX-License-Identifier: MIT */
/*
 * The pseudo terminal that a person opens to be at a guest's console, and the knowledge whether
 * somebody has it open.
 *
 * The daemon does not hold the slave side open itself. So the master says "hung up" exactly while
 * nobody is there, and one inotify for all terminals says when somebody comes. A terminal without
 * a reader is not in the loop and gets no bytes: the tail waits for the reader in order (tail.h),
 * instead of the oldest bytes filling the kernel's buffer.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "lib/loop.h"
#include "xenconsoled/table.h"

struct console_pty;

/* Who waits for readers of all terminals. */
struct console_readers {
    struct loop_source source;
    struct loop *loop;
    struct console_table by_watch;
};

struct console_pty {
    struct loop_source source; /* the master; -1: not open */
    struct console_readers *readers;
    void (*can_read)(struct console_pty *pty);  /* somebody typed */
    void (*can_write)(struct console_pty *pty); /* somebody is there and has room */
    int watch;
    bool is_open_elsewhere, wants_read, wants_write;
    char path[64]; /* of the slave */
};

/* 0 or negative errno, said. */
int console_readers_init(struct console_readers *readers, struct loop *loop);
void console_readers_fini(struct console_readers *readers);

/* A new terminal, raw, without readers. The two functions are set before; they are called from the
 * loop, only while wanted, and may close it. 0 or negative errno, said. */
int console_pty_open(struct console_pty *pty, struct console_readers *readers);
void console_pty_close(struct console_pty *pty); /* may be closed already */

/* What to be called for. */
void console_pty_want(struct console_pty *pty, bool read, bool write);

/* read() and write() on the master that never wait: the count, 0 for nothing now. Reading works
 * also when who typed has left again. */
size_t console_pty_read(struct console_pty *pty, char *to, size_t max);
size_t console_pty_write(struct console_pty *pty, const char *from, size_t nr);
