/* SPDX-License-Identifier: MIT */
/* Private to the room, and to who looks at everything (test/spec): a guest's UART. */
#ifndef VUART_STATE_H
#define VUART_STATE_H

#include "base/types.h"
#include "guestmem/guestmem.h"
#include "sync/spinlock.h"

struct vuart_registers {
    u32 ris, imsc;
};

struct vuart {
    struct spinlock lock;               /* RANK_VUART */
    struct gpage ring GUARDED_BY(lock); /* .frame NULL: given back */
    struct vuart_registers registers GUARDED_BY(lock);
    port_t port; /* [c] */
};

#endif
