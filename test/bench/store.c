// SPDX-License-Identifier: MIT
/*
 * Requests a second of a store daemon: store SOCKET CLIENTS NODES SECONDS PIPELINE.
 *
 * NODES nodes are made below /bench, /bench/N/N; then CLIENTS connections, each with a watch of its
 * own, ask: eight reads, one write of a node, one list of a directory of 100, and so on. PIPELINE
 * requests are on their way at a time: up to CLIENTS, each client has one at most and they ask in
 * turn; beyond, each client has its part of them, and an answer lets it send the next without
 * waiting for the others: what came together is answered together, in one write. Prints one line:
 * requests a second, microseconds of the daemon's CPU time a request, the slowest answer in
 * microseconds, nodes made a second.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DIRECTORY = 1, READ = 2, WATCH = 4, WRITE = 11, EVENT = 15, ERROR = 16 };

struct header {
    uint32_t type, request, transaction, bytes;
};

struct peer {
    int fd;
    unsigned turn;
    char buffer[8192];
    size_t have;
    double asked;
    char out[16384]; /* requests that go in one write */
    size_t nr_out;
};

static unsigned seed = 1;

static unsigned next_random(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 8;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "store: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno != EAGAIN) {
            fail(path);
        }
    }
    return fd;
}

static void send_all(struct peer *peer)
{
    if (peer->nr_out > 0 && write(peer->fd, peer->out, peer->nr_out) != (ssize_t)peer->nr_out) {
        fail("write");
    }
    peer->asked = peer->nr_out > 0 ? now() : peer->asked;
    peer->nr_out = 0;
}

static void add_request(struct peer *peer, uint32_t type, const void *payload, size_t bytes)
{
    const struct header header = {type, 1, 0, (uint32_t)bytes};
    if (peer->nr_out + sizeof(header) + bytes > sizeof(peer->out)) {
        send_all(peer);
    }
    memcpy(peer->out + peer->nr_out, &header, sizeof(header));
    memcpy(peer->out + peer->nr_out + sizeof(header), payload, bytes);
    peer->nr_out += sizeof(header) + bytes;
}

static void send_request(struct peer *peer, uint32_t type, const void *payload, size_t bytes)
{
    add_request(peer, type, payload, bytes);
    send_all(peer);
}

/* Reads once; the answers that are whole by then, events left out. */
static unsigned receive(struct peer *peer)
{
    const ssize_t n = read(peer->fd, peer->buffer + peer->have, sizeof(peer->buffer) - peer->have);
    if (n <= 0) {
        fail("read");
    }
    peer->have += (size_t)n;
    unsigned answers = 0;
    size_t at = 0;
    struct header header;
    while (peer->have - at >= sizeof(header)) {
        memcpy(&header, peer->buffer + at, sizeof(header));
        if (peer->have - at < sizeof(header) + header.bytes) {
            break;
        }
        if (header.type == ERROR) {
            errno = EPROTO;
            fail(peer->buffer + at + sizeof(header));
        }
        answers += header.type != EVENT;
        at += sizeof(header) + header.bytes;
    }
    memmove(peer->buffer, peer->buffer + at, peer->have - at);
    peer->have -= at;
    return answers;
}

static void ask(struct peer *peer, unsigned nr_nodes)
{
    char payload[128];
    const unsigned node = next_random() % nr_nodes;
    const unsigned turn = peer->turn++ % 10;
    int n = snprintf(payload, sizeof(payload), "/bench/%u/%u", node / 100, node % 100) + 1;
    if (turn < 8) {
        add_request(peer, READ, payload, (size_t)n);
    } else if (turn == 8) {
        n += snprintf(payload + n, sizeof(payload) - (size_t)n, "value-%u", next_random());
        add_request(peer, WRITE, payload, (size_t)n);
    } else {
        n = snprintf(payload, sizeof(payload), "/bench/%u", node / 100) + 1;
        add_request(peer, DIRECTORY, payload, (size_t)n);
    }
}

static void wait_answer(struct peer *peer)
{
    while (receive(peer) == 0) {
    }
}

/* CPU time that the daemon has used, in seconds. */
static double used_by(int fd)
{
    struct ucred who;
    socklen_t bytes = sizeof(who);
    char path[64];
    double ns = 0;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes);
    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)who.pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%lf", &ns) != 1) {
        fail(path);
    }
    fclose(file);
    return ns / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: store SOCKET CLIENTS NODES SECONDS PIPELINE\n");
        return 2;
    }
    const unsigned nr_peers = (unsigned)atoi(argv[2]);
    const unsigned nr_nodes = (unsigned)atoi(argv[3]);
    const double seconds = atof(argv[4]);
    const unsigned pipeline = (unsigned)atoi(argv[5]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct peer *peers = calloc(nr_peers, sizeof(*peers));
    const int epoll = epoll_create1(0);
    const double begun = now();
    peers[0].fd = dial(argv[1]);
    for (unsigned i = 0; i < nr_nodes; i++) {
        char payload[64];
        const int n =
            snprintf(payload, sizeof(payload), "/bench/%u/%u%cvalue", i / 100, i % 100, 0);
        send_request(&peers[0], WRITE, payload, (size_t)n);
        wait_answer(&peers[0]);
    }
    const double made = nr_nodes / (now() - begun);
    for (unsigned i = 0; i < nr_peers; i++) {
        char payload[64];
        peers[i].fd = i == 0 ? peers[0].fd : dial(argv[1]);
        const int n = snprintf(payload, sizeof(payload), "/watched/%u%ctoken", i, 0) + 1;
        send_request(&peers[i], WATCH, payload, (size_t)n);
        wait_answer(&peers[i]);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, peers[i].fd, &event);
    }
    const double cpu = used_by(peers[0].fd);
    const double start = now();
    uint64_t answers = 0;
    double slowest = 0;
    unsigned next = pipeline;
    for (unsigned i = 0; i < pipeline; i++) {
        ask(&peers[i % nr_peers], nr_nodes);
    }
    for (unsigned i = 0; i < nr_peers; i++) {
        send_all(&peers[i]);
    }
    double t = start;
    while (t - start < seconds) {
        struct epoll_event ready[64];
        const int nr = epoll_wait(epoll, ready, 64, 1000);
        t = now();
        for (int i = 0; i < nr; i++) {
            struct peer *peer = &peers[ready[i].data.u32];
            unsigned n = receive(peer);
            answers += n;
            slowest = n > 0 && t - peer->asked > slowest ? t - peer->asked : slowest;
            for (; n > 0; n--) {
                struct peer *asking = pipeline > nr_peers ? peer : &peers[next++ % nr_peers];
                ask(asking, nr_nodes);
                if (pipeline <= nr_peers) {
                    send_all(asking);
                }
            }
            send_all(peer);
        }
    }
    printf("%.0f\t%.2f\t%.0f\t%.0f\n", (double)answers / (t - start),
           (used_by(peers[0].fd) - cpu) / (double)answers * 1e6, slowest * 1e6, made);
    return 0;
}
