// SPDX-License-Identifier: MIT
// Which guests there are, and what their nodes say about consoles
#include "xenconsoled/consoled.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/domctl.h"
#include "device/device.h"
#include "lib/message.h"
#include "lib/number.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

enum { NR_AT_ONCE = 128 };

void console_guest_complain(struct console_guest *guest, const char *format, ...)
{
    if (guest->nr_complaints >= CONSOLE_NR_COMPLAINTS) {
        return;
    }
    guest->nr_complaints++;
    char text[256];
    va_list words;
    va_start(words, format);
    vsnprintf(text, sizeof(text), format, words);
    va_end(words);
    message_error("%s", text);
}

/* ---- logs */

/* The guest's name as part of a file's; its number if it has none. */
static void log_name(const struct console_guest *guest, char *name, size_t room)
{
    char *value = NULL;
    if (store_read(guest->daemon->store, &value, NULL, "/local/domain/%u/name", guest->domid) < 0 ||
        value[0] == '\0') {
        snprintf(name, room, "dom%u", guest->domid);
    } else {
        snprintf(name, room, "%s", value);
    }
    free(value);
    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '_';
    }
}

static void open_log(struct console *c, const char *name)
{
    char path[512];
    char suffix[24] = "";
    if (c->kind == CONSOLE_VUART) {
        snprintf(suffix, sizeof(suffix), "-vuart0");
    } else if (c->kind == CONSOLE_DEVICE) {
        snprintf(suffix, sizeof(suffix), "-console%u", c->index);
    }
    snprintf(path, sizeof(path), "%s/guest-%s%s.log", c->daemon->options.log_folder, name, suffix);
    console_log_reopen(&c->log, path, time(NULL));
}

void console_guest_reopen_logs(struct console_guest *guest)
{
    char name[256];
    if (!guest->daemon->options.logs_guests) {
        return;
    }
    log_name(guest, name, sizeof(name));
    for (size_t i = 0; i < sizeof(guest->console) / sizeof(guest->console[0]); i++) {
        if (guest->console[i] != NULL && guest->console[i]->pty.source.fd >= 0) {
            open_log(guest->console[i], name);
        }
    }
}

/* ---- nodes */

enum { RING_REF, PORT, TYPE, LIMIT, STATE, NR_NODES };
static const char *const node_name[NR_NODES] = {"ring-ref", "port", "type", "limit", "state"};

struct nodes {
    char *value[NR_NODES];
    uint64_t number[NR_NODES]; /* 0 where there is none */
};

/* All in one round trip. */
static int read_nodes(const struct console_guest *guest, const char *folder, struct nodes *nodes)
{
    char path[NR_NODES][96];
    char *paths[NR_NODES];
    *nodes = (struct nodes){0};
    for (int i = 0; i < NR_NODES; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/%s", folder, node_name[i]);
        paths[i] = path[i];
    }
    const int err = store_read_many(guest->daemon->store, NR_NODES, paths, nodes->value);
    for (int i = 0; err == 0 && i < NR_NODES; i++) {
        if (nodes->value[i] != NULL) {
            number_parse(nodes->value[i], 0, UINT64_MAX, &nodes->number[i]);
        }
    }
    return err;
}

static void nodes_fini(struct nodes *nodes)
{
    for (int i = 0; i < NR_NODES; i++) {
        free(nodes->value[i]);
    }
}

/* Both are there and can be ports and references at all. */
static bool can_connect(const struct nodes *nodes)
{
    return nodes->value[RING_REF] != NULL && nodes->value[PORT] != NULL &&
           nodes->number[PORT] > 0 && nodes->number[PORT] <= UINT32_MAX;
}

/* Is somebody else (a device model) to serve it? */
static bool is_ours(const struct nodes *nodes, bool by_default)
{
    return nodes->value[TYPE] == NULL ? by_default : !strcmp(nodes->value[TYPE], "xenconsoled");
}

static size_t limit_of(const struct nodes *nodes)
{
    return nodes->value[LIMIT] == NULL || nodes->number[LIMIT] > CONSOLE_TAIL_MAX
               ? CONSOLE_TAIL_MAX
               : (size_t)nodes->number[LIMIT];
}

