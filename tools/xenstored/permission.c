// SPDX-License-Identifier: MIT
#include "xenstored/permission.h"
#include "xenstored/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct permissions *permissions_create(unsigned nr, uint64_t generation)
{
    struct permissions *list = malloc(sizeof(*list) + nr * sizeof(list->entry[0]));
    if (list != NULL) {
        *list = (struct permissions){.refs = 1, .nr = nr, .generation = generation};
    }
    return list;
}

struct permissions *permissions_get(struct permissions *list)
{
    list->refs++;
    return list;
}

void permissions_put(struct permissions *list)
{
    if (list != NULL && --list->refs == 0) {
        free(list);
    }
}

int permission_decode(const char *word, struct permission *out)
{
    static const char letter[] = "nrwb";
    const char *found = word[0] == '\0' ? NULL : strchr(letter, word[0]);
    uint32_t domid;
    if (found == NULL || wire_number(word + 1, UINT16_MAX, &domid) < 0) {
        return -EINVAL;
    }
    *out = (struct permission){.domid = (uint16_t)domid, .access = (uint8_t)(found - letter)};
    return 0;
}

size_t permissions_encode(const struct permissions *list, char *out, size_t room)
{
    size_t used = 0;
    for (unsigned i = 0; i < list->nr; i++) {
        char word[16];
        const int n = snprintf(word, sizeof(word), "%c%u", "nrwb"[list->entry[i].access & 3],
                               list -> entry[i].domid) +
                      1;
        if (used + (size_t)n <= room) {
            memcpy(out + used, word, (size_t)n);
        }
        used += (size_t)n;
    }
    return used;
}

/* Does the list speak of the domain with that number that lives now? */
static bool speaks_of(const struct permissions *list, const struct permission *entry,
                      uint32_t domid, uint64_t since)
{
    return entry->domid == domid && list->generation >= since;
}

unsigned permissions_of(const struct permissions *list, const struct subject *subject)
{
    if (subject->is_privileged) {
        return PERMISSION_ALL;
    }
    for (unsigned i = 0; i < list->nr; i++) {
        const struct permission *entry = &list->entry[i];
        if (speaks_of(list, entry, subject->domid, subject->since) ||
            speaks_of(list, entry, subject->target, subject->target_since)) {
            return i == 0 ? PERMISSION_ALL : entry->access;
        }
    }
    return list->entry[0].access;
}

struct permissions *permissions_inherit(struct permissions *parent, const struct subject *subject)
{
    if (subject->is_privileged ||
        speaks_of(parent, &parent->entry[0], subject->domid, subject->since)) {
        return permissions_get(parent);
    }
    /* The old generation stays with what is copied. It is the owner's that has to be new: so the
     * owner's rights are those of its domain only if the list is not older than that. */
    struct permissions *list = permissions_create(
        parent->nr, parent->generation > subject->since ? parent->generation : subject->since);
    if (list == NULL) {
        return NULL;
    }
    memcpy(list->entry, parent->entry, parent->nr * sizeof(parent->entry[0]));
    list->entry[0].domid = subject->domid;
    if (list->generation == parent->generation) {
        return list;
    }
    /* Others that the parent's list named may have died since: nobody is named who need not be */
    unsigned kept = 1;
    for (unsigned i = 1; i < parent->nr; i++) {
        if (parent->entry[i].domid == 0) {
            list->entry[kept++] = parent->entry[i];
        }
    }
    list->nr = kept;
    return list;
}
