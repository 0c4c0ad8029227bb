// SPDX-License-Identifier: MIT
/*
 * record SOCKET OTHER FILE: listens at SOCKET, hands every connection on to OTHER, and writes what
 * passes into FILE: for each message a byte with the connection's number, a byte 0 (from the
 * client) or 1 (from the daemon), and the message. A connection that ends is the same with a byte 2
 * and no message. Messages stand in the order in which they passed.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS = 250, ROOM = 16 + 4096 };

struct side {
    int fd;
    size_t have;
    char data[ROOM];
};

static struct side sides[CONNECTIONS][2];
static unsigned nr_sides;
static FILE *file;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_socket(const char *path, int listens)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const struct sockaddr *to = (const struct sockaddr *)&address;
    if (listens ? bind(fd, to, sizeof(address)) < 0 || listen(fd, 16) < 0
                : connect(fd, to, sizeof(address)) < 0) {
        fail(path);
    }
    return fd;
}

static void write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno != EINTR) {
            return; /* who is gone needs no more */
        }
        data += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
}

/* Takes what came from one side of a connection; 0: it has ended. */
static int pass(unsigned number, unsigned from)
{
    struct side *side = &sides[number][from];
    const ssize_t n = read(side->fd, side->data + side->have, ROOM - side->have);
    if (n <= 0) {
        fputc((int)number, file);
        fputc(2, file);
        return 0;
    }
    side->have += (size_t)n;
    for (;;) {
        uint32_t bytes;
        memcpy(&bytes, side->data + 12, 4);
        if (side->have < 16 || side->have < 16 + bytes) {
            break;
        }
        bytes += 16;
        fputc((int)number, file);
        fputc((int)from, file);
        fwrite(side->data, 1, bytes, file);
        write_all(sides[number][1 - from].fd, side->data, bytes);
        side->have -= bytes;
        memmove(side->data, side->data + bytes, side->have);
    }
    fflush(file);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (file = fopen(argv[3], "w")) == NULL) {
        fprintf(stderr, "usage: record SOCKET OTHER FILE\n");
        return 2;
    }
    const int listener = open_socket(argv[1], 1);
    for (;;) {
        struct pollfd poll_of[1 + 2 * CONNECTIONS];
        poll_of[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (unsigned i = 0; i < 2 * nr_sides; i++) {
            poll_of[1 + i] = (struct pollfd){.fd = sides[i / 2][i % 2].fd, .events = POLLIN};
        }
        const unsigned nr = nr_sides;
        if (poll(poll_of, 1 + 2 * nr, -1) < 0) {
            fail("poll");
        }
        unsigned free = 0; /* a number is used again when its connection has ended */
        while (free < nr_sides && sides[free][0].fd >= 0) {
            free++;
        }
        const int is_new = poll_of[0].revents != 0 && free < CONNECTIONS;
        for (unsigned i = 0; i < 2 * nr; i++) {
            struct side *pair = sides[i / 2];
            if (poll_of[1 + i].revents != 0 && pair[i % 2].fd >= 0 && !pass(i / 2, i % 2)) {
                close(pair[0].fd);
                close(pair[1].fd);
                pair[0].fd = pair[1].fd = -1;
            }
        }
        if (is_new) {
            sides[free][0] = (struct side){.fd = accept(listener, NULL, NULL)};
            sides[free][1] = (struct side){.fd = open_socket(argv[2], 0)};
            nr_sides += free == nr_sides;
        }
    }
}
