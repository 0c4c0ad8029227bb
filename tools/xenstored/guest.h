/* SPDX-License-Identifier: MIT */
/*
 * Guests' rings, and dom0's kernel's: a client whose transport is a shared page (storepage.h) and
 * an event channel. The only file here that asks the hypervisor for memory and events.
 */
#pragma once
#include "hv/hv.h"
#include "lib/loop.h"

#include <stdint.h>

struct account;
struct client;
struct xenstored;

struct guest_events {
    struct loop_source source;
    struct xenstored *x;
    struct hv *hv;
    uint32_t virq_port; /* VIRQ_DOM_EXC */
    struct client **of_port;
    uint32_t nr_ports; /* room */
};

/* Opens the hypervisor's devices and listens for domains that die. 0 or negative errno, said. */
int guest_open(struct xenstored *x);
void guest_close(struct xenstored *x);

/* Maps a domain's store page (its grant 1, else its frame) and binds its port. One that is
 * connected gets the new port only. 0 or a negative errno. */
int guest_connect(struct xenstored *x, struct account *account, uint32_t frame, uint32_t port);
/* The same for this domain's own kernel, with what /proc/xen says of it. Said. */
int guest_connect_own(struct xenstored *x);
