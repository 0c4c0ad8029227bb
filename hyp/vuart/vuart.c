/* SPDX-License-Identifier: MIT */
#include "vuart/vuart.h"

#include "abi/arm.h"
#include "abi/console.h"
#include "base/bits.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"
#include "mem/slab.h"
#include "vgic/vgic.h"
#include "vuart/state.h"

/* Registers, from the base; every other one reads as zero and ignores writes. */
enum {
    UARTDR = 0x00,
    UARTFR = 0x18,
    UARTIMSC = 0x38,
    UARTRIS = 0x3c,
    UARTMIS = 0x40,
    UARTICR = 0x44,
};

#define FR_BUSY 0x08u
#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u

/* Interrupts of RIS, MIS, IMSC and ICR */
#define INT_RX   0x10u
#define INT_TX   0x20u
#define INT_RT   0x40u
#define IMSC_ALL 0x7ffu

/* An SBSA UART's FIFO has 32 places, and its levels are at half of them: so much room is there when
 * TX is raised, and so much room at most when RX is. */
#define HALF_FIFO 16u

#define RING(field) ((u32)offsetof(struct xencons_interface, field))
#define IN_SIZE     ((u32)sizeof(((struct xencons_interface *)NULL)->in))
#define OUT_SIZE    ((u32)sizeof(((struct xencons_interface *)NULL)->out))
#define RX_LEVEL    (IN_SIZE - HALF_FIFO)
#define TX_LEVEL    (OUT_SIZE - HALF_FIFO)

/* ---- the rings: each index is read once a decision */

/* Bytes to take. */
static u32 nr_in(const struct vuart *u)
{
    u32 nr = gpage_read32(&u->ring, RING(in_prod)) - gpage_read32(&u->ring, RING(in_cons));
    return nr <= IN_SIZE ? nr : 0;
}

/* Bytes that the daemon has not taken. */
static u32 nr_out(const struct vuart *u)
{
    u32 nr = gpage_read32(&u->ring, RING(out_prod)) - gpage_read32(&u->ring, RING(out_cons));
    return MIN(nr, OUT_SIZE);
}

/* False: there is none. */
static bool take(struct vuart *u, u8 *out)
{
    if (nr_in(u) == 0) {
        return false;
    }
    fence_full(); /* the byte was written before the index that we have seen */
    u32 at = gpage_read32(&u->ring, RING(in_cons));
    *out = gpage_read8(&u->ring, RING(in) + at % IN_SIZE);
    fence_full(); /* and is read before its place is free */
    gpage_write32(&u->ring, RING(in_cons), at + 1);
    return true;
}

/* False: no room, the byte is lost. */
static bool put(struct vuart *u, u8 byte)
{
    if (nr_out(u) == OUT_SIZE) {
        return false;
    }
    fence_full(); /* the place was left before the index that we have seen */
    u32 at = gpage_read32(&u->ring, RING(out_prod));
    gpage_write8(&u->ring, RING(out) + at % OUT_SIZE, byte);
    fence_full(); /* the byte first, then the index that shows it */
    gpage_write32(&u->ring, RING(out_prod), at + 1);
    return true;
}

/* ---- registers; the lock is held */

/* The line follows: level, high. */
static void drive(struct domain *d, const struct vuart *u) REQUIRES(u->lock)
{
    vgic_set_level(d, NULL, (virq_t){GUEST_VPL011_SPI},
                   (u->registers.ris & u->registers.imsc) != 0);
}

/* The transmitter passes its level with each byte: it is as fast as there is room. */
static void sent(struct vuart *u) REQUIRES(u->lock)
{
    if (nr_out(u) <= TX_LEVEL) {
        u->registers.ris |= INT_TX;
    } else {
        u->registers.ris &= ~INT_TX;
    }
}

/* The guest has taken a byte. */
static void taken(struct vuart *u) REQUIRES(u->lock)
{
    u32 nr = nr_in(u);
    u->registers.ris &= ~((nr == 0 ? INT_RT : 0) | (nr < RX_LEVEL ? INT_RX : 0));
}

/* The daemon has put or taken some. RT has no 32 bits of time to wait for: it comes at once. */
static void moved(struct vuart *u) REQUIRES(u->lock)
{
    u32 nr = nr_in(u);
    u->registers.ris |= (nr != 0 ? INT_RT : 0) | (nr >= RX_LEVEL ? INT_RX : 0);
    sent(u);
}

/* BUSY only when full: who waits for it to go before each byte, as an early console does, waits for
 * the daemon only then. */
