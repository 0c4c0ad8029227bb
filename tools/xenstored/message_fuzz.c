// SPDX-License-Identifier: MIT
/*
 * Any messages of two guests and of a tool in dom0. The first byte chooses: raw bytes of one
 * guest's ring, or a list of (who and transaction, type, length, payload). Afterwards what is
 * counted must agree with the tree, and all memory come back.
 */
#include "lib/message.h"
#include "xenstored/peer_host.h"
#include "xenstored/quota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A guest may print what it likes, a fuzzer need not read it. */
void message_warning(const char *format, ...)
{
}

static void send_list(struct xenstored *x, struct peer *peer, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        const unsigned who = data[0] % 3;
        uint32_t type = data[1] % (WIRE_NR_TYPES + 1);
        const size_t bytes = data[2] < size - 3 ? data[2] : size - 3;
        const struct wire_header header = {type, 1, data[0] / 3 % 4, (uint32_t)bytes};
        data += 3;
        size -= 3;
        /* It opens files for dom0 */
        if (type != WIRE_CONTROL || who != 0) {
            peer_send(&peer[who], &header, sizeof(header));
            peer_send(&peer[who], data, bytes);
            peer_run(x);
        }
        data += bytes;
        size -= bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct xenstored x;
    struct peer peer[3];
    must(xenstored_init(&x) == 0);
    x.quota.nodes = 40;
    x.quota.watches = 5;
    x.quota.transactions = 3;
    x.quota.transaction_nodes = 12;
    x.quota.memory_bytes = 20000;
    for (uint16_t i = 0; i < 3; i++) {
        peer_open(&peer[i], &x, i);
    }
    must(peer_call(&peer[0], WIRE_MKDIR, 0, "/local/domain/1", NULL) == 0);
    must(peer_call(&peer[0], WIRE_SET_PERMS, 0, "/local/domain/1", "n1", "r2", NULL) == 0);
    if (size > 0 && data[0] % 4 == 0) {
        peer_send(&peer[1], data + 1, size - 1);
        peer_run(&x);
    } else if (size > 0) {
        send_list(&x, peer, data + 1, size - 1);
    }
    struct peer control;
    peer_open(&control, &x, 0);
    must(peer_call(&control, WIRE_CONTROL, 0, "check", NULL) == 0);
    for (unsigned i = 1; i < 3; i++) {
        const struct account *account = account_find(&x.accounts, i);
        must(account == NULL || (account->watches <= 5 && account->transactions <= 3));
    }
    peer_close(&control);
    for (unsigned i = 0; i < 3; i++) {
        peer_close(&peer[i]);
    }
    xenstored_fini(&x);
    must(x.tree.nr_nodes == 0 && x.tree.bytes == 0);
    return 0;
}
