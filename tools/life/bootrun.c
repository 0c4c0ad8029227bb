/* SPDX-License-Identifier: MIT */
#include "life/bootrun.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/terminal.h"

#define ESCAPE   0x1d /* ^] */
#define TICK_MS  1000
#define GRACE_MS 2000
#define SLOW_MS  100
#define LAST     64 /* reads, for what it wrote last: a child of it may go on */

extern char **environ;

struct tail {
    size_t nr;
    char byte[BOOTRUN_SAID + 1];
};

struct attended {
    struct bootrun *r;
    pid_t pid;
    int pidfd, terminal, errors; /* -1: over */
    bool is_person;              /* in is a terminal that somebody sits at */
    struct tail output, error;
    char typed[1024]; /* and not yet with the program */
    size_t nr_typed;
    uint64_t ask_ms; /* when is_unwanted() is asked again */
};

static void keep(struct tail *t, const char *bytes, size_t n)
{
    if (n > BOOTRUN_SAID) {
        bytes += n - BOOTRUN_SAID;
        n = BOOTRUN_SAID;
    }
    if (t->nr + n > BOOTRUN_SAID) {
        const size_t drop = t->nr + n - BOOTRUN_SAID;
        memmove(t->byte, t->byte + drop, t->nr - drop);
        t->nr -= drop;
    }
    memcpy(t->byte + t->nr, bytes, n);
    t->nr += n;
    t->byte[t->nr] = '\0';
}

int bootrun_open_terminal(int *near, int *far, char *name, size_t room)
{
    *far = -1;
    *near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    int error = *near < 0 || grantpt(*near) != 0 || unlockpt(*near) != 0 ? -errno : 0;
    error = error != 0 ? error : -ptsname_r(*near, name, room);
    if (error == 0) {
        *far = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        error = *far < 0 ? -errno : 0;
    }
    struct termios raw;
    if (error == 0 && tcgetattr(*far, &raw) == 0) {
        cfmakeraw(&raw); /* or it would echo what we write */
        tcsetattr(*far, TCSANOW, &raw);
    }
    if (error != 0 && *near >= 0) {
        close(*near);
        *near = -1;
    }
    return error;
}

/* A session of its own, whose terminal is the one it opens first; no signal is blocked. */
static int spawn(struct attended *a, const char *name, int errors)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    const int error =
        -posix_spawn(&a->pid, a->r->argv[0], &actions, &attributes, a->r->argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void end_group(struct attended *a, int signal)
{
    kill(-a->pid, signal);
}

static int start(struct attended *a)
{
    char name[64];
    int pair[2];
    a->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (a->terminal < 0 || grantpt(a->terminal) != 0 || unlockpt(a->terminal) != 0 ||
        (errno = ptsname_r(a->terminal, name, sizeof(name))) != 0 || pipe2(pair, O_CLOEXEC) != 0) {
        return -errno;
    }
    a->errors = pair[0];
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    int error = spawn(a, name, pair[1]);
    close(pair[1]);
    if (error == 0) {
        a->pidfd = pidfd_open(a->pid, 0);
        if (a->pidfd < 0) {
            error = -errno;
            end_group(a, SIGKILL);
            waitpid(a->pid, NULL, 0);
        }
    }
    return error;
}

/* To a person; who does not read for a while loses what lies there unread. */
static void show(const struct bootrun *r, const char *bytes, size_t n)
{
    while (r->out >= 0 && n > 0) {
        const ssize_t done = write(r->out, bytes, n);
        if (done < 0 && errno == EAGAIN) {
            struct pollfd wait = {r->out, POLLOUT, 0};
            if (poll(&wait, 1, SLOW_MS) == 0) {
                tcflush(r->far, TCIFLUSH);
            }
        } else if (done < 0 && errno != EINTR) {
            return;
        }
        bytes += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

/* A piece of what one of its two streams has; false: nothing. One that has ended is closed. */
static bool listen_to(struct attended *a, int *fd, struct tail *tail)
{
    char piece[4096];
    const ssize_t n = *fd < 0 ? -1 : read(*fd, piece, sizeof(piece));
    if (n > 0) {
        keep(tail, piece, (size_t)n);
        show(a->r, piece, (size_t)n);
        if (a->r->log >= 0 && write(a->r->log, piece, (size_t)n) < 0) {
            a->r->log = -1; /* a full disk is no reason to fail */
        }
    } else if (*fd >= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR))) {
        close(*fd);
        *fd = -1;
    }
    return n > 0;
}

/* 0, or -EINTR: the person does not want it any more. */
static int take_typed(struct attended *a)
{
    const ssize_t n = read(a->r->in, a->typed, sizeof(a->typed));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR && errno != EIO)) {
        a->r->in = -1;
    }
    a->nr_typed = n > 0 ? (size_t)n : 0;
    return a->is_person && memchr(a->typed, ESCAPE, a->nr_typed) != NULL ? -EINTR : 0;
}

