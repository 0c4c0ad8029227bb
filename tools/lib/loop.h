/* SPDX-License-Identifier: MIT */
/*
 * The wait of a daemon: one thread, one epoll, and sources that say what to do when their
 * descriptor is ready. Nothing is polled: a source that sleeps costs nothing, and a wake costs the
 * same with ten sources as with ten thousand.
 *
 * A source lives in its owner's struct and is found from there (container_of). It may be removed at
 * any time, by itself or by another source, also with an event of it still undelivered.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

struct loop_source {
    int fd;
    void (*ready)(struct loop_source *source, uint32_t events); /* EPOLLIN and the like */
};

enum { LOOP_BATCH = 64 };

/* How long after a call of a doubted source its descriptor is asked once more. */
#define LOOP_AGAIN_MS 100

struct loop {
    int epoll;
    bool stopped;
    struct loop_source *doubted; /* NULL: none */
    uint64_t again_ms;           /* when to ask it, 0: no need */
    int at, nr_ready;            /* of the batch that is being delivered */
    struct epoll_event batch[LOOP_BATCH];
};

/* A moment of lib/clock.h. */
struct loop_timer {
    struct loop_source source;
    void (*due)(struct loop_timer *timer);
};

/* Signals, delivered as words of the loop and no longer as interruptions. */
struct loop_signals {
    struct loop_source source;
    void (*caught)(struct loop_signals *signals, int signal);
};

/* 0 or negative errno, said. */
int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* From now on source->ready() is called when one of events (EPOLLIN, ...) is there; EPOLLHUP and
 * EPOLLERR always are. 0 or negative errno, not said: the caller knows what the descriptor is. */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);

/*
 * This source's driver may rarely forget to wake us (why: docs/why/008-xenstored.md): after each
 * call of it the descriptor is asked once more, a moment later. While it is idle that costs
 * nothing. A loop has at most one such source, which waits for EPOLLIN only.
 */
void loop_doubt(struct loop *loop, struct loop_source *source);

/* The source is called no more. Its descriptor stays open: close it afterwards, not before. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Deliver until loop_stop(). 0 or negative errno, said. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Wait once, at most milliseconds (-1: for ever), and deliver what there is: the number of calls
 * made or negative errno, said. What loop_run() is made of; tests call it. */
int loop_turn(struct loop *loop, int milliseconds);

/* A timer that is not set costs nothing. It is due once; at_ms is absolute (clock_now_ms()), 0
 * takes it back. 0 or negative errno, said. */
int loop_timer_init(struct loop *loop, struct loop_timer *timer);
int loop_timer_set(struct loop_timer *timer, uint64_t at_ms);
void loop_timer_fini(struct loop *loop, struct loop_timer *timer);

/* Block the signals of the list (ended by 0) and have them delivered. 0 or negative errno, said. */
int loop_signals_init(struct loop *loop, struct loop_signals *signals, const int *list);
void loop_signals_fini(struct loop *loop, struct loop_signals *signals);

/* clock_now_ms() as a function, for daemons whose tests define their own time. */
uint64_t loop_now_ms(void);