/* The primary console and the UART: no states, they are as soon as their nodes are. */
static void look_at_fixed(struct console_guest *guest, enum console_kind kind)
{
    struct nodes nodes;
    struct console *c = guest->console[kind];
    char folder[64];
    snprintf(folder, sizeof(folder), "/local/domain/%u/%s", guest->domid,
             kind == CONSOLE_PRIMARY ? "console" : "vuart/0");
    if (read_nodes(guest, folder, &nodes) == 0 && can_connect(&nodes) && is_ours(&nodes, true)) {
        if (c == NULL) {
            c = console_create(guest, kind, 0);
        }
        if (c != NULL &&
            console_connect(c, nodes.number[RING_REF], (uint32_t)nodes.number[PORT],
                            limit_of(&nodes)) < 0 &&
            c->pty.source.fd < 0) {
            console_destroy(c);
        }
    }
    nodes_fini(&nodes);
}

static void say_state(struct console *c, enum device_state state)
{
    struct store_txn txn;
    if (c->backend_state == state) {
        return;
    }
    store_txn_init(&txn);
    // Where the tools have taken the device away, its directory must not come back
    store_txn_expect(&txn, "/local/domain/0/backend/console/%u/%u", c->guest->domid, c->index);
    store_txn_write_number(&txn, state, "/local/domain/0/backend/console/%u/%u/state",
                           c->guest->domid, c->index);
    if (store_txn_commit(c->daemon->store, &txn) == 0) {
        c->backend_state = (uint8_t)state;
    }
    store_txn_fini(&txn);
}

/* The backend's half of the handshake, by the state that the guest's end has reached. */
static void shake_hands(struct console *c, const struct nodes *nodes)
{
    switch (nodes->number[STATE]) {
    case DEVICE_INITIALISED:
    case DEVICE_CONNECTED:
        if (can_connect(nodes) &&
            console_connect(c, nodes->number[RING_REF], (uint32_t)nodes->number[PORT],
                            limit_of(nodes)) == 0) {
            say_state(c, DEVICE_CONNECTED);
        }
        break;
    case DEVICE_CLOSING:
    case DEVICE_CLOSED:
        console_disconnect(c);
        say_state(c, DEVICE_CLOSED);
        break;
    default:
        console_disconnect(c);
        say_state(c, DEVICE_INIT_WAIT);
        break;
    }
}

static void look_at_device(struct console_guest *guest, unsigned index)
{
    struct nodes nodes;
    char folder[64];
    struct console *c = guest->console[CONSOLE_DEVICE + index];
    snprintf(folder, sizeof(folder), "/local/domain/%u/device/console/%u", guest->domid, index);
    if (read_nodes(guest, folder, &nodes) == 0) {
        const bool is_there = is_ours(&nodes, false);
        if (is_there && c == NULL) {
            c = console_create(guest, CONSOLE_DEVICE, index);
        }
        if (is_there && c != NULL) {
            shake_hands(c, &nodes);
        } else if (c != NULL) {
            console_destroy(c);
        }
    }
    nodes_fini(&nodes);
}

static void look_at_devices(struct console_guest *guest)
{
    struct store_list list = {0};
    uint64_t index;
    store_list(guest->daemon->store, &list, "/local/domain/%u/device/console", guest->domid);
    for (size_t i = 0; i < list.nr; i++) {
        if (number_parse(list.name[i], 0, CONSOLE_NR_DEVICES - 1, &index) == 0) {
            look_at_device(guest, (unsigned)index);
        }
    }
    store_list_fini(&list);
    for (unsigned i = 0; i < CONSOLE_NR_DEVICES; i++) {
        if (guest->console[CONSOLE_DEVICE + i] != NULL) {
            look_at_device(guest, i);
        }
    }
}

/* ---- what has changed */

/* A bit each: the fixed ones, one device, or the list of devices. */
enum { ALL_DEVICES = CONSOLE_DEVICE + CONSOLE_NR_DEVICES };

