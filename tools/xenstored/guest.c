// SPDX-License-Identifier: MIT
#include "xenstored/guest.h"
#include "abi/grant.h"
#include "abi/xen.h"
#include "lib/message.h"
#include "xenstored/client.h"
#include "xenstored/domains.h"
#include "xenstored/storepage.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EVENTS_TURN 64
#define MAX_PORTS   (1U << 17)
#define OWN_PAGE    "/proc/xen/xsd_kva"
#define OWN_PORT    "/proc/xen/xsd_port"
#define PAGE_BYTES  4096

struct ring {
    struct storepage *page;
    struct hv_mapping mapping; /* not of the own page */
    uint32_t port;             /* ours */
    bool has_moved;            /* the guest wants to know */
};

static ssize_t ring_read(struct client *client, void *data, size_t room)
{
    struct ring *ring = client->link;
    if (storepage_connection(ring->page) == STOREPAGE_RECONNECT) {
        client_reset(client);
        storepage_reset(ring->page);
        ring->has_moved = true;
        return 0;
    }
    const ssize_t n = storepage_read(ring->page, data, room);
    if (n < 0) {
        storepage_set_error(ring->page, STOREPAGE_ERROR_RINGIDX);
    }
    ring->has_moved |= n > 0;
    if (n > 0 && storepage_has_requests(ring->page)) {
        client_ready(client); /* no event comes for them */
    }
    return n;
}

static ssize_t ring_write(struct client *client, const struct iovec *part, int nr)
{
    struct ring *ring = client->link;
    const ssize_t n = storepage_write(ring->page, part, nr);
    if (n < 0) {
        storepage_set_error(ring->page, STOREPAGE_ERROR_RINGIDX);
    }
    ring->has_moved |= n > 0;
    return n;
}

/* The guest is told once a turn. When it has taken something it tells us. */
static void ring_settle(struct client *client, bool may_read, bool wants_write)
{
    struct ring *ring = client->link;
    if (ring->has_moved) {
        ring->has_moved = false;
        hv_notify(client->x->events->hv, ring->port);
    }
}

static void unbind(struct xenstored *x, struct ring *ring)
{
    x->events->of_port[ring->port] = NULL;
    hv_unbind_event(x->events->hv, ring->port);
}

static void ring_close(struct client *client)
{
    struct ring *ring = client->link;
    struct xenstored *x = client->x;
    unbind(x, ring);
    if (ring->mapping.at != NULL) {
        hv_unmap(x->events->hv, &ring->mapping);
    } else {
        munmap(ring->page, PAGE_BYTES);
    }
    client->account->client = NULL;
    free(ring);
}

static const struct transport transport = {ring_read, ring_write, ring_settle, ring_close};

static void events_ready(struct loop_source *source, uint32_t what)
{
    struct guest_events *events =
        (struct guest_events *)((char *)source - offsetof(struct guest_events, source));
    uint32_t port;
    for (unsigned i = 0; i < EVENTS_TURN && hv_next_event(events->hv, &port) == 0; i++) {
        struct client *client = port < events->nr_ports ? events->of_port[port] : NULL;
        /* Before looking: what comes meanwhile makes it pending again */
        hv_unmask_event(events->hv, port);
        if (port == events->virq_port) {
            domains_check(events->x);
        } else if (client != NULL) {
            client_ready(client);
        }
    }
}

int guest_open(struct xenstored *x)
{
    struct guest_events *events = calloc(1, sizeof(*events));
    if (events == NULL) {
        return -ENOMEM;
    }
    events->x = x;
    x->events = events;
    int err = hv_open(&events->hv);
    if (err < 0) {
        guest_close(x);
        return err;
    }
    events->source = (struct loop_source){.fd = hv_event_fd(events->hv), .ready = events_ready};
    err = events->source.fd;
    if (err >= 0) {
        err = hv_bind_virq(events->hv, VIRQ_DOM_EXC, &events->virq_port);
    }
    if (err >= 0) {
        err = loop_add(&x->loop, &events->source, EPOLLIN);
        loop_doubt(&x->loop, &events->source);
    }
    if (err == -EEXIST || err == -EBUSY) {
        message_error(
            "another store daemon runs already, with another socket: the hypervisor tells "
            "it when domains end");
    } else if (err < 0) {
        message_error("no events from the hypervisor: %s", strerror(-err));
    }
    if (err < 0) {
        events->source.fd = -1;
        guest_close(x);
    }
    return err;
}

