/* SPDX-License-Identifier: MIT */
/*
 * The store's wire protocol (xen/io/xs_wire.h), as its clients and the store itself see it.
 *
 *      0      4         8             12     16
 *      | type | request | transaction | bytes | payload, at most 4096 ...
 *
 * All four are little-endian on every machine that Kanso runs on. Strings in a payload end in a
 * zero, except the value of a WRITE, which is the rest of the payload.
 */
#pragma once
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
