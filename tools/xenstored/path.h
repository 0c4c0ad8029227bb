/* SPDX-License-Identifier: MIT */
/*
 * Paths of the store: /local/domain/5/device. A client may write one relative to its own domain's
 * directory, "device" for the above. @introduceDomain and @releaseDomain are no nodes: they can be
 * watched and have permissions. Pure functions.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of the protocol, without the zero. The second one counts behind /local/domain/N/. */
#define PATH_MAX_ABSOLUTE 3072
#define PATH_MAX_RELATIVE 2048
/* "/local/domain/65535/" before a relative path of full length, and the zero */
#define PATH_ROOM (PATH_MAX_ABSOLUTE + 32)

struct path {
    unsigned length;
    unsigned prefix; /* bytes that a relative path did not have; 0: it was absolute */
    char text[PATH_ROOM];
};

/*
 * Makes the path absolute. Letters, digits, -/_@, no empty component, no slash at the end, at most
 * max bytes behind the domain's directory: else -EINVAL. Special paths only if asked for.
 */
int path_decode(const char *text, uint16_t domid, unsigned max, bool may_be_special,
                struct path *path);

bool path_is_special(const char *path);

/* The next component of a path: *at starts at the first slash and ends at the zero. False: no more.
 * "/" has none. */
bool path_next(const char **at, const char **name, unsigned *length);

/* The length of the parent's path; 1 for a child of the root, 0 for the root. */
unsigned path_parent(const char *path, unsigned length);
