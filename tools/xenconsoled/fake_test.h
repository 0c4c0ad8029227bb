/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor and a store for tests of the daemon: guests with rings, ports that are masked and
 * pending as Linux does it, nodes with watches. Each call is counted. Included by one test program
 * each; its definitions take the place of the rooms'.
 */
#pragma once
#include "xenconsoled/consoled.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "abi/domctl.h"
#include "abi/xen.h"

enum { FAKE_NR_DOMAINS = 2048, FAKE_NR_PORTS = 8192, FAKE_NR_NODES = 16384 };

struct fake_port {
    bool is_bound, is_pending, is_masked;
    uint32_t remote;
};

static struct {
    bool is_there[FAKE_NR_DOMAINS], is_dying[FAKE_NR_DOMAINS];
    uint64_t unique_id[FAKE_NR_DOMAINS];          /* 0: this hypervisor gives none */
    struct console_ring *ring[FAKE_NR_DOMAINS];   /* by grant 0 or frame */
    struct console_ring *second[FAKE_NR_DOMAINS]; /* by any other grant */
    struct fake_port port[FAKE_NR_PORTS];
    uint32_t queue[FAKE_NR_PORTS * 2];
    size_t queue_start, queue_end, nr_ports;
    int event_fd;
    bool has_no_grants, has_no_frames;
    char log[65536];
    size_t nr_log;
    unsigned nr_mapped;
    uint64_t now_ms;
    struct {
        unsigned list, state, notify, unmask, next, map, bind;
    } calls;
} hv_fake;

static struct {
    char *path[FAKE_NR_NODES], *value[FAKE_NR_NODES];
    size_t nr;
    struct {
        char *path, *token;
    } watch[FAKE_NR_DOMAINS * 4];
    size_t nr_watches;
    struct {
        char *path, *token;
    } event[16384];
    size_t event_start, event_end;
    struct {
        char *path, *value;
        int kind;
    } op[16];
    size_t nr_ops;
    int fd;
    bool is_gone;
    struct {
        unsigned read, commit;
    } calls;
} store_fake;

/* Memory that does not fail when the daemon's does (lib/failing.h). */
static void *fake_memory(size_t nr)
{
    void *memory = aligned_alloc(16, (nr + 15) / 16 * 16);
    return memory != NULL ? memset(memory, 0, nr) : (abort(), NULL);
}

static char *fake_copy(const char *text)
{
    return strcpy(fake_memory(strlen(text) + 1), text);
}

/* ---- the hypervisor */

static void fake_push(uint32_t port)
{
    const size_t room = sizeof(hv_fake.queue) / sizeof(hv_fake.queue[0]);
    hv_fake.queue[hv_fake.queue_end++ % room] = port;
    eventfd_write(hv_fake.event_fd, 1);
}

static void fake_raise(uint32_t port)
{
    struct fake_port *p = &hv_fake.port[port];
    if (p->is_bound && !p->is_pending) {
        p->is_pending = true;
        if (!p->is_masked) {
            p->is_masked = true;
            p->is_pending = false;
            fake_push(port);
        }
    }
}

int hv_event_fd(struct hv *hv)
{
    return hv_fake.event_fd;
}

int hv_next_event(struct hv *hv, uint32_t *port)
{
    eventfd_t value;
    hv_fake.calls.next++;
    if (eventfd_read(hv_fake.event_fd, &value) < 0) {
        return -EAGAIN;
    }
    *port =
        hv_fake.queue[hv_fake.queue_start++ % (sizeof(hv_fake.queue) / sizeof(hv_fake.queue[0]))];
    return 0;
}

int hv_unmask_event(struct hv *hv, uint32_t port)
{
    struct fake_port *p = &hv_fake.port[port];
    hv_fake.calls.unmask++;
    p->is_masked = false;
    if (p->is_pending) {
        p->is_pending = false;
        fake_raise(port);
    }
    return 0;
}

int hv_notify(struct hv *hv, uint32_t port)
{
    hv_fake.calls.notify++;
    return 0;
}

static int fake_bind(uint32_t remote, uint32_t *port)
{
    hv_fake.calls.bind++;
    if (hv_fake.nr_ports + 1 >= FAKE_NR_PORTS) {
        return -ENOSPC;
    }
    *port = (uint32_t)++hv_fake.nr_ports;
    hv_fake.port[*port] = (struct fake_port){.is_bound = true, .remote = remote};
    return 0;
}

int hv_bind_event(struct hv *hv, uint16_t domid, uint32_t remote_port, uint32_t *port)
{
    return remote_port == 666 ? -EINVAL : fake_bind(remote_port, port);
}

