// SPDX-License-Identifier: MIT
#include "lib/loop.h"
#include "lib/clock.h"
#include "lib/message.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (loop->epoll < 0) {
        const int err = -errno;
        message_error("no epoll: %s", strerror(errno));
        return err;
    }
    return 0;
}

void loop_fini(struct loop *loop)
{
    if (loop->epoll >= 0) {
        close(loop->epoll);
    }
    loop->epoll = -1;
}

static int control(struct loop *loop, int what, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, what, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_doubt(struct loop *loop, struct loop_source *source)
{
    loop->doubted = source;
}

/* How long to wait, if nobody wants to wait longer than milliseconds (-1: for ever). */
static int patience(struct loop *loop, int milliseconds)
{
    if (loop->again_ms == 0) {
        return milliseconds;
    }
    const int left = clock_left_ms(loop->again_ms);
    if (left == 0) {
        loop->again_ms = 0;
        loop_change(loop, loop->doubted, EPOLLIN); /* the kernel looks whether it is ready */
        return milliseconds;
    }
    return milliseconds < 0 || left < milliseconds ? left : milliseconds;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    if (source == loop->doubted) {
        loop->doubted = NULL;
        loop->again_ms = 0;
    }
    control(loop, EPOLL_CTL_DEL, source, 0);
    for (int i = loop->at; i < loop->nr_ready; i++) {
        if (loop->batch[i].data.ptr == source) {
            loop->batch[i].data.ptr = NULL;
        }
    }
}

int loop_turn(struct loop *loop, int milliseconds)
{
    int nr_calls = 0;
    const int nr = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, patience(loop, milliseconds));
    if (nr < 0) {
        const int err = -errno;
        if (err == -EINTR) {
            return 0;
        }
        message_error("waiting for events: %s", strerror(errno));
        return err;
    }
    loop->nr_ready = nr;
    for (loop->at = 0; loop->at < loop->nr_ready; loop->at++) {
        struct loop_source *source = loop->batch[loop->at].data.ptr;
        if (source != NULL) {
            loop->again_ms =
                source == loop->doubted ? clock_now_ms() + LOOP_AGAIN_MS : loop->again_ms;
            source->ready(source, loop->batch[loop->at].events);
            nr_calls++;
        }
    }
    loop->at = 0;
    loop->nr_ready = 0;
    return nr_calls;
}

int loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        const int err = loop_turn(loop, -1);
        if (err < 0) {
            return err;
        }
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

static void timer_ready(struct loop_source *source, uint32_t events)
{
    struct loop_timer *timer = container_of(source, struct loop_timer, source);
    uint64_t times;
    // Set anew since it became due: then there is nothing to read, and it is not due
    if (read(source->fd, &times, sizeof(times)) == (ssize_t)sizeof(times)) {
        timer->due(timer);
    }
}

int loop_timer_init(struct loop *loop, struct loop_timer *timer)
{
    timer->source.ready = timer_ready;
    timer->source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int err = timer->source.fd < 0 ? -errno : loop_add(loop, &timer->source, EPOLLIN);
    if (err < 0) {
        message_error("no timer: %s", strerror(-err));
        if (timer->source.fd >= 0) {
            close(timer->source.fd);
            timer->source.fd = -1;
        }
    }
    return err;
}

int loop_timer_set(struct loop_timer *timer, uint64_t at_ms)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000}};
    if (timerfd_settime(timer->source.fd, TFD_TIMER_ABSTIME, &when, NULL) < 0) {
        const int err = -errno;
        message_error("setting a timer: %s", strerror(errno));
        return err;
    }
    return 0;
}

void loop_timer_fini(struct loop *loop, struct loop_timer *timer)
{
    if (timer->source.fd >= 0) {
        loop_remove(loop, &timer->source);
        close(timer->source.fd);
        timer->source.fd = -1;
    }
}

static void signal_ready(struct loop_source *source, uint32_t events)
{
    struct loop_signals *signals = container_of(source, struct loop_signals, source);
    struct signalfd_siginfo info;
    if (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        signals->caught(signals, (int)info.ssi_signo);
    }
}

int loop_signals_init(struct loop *loop, struct loop_signals *signals, const int *list)
{
    sigset_t set;
    sigemptyset(&set);
    for (; *list != 0; list++) {
        sigaddset(&set, *list);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals->source.ready = signal_ready;
    signals->source.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int err = signals->source.fd < 0 ? -errno : loop_add(loop, &signals->source, EPOLLIN);
    if (err < 0) {
        message_error("no signals: %s", strerror(-err));
        if (signals->source.fd >= 0) {
            close(signals->source.fd);
            signals->source.fd = -1;
        }
    }
    return err;
}

void loop_signals_fini(struct loop *loop, struct loop_signals *signals)
{
    if (signals->source.fd >= 0) {
        loop_remove(loop, &signals->source);
        close(signals->source.fd);
        signals->source.fd = -1;
    }
}

uint64_t loop_now_ms(void)
{
    return clock_now_ms();
}
