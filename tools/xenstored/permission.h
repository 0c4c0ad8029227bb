/* SPDX-License-Identifier: MIT */
/*
 * Who may do what to a node. On the wire "n5" "r0" "b7": the first names the owner, who may
 * everything, and what all others may; the rest say it for single domains. n nothing, r read,
 * w write, b both. dom0 may everything always.
 *
 * A list is never changed once it is made, so nodes share it (a child inherits its parent's).
 *
 * A domain's number is used again after its death, its rights must not be: a list carries the
 * generation of the store that it was made in, a subject the one that its domain appeared in, and
 * what is older does not speak of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PERMISSION_READ = 1,
    PERMISSION_WRITE = 2,
    PERMISSION_OWNER = 4,
    PERMISSION_ALL = 7,
};

struct permission {
    uint16_t domid;
    uint8_t access; /* PERMISSION_READ | PERMISSION_WRITE */
};

struct permissions {
    unsigned refs;
    unsigned nr; /* at least one */
    uint64_t generation;
    struct permission entry[];
};

/* Who asks. */
struct subject {
    uint16_t domid;
    bool is_privileged;
    uint64_t since; /* generation; 0: always was there */
    /* A stub domain may what its target may; PERMISSION_NOBODY: it has none. */
    uint32_t target;
    uint64_t target_since;
};
#define PERMISSION_NOBODY UINT32_MAX
#define PERMISSION_MAX    0xffff /* entries that a message can hold, with room */

/* Entries are the caller's to fill in. NULL: no memory. */
struct permissions *permissions_create(unsigned nr, uint64_t generation);
struct permissions *permissions_get(struct permissions *list);
void permissions_put(struct permissions *list); /* NULL is fine */

/* One word of the wire, "r12". 0 or -EINVAL. */
int permission_decode(const char *word, struct permission *out);
/* Writes words with their zeros; returns the bytes needed, of which room are written at most. */
size_t permissions_encode(const struct permissions *list, char *out, size_t room);

/* What subject may, a mask. */
unsigned permissions_of(const struct permissions *list, const struct subject *subject);

static inline uint16_t permissions_owner(const struct permissions *list)
{
    return list->entry[0].domid;
}

/*
 * What a node gets that subject makes below one with parent's list: the same, but a domain that is
 * not privileged owns what it makes. Shares parent's list where it can. NULL: no memory.
 */
struct permissions *permissions_inherit(struct permissions *parent, const struct subject *subject);
