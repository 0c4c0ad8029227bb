// SPDX-License-Identifier: MIT
#include "xenstored/storepage.h"

#include <errno.h>
#include <string.h>

/* The guest runs at the same time: its bytes are there when its index says so, ours likewise. */
static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* An index of ours moves. Each side writes its own index, then looks at the other's to know whether
 * an event is owed: of two that do so at once one must see the other's, so the write comes before
 * any later look (a full barrier: release and acquire alone let them pass each other). */
static void publish(uint32_t *word, uint32_t value)
{
    store(word, value);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

ssize_t storepage_read(struct storepage *page, void *data, size_t room)
{
    const uint32_t consumer = load(&page->request_consumer);
    const uint32_t filled = load(&page->request_producer) - consumer;
    if (filled > STOREPAGE_RING) {
        return -EIO;
    }
    const size_t bytes = least(filled, room);
    const size_t start = consumer % STOREPAGE_RING;
    const size_t first = least(bytes, STOREPAGE_RING - start);
    memcpy(data, page->request + start, first);
    memcpy((char *)data + first, page->request, bytes - first);
    publish(&page->request_consumer, consumer + (uint32_t)bytes);
    return (ssize_t)bytes;
}

bool storepage_has_requests(const struct storepage *page)
{
    return load(&page->request_producer) != load(&page->request_consumer);
}

ssize_t storepage_write(struct storepage *page, const struct iovec *part, int nr)
{
    uint32_t producer = load(&page->response_producer);
    const uint32_t filled = producer - load(&page->response_consumer);
    if (filled > STOREPAGE_RING) {
        return -EIO;
    }
    size_t room = STOREPAGE_RING - filled;
    size_t sum = 0;
    for (int i = 0; i < nr && room > 0; i++) {
        const size_t bytes = least(part[i].iov_len, room);
        const size_t start = producer % STOREPAGE_RING;
        const size_t first = least(bytes, STOREPAGE_RING - start);
        memcpy(page->response + start, part[i].iov_base, first);
        memcpy(page->response, (const char *)part[i].iov_base + first, bytes - first);
        producer += (uint32_t)bytes;
        room -= bytes;
        sum += bytes;
    }
    publish(&page->response_producer, producer);
    return (ssize_t)sum;
}

void storepage_reset(struct storepage *page)
{
    store(&page->request_consumer, 0);
    store(&page->request_producer, 0);
    store(&page->response_consumer, 0);
    store(&page->response_producer, 0);
    store(&page->error, 0);
    store(&page->connection, STOREPAGE_CONNECTED);
}

uint32_t storepage_connection(const struct storepage *page)
{
    return load(&page->connection);
}

void storepage_set_error(struct storepage *page, uint32_t error)
{
    store(&page->error, error);
}
