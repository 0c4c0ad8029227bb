/* SPDX-License-Identifier: MIT */
/* Domains come and go: introduced by the toolstack, named by permissions, dead when the hypervisor
 * says so. */
#pragma once
#include <stdint.h>

struct xenstored;

/* A permission names it: the store knows it from now on. 0, -ENOENT (the hypervisor has none of
 * that number), -ENOMEM. */
int domains_name(struct xenstored *x, uint32_t domid);

/* VIRQ_DOM_EXC: some domain shut down or died. Those are looked at that the hypervisor names, or
 * all that are known if it names none. */
void domains_check(struct xenstored *x);

/* It is gone: its ring, its watches, its account, the nodes that it owned. */
void domains_remove(struct xenstored *x, uint16_t domid);
