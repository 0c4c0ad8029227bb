// SPDX-License-Identifier: MIT
#include "xenconsoled/consoled.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/message.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

enum { NR_WATCHES_A_TURN = 256 };

/* ---- pauses */

void consoled_pause(struct consoled *d, struct consoled_pause *pause)
{
    if (pause->is_on) {
        return;
    }
    pause->is_on = true;
    pause->until_ms = d->now_ms() + CONSOLE_PACE_MS;
    if (TAILQ_EMPTY(&d->pauses)) {
        loop_timer_set(&d->timer, pause->until_ms);
    }
    TAILQ_INSERT_TAIL(&d->pauses, pause, link);
}

void consoled_unpause(struct consoled *d, struct consoled_pause *pause)
{
    // The timer may come for nothing once: then it finds nothing
    if (pause->is_on) {
        pause->is_on = false;
        TAILQ_REMOVE(&d->pauses, pause, link);
    }
}

void consoled_resume(struct consoled *d)
{
    const uint64_t now_ms = d->now_ms();
    struct consoled_pause *pause;
    while ((pause = TAILQ_FIRST(&d->pauses)) != NULL && pause->until_ms <= now_ms) {
        consoled_unpause(d, pause);
        pause->resume(pause);
    }
    if (pause != NULL) {
        loop_timer_set(&d->timer, pause->until_ms);
    }
    consoled_read_watches(d);
}

static void timer_due(struct loop_timer *timer)
{
    consoled_resume(container_of(timer, struct consoled, timer));
}

/* ---- sources */

static void events_ready(struct loop_source *source, uint32_t events)
{
    struct consoled *d = container_of(source, struct consoled, events);
    uint32_t port;
    // Bounded, so that terminals and signals have their turn
    for (int i = 0; i < CONSOLE_EVENTS_A_TURN && hv_next_event(d->hv, &port) == 0; i++) {
        struct console *c = console_table_find(&d->by_port, port);
        if (c != NULL) {
            console_wake(c);
        } else if (port == d->hypervisor.port) {
            consoled_wake_hypervisor(d);
        }
    }
}

/* All that has arrived, at most that many; the count or negative errno. */
static int hear(struct consoled *d, int max)
{
    struct store_event event;
    int nr = 0;
    for (int err; nr < max; nr++) {
        err = store_event_next(d->store, &event, 0);
        if (err <= 0) {
            return err < 0 ? err : nr;
        }
        console_guest_event(d, event.path, event.token);
    }
    return nr;
}

void consoled_read_watches(struct consoled *d)
{
    int left = NR_WATCHES_A_TURN;
    int nr = d->watches.fd >= 0 ? 1 : 0;
    // To look asks the store, and while it answers more may arrive: until there is none
    while (nr > 0 && left > 0) {
        nr = hear(d, left);
        left -= nr;
        console_guests_look(d);
    }
    if (nr < 0) {
        message_error("the store has gone (%s): consoles that are known go on, no others come",
                      strerror(-nr));
        loop_remove(&d->loop, &d->watches);
        d->watches.fd = -1;
    } else if (nr > 0) {
        // What was read already makes the descriptor readable no more
        loop_timer_set(&d->timer, d->now_ms() + 1);
    }
}

static void watches_ready(struct loop_source *source, uint32_t events)
{
    consoled_read_watches(container_of(source, struct consoled, watches));
}

static void caught(struct loop_signals *signals, int signal)
{
    struct consoled *d = container_of(signals, struct consoled, signals);
    struct console_guest *guest;
    if (signal != SIGHUP) {
        loop_stop(&d->loop);
        return;
    }
    TAILQ_FOREACH(guest, &d->guests, link)
    {
        console_guest_reopen_logs(guest);
    }
    if (d->hypervisor.port != 0) {
        console_log_reopen(&d->hypervisor.log, NULL, time(NULL));
    }
    consoled_read_watches(d);
}

/* ---- start and end */

static int add_sources(struct consoled *d)
{
    d->events = (struct loop_source){hv_event_fd(d->hv), events_ready};
    int err = d->events.fd < 0 ? d->events.fd : loop_add(&d->loop, &d->events, EPOLLIN);
    if (err < 0) {
        message_error("no event channels: %s", strerror(-err));
        return err;
    }
    loop_doubt(&d->loop, &d->events);
    d->watches = (struct loop_source){store_fd(d->store), watches_ready};
    err = loop_add(&d->loop, &d->watches, EPOLLIN);
    if (err < 0) {
        message_error("the store can't be waited for: %s", strerror(-err));
        return err;
    }
    d->timer.due = timer_due;
    err = loop_timer_init(&d->loop, &d->timer);
    if (err < 0) {
        return err;
    }
    d->signals.caught = caught;
    return loop_signals_init(&d->loop, &d->signals, (const int[]){SIGHUP, SIGTERM, SIGINT, 0});
}

int consoled_start(struct consoled *d)
{
    TAILQ_INIT(&d->pauses);
    TAILQ_INIT(&d->guests);
    TAILQ_INIT(&d->stale);
    d->events.fd = d->watches.fd = d->timer.source.fd = d->signals.source.fd = -1;
    d->readers.source.fd = -1;
    d->hypervisor.log = CONSOLE_LOG_CLOSED;
    int err = loop_init(&d->loop);
    if (err == 0) {
        err = add_sources(d);
    }
    if (err == 0) {
        err = console_readers_init(&d->readers, &d->loop);
    }
    if (err < 0) {
        return err;
    }
    if (d->options.logs_hypervisor) {
        consoled_start_hypervisor(d);
    }
    err = store_watch_domains(d->store, "introduced", "@introduceDomain");
    if (err == 0) {
        err = store_watch_domains(d->store, "released", "@releaseDomain");
    }
    if (err < 0) {
        message_error("guests' comings and goings can't be watched: %s", strerror(-err));
        return err;
    }
    // Each watch fires once at the start: that is how the guests that are there are met
    consoled_read_watches(d);
    return 0;
}

int consoled_init(struct consoled *d, const struct consoled_options *options)
{
    memset(d, 0, sizeof(*d));
    d->loop.epoll = -1;
    d->options = *options;
    d->now_ms = clock_now_ms;
    int err = hv_open(&d->hv);
    if (err == 0) {
        err = store_open(&d->store);
    }
    if (err == 0) {
        return consoled_start(d);
    }
    TAILQ_INIT(&d->guests);
    d->timer.source.fd = d->signals.source.fd = d->readers.source.fd = -1;
    d->hypervisor.log = CONSOLE_LOG_CLOSED;
    return err;
}

void consoled_fini(struct consoled *d)
{
    struct console_guest *guest;
    while ((guest = TAILQ_FIRST(&d->guests)) != NULL) {
        console_guest_forget(guest);
    }
    console_log_close(&d->hypervisor.log);
    console_readers_fini(&d->readers);
    loop_signals_fini(&d->loop, &d->signals);
    loop_timer_fini(&d->loop, &d->timer);
    loop_fini(&d->loop);
    console_table_fini(&d->by_port);
    store_close(d->store);
    hv_close(d->hv);
    d->store = NULL;
    d->hv = NULL;
}

int consoled_run(struct consoled *d)
{
    return loop_run(&d->loop);
}
