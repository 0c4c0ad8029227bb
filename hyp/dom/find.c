/* SPDX-License-Identifier: MIT */
/*
 * All domains, by id: chains from a small hash table, read without a lock (a removed domain's chain
 * pointer stays until its grace period has passed), and one bit an id in use, for the walk in order
 * of id. A second bit an id says that its domain's state changed and the tools have not been told:
 * that bit is taken away before the domain is looked at, so that what changes after the look is
 * told again, and put up when the change can be seen.
 */
#include "dom/find.h"

#include "cpu/atomic.h"

#define NR_BUCKETS 256u
#define NR_WORDS   ((DOMID_FIRST_RESERVED + 63) / 64)

static struct domain *buckets[NR_BUCKETS];
static struct spinlock list_lock = SPINLOCK_INIT(RANK_DOMLIST, "domlist");
static u64 used[NR_WORDS] GUARDED_BY(list_lock);
static u64 changed[NR_WORDS] GUARDED_BY(list_lock);
/* Which words of it are not 0. */
static u64 changed_words[(NR_WORDS + 63) / 64] GUARDED_BY(list_lock);
static u32 last_id GUARDED_BY(list_lock);
static u64 last_unique_id GUARDED_BY(list_lock);

static struct domain **bucket_of(domid_t id)
{
    return &buckets[id.id % NR_BUCKETS];
}

struct domain *dom_find(domid_t id)
{
    struct domain *d = load_acquire(bucket_of(id));
    while (d && !domid_eq(d->id, id)) {
        d = load_acquire(&d->next_in_bucket);
    }
    return d;
}

struct domain *dom_find_or_self(domid_t id)
{
    return domid_eq(id, DOMID_SELF) ? domain_current() : dom_find(id);
}

struct domain *dom_next(domid_t from)
{
    for (u32 i = from.id / 64; i < NR_WORDS; i++) {
        u64 word = load_relaxed(&used[i]);
        if (i == from.id / 64) {
            word &= ~0ULL << (from.id % 64);
        }
        while (word != 0) {
            struct domain *d = dom_find((domid_t){(u16)(i * 64 + bit_lowest(word))});
            if (d) { /* else it is not complete yet, or went between the two looks */
                return d;
            }
            word &= word - 1;
        }
    }
    return NULL;
}

static void mark_locked(u32 id) REQUIRES(list_lock)
{
    changed[id / 64] |= BIT(id % 64);
    changed_words[id / 64 / 64] |= BIT(id / 64 % 64);
}

void find_tell_changed(domid_t id)
{
    spin_lock(&list_lock);
    mark_locked(id.id);
    spin_unlock(&list_lock);
    dom_up_exception();
}

void dom_mark_all_changed(void)
{
    spin_lock(&list_lock);
    for (u32 i = 0; i < NR_WORDS; i++) {
        changed[i] |= used[i];
        changed_words[i / 64] |= changed[i] != 0 ? BIT(i % 64) : 0;
    }
    spin_unlock(&list_lock);
}

bool dom_take_changed(domid_t *id)
{
    u32 i = 0;
    spin_lock(&list_lock);
    while (i < ARRAY_LEN(changed_words) && changed_words[i] == 0) {
        i++;
    }
    const bool is_there = i < ARRAY_LEN(changed_words);
    if (is_there) {
        const u32 word = i * 64 + bit_lowest(changed_words[i]);
        id->id = (u16)(word * 64 + bit_lowest(changed[word]));
        changed[word] &= changed[word] - 1;
        changed_words[i] &= changed[word] == 0 ? ~BIT(word % 64) : ~0ULL;
    }
    spin_unlock(&list_lock);
    return is_there;
}

/* Lock held. Counts up from the last one given, as the tools expect: an id is not reused at once. 0
 * is dom0's. */
static u32 free_id(void) REQUIRES(list_lock)
{
    for (u32 i = 1; i < DOMID_FIRST_RESERVED; i++) {
        u32 id = last_id + i;
        if (id >= DOMID_FIRST_RESERVED) {
            id -= DOMID_FIRST_RESERVED - 1;
        }
        if (!bitmap_test(used, id)) {
            last_id = id;
            return id;
        }
    }
    return 0;
}

enum err find_reserve(struct domain *d, domid_t wanted)
{
    enum err e = OK;
    spin_lock(&list_lock);
    u32 id = wanted.id;
    if (domid_eq(wanted, DOMID_INVALID)) {
        id = free_id();
        e = id == 0 ? E_NOSPC : OK;
    } else if (id >= DOMID_FIRST_RESERVED) {
        e = E_INVAL;
    } else if (bitmap_test(used, id)) {
        e = E_EXIST;
    }
    if (e == OK) {
        d->id = (domid_t){(u16)id};
        d->unique_id = ++last_unique_id;
        store_relaxed(&used[id / 64], used[id / 64] | BIT(id % 64));
    }
    spin_unlock(&list_lock);
    return e;
}

void find_publish(struct domain *d)
{
    spin_lock(&list_lock);
    struct domain **head = bucket_of(d->id);
    d->next_in_bucket = *head;
    store_release(head, d);
    mark_locked(d->id.id);
    spin_unlock(&list_lock);
}

void find_remove(struct domain *d)
{
    spin_lock(&list_lock);
    struct domain **at = bucket_of(d->id);
    while (*at && *at != d) {
        at = &(*at)->next_in_bucket;
    }
    if (*at) { /* else its creation failed before anybody could find it */
        store_release(at, d->next_in_bucket);
    }
    u32 id = d->id.id;
    store_relaxed(&used[id / 64], used[id / 64] & ~BIT(id % 64));
    spin_unlock(&list_lock);
}
