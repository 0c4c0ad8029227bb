/* SPDX-License-Identifier: MIT */
/*
 * Pages. For each frame of RAM:
 *
 *   owners[f]    domains that have it on their list: none or one
 *   own[f]       leaves of RAM type in its owner's tables: none or one
 *   borrowed[f]  leaves of others that map it, by a grant or as foreign
 *   writers[f]   those of them that may write
 *   kept[f]      pages that rooms keep: vcpu_info, runstate, FIFO, UART, and one a grant in use
 *
 * A GUEST page has the mark of its owner exactly if it is on a list, and borrowed + kept references
 * beside it. A SHARED page has the hypervisor's and borrowed. A page in anybody's tables is one of
 * these. Whatever else there is, nobody maps. The record of a page says something only where the
 * page is the first of its block (mem/frame.h), so the last walk goes from block to block.
 */
#include "call/runstate.h"
#include "dom/domain.h"
#include "evtchn/fifo.h"
#include "gnttab/grant.h"
#include "mem/frame.h"
#include "p2m/p2m.h"
#include "test/spec/spec.h"
#include "vuart/state.h"

struct page {
    u32 owners, own, borrowed, writers, kept;
};
static struct page *map; /* of RAM, bank after bank */
static u64 *has;         /* GUEST pages, by owner */
#define OWNERS (1u << 16)

static struct page *page_at(u64 index)
{
    struct page *before = map;
    const struct frame_bank *b = frame_bank;
    for (; index - b->first >= b->nr; b++) {
        before += b->nr;
    }
    return &before[index - b->first];
}

static struct page *page_of(const struct frame *f)
{
    return page_at(frame_to_mfn(f).mfn);
}

static void keep(const struct gpage *p)
{
    if (p != NULL && p->frame != NULL && p->frame->state == FRAME_GUEST) {
        page_of(p->frame)->kept++;
    }
}

static void look_at_list(const struct domain *d)
{
    u64 nr = 0;
    u32 before = FRAME_NIL;
    for (u32 at = d->page_list; at != FRAME_NIL; at = frame_table[at].next) {
        spec_check(frame_is_ram(at), "d%u lists frame %x, which is no RAM", d->id.id, at);
        const struct frame *f = &frame_table[at];
        spec_check(f->state == FRAME_GUEST && f->owner == d->id.id,
                   "d%u lists frame %x, in state %u of d%u", d->id.id, at, f->state, f->owner);
        spec_check(f->prev == before, "d%u: frame %x comes after %x, and says %x", d->id.id, at,
                   before, f->prev);
        page_of(f)->owners++;
        before = at;
        spec_check(++nr <= frame_nr_total(), "d%u: the list of its pages goes round", d->id.id);
    }
}

static void look_at_leaf(const struct domain *d, gfn_t gfn, const struct p2m_leaf *leaf)
{
    for (u64 i = 0; i < leaf->nr_pages && !p2m_type_is_device(leaf->type); i++) {
        const struct frame *f = mfn_to_frame(mfn_add(leaf->mfn, i));
        const u64 at = gfn.gfn + i;
        spec_check(f != NULL && (f->state == FRAME_GUEST || f->state == FRAME_SHARED),
                   "d%u maps %llx, which is no page of a guest's", d->id.id, at);
        struct page *p = page_of(f);
        if (p2m_type_is_borrowed(leaf->type)) {
            p->borrowed++;
            p->writers += p2m_type_is_writable(leaf->type);
        } else if (leaf->type == P2M_SHARED_RW) {
            spec_check(f->state == FRAME_SHARED && f->owner == d->id.id && f->gfn == at,
                       "d%u maps %llx as the hypervisor's: d%u, at %x", d->id.id, at, f->owner,
                       f->gfn);
        } else {
            p->own++;
            spec_check(f->state == FRAME_GUEST && f->owner == d->id.id &&
                           (f->refs & FRAME_OWNED) != 0,
                       "d%u maps %llx as its RAM: state %u, d%u, references %x", d->id.id, at,
                       f->state, f->owner, f->refs);
        }
    }
}

static void look_at_tables(const struct domain *d)
{
    u64 leaves[P2M_NR_TYPES] = {0};
    gfn_t at = {0};
    u32 looks = ~0u;
    struct p2m_leaf leaf;
    while (d->p2m != NULL && p2m_next(d->p2m, &at, &leaf, &looks) == OK) {
        leaves[leaf.type] += leaf.nr_pages;
        look_at_leaf(d, at, &leaf);
        at = gfn_add(at, leaf.nr_pages);
    }
    for (u32 t = P2M_NONE + 1; d->p2m != NULL && t < P2M_NR_TYPES; t++) {
        spec_check(d->p2m->nr_leaves[t] == leaves[t], "d%u: %llu leaves of type %u, counted %llu",
                   d->id.id, leaves[t], t, d->p2m->nr_leaves[t]);
    }
}