int hv_bind_virq(struct hv *hv, uint32_t virq, uint32_t *port)
{
    return virq == VIRQ_CON_RING ? fake_bind(0, port) : -EINVAL;
}

int hv_unbind_event(struct hv *hv, uint32_t port)
{
    hv_fake.port[port].is_bound = false;
    return 0;
}

static int fake_map(struct console_ring *ring, struct hv_mapping *mapping)
{
    hv_fake.calls.map++;
    if (ring == NULL) {
        return -ESRCH;
    }
    hv_fake.nr_mapped++;
    *mapping = (struct hv_mapping){.at = ring, .nr_pages = 1};
    return 0;
}

int hv_map_grant(struct hv *hv, uint16_t domid, uint32_t ref, bool writable,
                 struct hv_mapping *mapping)
{
    if (hv_fake.has_no_grants) {
        return -EINVAL;
    }
    return fake_map(ref == 0 ? hv_fake.ring[domid] : hv_fake.second[domid], mapping);
}

int hv_map(struct hv *hv, uint16_t domid, const uint64_t *gfn, size_t nr, bool writable,
           struct hv_mapping *mapping, int *error)
{
    return hv_fake.has_no_frames ? -EFAULT : fake_map(hv_fake.ring[domid], mapping);
}

void hv_unmap(struct hv *hv, struct hv_mapping *mapping)
{
    hv_fake.nr_mapped -= mapping->at != NULL;
    mapping->at = NULL;
}

int hv_list_domains(struct hv *hv, uint16_t first, struct xen_domctl_getdomaininfo *info,
                    unsigned max)
{
    unsigned nr = 0;
    hv_fake.calls.list++;
    for (unsigned i = first; i < FAKE_NR_DOMAINS && nr < max; i++) {
        if (hv_fake.is_there[i]) {
            memset(&info[nr], 0, sizeof(info[nr]));
            info[nr].domain = (uint16_t)i;
            info[nr++].flags = hv_fake.is_dying[i] ? XEN_DOMINF_dying : 0;
        }
    }
    return (int)nr;
}

int hv_get_state(struct hv *hv, uint16_t domid, struct hv_domain_state *state)
{
    hv_fake.calls.state++;
    *state = (struct hv_domain_state){.exists = hv_fake.is_there[domid],
                                      .is_dead = hv_fake.is_dying[domid],
                                      .unique_id = hv_fake.unique_id[domid]};
    return 0;
}

int hv_read_console(struct hv *hv, char *buffer, size_t bytes, bool clear, bool incremental,
                    uint32_t *index)
{
    const size_t nr = hv_fake.nr_log - *index < bytes ? hv_fake.nr_log - *index : bytes;
    memcpy(buffer, hv_fake.log + *index, nr);
    *index += (uint32_t)nr;
    return (int)nr;
}

void hv_close(struct hv *hv)
{
}

/* ---- the store */

#define fake_print(path, format)                      \
    char path[256];                                   \
    do {                                              \
        va_list words;                                \
        va_start(words, format);                      \
        vsnprintf(path, sizeof(path), format, words); \
        va_end(words);                                \
    } while (0)

static size_t fake_find(const char *path)
{
    size_t i = 0;
    while (i < store_fake.nr && strcmp(store_fake.path[i], path) != 0) {
        i++;
    }
    return i;
}

static void fake_fire(const char *path)
{
    for (size_t i = 0; i < store_fake.nr_watches; i++) {
        const char *watched = store_fake.watch[i].path;
        const size_t nr = strlen(watched);
        if (!strncmp(watched, path, nr) && (path[nr] == '\0' || path[nr] == '/')) {
            const size_t at = store_fake.event_end++ % 16384;
            store_fake.event[at].path = fake_copy(path);
            store_fake.event[at].token = fake_copy(store_fake.watch[i].token);
            eventfd_write(store_fake.fd, 1);
        }
    }
}

/* NULL removes it and what is below. */
static void fake_write(const char *value, const char *format, ...)
{
    fake_print(path, format);
    if (value == NULL) {
        const size_t nr = strlen(path);
        for (size_t i = 0; i < store_fake.nr;) {
            if (!strncmp(store_fake.path[i], path, nr)) {
                free(store_fake.path[i]);
                free(store_fake.value[i]);
                store_fake.nr--;
                store_fake.path[i] = store_fake.path[store_fake.nr];
                store_fake.value[i] = store_fake.value[store_fake.nr];
            } else {
                i++;
            }
        }
    } else {
        const size_t at = fake_find(path);
        if (at == store_fake.nr) {
            store_fake.path[store_fake.nr++] = fake_copy(path);
        } else {
            free(store_fake.value[at]);
        }
        store_fake.value[at] = fake_copy(value);
    }
    fake_fire(path);
}

