/* SPDX-License-Identifier: MIT */
/* For tests: a store with two clients, dom0's and that of domain 1, which owns /local/domain/1. */
#pragma once
#include "xenstored/peer_host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct xenstored x;
static struct peer dom0;
static struct peer guest;

static int setup(void **state)
{
    if (xenstored_init(&x) < 0) {
        return -1;
    }
    peer_open(&dom0, &x, 0);
    peer_open(&guest, &x, 1);
    return peer_call(&dom0, WIRE_MKDIR, 0, "/local/domain/1", NULL) |
           peer_call(&dom0, WIRE_SET_PERMS, 0, "/local/domain/1", "n1", NULL);
}

/* All memory comes back, and what was counted was right. */
static int teardown(void **state)
{
    struct peer control;
    peer_open(&control, &x, 0);
    assert_int_equal(peer_call(&control, WIRE_CONTROL, 0, "check", NULL), 0);
    peer_close(&control);
    peer_close(&dom0);
    peer_close(&guest);
    xenstored_fini(&x);
    assert_int_equal(x.tree.nr_nodes, 0);
    return 0;
}
