// SPDX-License-Identifier: MIT
#include "xenconsoled/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include "lib/message.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static uint32_t wanted(const struct console_pty *pty)
{
    return (pty->wants_read ? EPOLLIN : 0U) | (pty->wants_write ? EPOLLOUT : 0U);
}

static void pty_ready(struct loop_source *source, uint32_t events)
{
    struct console_pty *pty = container_of(source, struct console_pty, source);
    if ((events & EPOLLHUP) != 0 && pty->is_open_elsewhere) {
        pty->is_open_elsewhere = false;
        loop_remove(pty->readers->loop, source);
    }
    if ((events & EPOLLOUT) != 0 && pty->wants_write && pty->is_open_elsewhere) {
        pty->can_write(pty);
    }
    // Last: it may find the end. What was typed before the slave was closed is still there
    if ((events & EPOLLIN) != 0 && pty->wants_read && pty->source.fd >= 0) {
        pty->can_read(pty);
    }
}

static void opened(struct console_pty *pty)
{
    if (!pty->is_open_elsewhere && loop_add(pty->readers->loop, &pty->source, wanted(pty)) == 0) {
        pty->is_open_elsewhere = true;
    }
}

static void readers_ready(struct loop_source *source, uint32_t events)
{
    struct console_readers *readers = container_of(source, struct console_readers, source);
    _Alignas(struct inotify_event) char bytes[4096];
    const ssize_t nr = read(source->fd, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < nr;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
        at += (ssize_t)sizeof(*event) + event->len;
        struct console_pty *pty = console_table_find(&readers->by_watch, (uint32_t)event->wd);
        if ((event->mask & IN_OPEN) != 0 && pty != NULL) {
            opened(pty);
        }
        if ((event->mask & IN_Q_OVERFLOW) != 0) {
            // Who came is not known: all are looked at, and those without a reader hang up at once
            for (size_t i = 0; i < readers->by_watch.room; i++) {
                if (readers->by_watch.slot[i].value != NULL) {
                    opened(readers->by_watch.slot[i].value);
                }
            }
        }
    }
}

int console_readers_init(struct console_readers *readers, struct loop *loop)
{
    *readers = (struct console_readers){.loop = loop, .source.ready = readers_ready};
    readers->source.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    const int err = readers->source.fd < 0 ? -errno : loop_add(loop, &readers->source, EPOLLIN);
    if (err < 0) {
        message_error("no inotify: %s", strerror(-err));
        console_readers_fini(readers);
    }
    return err;
}

void console_readers_fini(struct console_readers *readers)
{
    if (readers->source.fd >= 0) {
        loop_remove(readers->loop, &readers->source);
        close(readers->source.fd);
        readers->source.fd = -1;
    }
    console_table_fini(&readers->by_watch);
}

/* Raw, through the master; and once opened and closed, for until then it would not say hung up. */
static int set_up(struct console_pty *pty)
{
    const int master = pty->source.fd;
    struct termios words;
    if (grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, pty->path, sizeof(pty->path)) != 0) {
        return -errno;
    }
    if (tcgetattr(master, &words) < 0) {
        return -errno;
    }
    cfmakeraw(&words);
    if (tcsetattr(master, TCSANOW, &words) < 0) {
        return -errno;
    }
    const int slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return -errno;
    }
    close(slave);
    pty->watch = inotify_add_watch(pty->readers->source.fd, pty->path, IN_OPEN);
    if (pty->watch < 0) {
        return -errno;
    }
    return console_table_add(&pty->readers->by_watch, (uint32_t)pty->watch, pty);
}

int console_pty_open(struct console_pty *pty, struct console_readers *readers)
{
    pty->readers = readers;
    pty->watch = -1;
    pty->is_open_elsewhere = false;
    pty->source.ready = pty_ready;
    pty->source.fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    const int err = pty->source.fd < 0 ? -errno : set_up(pty);
    if (err < 0) {
        message_error("no terminal for a console: %s", strerror(-err));
        console_pty_close(pty);
    }
    return err;
}

void console_pty_close(struct console_pty *pty)
{
    if (pty->source.fd < 0) {
        return;
    }
    if (pty->is_open_elsewhere) {
        loop_remove(pty->readers->loop, &pty->source);
        pty->is_open_elsewhere = false;
    }
    if (pty->watch >= 0) {
        inotify_rm_watch(pty->readers->source.fd, pty->watch);
        console_table_remove(&pty->readers->by_watch, (uint32_t)pty->watch);
    }
    close(pty->source.fd);
    pty->source.fd = -1;
}

void console_pty_want(struct console_pty *pty, bool read, bool write)
{
    if (pty->wants_read == read && pty->wants_write == write) {
        return;
    }
    pty->wants_read = read;
    pty->wants_write = write;
    if (pty->is_open_elsewhere) {
        loop_change(pty->readers->loop, &pty->source, wanted(pty));
    }
}

size_t console_pty_read(struct console_pty *pty, char *to, size_t max)
{
    const ssize_t nr = read(pty->source.fd, to, max);
    return nr > 0 ? (size_t)nr : 0;
}

size_t console_pty_write(struct console_pty *pty, const char *from, size_t nr)
{
    const ssize_t done = write(pty->source.fd, from, nr);
    return done > 0 ? (size_t)done : 0;
}