[[maybe_unused]] static const char *fake_value(const char *format, ...)
{
    fake_print(path, format);
    const size_t at = fake_find(path);
    return at < store_fake.nr ? store_fake.value[at] : "(none)";
}

int store_fd(const struct store *s)
{
    return store_fake.fd;
}

int store_event_next(struct store *s, struct store_event *out, uint64_t deadline_ms)
{
    static char path[256];
    static char token[64];
    eventfd_t value;
    if (store_fake.is_gone) {
        return -EPIPE;
    }
    if (store_fake.event_start == store_fake.event_end) {
        return 0;
    }
    const size_t at = store_fake.event_start++ % 16384;
    eventfd_read(store_fake.fd, &value);
    snprintf(path, sizeof(path), "%s", store_fake.event[at].path);
    snprintf(token, sizeof(token), "%s", store_fake.event[at].token);
    free(store_fake.event[at].path);
    free(store_fake.event[at].token);
    *out = (struct store_event){path, token};
    return 1;
}

int store_watch(struct store *s, const char *token, const char *format, ...)
{
    fake_print(path, format);
    const size_t at = store_fake.nr_watches++;
    store_fake.watch[at].path = fake_copy(path);
    store_fake.watch[at].token = fake_copy(token);
    const size_t event = store_fake.event_end++ % 16384;
    store_fake.event[event].path = fake_copy(path);
    store_fake.event[event].token = fake_copy(token);
    eventfd_write(store_fake.fd, 1);
    return 0;
}

int store_watch_domains(struct store *s, const char *token, const char *special)
{
    return store_watch(s, token, "%s", special);
}

int store_unwatch(struct store *s, const char *token, const char *format, ...)
{
    fake_print(path, format);
    for (size_t i = 0; i < store_fake.nr_watches; i++) {
        if (!strcmp(store_fake.watch[i].path, path) && !strcmp(store_fake.watch[i].token, token)) {
            free(store_fake.watch[i].path);
            free(store_fake.watch[i].token);
            store_fake.watch[i] = store_fake.watch[--store_fake.nr_watches];
            return 0;
        }
    }
    return -ENOENT;
}

int store_read(struct store *s, char **value, size_t *len, const char *format, ...)
{
    fake_print(path, format);
    const size_t at = fake_find(path);
    store_fake.calls.read++;
    *value = at < store_fake.nr ? fake_copy(store_fake.value[at]) : NULL;
    return at < store_fake.nr ? 0 : -ENOENT;
}

int store_read_many(struct store *s, size_t nr, char *const *path, char **value)
{
    store_fake.calls.read++;
    for (size_t i = 0; i < nr; i++) {
        const size_t at = fake_find(path[i]);
        value[i] = at < store_fake.nr ? fake_copy(store_fake.value[at]) : NULL;
    }
    return 0;
}

int store_list(struct store *s, struct store_list *out, const char *format, ...)
{
    fake_print(path, format);
    const size_t nr = strlen(path);
    *out = (struct store_list){.name = fake_memory(64 * sizeof(char *)),
                               .storage = fake_memory(64 * 64UL)};
    for (size_t i = 0; i < store_fake.nr && out->nr < 64; i++) {
        if (strncmp(store_fake.path[i], path, nr) != 0 || store_fake.path[i][nr] != '/') {
            continue;
        }
        char *name = out->storage + out->nr * 64;
        snprintf(name, 64, "%.*s", (int)strcspn(store_fake.path[i] + nr + 1, "/"),
                 store_fake.path[i] + nr + 1);
        size_t k = 0;
        while (k < out->nr && strcmp(out->name[k], name) != 0) {
            k++;
        }
        if (k == out->nr) {
            out->name[out->nr++] = name;
        }
    }
    return out->nr > 0 ? 0 : -ENOENT;
}

void store_list_fini(struct store_list *list)
{
    free(list->name);
    free(list->storage);
}

static void fake_op(int kind, const char *path, const char *value)
{
    store_fake.op[store_fake.nr_ops].kind = kind;
    store_fake.op[store_fake.nr_ops].path = fake_copy(path);
    store_fake.op[store_fake.nr_ops++].value = fake_copy(value);
}

void store_txn_init(struct store_txn *t)
{
    *t = (struct store_txn){0};
}

