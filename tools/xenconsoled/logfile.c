// SPDX-License-Identifier: MIT
#include "xenconsoled/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/message.h"

/* What is collected before it is written. */
struct sink {
    struct console_log *log;
    size_t nr;
    char bytes[4096];
};

static void flush(struct sink *sink)
{
    struct console_log *log = sink->log;
    size_t done = 0;
    while (done < sink->nr) {
        const ssize_t n = write(log->fd, sink->bytes + done, sink->nr - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            if (!log->has_complained) {
                message_error("%s: %s; output is lost", log->path, strerror(errno));
            }
            log->has_complained = true;
            break;
        }
        log->has_complained = false;
        done += (size_t)n;
    }
    sink->nr = 0;
}

static void put(struct sink *sink, const char *bytes, size_t nr)
{
    while (nr > 0) {
        size_t part = sizeof(sink->bytes) - sink->nr;
        part = nr < part ? nr : part;
        memcpy(sink->bytes + sink->nr, bytes, part);
        sink->nr += part;
        bytes += part;
        nr -= part;
        if (sink->nr == sizeof(sink->bytes)) {
            flush(sink);
        }
    }
}

/* Many lines come in one second: the text is made once for all of them. */
static void put_stamp(struct sink *sink, time_t now)
{
    static time_t stamped;
    static char text[64];
    static size_t nr;
    if (nr == 0 || stamped != now) {
        struct tm local;
        localtime_r(&now, &local);
        nr = strftime(text, sizeof(text), "[%Y-%m-%d %H:%M:%S] ", &local);
        stamped = now;
    }
    put(sink, text, nr);
}

static void put_escaped(struct sink *sink, const char *bytes, size_t nr)
{
    if (!sink->log->replaces_escape) {
        put(sink, bytes, nr);
        return;
    }
    for (const char *escape; (escape = memchr(bytes, '\033', nr)) != NULL;) {
        put(sink, bytes, (size_t)(escape - bytes));
        put(sink, ".", 1);
        nr -= (size_t)(escape + 1 - bytes);
        bytes = escape + 1;
    }
    put(sink, bytes, nr);
}

void console_log_write(struct console_log *log, const char *bytes, size_t nr, time_t now)
{
    if (log->fd < 0 || nr == 0) {
        return;
    }
    struct sink sink;
    sink.log = log;
    sink.nr = 0;
    while (nr > 0) {
        if (log->has_stamps && !log->is_in_line) {
            put_stamp(&sink, now);
        }
        const char *end = log->has_stamps ? memchr(bytes, '\n', nr) : NULL;
        const size_t part = end != NULL ? (size_t)(end + 1 - bytes) : nr;
        put_escaped(&sink, bytes, part);
        log->is_in_line = end == NULL;
        bytes += part;
        nr -= part;
    }
    flush(&sink);
}

int console_log_open(struct console_log *log, const char *path, time_t now)
{
    log->path = strdup(path);
    if (log->path == NULL) {
        message_error("%s: no memory", path);
        return -ENOMEM;
    }
    log->is_in_line = false;
    log->has_complained = false;
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log->fd < 0) {
        const int err = -errno;
        message_error("%s: %s; this console has no log", path, strerror(errno));
        console_log_close(log);
        return err;
    }
    if (log->has_stamps) {
        console_log_write(log, "Logfile Opened\n", 15, now);
    }
    return 0;
}

int console_log_reopen(struct console_log *log, const char *path, time_t now)
{
    char *same = NULL;
    if (path == NULL) {
        same = log->path;
        log->path = NULL;
        path = same;
    }
    console_log_close(log);
    const int err = path != NULL ? console_log_open(log, path, now) : -ENOENT;
    free(same);
    return err;
}

void console_log_close(struct console_log *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    log->fd = -1;
    free(log->path);
    log->path = NULL;
}
