// SPDX-License-Identifier: MIT
/*
 * terminal DIALOGUE COMMAND...: runs the command at a terminal of its own, and is the person before
 * it. The dialogue is a file of lines:
 *
 *      ?TEXT   wait until the command has written TEXT, after what an earlier line waited for
 *      >BYTES  type these
 *      =raw    wait until the terminal is raw: no echo, no lines, no signals
 *      $WORDS  what a shell does meanwhile; it must succeed
 *
 * What the command wrote goes to standard output. The status is the command's; 100 and a sentence
 * if the dialogue went otherwise, or the command left the terminal's settings other than they were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define PATIENCE_MS 60000
#define WRONG       100

static int terminal, line_end;
static char seen[1 << 20];
static size_t nr_seen, nr_taken; /* taken: what a ? has waited for */

static void __attribute__((noreturn, format(printf, 1, 2))) wrong(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fflush(stdout);
    fputs("terminal: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    exit(WRONG);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what the command wrote, waiting for at most so long. */
static void look(int wait_ms)
{
    struct pollfd ready = {.fd = terminal, .events = POLLIN};

    if (poll(&ready, 1, wait_ms) <= 0) {
        return;
    }
    ssize_t n = read(terminal, seen + nr_seen, sizeof(seen) - 1 - nr_seen);
    if (n > 0) {
        fwrite(seen + nr_seen, 1, (size_t)n, stdout);
        nr_seen += (size_t)n;
    } else if (nr_seen == sizeof(seen) - 1) {
        wrong("the command says too much");
    }
}

static void wait_for(const char *text)
{
    long end = now_ms() + PATIENCE_MS;

    for (;;) {
        char *found = memmem(seen + nr_taken, nr_seen - nr_taken, text, strlen(text));
        if (found) {
            nr_taken = (size_t)(found - seen) + strlen(text);
            return;
        }
        if (now_ms() >= end) {
            wrong("never seen: %s", text);
        }
        look(100);
    }
}

static void is_raw(void)
{
    struct termios now;

    for (long end = now_ms() + PATIENCE_MS;
         tcgetattr(line_end, &now) != 0 || (now.c_lflag & (ECHO | ICANON | ISIG)) != 0;) {
        if (now_ms() >= end) {
            wrong("the terminal is not raw");
        }
        look(20);
    }
}

static void follow(FILE *dialogue)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, dialogue)) > 0) {
        if (line[n - 1] == '\n') {
            line[--n] = '\0';
        }
        if (line[0] == '?') {
            wait_for(line + 1);
        } else if (line[0] == '>') {
            if (write(terminal, line + 1, (size_t)n - 1) != n - 1) {
                wrong("cannot type: %s", strerror(errno));
            }
        } else if (!strcmp(line, "=raw")) {
            is_raw();
        } else if (line[0] == '$') {
            if (system(line + 1) != 0) {
                wrong("failed: %s", line + 1);
            }
        } else {
            wrong("no such line: %s", line);
        }
    }
    free(line);
}

/* The command's status; it is given up on after a while. */
static int end(pid_t child)
{
    int status = 0;

    for (long until = now_ms() + PATIENCE_MS; waitpid(child, &status, WNOHANG) == 0;) {
        if (now_ms() >= until) {
            kill(child, SIGKILL);
            wrong("the command does not end");
        }
        look(20);
    }
    look(0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    static struct termios before, after; // zeros between its fields, too

    if (argc < 3) {
        wrong("terminal DIALOGUE COMMAND...");
    }
    FILE *dialogue = fopen(argv[1], "re");
    if (!dialogue || openpty(&terminal, &line_end, NULL, NULL, &size) != 0) {
        wrong("%s: %s", argv[1], strerror(errno));
    }
    fcntl(terminal, F_SETFD, FD_CLOEXEC);
    tcgetattr(line_end, &before);
    pid_t child = fork();
    if (child == 0) {
        login_tty(line_end);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    follow(dialogue);
    int status = end(child);
    if (tcgetattr(line_end, &after) != 0 || memcmp(&before, &after, sizeof(before)) != 0) {
        wrong("the terminal's settings are not what they were");
    }
    fflush(stdout);
    return status;
}
