// SPDX-License-Identifier: MIT
/* A ring whose indices and bytes are anything, and change between calls. */
#include "xenstored/storepage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define must(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Apart, so that a byte beyond is noticed */
    struct storepage *page = calloc(1, sizeof(*page));
    must(page != NULL);
    for (; size >= 20; data += 20, size -= 20) {
        uint32_t word[5];
        memcpy(word, data, sizeof(word));
        memcpy(&page->request_consumer, word, 16);
        const size_t room = word[4] % 3000;
        char *buffer = malloc(room + 1);
        must(buffer != NULL);
        const uint32_t filled = word[1] - word[0];
        ssize_t n = storepage_read(page, buffer, room);
        must(n == (filled > STOREPAGE_RING ? -EIO : (ssize_t)(filled < room ? filled : room)));
        must(n < 0 || page->request_consumer == word[0] + (uint32_t)n);
        memset(buffer, 0x5a, room + 1);
        const size_t half = room / 2;
        const struct iovec part[] = {{buffer, half}, {buffer + half, room - half}};
        const uint32_t taken = word[3] - word[2];
        const size_t left = STOREPAGE_RING - taken;
        n = storepage_write(page, part, 2);
        must(n == (taken > STOREPAGE_RING ? -EIO : (ssize_t)(left < room ? left : room)));
        must(n < 0 || page->response_producer == word[3] + (uint32_t)n);
        free(buffer);
    }
    free(page);
    return 0;
}
