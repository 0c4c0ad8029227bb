/* SPDX-License-Identifier: MIT */
/*
 * The store's wire protocol (xs_wire.h): what a message looks like, for clients on sockets and for
 * guests' rings alike. Pure functions; bytes come from anybody.
 *
 *      0      4         8             12     16
 *      | type | request | transaction | bytes | payload, at most 4096 ...
 *
 * All four are little-endian on every machine that Kanso runs on. Strings in a payload end in a
 * zero, except the value of a WRITE, which is the rest of the payload.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum wire_type {
    WIRE_CONTROL,
    WIRE_DIRECTORY,
    WIRE_READ,
    WIRE_GET_PERMS,
    WIRE_WATCH,
    WIRE_UNWATCH,
    WIRE_TRANSACTION_START,
    WIRE_TRANSACTION_END,
    WIRE_INTRODUCE,
    WIRE_RELEASE,
    WIRE_GET_DOMAIN_PATH,
    WIRE_WRITE,
    WIRE_MKDIR,
    WIRE_RM,
    WIRE_SET_PERMS,
    WIRE_WATCH_EVENT,
    WIRE_ERROR,
    WIRE_IS_DOMAIN_INTRODUCED,
    WIRE_RESUME,
    WIRE_SET_TARGET,
    /* 20 was RESTRICT */
    WIRE_RESET_WATCHES = 21,
    WIRE_DIRECTORY_PART,
    WIRE_NR_TYPES,
};

#define WIRE_MAX_PAYLOAD 4096

struct wire_header {
    uint32_t type;
    uint32_t request;     /* the client's, comes back in the answer */
    uint32_t transaction; /* 0: none */
    uint32_t bytes;       /* of payload */
};

#define WIRE_MAX_MESSAGE (sizeof(struct wire_header) + WIRE_MAX_PAYLOAD)

/* Is there a whole message at the start of data? Its length with the header; 0: not yet; -EPROTO:
 * there never will be, the payload is said to be longer than allowed. */
int wire_decode(const void *data, size_t bytes, struct wire_header *header);

/*
 * Cuts a payload into its strings: string[i] for the first max of them. Returns how many there are
 * (also when more than max), or -EINVAL if the payload does not end in a zero or is empty.
 */
int wire_strings(const char *payload, size_t bytes, const char **string, unsigned max);

/* A decimal number that fills the whole string. 0 or -EINVAL. */
int wire_number(const char *text, uint32_t max, uint32_t *value);

/* What an ERROR says: the name of a (positive or negative) errno; one that the protocol does not
 * know is EINVAL. */
const char *wire_error(int err);

/* For the log: "WRITE", "READ", ..., "?" */
const char *wire_type_name(uint32_t type);
