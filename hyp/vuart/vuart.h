/* SPDX-License-Identifier: MIT */
/*
 * The guest's emulated UART: the registers that the SBSA generic UART has (Arm DEN0029, a PL011's
 * data path, DDI 0183) at GUEST_PL011_BASE, interrupt GUEST_VPL011_SPI. Its two FIFOs are the rings
 * of abi/console.h in a page of the guest's that the console daemon in another domain serves; the
 * two tell each other by an event channel:
 *
 *     guest --DR--> out ring --event--> daemon        daemon --> in ring --event--> RIS, SPI 32
 *
 * The rings are in memory that the guest and the daemon can write: nothing there is believed. A
 * ring whose indices are further apart than it is long takes and gives no byte.
 */
#ifndef VUART_VUART_H
#define VUART_VUART_H

#include "base/addr.h"
#include "base/err.h"

struct domain;

/* Gives d its UART: the rings in its page gfn, the daemon in console; *port: d's, for the daemon to
 * bind to. Of the tools, one at a time, before d runs. E_INVAL: has one, no such page or no such
 * interrupt; E_RESTART and others of evtchn_alloc_device(), mmio_register(). Undone whole on error.
 */
enum err vuart_create(struct domain *d, gfn_t gfn, domid_t console, port_t *port);
/* Teardown: gives the page back. */
enum err vuart_relinquish(struct domain *d, u64 *cursor);
/* A grace period later. d without a UART: nothing. */
void vuart_destroy(struct domain *d);

#endif