static void look(struct console_guest *guest)
{
    const uint32_t stale = guest->stale;
    guest->stale = 0;
    for (unsigned what = 0; what < ALL_DEVICES; what++) {
        if ((stale & 1U << what) == 0) {
            continue;
        }
        if (what < CONSOLE_DEVICE) {
            look_at_fixed(guest, (enum console_kind)what);
        } else {
            look_at_device(guest, what - CONSOLE_DEVICE);
        }
    }
    if ((stale & 1U << ALL_DEVICES) != 0) {
        look_at_devices(guest);
    }
}

static void resume(struct consoled_pause *pause)
{
    look(container_of(pause, struct console_guest, pause));
}

/* "/local/domain/7/device/console/3/state": the 3. */
static unsigned device_of(const char *path)
{
    static const char middle[] = "/device/console/";
    const char *at = strstr(path, middle);
    unsigned index = 0;
    if (at == NULL || at[sizeof(middle) - 1] < '0' || at[sizeof(middle) - 1] > '9') {
        return ALL_DEVICES;
    }
    for (at += sizeof(middle) - 1; *at >= '0' && *at <= '9' && index < CONSOLE_NR_DEVICES; at++) {
        index = index * 10 + (unsigned)(*at - '0');
    }
    return index < CONSOLE_NR_DEVICES ? CONSOLE_DEVICE + index : ALL_DEVICES;
}

void console_guests_look(struct consoled *d)
{
    struct console_guest *guest;
    while ((guest = TAILQ_FIRST(&d->stale)) != NULL) {
        guest->is_stale = false;
        TAILQ_REMOVE(&d->stale, guest, stale_link);
        if (console_pace_take(&guest->nodes, d->now_ms())) {
            look(guest);
        } else {
            consoled_pause(d, &guest->pause);
        }
    }
}

/* ---- who is there */

struct watched {
    char token;
    const char *path;
};
static const struct watched watched[] = {{'p', "console"}, {'v', "vuart"}, {'d', "device/console"}};

static void unwatch(struct console_guest *guest, size_t nr)
{
    char token[16];
    for (size_t i = 0; i < nr; i++) {
        snprintf(token, sizeof(token), "%c%u", watched[i].token, guest->domid);
        store_unwatch(guest->daemon->store, token, "/local/domain/%u/%s", guest->domid,
                      watched[i].path);
    }
}

/* Its consoles come by the watches' first events. */
static void meet(struct consoled *d, uint16_t domid, uint64_t unique_id)
{
    char token[16];
    struct console_guest *guest = calloc(1, sizeof(*guest));
    if (guest == NULL) {
        message_error("domain %u: no memory for its consoles", domid);
        return;
    }
    guest->daemon = d;
    guest->domid = domid;
    guest->unique_id = unique_id;
    guest->scan = d->scan;
    guest->pause.resume = resume;
    for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
        snprintf(token, sizeof(token), "%c%u", watched[i].token, domid);
        const int err = store_watch(d->store, token, "/local/domain/%u/%s", domid, watched[i].path);
        if (err < 0) {
            message_error("domain %u: its consoles can't be watched: %s", domid, strerror(-err));
            unwatch(guest, i);
            free(guest);
            return;
        }
    }
    d->guest[domid] = guest;
    TAILQ_INSERT_TAIL(&d->guests, guest, link);
}

void console_guest_forget(struct console_guest *guest)
{
    struct consoled *d = guest->daemon;
    for (size_t i = 0; i < sizeof(guest->console) / sizeof(guest->console[0]); i++) {
        if (guest->console[i] != NULL) {
            console_destroy(guest->console[i]);
        }
    }
    consoled_unpause(d, &guest->pause);
    if (guest->is_stale) {
        TAILQ_REMOVE(&d->stale, guest, stale_link);
    }
    unwatch(guest, sizeof(watched) / sizeof(watched[0]));
    TAILQ_REMOVE(&d->guests, guest, link);
    d->guest[guest->domid] = NULL;
    free(guest);
}

