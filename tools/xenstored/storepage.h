/* SPDX-License-Identifier: MIT */
/*
 * The page that a guest shares with the store (struct xenstore_domain_interface): two rings of
 * bytes and a few words. The guest writes what it likes there at any time: each index is read once
 * and believed only if it makes sense. Pure functions.
 *
 * A guest saves events (Linux' xb_write() and xb_read() do): of new bytes it tells only if the
 * store had taken all before them, of room only if the ring was full. So who has taken something
 * looks whether there is more, and who finds the ring full has looked after its last write: else
 * both wait.
 *
 *      0        1024      2048  +4    +8    +12   +16       +20         +24
 *      | request | response | cons prod | cons prod | features | connection | error
 *                            (request)    (response)
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define STOREPAGE_RING 1024

struct storepage {
    char request[STOREPAGE_RING];  /* the guest writes */
    char response[STOREPAGE_RING]; /* the store writes */
    uint32_t request_consumer, request_producer;
    uint32_t response_consumer, response_producer;
    uint32_t features;
    uint32_t connection;
    uint32_t error;
};
_Static_assert(offsetof(struct storepage, error) == 2048 + 24, "as the guest knows it");

#define STOREPAGE_FEATURE_RECONNECTION 1U
#define STOREPAGE_FEATURE_ERROR        2U

#define STOREPAGE_CONNECTED 0U
#define STOREPAGE_RECONNECT 1U /* the guest wants to start anew */

#define STOREPAGE_ERROR_COMM    1U
#define STOREPAGE_ERROR_RINGIDX 2U
#define STOREPAGE_ERROR_PROTO   3U

/* Takes what the guest wrote. The bytes; 0: nothing; -EIO: the indices are nonsense. */
ssize_t storepage_read(struct storepage *page, void *data, size_t room);
/* Is there something to take? To be asked after each storepage_read() that took something. */
bool storepage_has_requests(const struct storepage *page);
/* Gives the guest what there is room for. The bytes; 0: full; -EIO: the indices are nonsense. */
ssize_t storepage_write(struct storepage *page, const struct iovec *part, int nr);

/* Empties both rings and says so to a guest that wants to start anew. */
void storepage_reset(struct storepage *page);
uint32_t storepage_connection(const struct storepage *page);
void storepage_set_error(struct storepage *page, uint32_t error);
