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

/*
 * A name as it is looked for. Numbers come first, by value (without leading zeros), then the other
 * names by their bytes, which are ASCII: so domains and devices are listed in the order that people
 * expect. The key holds the same order in a word:
 *
 *      63 62     56 55                                  0
 *     | 0 | length | its first 8 digits                  |  a number below 127 digits
 *     | 0 | 127    | 0                                   |  a longer one
 *     | 1 | its first 9 bytes, 7 bits each, then 0       |  another name
 *
 * Names with equal keys are equal, or too long for it.
 */
#define PATH_KEY_IS_NAME (1ULL << 63)
struct path_name {
    const char *text; /* ends by length, or with the path's component */
    unsigned length;
    uint64_t key;
};
/* Reads the name at text up to a slash or zero. */
struct path_name path_name_read(const char *text);

/* The next component of a path: *at starts at the first slash and ends at the zero. False: no more.
 * "/" has none. */
bool path_next(const char **at, struct path_name *name);

/* The length of the parent's path; 1 for a child of the root, 0 for the root. */
unsigned path_parent(const char *path, unsigned length);