/* Another one may have its number since we met it. */
static void look_at_domain(struct consoled *d, uint16_t domid)
{
    struct hv_domain_state state;
    if (domid == 0 || domid >= sizeof(d->guest) / sizeof(d->guest[0])) {
        return;
    }
    const int err = hv_get_state(d->hv, domid, &state);
    if (err < 0) {
        message_error("domain %u can't be asked for: %s", domid, strerror(-err));
        return;
    }
    struct console_guest *guest = d->guest[domid];
    const bool is_there = state.exists && !state.is_dead;
    if (guest != NULL && (!is_there || guest->unique_id != state.unique_id)) {
        console_guest_forget(guest);
    }
    if (is_there && d->guest[domid] == NULL) {
        meet(d, domid, state.unique_id);
    }
}

/* Marks those that are there, meets new ones; how many were met, or negative errno. */
static int walk(struct consoled *d, uint16_t first)
{
    static struct xen_domctl_getdomaininfo info[NR_AT_ONCE];
    int nr_met = 0;
    for (;;) {
        const int nr = hv_list_domains(d->hv, first, info, NR_AT_ONCE);
        if (nr <= 0) {
            return nr < 0 ? nr : nr_met;
        }
        for (int i = 0; i < nr; i++) {
            const uint16_t domid = info[i].domain;
            if (domid == 0 || domid >= sizeof(d->guest) / sizeof(d->guest[0]) ||
                (info[i].flags & XEN_DOMINF_dying) != 0) {
                continue;
            }
            const bool is_new = d->guest[domid] == NULL;
            if (is_new || d->guest[domid]->unique_id != 0) {
                look_at_domain(d, domid);
            }
            if (d->guest[domid] != NULL) {
                d->guest[domid]->scan = d->scan;
                d->last_domid = is_new ? domid : d->last_domid;
                nr_met += is_new;
            }
        }
        if (nr < NR_AT_ONCE) {
            return nr_met;
        }
        first = (uint16_t)(info[nr - 1].domain + 1);
    }
}

/*
 * Where the store does not say who. A new guest has the next number, so that its coming costs the
 * same however many there are. Only when numbers have come round (or the event was about no new
 * one) is everybody looked at; and (all) when one has gone.
 */
static void scan(struct consoled *d, bool all)
{
    d->scan++;
    int nr = all ? 0 : walk(d, (uint16_t)(d->last_domid + 1));
    if (nr != 0) {
        all = false;
    } else {
        nr = walk(d, 1);
    }
    if (nr < 0) {
        message_error("domains can't be listed: %s", strerror(-nr));
        return;
    }
    struct console_guest *next;
    for (struct console_guest *guest = TAILQ_FIRST(&d->guests); all && guest != NULL;
         guest = next) {
        next = TAILQ_NEXT(guest, link);
        if (guest->scan != d->scan) {
            console_guest_forget(guest);
        }
    }
}

/* A store that names domains means everybody when it names none: it had too much to say. */
static void domains_event(struct consoled *d, const char *path, bool is_release)
{
    uint16_t domid;
    if (store_event_domid(path, &domid)) {
        d->is_told_who = true;
        look_at_domain(d, domid);
    } else {
        scan(d, is_release || d->is_told_who);
    }
}

/* ---- what a watch says */

void console_guest_event(struct consoled *d, const char *path, const char *token)
{
    uint64_t domid;
    if (token[0] == 'i' || token[0] == 'r') {
        domains_event(d, path, token[0] == 'r');
        return;
    }
    if (number_parse(token + 1, 0, sizeof(d->guest) / sizeof(d->guest[0]) - 1, &domid) < 0 ||
        d->guest[domid] == NULL) {
        return;
    }
    struct console_guest *guest = d->guest[domid];
    guest->stale |= 1U << (token[0] == 'p'   ? CONSOLE_PRIMARY
                           : token[0] == 'v' ? CONSOLE_VUART
                                             : device_of(path));
    if (!guest->is_stale && !guest->pause.is_on) {
        guest->is_stale = true;
        TAILQ_INSERT_TAIL(&d->stale, guest, stale_link);
    }
}
