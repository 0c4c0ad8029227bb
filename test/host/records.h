/* SPDX-License-Identifier: MIT */
/*
 * Records of some rooms, kept and compared: write a domain out, read it into a fresh one, write
 * that out. Include once in a test program, after its world.
 */
#ifndef TEST_HOST_RECORDS_H
#define TEST_HOST_RECORDS_H

#include "dom/record.h"

#define RECORDS_MAX 256u

struct kept {
    const struct record_room *room;
    u32 instance, bytes;
    u64 body[RECORD_MAX_BYTES / 8];
};

struct records {
    u32 nr;
    struct kept kept[RECORDS_MAX];
};

static u64 records_seed;

static inline u32 records_random(u32 below)
{
    records_seed = records_seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(records_seed >> 33) % below;
}

/* All that the rooms, which end with type 0, write of d. Returns what ended it. */
static inline enum err records_try_save(const struct record_room *room, struct domain *d,
                                        struct records *out)
{
    memset(out, 0, sizeof(*out));
    for (; room->type != 0; room++) {
        u32 at = 0;
        for (;;) {
            assert_true(out->nr < RECORDS_MAX);
            struct kept *k = &out->kept[out->nr];
            struct record r = {.instance = at, .bytes = room->bytes, .body = k->body};
            enum err e = record_save(room, d, &r);
            if (e == E_NOENT) {
                break;
            }
            if (e != OK) {
                return e;
            }
            assert_true(r.instance >= at && r.next > r.instance && r.bytes <= room->bytes);
            k->room = room;
            k->instance = r.instance;
            k->bytes = r.bytes;
            out->nr++;
            at = r.next;
        }
        memset(&out->kept[out->nr], 0, sizeof(out->kept[0]));
    }
    return OK;
}

static inline void records_save(const struct record_room *room, struct domain *d,
                                struct records *out)
{
    assert_int_equal(records_try_save(room, d, out), OK);
}

static inline enum err records_load_one(struct domain *d, struct kept *k)
{
    struct record r = {.instance = k->instance, .bytes = k->bytes, .body = k->body};
    return record_load(k->room, d, &r);
}

static inline void records_load(struct domain *d, struct records *in)
{
    for (u32 i = 0; i < in->nr; i++) {
        enum err e = records_load_one(d, &in->kept[i]);
        if (e != OK) {
            fail_msg("%s %u is refused: %d", in->kept[i].room->name, in->kept[i].instance, e);
        }
    }
}

/* Loads each, the first time without memory, then with one page more each time until it is taken
 * (fail_after is the world's). Returns how often there was too little. */
static inline u32 records_load_short_of_memory(struct domain *d, struct records *in,
                                               void (*fail_after)(u32 pages))
{
    u32 failures = 0;
    for (u32 i = 0; i < in->nr; i++) {
        for (u32 pages = 0;; pages++) {
            fail_after(pages);
            enum err e = records_load_one(d, &in->kept[i]);
            fail_after(~0u);
            if (e == OK) {
                break;
            }
            assert_int_equal(e, E_NOMEM);
            failures++;
        }
    }
    return failures;
}

static inline void records_assert_same(const struct records *a, const struct records *b)
{
    assert_int_equal(a->nr, b->nr);
    for (u32 i = 0; i < a->nr; i++) {
        const struct kept *x = &a->kept[i];
        const struct kept *y = &b->kept[i];
        if (x->instance != y->instance || x->bytes != y->bytes ||
            memcmp(x->body, y->body, x->bytes) != 0) {
            u32 at = 0;
            while (at < x->bytes && ((const u8 *)x->body)[at] == ((const u8 *)y->body)[at]) {
                at++;
            }
            fail_msg("%s %u differs at byte %u: %02x %02x", x->room->name, x->instance, at,
                     ((const u8 *)x->body)[at], ((const u8 *)y->body)[at]);
        }
    }
}

/*
 * Each record with some bits changed, as an enemy would make it: taken or refused; refused, it has
 * changed nothing. d is fresh for as long as all are refused. Returns how many were refused.
 */
static inline u32 records_attack(const struct record_room *room, struct domain *d,
                                 const struct records *in, u32 rounds)
{
    static struct records before, after;
    static struct kept bad;
    u32 refused = 0;
    for (u32 i = 0; i < rounds; i++) {
        bad = in->kept[records_random(in->nr)];
        for (u32 n = 1 + records_random(3); n > 0; n--) {
            ((u8 *)bad.body)[records_random(bad.bytes)] ^= (u8)(1u << records_random(8));
        }
        records_save(room, d, &before);
        if (records_load_one(d, &bad) != OK) {
            refused++;
            records_save(room, d, &after);
            records_assert_same(&before, &after);
        }
    }
    return refused;
}

#endif
