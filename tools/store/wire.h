/* SPDX-License-Identifier: MIT */
/* The store's wire protocol: a header, then len bytes; numbers as in xen/io/xs_wire.h. */
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
    WIRE_RESET_WATCHES = WIRE_SET_TARGET + 2,
    WIRE_DIRECTORY_PART
};

struct wire_header {
    uint32_t type;
    uint32_t request;     /* comes back in the answer */
    uint32_t transaction; /* 0: none */
    uint32_t len;         /* of what follows */
};

#define WIRE_MAX_PAYLOAD 4096
