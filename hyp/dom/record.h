/* SPDX-License-Identifier: MIT */
/*
 * A domain's guest-visible state, written out and read back: docs/why/011-records.md. Each room
 * that owns some has a row for each type of its records.
 *
 * Context of save and load: the domain is paused, its lazy state is in its structures, no other
 * operation of the tools is under way, no locks held.
 */
#ifndef DOM_RECORD_H
#define DOM_RECORD_H

#include "base/addr.h"
#include "base/err.h"
#include "dom/domain.h"
#include "dom/record_format.h"

/* What the instance is: always 0; a vCPU that is there; the room's own numbers. */
enum record_scope { RECORD_ONE, RECORD_PER_VCPU, RECORD_OWN };

struct record {
    u32 instance;
    u32 next; /* save: where to go on; one further unless the room says otherwise */
    u32 bytes;
    struct vcpu *v; /* PER_VCPU */
    void *body;     /* aligned to 8, of the type's size */
};

struct record_room {
    const char *name;
    u32 type;
    u16 version;
    u8 scope;
    bool varies;
    u32 bytes; /* of the body; the most when it varies */
    /*
     * OWN: writes the first record at r->instance or after it. Body (zero before), and bytes if
     * that varies. E_NOENT: none left. E_BUSY: it holds what cannot be written out now.
     */
    enum err (*save)(struct domain *d, struct record *r);
    /*
     * Reads it into a domain that has not run, or was never given this. Each field is hostile: all
     * is checked, then nothing fails. E_INVAL a wrong field, E_NOENT what it names is not there,
     * E_EXIST it is there already, E_OPNOTSUPP this machine cannot be it, E_NOMEM.
     */
    enum err (*load)(struct domain *d, const struct record *r);
};
extern const struct record_room record_rooms[]; /* boot/records.c, by type, ends with type 0 */

#define RECORD_MAX_BYTES (RECORD_PAGE_BYTES + 16u)
_Static_assert(sizeof(struct record_memory) <= RECORD_MAX_BYTES);
_Static_assert(sizeof(struct record_page) <= RECORD_MAX_BYTES);

/* The room's functions behind the look at the instance: E_NOENT. */
enum err record_save(const struct record_room *room, struct domain *d, struct record *r);
enum err record_load(const struct record_room *room, struct domain *d, struct record *r);

/* A SHARED page of d's appears at gfn (RECORD_NO_GFN: nowhere), where nothing is yet. E_INVAL,
 * E_EXIST, E_NOMEM. */
enum err record_map_shared(struct domain *d, struct frame *f, u32 gfn);

enum err vcpu_save(struct domain *d, struct record *r);
enum err vcpu_load(struct domain *d, const struct record *r);
/* The memory map: the pages are the tools' to copy, and to give before it is read back. */
enum err memory_save(struct domain *d, struct record *r);
enum err memory_load(struct domain *d, const struct record *r);

#endif