static void give_typed(struct attended *a)
{
    const ssize_t n = write(a->terminal, a->typed, a->nr_typed);
    if (n > 0) {
        a->nr_typed -= (size_t)n;
        memmove(a->typed, a->typed + n, a->nr_typed);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        a->nr_typed = 0;
    }
}

enum { PROGRAM, TERMINAL, ERRORS, PERSON, CANCEL, NR_FDS };

/* One wait. 1: the program has ended, 0: go on, else why it is to be ended. */
static int turn(struct attended *a)
{
    const bool pending = a->nr_typed > 0;
    struct pollfd p[NR_FDS] = {
        [PROGRAM] = {a->pidfd, POLLIN, 0},
        [TERMINAL] = {a->terminal, (short)(POLLIN | (pending ? POLLOUT : 0)), 0},
        [ERRORS] = {a->errors, POLLIN, 0},
        [PERSON] = {pending || a->terminal < 0 ? -1 : a->r->in, POLLIN, 0},
        [CANCEL] = {a->r->cancel_fd, POLLIN, 0},
    };
    if (poll(p, NR_FDS, TICK_MS) < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (p[TERMINAL].revents & POLLOUT) {
        give_typed(a);
    }
    if (p[TERMINAL].revents & (POLLIN | POLLHUP | POLLERR)) {
        listen_to(a, &a->terminal, &a->output);
    }
    if (p[ERRORS].revents != 0) {
        listen_to(a, &a->errors, &a->error);
    }
    if (p[PROGRAM].revents != 0) {
        return 1;
    }
    if (p[CANCEL].revents != 0 || (p[PERSON].revents != 0 && take_typed(a) != 0)) {
        return -EINTR;
    }
    if (a->r->is_unwanted != NULL && clock_now_ms() >= a->ask_ms) {
        a->ask_ms = clock_now_ms() + TICK_MS;
        return a->r->is_unwanted(a->r->context) ? -ECANCELED : 0;
    }
    return 0;
}

/* Until it is over, however. What it wrote last is read, too; a child of it that keeps its terminal
 * is not waited for. */
static int attend(struct attended *a)
{
    int why;
    do {
        why = turn(a);
    } while (why == 0);
    if (why < 0) {
        struct pollfd p = {a->pidfd, POLLIN, 0};
        end_group(a, SIGTERM);
        end_group(a, SIGCONT);
        if (poll(&p, 1, GRACE_MS) <= 0) {
            end_group(a, SIGKILL);
        }
    }
    waitpid(a->pid, &a->r->status, 0);
    for (unsigned i = 0; i < LAST && listen_to(a, &a->terminal, &a->output); i++) {
    }
    for (unsigned i = 0; i < LAST && listen_to(a, &a->errors, &a->error); i++) {
    }
    return why < 0 ? why : 0;
}

int bootrun(struct bootrun *r)
{
    struct attended a = {
        .r = r, .ask_ms = clock_now_ms() + TICK_MS, .pidfd = -1, .terminal = -1, .errors = -1};
    struct termios before;
    int error = start(&a);
    a.is_person = r->in == STDIN_FILENO && terminal_is(r->in) && tcgetattr(r->in, &before) == 0;
    if (error == 0 && a.is_person) {
        struct termios raw = before;
        cfmakeraw(&raw); /* ^C is for the program: its own terminal makes a signal of it */
        tcsetattr(r->in, TCSADRAIN, &raw);
    }
    if (error == 0) {
        error = attend(&a);
    }
    if (a.is_person) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    }
    const int fds[] = {a.pidfd, a.terminal, a.errors};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    memcpy(r->said, a.error.nr > 0 ? a.error.byte : a.output.byte, sizeof(r->said));
    return error;
}