static u32 flags(const struct vuart *u)
{
    u32 in = nr_in(u);
    u32 out = nr_out(u);
    return (in == 0 ? FR_RXFE : 0) | (in == IN_SIZE ? FR_RXFF : 0) | (out == 0 ? FR_TXFE : 0) |
           (out == OUT_SIZE ? FR_TXFF | FR_BUSY : 0);
}

/* True: the daemon has something to do. */
static bool read(struct vuart *u, struct mmio_access *a) REQUIRES(u->lock)
{
    u8 byte = 0;
    bool tell = false;
    switch (a->offset) {
    case UARTDR:
        tell = take(u, &byte);
        taken(u);
        a->value = byte;
        break;
    case UARTFR:
        a->value = flags(u);
        break;
    case UARTIMSC:
        a->value = u->registers.imsc;
        break;
    case UARTRIS:
        a->value = u->registers.ris;
        break;
    case UARTMIS:
        a->value = u->registers.ris & u->registers.imsc;
        break;
    default: /* RSR too: there are no errors */
        a->value = 0;
        break;
    }
    return tell;
}

static bool write(struct vuart *u, const struct mmio_access *a) REQUIRES(u->lock)
{
    u32 written = (u32)BITS(8 * a->bytes - 1, 0);
    u32 value = (u32)a->value & written;
    bool tell = false;
    switch (a->offset) {
    case UARTDR:
        tell = put(u, (u8)value);
        sent(u);
        break;
    case UARTIMSC:
        u->registers.imsc = ((u->registers.imsc & ~written) | value) & IMSC_ALL;
        break;
    case UARTICR:
        u->registers.ris &= ~value;
        break;
    default:
        break;
    }
    return tell;
}

static bool access(struct vcpu *v, struct mmio_access *a, void *arg)
{
    struct vuart *u = arg;
    if (a->bytes > sizeof(u32)) {
        return false;
    }
    spin_lock(&u->lock);
    bool tell = a->write ? write(u, a) : read(u, a);
    if (a->write || a->offset == UARTDR) {
        drive(v->domain, u);
    }
    spin_unlock(&u->lock);
    if (tell) {
        evtchn_send_device(v->domain, u->port);
    }
    return true;
}

void evtchn_up_device(struct domain *d, port_t port)
{
    struct vuart *u = load_acquire(&d->vuart);
    if (!u) {
        return; /* it is being made, and looks at the rings when the guest does */
    }
    spin_lock(&u->lock);
    if (u->ring.frame) {
        moved(u);
        drive(d, u);
    }
    spin_unlock(&u->lock);
}

/* ---- life */

/* All but the memory; undone whole on error. */
static enum err attach(struct vuart *u, struct domain *d, gfn_t gfn, domid_t console)
{
    enum err e = gpage_get(d, gfn, true, &u->ring);
    if (e != OK) {
        return e;
    }
    e = evtchn_alloc_device(d, console, &u->port);
    if (e == OK) {
        e = mmio_register(d, (gaddr_t){GUEST_PL011_BASE}, GUEST_PL011_SIZE, access, u);
        if (e != OK) {
            evtchn_close_device(d, u->port);
        }
    }
    if (e != OK) {
        gpage_put(&u->ring);
    }
    return e;
}

enum err vuart_create(struct domain *d, gfn_t gfn, domid_t console, port_t *port)
{
    enum err e = d->vuart ? E_INVAL : vgic_reserve_irq(d, (virq_t){GUEST_VPL011_SPI});
    if (e != OK) {
        return e;
    }
    struct vuart *u = heap_alloc(sizeof(*u));
    if (!u) {
        return E_NOMEM;
    }
    spin_init(&u->lock, RANK_VUART, "vuart");
    e = attach(u, d, gfn, console);
    if (e != OK) {
        heap_free(u, sizeof(*u));
        return e;
    }
    *port = u->port;
    store_release(&d->vuart, u);
    return OK;
}

enum err vuart_relinquish(struct domain *d, u64 *cursor)
{
    struct vuart *u = d->vuart;
    if (u) {
        spin_lock(&u->lock);
        struct gpage ring = u->ring;
        u->ring = (struct gpage){0};
        spin_unlock(&u->lock);
        gpage_put(&ring); /* it may be the page's end, which takes the domain's account */
    }
    return OK;
}

void vuart_destroy(struct domain *d)
{
    if (d->vuart) {
        heap_free(d->vuart, sizeof(*d->vuart));
        d->vuart = NULL;
    }
}
