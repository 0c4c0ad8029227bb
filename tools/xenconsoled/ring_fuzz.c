// SPDX-License-Identifier: MIT
// Any page, then any mixture of our calls and the guest's writes to its indices and bytes
#include "xenconsoled/ring.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nr);

static void require(int holds)
{
    if (!holds) {
        abort();
    }
}

static void step(struct console_ring *ring, uint8_t what, uint32_t word)
{
    char bytes[CONSOLE_RING_OUT];
    memset(bytes, 'b', sizeof(bytes));
    const size_t nr = word % (sizeof(bytes) + 1);
    switch (what % 8) {
    case 0:
        ring->out_prod = word;
        break;
    case 1:
        ring->out_cons = word;
        break;
    case 2:
        ring->in_cons = word;
        break;
    case 3:
        ring->in_prod = word;
        break;
    case 4: {
        const size_t waiting = console_ring_nr_waiting(ring);
        const size_t got = console_ring_take(ring, bytes, nr);
        require(got == (waiting < nr ? waiting : nr));
        break;
    }
    case 5: {
        const size_t room = console_ring_room(ring);
        const size_t put = console_ring_put(ring, bytes, nr);
        require(put == (room < nr ? room : nr) && console_ring_room(ring) == room - put);
        break;
    }
    default:
        ring->out_prod += word % 5000;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nr)
{
    struct console_ring *ring = calloc(1, sizeof(*ring));
    if (ring == NULL) {
        return 0;
    }
    // The tail of the input is the page's indices, the rest are steps of five bytes
    if (nr >= 16) {
        memcpy(&ring->in_cons, data + nr - 16, 16);
        nr -= 16;
    }
    for (; nr >= 5; data += 5, nr -= 5) {
        uint32_t word;
        memcpy(&word, data + 1, sizeof(word));
        step(ring, data[0], word);
    }
    free(ring);
    return 0;
}
