// SPDX-License-Identifier: MIT
// await SECONDS FILE [TEXT [COUNT]]: return 0 as soon as FILE exists and has COUNT lines with TEXT,
// 1 when SECONDS have passed. Sleeps on inotify, not on a clock: a scenario is driven by events.
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static int count_lines(const char *path, const char *text)
{
    char *line = NULL;
    size_t size = 0;
    int count = 0;

    if (!text) {
        return access(path, F_OK);
    }
    FILE *file = fopen(path, "r");
    if (!file) {
        return -1;
    }
    while (getline(&line, &size, file) > 0) {
        count += strstr(line, text) != NULL;
    }
    free(line);
    fclose(file);
    return count;
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "await SECONDS FILE [TEXT [COUNT]]\n");
        return 2;
    }
    const char *path = argv[2];
    const char *text = argc > 3 ? argv[3] : NULL;
    int wanted = argc > 4 ? atoi(argv[4]) : text ? 1 : 0;
    long deadline_ms = now_ms() + 1000 * atol(argv[1]);
    char directory[4096];
    char events[8192];
    int fd = inotify_init1(IN_NONBLOCK);

    snprintf(directory, sizeof(directory), "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash) {
        slash[slash == directory] = '\0';
    } else {
        strcpy(directory, ".");
    }
    if (fd < 0 || inotify_add_watch(fd, directory, IN_CREATE | IN_MOVED_TO | IN_MODIFY) < 0) {
        perror(directory);
        return 2;
    }
    for (;;) {
        // The watch stands before the look: nothing is missed between the two.
        if (count_lines(path, text) >= wanted) {
            return 0;
        }
        long left_ms = deadline_ms - now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&wait, 1, left_ms) < 0) {
            fprintf(stderr, "await: %s: no \"%s\" within %s s\n", path, text ? text : "file",
                    argv[1]);
            return 1;
        }
        while (read(fd, events, sizeof(events)) > 0) {
        }
    }
}
