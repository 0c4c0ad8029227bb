/* SPDX-License-Identifier: MIT */
/*
 * A slab is one page. Its bookkeeping is in the page's frame record, so that two objects of 2 KiB
 * fit a page: private is the cache, next and prev link the pages with a free object, gfn holds the
 * first free object's index and the number of objects in use. A free object's first two bytes are
 * the index of the next free one.
 */
#include "mem/slab.h"

#include "base/bits.h"
#include "base/panic.h"
#include "base/string.h"
#include "mem/frame.h"
#include "sync/percpu.h"

#define SMALLEST     16u
#define LARGEST_SLAB 2048u
#define LARGEST_HEAP 0x10000u
#define NONE         0xffffu

static struct spinlock caches_lock = SPINLOCK_INIT(RANK_SLAB, "slabs");
static struct list caches GUARDED_BY(caches_lock) = LIST_INIT(caches);

static u32 first_free(const struct frame *f)
{
    return f->gfn & 0xffff;
}

static u32 nr_used(const struct frame *f)
{
    return f->gfn >> 16;
}

static void set_counts(struct frame *f, u32 used, u32 first)
{
    f->gfn = used << 16 | first;
}

static void join(struct slab_cache *c)
{
    spin_lock(&caches_lock);
    if (list_is_empty(&c->caches)) {
        list_add_tail(&caches, &c->caches);
    }
    spin_unlock(&caches_lock);
}

void slab_init(struct slab_cache *c, const char *name, u32 object_bytes)
{
    check(object_bytes > 0 && object_bytes <= LARGEST_SLAB);
    *c = (struct slab_cache){
        .name = name,
        .object_bytes = (u32)align_up(object_bytes, SMALLEST),
        .partial = FRAME_NIL,
        .lock = SPINLOCK_INIT(RANK_SLAB, name),
    };
    list_init(&c->caches);
    join(c);
}

/* A new page: chains its objects. At most 256 of them. */
static struct frame *grow(struct slab_cache *c) REQUIRES(c->lock)
{
    struct frame *f;
    if (frame_alloc(0, &f) != OK) {
        return NULL;
    }
    u32 nr = (u32)PAGE_SIZE / c->object_bytes;
    char *page = frame_map(f);
    for (u32 i = 0; i < nr; i++) {
        *(u16 *)(page + i * c->object_bytes) = (u16)(i + 1 < nr ? i + 1 : NONE);
    }
    f->private = (u64)c;
    set_counts(f, 0, 0);
    frame_list_add(&c->partial, f);
    c->nr_pages++;
    return f;
}

void *slab_alloc(struct slab_cache *c)
{
    if (mem_fail_hook && mem_fail_hook()) {
        return NULL;
    }
    if (unlikely(list_is_empty(&c->caches))) {
        join(c);
    }
    spin_lock(&c->lock);
    struct frame *f = c->partial != FRAME_NIL ? frame_nth(c->partial) : grow(c);
    if (!f) {
        spin_unlock(&c->lock);
        return NULL;
    }
    char *object = (char *)frame_map(f) + first_free(f) * c->object_bytes;
    set_counts(f, nr_used(f) + 1, *(u16 *)object);
    if (first_free(f) == NONE) {
        frame_list_del(&c->partial, f);
    }
    c->nr_live++;
    spin_unlock(&c->lock);
    memset(object, 0, c->object_bytes);
    return object;
}

void slab_free(struct slab_cache *c, void *object)
{
    if (!object) {
        return;
    }
    struct frame *f = frame_of(object);
    u32 offset = (u32)((u64)object & PAGE_MASK);
    check(f->state == FRAME_HEAP && f->private == (u64)c && offset % c->object_bytes == 0);
    spin_lock(&c->lock);
    check(nr_used(f) > 0);
    bool was_full = first_free(f) == NONE;
    *(u16 *)object = (u16)first_free(f);
    set_counts(f, nr_used(f) - 1, offset / c->object_bytes);
    c->nr_live--;
    bool empty = nr_used(f) == 0;
    if (was_full && !empty) {
        frame_list_add(&c->partial, f);
    }
    if (empty) {
        if (!was_full) {
            frame_list_del(&c->partial, f);
        }
        c->nr_pages--;
        f->private = 0;
    }
    spin_unlock(&c->lock);
    if (empty) {
        frame_free(f, 0);
    }
}

#define HEAP_CACHE(i, bytes) [i] = SLAB_CACHE_INIT(heap[i], "heap-" #bytes, bytes)
static struct slab_cache heap[] = {HEAP_CACHE(0, 16),   HEAP_CACHE(1, 32),  HEAP_CACHE(2, 64),
                                   HEAP_CACHE(3, 128),  HEAP_CACHE(4, 256), HEAP_CACHE(5, 512),
                                   HEAP_CACHE(6, 1024), HEAP_CACHE(7, 2048)};

static struct slab_cache *heap_cache(u32 bytes)
{
    return &heap[bytes <= SMALLEST ? 0 : bit_highest(bytes - 1) - 3];
}

static u32 heap_order(u32 bytes)
{
    return bit_highest(align_up(bytes, PAGE_SIZE) * 2 - 1) - PAGE_SHIFT;
}

void *heap_alloc(u32 bytes)
{
    if (bytes <= LARGEST_SLAB) {
        return slab_alloc(heap_cache(bytes));
    }
    struct frame *f;
    if (bytes > LARGEST_HEAP || frame_alloc_zeroed(heap_order(bytes), &f) != OK) {
        return NULL;
    }
    return frame_map(f);
}

void heap_free(void *p, u32 bytes)
{
    if (!p) {
        return;
    }
    if (bytes <= LARGEST_SLAB) {
        slab_free(heap_cache(bytes), p);
    } else {
        frame_free(frame_of(p), heap_order(bytes));
    }
}

void slab_for_each(void (*fn)(const struct slab_cache *, void *), void *arg)
{
    /* Caches are only ever added, at the tail: where the walk stands stays valid while fn runs
     * without the lock. */
    spin_lock(&caches_lock);
    struct list *node = caches.next;
    while (node != &caches) {
        spin_unlock(&caches_lock);
        fn(list_entry(node, struct slab_cache, caches), arg);
        spin_lock(&caches_lock);
        node = node->next;
    }
    spin_unlock(&caches_lock);
}

void *percpu_up_alloc(u32 bytes)
{
    return heap_alloc(bytes);
}