void store_txn_fini(struct store_txn *t)
{
    for (size_t i = 0; i < store_fake.nr_ops; i++) {
        free(store_fake.op[i].path);
        free(store_fake.op[i].value);
    }
    store_fake.nr_ops = 0;
}

void store_txn_write(struct store_txn *t, const char *value, const char *format, ...)
{
    fake_print(path, format);
    fake_op('w', path, value);
}

void store_txn_write_number(struct store_txn *t, uint64_t value, const char *format, ...)
{
    char text[32];
    fake_print(path, format);
    snprintf(text, sizeof(text), "%lu", (unsigned long)value);
    fake_op('w', path, text);
}

void store_txn_permit(struct store_txn *t, struct store_access access, const char *format, ...)
{
    char text[32];
    fake_print(path, format);
    snprintf(text, sizeof(text), "%u %u", access.owner, access.reader);
    fake_op('w', strcat(path, "(access)"), text);
}

void store_txn_expect(struct store_txn *t, const char *format, ...)
{
    fake_print(path, format);
    fake_op('e', path, "");
}

int store_txn_commit(struct store *s, struct store_txn *t)
{
    store_fake.calls.commit++;
    for (size_t i = 0; i < store_fake.nr_ops; i++) {
        const char *path = store_fake.op[i].path;
        bool is_there = store_fake.op[i].kind != 'e';
        for (size_t k = 0; !is_there && k < store_fake.nr; k++) {
            is_there = !strncmp(store_fake.path[k], path, strlen(path));
        }
        if (!is_there) {
            return -ENOENT;
        }
    }
    for (size_t i = 0; i < store_fake.nr_ops; i++) {
        if (store_fake.op[i].kind == 'w') {
            fake_write(store_fake.op[i].value, "%s", store_fake.op[i].path);
        }
    }
    return 0;
}

void store_close(struct store *s)
{
}

/* ---- both */

static uint64_t fake_now_ms(void)
{
    return hv_fake.now_ms;
}

static void fake_init(void)
{
    memset(&hv_fake, 0, sizeof(hv_fake));
    memset(&store_fake, 0, sizeof(store_fake));
    hv_fake.event_fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    store_fake.fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    // Far ahead of the real clock: the real timer never comes, a test resumes by itself
    hv_fake.now_ms = 1ULL << 40;
}

static void fake_fini(void)
{
    fake_write(NULL, "%s", "");
    struct store_event event;
    store_fake.is_gone = false;
    while (store_event_next(NULL, &event, 0) == 1) {
    }
    while (store_fake.nr_watches > 0) {
        store_unwatch(NULL, store_fake.watch[0].token, "%s", store_fake.watch[0].path);
    }
    for (size_t i = 0; i < FAKE_NR_DOMAINS; i++) {
        free(hv_fake.ring[i]);
        free(hv_fake.second[i]);
    }
    close(hv_fake.event_fd);
    close(store_fake.fd);
}

/* A guest as tools make it: nodes, then the introduction. */
static void fake_guest(uint16_t domid, const char *name)
{
    hv_fake.ring[domid] = calloc(1, sizeof(struct console_ring));
    hv_fake.is_there[domid] = true;
    fake_write(name, "/local/domain/%u/name", domid);
    fake_write("5", "/local/domain/%u/console/ring-ref", domid);
    fake_write("2", "/local/domain/%u/console/port", domid);
    fake_write("xenconsoled", "/local/domain/%u/console/type", domid);
}

[[maybe_unused]] static void fake_turn(struct consoled *d)
{
    // One source at a time may make another ready; never without end
    for (int i = 0; loop_turn(&d->loop, 0) > 0; i++) {
        if (i > 10000) {
            abort();
        }
    }
}

static void fake_introduce(struct consoled *d)
{
    fake_fire("@introduceDomain");
    fake_turn(d);
}

static uint32_t fake_port_of(const struct consoled *d, uint16_t domid, unsigned slot)
{
    return d->guest[domid]->console[slot]->port;
}

static void fake_put(struct console_ring *ring, const char *text)
{
    for (; *text != '\0'; text++) {
        ring->out[ring->out_prod++ % CONSOLE_RING_OUT] = *text;
    }
}

/* The guest prints and sends its event; the daemon has its turn. */
[[maybe_unused]] static void fake_prints(struct consoled *d, uint16_t domid, const char *text)
{
    fake_put(hv_fake.ring[domid], text);
    fake_raise(fake_port_of(d, domid, CONSOLE_PRIMARY));
    fake_turn(d);
}