static void look_at_rooms(const struct domain *d)
{
    for (u32 i = 0; i < d->max_vcpus; i++) {
        const struct vcpu *v = d->vcpu[i];
        if (v != NULL) {
            keep(v->info_page);
            const struct runstate_area *area = v->runstate;
            for (u32 page = 0; area != NULL && page < area->nr_pages; page++) {
                keep(&area->page[page]);
            }
        }
    }
    const struct evtchn_fifo *f = d->evtchn != NULL ? d->evtchn->fifo : NULL;
    for (u32 i = 0; f != NULL && i < f->nr_cpus; i++) {
        keep(f->cpu[i] != NULL ? &f->cpu[i]->control : NULL);
    }
    for (u32 i = 0; f != NULL && i < f->nr_pages; i++) {
        keep(&f->chunk[i / PAGES_CHUNK][i % PAGES_CHUNK]);
    }
    keep(d->vuart != NULL ? &d->vuart->ring : NULL);
    const struct gnttab *g = d->gnttab;
    for (u32 ref = 0; g != NULL && ref < g->nr_frames * GREFS_FRAME; ref++) {
        const struct active *a =
            g->frames[ref / GREFS_FRAME].active[ref % GREFS_FRAME / ACTIVES_PAGE];
        if (a != NULL && a[ref % ACTIVES_PAGE].frame != NULL) {
            page_of(a[ref % ACTIVES_PAGE].frame)->kept++;
        }
    }
}

static void compare(u64 index, const struct frame *f)
{
    const struct page *p = page_at(index);
    u32 refs = p->borrowed + p->kept;
    spec_check(p->owners <= 1 && p->own <= 1, "frame %llx: %u owners, mapped %u times by its own",
               index, p->owners, p->own);
    if (f->state == FRAME_GUEST) {
        has[f->owner]++;
        refs |= p->owners ? FRAME_OWNED : 0;
        spec_check(f->refs == refs, "frame %llx of d%u: references %x, should be %x", index,
                   f->owner, f->refs, refs);
        spec_check(refs != 0, "frame %llx of d%u: nobody has it", index, f->owner);
    } else if (f->state == FRAME_SHARED) {
        spec_check(f->refs == 1 + p->borrowed || f->refs == p->borrowed,
                   "frame %llx, shared with d%u: references %x, %u borrow it", index, f->owner,
                   f->refs, p->borrowed);
    } else {
        spec_check(p->owners + p->own + refs == 0, "frame %llx in state %u: somebody has it", index,
                   f->state);
        return;
    }
    spec_check(f->writable_maps == p->writers, "frame %llx: %u may write, counted %u", index,
               p->writers, f->writable_maps);
}

/* Each block of a bank, as its first record says. */
static void compare_bank(const struct frame_bank *bank)
{
    const u64 end = bank->first + bank->nr;
    for (u64 i = bank->first; i < end;) {
        const struct frame *f = &frame_table[i];
        const u64 next = i + (1ULL << f->order);
        spec_check(f->order <= FRAME_MAX_ORDER && next <= end &&
                       (f->order == 0 || (f->state != FRAME_GUEST && f->state != FRAME_SHARED)),
                   "frame %llx in state %u: a block of order %u", i, f->state, f->order);
        for (; i < next; i++) {
            compare(i, f);
        }
    }
}

/* On the list, or only borrowed by now, or of a block that is being cleared. */
static void compare_account(const struct domain *d)
{
    u64 nr = has[d->id.id];
    nr += d->populate_block != NULL ? (1ULL << d->populate_order) - d->populate_given_pages : 0;
    spec_check(d->nr_pages == nr, "d%u has %llu pages, its account says %llu", d->id.id, nr,
               d->nr_pages);
}

bool spec_pages_check(const struct spec_world *w)
{
    static struct spec_room pages, owners;
    map = spec_zeroed(&pages, frame_nr_total() * sizeof(*map));
    has = spec_zeroed(&owners, OWNERS * sizeof(*has));
    if (map == NULL || has == NULL) {
        return false;
    }
    for (u32 i = 0; i < w->nr; i++) {
        look_at_list(w->domain[i]);
        look_at_tables(w->domain[i]);
        look_at_rooms(w->domain[i]);
    }
    for (u32 i = 0; i < FRAME_BANKS_MAX; i++) {
        compare_bank(&frame_bank[i]);
    }
    for (u32 i = 0; i < w->nr; i++) {
        compare_account(w->domain[i]);
    }
    return true;
}
