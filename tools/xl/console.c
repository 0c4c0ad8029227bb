// SPDX-License-Identifier: MIT
#include "xl/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/message.h"
#include "lib/number.h"
#include "xl/command.h"

#define ESCAPE     0x1d /* ^] */
#define PATIENCE_S 10   /* until the daemon has made a pty for a new guest */

/* What was typed and is not yet with the guest; full: nothing more is read until it took some. */
struct typed {
    char byte[4096];
    size_t begin, end;
};

/* All of it, to a terminal or a pipe that may be slow. */
static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        if (done < 0 && errno == EAGAIN) {
            struct pollfd wait = {fd, POLLOUT, 0};
            poll(&wait, 1, -1);
        }
        bytes += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* 1: read some, 0: the other end is closed, negative errno. */
static int guest_to_person(int pty, int out)
{
    char part[16384];
    const ssize_t n = read(pty, part, sizeof(part));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 1;
    }
    if (n <= 0) {
        return n < 0 && errno != EIO ? -errno : 0; /* EIO: the daemon has closed its end */
    }
    const int err = write_all(out, part, (size_t)n);
    return err != 0 ? err : 1;
}

/* 1: read some, 0: nothing more will be typed. */
static int person_to_typed(int in, struct typed *t, bool escape)
{
    t->begin = 0;
    const ssize_t n = read(in, t->byte, sizeof(t->byte));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 1;
    }
    t->end = n > 0 ? (size_t)n : 0;
    const char *found = escape && n > 0 ? memchr(t->byte, ESCAPE, (size_t)n) : NULL;
    if (found != NULL) {
        t->end = (size_t)(found - t->byte);
        return 0;
    }
    return n > 0;
}

static int typed_to_guest(int pty, struct typed *t)
{
    const ssize_t n = write(pty, t->byte + t->begin, t->end - t->begin);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return errno == EIO ? 0 : -errno;
    }
    t->begin += n > 0 ? (size_t)n : 0;
    return 1;
}

int console_relay(int in, int out, int pty, int cancel_fd, bool escape)
{
    struct typed typed = {0};
    bool listening = true;
    int go_on = 1;
    while (go_on > 0 && (listening || typed.begin < typed.end)) {
        const bool pending = typed.begin < typed.end;
        struct pollfd fds[3] = {
            {pty, (short)(POLLIN | (pending ? POLLOUT : 0)), 0},
            {listening && !pending ? in : -1, POLLIN, 0},
            {cancel_fd, POLLIN, 0},
        };
        if (poll(fds, 3, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        if (fds[2].revents != 0) {
            return 0;
        }
        if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            go_on = guest_to_person(pty, out);
        }
        if (go_on > 0 && fds[1].revents != 0) {
            listening = person_to_typed(in, &typed, escape) > 0;
        }
        if (go_on > 0 && typed.begin < typed.end) {
            go_on = typed_to_guest(pty, &typed);
        }
    }
    return go_on < 0 ? go_on : 0;
}

/* The node is made empty with the guest, so that the guest cannot: the daemon fills it in. */
static enum store_met is_named(const char *value, void *arg)
{
    (void)arg;
    return value != NULL && *value != '\0' ? STORE_MET : STORE_NOT_YET;
}

/* The pty's name, once the daemon has made it; to be freed. */
static int find_pty(struct life *l, uint32_t domid, enum console_type type, unsigned number,
                    char **name)
{
    char path[96];
    if (type == CONSOLE_VUART) {
        snprintf(path, sizeof(path), "/local/domain/%u/vuart/%u/tty", domid, number);
    } else if (number == 0) {
        snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
    } else {
        snprintf(path, sizeof(path), "/local/domain/%u/device/console/%u/tty", domid, number);
    }
    struct store_want want = {.path = path, .is_met = is_named};
    int err = store_wait(l->store, &want, 1, clock_now_ms() + PATIENCE_S * 1000, l->cancel_fd);
    if (err == 0) {
        err = store_read(l->store, name, NULL, "%s", path);
    }
    if (err == -ETIMEDOUT) {
        message_error(
            "domain %u has no %s console %u: the console daemon has made no pty for it in "
            "%d s",
            domid, type == CONSOLE_VUART ? "vuart" : "pv", number, PATIENCE_S);
    } else if (err != 0 && err != -EINTR) {
        message_error("cannot find the console of domain %u: %s", domid, strerror(-err));
    }
    return err;
}

/* Open, ours alone, and raw: the guest's own terminal decides about echo and lines. The folder of a
 * channel is the guest's: what it names is opened only if it is a terminal. */
static int open_pty(const char *name, uint32_t domid)
{
    const char *number = strncmp(name, "/dev/pts/", 9) == 0 ? name + 9 : "";
    if (*number == '\0' || number[strspn(number, "0123456789")] != '\0') {
        message_error("\"%s\", the console of domain %u, is no terminal", name, domid);
        return -EINVAL;
    }
    const int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        const int err = -errno;
        message_error("cannot open %s, the console of domain %u: %s", name, domid, strerror(-err));
        return err;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        message_error("somebody is at the console of domain %u already", domid);
        close(fd);
        return -EBUSY;
    }
    struct termios raw;
    if (tcgetattr(fd, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(fd, TCSANOW, &raw);
    }
    return fd;
}

int console_attach(struct life *l, uint32_t domid, enum console_type type, unsigned number,
                   bool unpause)
{
    char *name = NULL;
    life_catch_signals(l);
    int err = find_pty(l, domid, type, number, &name);
    if (err != 0) {
        return err;
    }
    const int pty = open_pty(name, domid);
    free(name);
    if (pty < 0) {
        return pty;
    }
    struct termios before;
    const bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        struct termios raw = before;
        cfmakeraw(&raw);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw); /* what was typed ahead is for the guest */
    }
    if (unpause) {
        err = life_unpause(l, domid);
    }
    if (err == 0) {
        fflush(stdout);
        err = console_relay(STDIN_FILENO, STDOUT_FILENO, pty, l->cancel_fd, is_terminal);
    }
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* what was for the guest is not for a shell */
    }
    close(pty);
    if (err != 0) {
        message_error("the console of domain %u broke off: %s", domid, strerror(-err));
    }
    return err;
}

int command_console(struct call *call)
{
    const char *word = call_value(call, 't');
    enum console_type type = CONSOLE_PV;
    uint64_t number = 0;
    if (word != NULL && strcmp(word, "serial") == 0) {
        message_error(
            "console: serial consoles are for HVM guests; -t vuart is the UART of a guest "
            "on Arm");
        return XL_ABSENT;
    }
    if (word != NULL && strcmp(word, "vuart") == 0) {
        type = CONSOLE_VUART;
    } else if (word != NULL && strcmp(word, "pv") != 0) {
        return call_misused(call, "-t %s: pv or vuart", word);
    }
    if (call_has(call, 'n') && number_parse(call_value(call, 'n'), 0, 4095, &number) != 0) {
        return call_misused(call, "-n %s: no number of a console", call_value(call, 'n'));
    }
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    return call_status(console_attach(&call->life, domid, type, (unsigned)number, false));
}
