// SPDX-License-Identifier: MIT
// Garbage in the rings that dom0's daemons serve: bytes, indices, messages that lie about their
// length and kind. Either daemon may give up on this guest; the console's goes on, which the report
// at the end needs.
#include "attack.h"

enum { CALL_SEND = 4, STEPS_A_TURN = 16, TURNS = 16, STORE_RING = 1024, CONSOLE_RING = 2048 };

struct console {
    unsigned char in[1024], out[CONSOLE_RING];
    uint32_t in_cons, in_prod, out_cons, out_prod;
};
struct store {
    unsigned char req[STORE_RING], rsp[STORE_RING];
    uint32_t req_cons, req_prod, rsp_cons, rsp_prod, features, connection, error;
};
struct header {
    uint32_t type, id, transaction, length;
};

static volatile struct console *console;
static volatile struct store *store;
static unsigned turns;

static void ring_bell(unsigned which)
{
    uint32_t port = own_ports[which];

    __asm__ volatile("dmb sy" ::: "memory");
    hypercall(CALL_EVTCHN, CALL_SEND, (unsigned long)&port, 0);
}

static void console_bytes(void)
{
    unsigned nr =
        (unsigned)below(CONSOLE_RING - (console->out_prod - console->out_cons) % CONSOLE_RING);

    for (unsigned i = 0; i < nr; i++) {
        // No line of this guest's own report by chance
        console->out[(console->out_prod + i) % CONSOLE_RING] = (unsigned char)(draw() | 0x80);
    }
    __asm__ volatile("dmb sy" ::: "memory");
    console->out_prod += nr;
    ring_bell(0);
}

static void console_indices(void)
{
    volatile uint32_t *indices = &console->in_cons;

    indices[below(4)] = (uint32_t)wild();
    indices[below(4)] = (uint32_t)draw();
    ring_bell(0);
    console->out_prod = console->out_cons;
}

static void put_request(const void *from, unsigned nr)
{
    const unsigned char *bytes = from;

    for (unsigned i = 0; i < nr; i++) {
        store->req[(store->req_prod + i) % STORE_RING] = bytes[i];
    }
    __asm__ volatile("dmb sy" ::: "memory");
    store->req_prod += nr;
}

static void store_message(void)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "data",
                                        "/local/domain/0",
                                        "/local/domain/0/backend",
                                        "@releaseDomain",
                                        "control/shutdown",
                                        "../../0",
                                        "a//b",
                                        "/tool",
                                        "device/vbd/0/state"};
    const char *path = paths[below(sizeof(paths) / sizeof(paths[0]))];
    struct header h = {(uint32_t)below(below(4) ? 24 : 1000), (uint32_t)draw(),
                       below(3) ? 0 : (uint32_t)below(40), 0};
    unsigned char text[64];
    unsigned nr = 0;

    while (path[nr]) {
        text[nr] = (unsigned char)path[nr];
        nr++;
    }
    for (unsigned end = nr + (unsigned)below(16); nr < end; nr++) {
        text[nr] = (unsigned char)(below(3) ? 0 : draw());
    }
    h.length = below(16) ? nr : (uint32_t)wild();
    if (STORE_RING - (store->req_prod - store->req_cons) < sizeof(h) + nr) {
        ring_bell(1);
        return;
    }
    put_request(&h, sizeof(h));
    put_request(text, nr);
    store->rsp_cons = store->rsp_prod; // read, whatever it was
    ring_bell(1);
}

static void store_garbage(void)
{
    volatile uint32_t *indices = &store->req_cons;

    for (unsigned i = 0; i < STORE_RING; i++) {
        store->req[i] = (unsigned char)draw();
    }
    indices[below(7)] = (uint32_t)wild();
    indices[below(4)] = (uint32_t)draw();
    ring_bell(1);
}

bool attack_rings(void)
{
    unsigned long frame;

    if (!console) {
        hvm_param(PARAM_CONSOLE_FRAME, &frame);
        console = (volatile struct console *)(frame << 12);
        hvm_param(PARAM_STORE_FRAME, &frame);
        store = (volatile struct store *)(frame << 12);
    }
    for (unsigned i = 0; i < STEPS_A_TURN; i++) {
        switch (below(16)) {
        case 0:
            console_bytes();
            break;
        case 1:
            console_indices();
            break;
        case 2: // early on the store would hear nothing else any more
            if (turns > TURNS / 2) {
                store_garbage();
            }
            break;
        default:
            store_message();
        }
    }
    turns = (turns + 1) % TURNS;
    return turns == 0;
}