void guest_close(struct xenstored *x)
{
    struct guest_events *events = x->events;
    if (events == NULL) {
        return;
    }
    if (events->source.ready != NULL && events->source.fd >= 0) {
        loop_remove(&x->loop, &events->source);
    }
    hv_close(events->hv);
    free(events->of_port);
    free(events);
    x->events = NULL;
}

/* Room for a port in the table. */
static int reserve_port(struct guest_events *events, uint32_t port)
{
    if (port < events->nr_ports) {
        return 0;
    }
    if (port >= MAX_PORTS) {
        return -ENOSPC;
    }
    uint32_t nr = events->nr_ports == 0 ? 64 : events->nr_ports;
    while (nr <= port) {
        nr *= 2;
    }
    struct client **of_port = realloc(events->of_port, nr * sizeof(struct client *));
    if (of_port == NULL) {
        return -ENOMEM;
    }
    memset(of_port + events->nr_ports, 0, (nr - events->nr_ports) * sizeof(struct client *));
    events->of_port = of_port;
    events->nr_ports = nr;
    return 0;
}

static int bind_port(struct guest_events *events, uint16_t domid, uint32_t remote, uint32_t *port)
{
    int err = hv_bind_event(events->hv, domid, remote, port);
    if (err == 0) {
        err = reserve_port(events, *port);
        if (err < 0) {
            hv_unbind_event(events->hv, *port);
        }
    }
    return err;
}

/* The account's client on a page that is mapped already, its port bound. */
static int start(struct xenstored *x, struct account *account, const struct ring *model)
{
    struct ring *ring = malloc(sizeof(*ring));
    struct client *client = ring == NULL ? NULL : client_create(x, &transport, account);
    if (client == NULL) {
        free(ring);
        return -ENOMEM;
    }
    *ring = *model;
    client->link = ring;
    account->client = client;
    x->events->of_port[ring->port] = client;
    ring->page->features = STOREPAGE_FEATURE_RECONNECTION | STOREPAGE_FEATURE_ERROR;
    /* It waits for the store to be there, and may have asked already */
    if (storepage_connection(ring->page) == STOREPAGE_RECONNECT) {
        storepage_reset(ring->page);
    }
    ring->has_moved = true;
    client_ready(client);
    return 0;
}

int guest_connect(struct xenstored *x, struct account *account, uint32_t frame, uint32_t port)
{
    struct guest_events *events = x->events;
    struct hv *hv = events->hv;
    struct ring ring = {0};
    if (account->client != NULL) {
        struct ring *have = account->client->link;
        int err = bind_port(events, account->domid, port, &ring.port);
        if (err == 0) {
            unbind(x, have);
            have->port = ring.port;
            events->of_port[have->port] = account->client;
            client_ready(account->client);
        }
        return err;
    }
    int err = hv_map_grant(hv, account->domid, GNTTAB_RESERVED_XENSTORE, true, &ring.mapping);
    if (err < 0) {
        err = hv_map_range(hv, account->domid, frame, 1, true, &ring.mapping);
    }
    if (err < 0) {
        return err;
    }
    ring.page = ring.mapping.at;
    err = bind_port(events, account->domid, port, &ring.port);
    if (err == 0) {
        err = start(x, account, &ring);
        if (err < 0) {
            hv_unbind_event(hv, ring.port);
        }
    }
    if (err < 0) {
        hv_unmap(hv, &ring.mapping);
    }
    return err;
}

/* What dom0's kernel set aside for the store. */
static int read_own_port(uint32_t *port)
{
    char text[16] = "";
    const int fd = open(OWN_PORT, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    const int err = n < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    if (err < 0) {
        return err;
    }
    text[strcspn(text, "\n")] = '\0';
    return wire_number(text, INT32_MAX, port);
}

int guest_connect_own(struct xenstored *x)
{
    struct account *account = account_find(&x->accounts, 0);
    struct ring ring = {0};
    uint32_t port;
    int err = read_own_port(&port);
    const int fd = err < 0 ? -1 : open(OWN_PAGE, O_RDWR | O_CLOEXEC);
    void *page = MAP_FAILED;
    if (fd >= 0) {
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (err == 0 && page == MAP_FAILED) {
        err = -errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err == 0) {
        ring.page = page;
        err = bind_port(x->events, 0, port, &ring.port);
        if (err == 0) {
            err = start(x, account, &ring);
        }
        if (err < 0) {
            munmap(page, PAGE_BYTES);
        }
    }
    if (err < 0) {
        message_error("this domain's kernel has no store page (" OWN_PAGE ", " OWN_PORT "): %s",
                      strerror(-err));
    }
    return err;
}
