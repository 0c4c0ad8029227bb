/* SPDX-License-Identifier: MIT */
/*
 * The store daemon's whole state, and its turn. One thread; nothing else is global, so a test makes
 * as many of them as it likes.
 *
 *      socket, ring            bytes in and out                     (transport)
 *         client               messages, queues, turns
 *            request           what a message asks for; control, domain
 *               view           one client's sight of the tree: permissions, quotas, transaction
 *                  transaction, fire, watch
 *                     tree     nodes
 *
 * A turn: wait; mark clients that have something to say; each says a bounded part of it; answers
 * and events go out; what broke is cleared away.
 */
#pragma once
#include "lib/loop.h"
#include "xenstored/account.h"
#include "xenstored/client.h"
#include "xenstored/fire.h"
#include "xenstored/quota.h"
#include "xenstored/tree.h"
#include "xenstored/watch.h"

#include <stdbool.h>
#include <stdio.h>

struct guest_events;

struct xenstored {
    struct loop loop;
    struct tree tree;
    struct tree_node *root;
    struct permissions *special[SPECIAL_NR];
    struct account_table accounts;
    struct watch_table watches;
    struct quota quota;
    struct client *clients;
    unsigned nr_clients;
    struct client *ready, **ready_last; /* who waits for a turn, first come first */
    unsigned nr_ready;
    struct client *flush; /* whose answers and events go out at the end of this turn */
    bool has_garbage;
    bool has_targets; /* some domain has, or had, another as its target */
    struct loop_source listener;
    struct guest_events *events; /* guest.h; NULL: no hypervisor */
    FILE *log;                   /* requests are written down; NULL: not */
    uint64_t nr_requests;
    char scratch[CLIENT_SCRATCH_ROOM];
};

/* 0 or negative errno, said. */
int xenstored_init(struct xenstored *x);
void xenstored_fini(struct xenstored *x);

/* Waits at most milliseconds (-1: for ever; not at all while there is work) and does what there is.
 * Negative errno, said: it can't go on. */
int xenstored_turn(struct xenstored *x, int milliseconds);
