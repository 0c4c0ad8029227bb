/* SPDX-License-Identifier: MIT */
/* Messages taken apart, for clients on sockets and for guests' rings alike. Pure functions; bytes
 * come from anybody. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "store/wire.h"

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
