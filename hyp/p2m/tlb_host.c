/* SPDX-License-Identifier: MIT */
#include "p2m/tlb_host.h"

#include <string.h>

#include "base/panic.h"
#include "cpu/atomic.h"
#include "mem/frame.h"
#include "p2m/pte.h"
#include "p2m/tlb.h"
#include "sync/percpu.h"

#define CACHED_MAX 64u
#define BROKEN_MAX 65536u

struct fake_tlb_counts fake_tlb;
u32 fake_vmid_bits = 8;
bool fake_tlb_watches_frames;

static struct {
    u16 vmid;
    u64 gfn;
} cached[CACHED_MAX];
static u32 nr_cached;

/* Slots made invalid and not flushed yet, with what they were: any flush that follows forgives all,
 * as the p2m flushes under its lock before it makes anything valid. Until then what they led to is
 * still reached, so it must not have been freed. */
static struct {
    u64 *slot;
    u64 was;
} broken[BROKEN_MAX];
static u32 nr_broken;

static DEFINE_PER_CPU(u64, vttbr);

/* CPUs may be threads of a test, or preempted: one lock over all of the above. */
static bool tlb_busy;

static void enter(void)
{
    host_hw_enter(&tlb_busy);
}

static void leave(void)
{
    host_hw_leave(&tlb_busy);
}

static void forgive(void)
{
    for (u32 i = 0; i < nr_broken && fake_tlb_watches_frames; i++) {
        const struct frame *f = mfn_to_frame(pte_mfn(broken[i].was));
        if (f && f->state == FRAME_FREE) {
            panic("frame %llx was freed before its flush", pte_mfn(broken[i].was).mfn);
        }
    }
    nr_broken = 0;
}

void fake_tlb_reset(void)
{
    memset(&fake_tlb, 0, sizeof(fake_tlb));
    nr_cached = 0;
    nr_broken = 0;
}

u32 stage2_probe(void)
{
    return fake_vmid_bits;
}

void stage2_init_cpu(u32 vmid_bits)
{
    (void)vmid_bits;
}

void stage2_load(maddr_t root, u16 vmid)
{
    enter();
    fake_tlb.loads++;
    leave();
    this_cpu(vttbr) = root.m | (u64)vmid << 48;
}

maddr_t fake_vttbr_root(void)
{
    return (maddr_t){this_cpu(vttbr) & BITS(47, 0)};
}

u16 fake_vttbr_vmid(void)
{
    return (u16)(this_cpu(vttbr) >> 48);
}

void pte_write(u64 *slot, u64 value)
{
    enter();
    if ((*slot & PTE_VALID) && (value & PTE_VALID) && *slot != value) {
        panic("break before make: %p changed from %llx to %llx", (void *)slot, *slot, value);
    }
    if (value & PTE_VALID) {
        for (u32 i = 0; i < nr_broken; i++) {
            if (broken[i].slot == slot) {
                panic("break before make: %p made valid before its flush", (void *)slot);
            }
        }
    } else if (*slot & PTE_VALID) {
        check(nr_broken < BROKEN_MAX);
        broken[nr_broken].slot = slot;
        broken[nr_broken++].was = *slot;
    }
    store_relaxed(slot, value);
    leave();
}

void pte_sync(void)
{
}

void tlb_flush_vmid(maddr_t empty, u16 vmid)
{
    (void)empty;
    enter();
    fake_tlb.vmid++;
    forgive();
    u32 kept = 0;
    for (u32 i = 0; i < nr_cached; i++) {
        if (cached[i].vmid != vmid) {
            cached[kept++] = cached[i];
        }
    }
    nr_cached = kept;
    leave();
}

void tlb_flush_ipa(maddr_t empty, u16 vmid, gfn_t gfn, u64 pages)
{
    (void)empty;
    enter();
    fake_tlb.ipa++;
    fake_tlb.pages += pages;
    forgive();
    u32 kept = 0;
    for (u32 i = 0; i < nr_cached; i++) {
        if (cached[i].vmid != vmid || cached[i].gfn - gfn.gfn >= pages) {
            cached[kept++] = cached[i];
        }
    }
    nr_cached = kept;
    leave();
}

void tlb_flush_all_guests(void)
{
    enter();
    fake_tlb.all++;
    forgive();
    nr_cached = 0;
    leave();
}

void tlb_flush_none(void)
{
    enter();
    forgive();
    leave();
}

void fake_tlb_touch(struct p2m *p2m, gfn_t gfn)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(p2m, gfn, &mfn, &type, &order) == OK && !fake_tlb_has(p2m, gfn)) {
        check(nr_cached < CACHED_MAX);
        cached[nr_cached].vmid = p2m->vmid;
        cached[nr_cached++].gfn = gfn.gfn;
    }
}

bool fake_tlb_has(struct p2m *p2m, gfn_t gfn)
{
    for (u32 i = 0; i < nr_cached; i++) {
        if (cached[i].vmid == p2m->vmid && cached[i].gfn == gfn.gfn) {
            return true;
        }
    }
    return false;
}
