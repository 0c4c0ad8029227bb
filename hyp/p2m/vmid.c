/* SPDX-License-Identifier: MIT */
/*
 * VMIDs with generations. A p2m's VMID counts while its generation is the current one. When all are
 * given out the generation moves on: every VMID is taken back but those that a CPU has loaded, and
 * everything in the TLBs of all CPUs is flushed. VMID 0 is the empty table's.
 *
 * Who loads tables and who moves the generation must not miss each other. The loader writes percpu
 * "next", then reads the generation; the mover writes the generation, then reads "next" and
 * "active" of every CPU. Each has a full barrier between, so one of them sees the other: either the
 * loader takes the slow path (lock), or the mover keeps the loader's VMID.
 */
#include "base/bits.h"
#include "base/panic.h"
#include "cpu/atomic.h"
#include "irq/irq.h"
#include "p2m/pte.h"
#include "p2m/tlb.h"
#include "p2m/walk.h"
#include "sync/percpu.h"

#define VMID_BITS_MAX 16u

static struct {
    struct spinlock lock;
    u64 generation;            /* [a] written with the lock held */
    u32 bits;                  /* [c] */
    u32 hint GUARDED_BY(lock); /* where the search begins */
    struct frame *empty;       /* [c] */
    u64 used[(1u << VMID_BITS_MAX) / 64] GUARDED_BY(lock);
} vmids = {.lock = SPINLOCK_INIT(RANK_VMID, "vmid"), .generation = 1};

/* What this CPU has in VTTBR_EL2, and what it is about to have. */
static DEFINE_PER_CPU(struct p2m *, active);
static DEFINE_PER_CPU(struct p2m *, next);

maddr_t walk_empty_table(void)
{
    return frame_to_maddr(vmids.empty);
}

void p2m_init(void)
{
    vmids.bits = MIN(stage2_probe(), VMID_BITS_MAX);
    if (frame_alloc_zeroed(1, &vmids.empty) != OK) {
        panic("stage 2: no memory for the empty table");
    }
    bitmap_set(vmids.used, 0);
    p2m_init_cpu();
}

void p2m_init_cpu(void)
{
    stage2_init_cpu(vmids.bits);
    p2m_deactivate();
}

static bool is_current(struct p2m *p2m)
{
    return load_acquire(&p2m->vmid_generation) == load_acquire(&vmids.generation);
}

/* Lock held. The VMIDs that CPUs have loaded stay theirs; nothing else in any TLB survives. */
static void next_generation(void) REQUIRES(vmids.lock)
{
    u64 generation = vmids.generation + 1;
    store_release(&vmids.generation, generation);
    fence_full();
    for (u32 i = 0; i < ARRAY_LEN(vmids.used); i++) {
        vmids.used[i] = 0;
    }
    bitmap_set(vmids.used, 0);
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        struct p2m *loaded[2] = {load_relaxed(&per_cpu(active, cpu)),
                                 load_relaxed(&per_cpu(next, cpu))};
        for (u32 i = 0; i < 2; i++) {
            /* One that was not current before has nothing loaded under its old number. */
            if (loaded[i] && loaded[i]->vmid_generation == generation - 1) {
                bitmap_set(vmids.used, loaded[i]->vmid);
                store_release(&loaded[i]->vmid_generation, generation);
            }
        }
    }
    tlb_flush_all_guests();
}

static u32 find_free(void) REQUIRES(vmids.lock)
{
    u32 end = 1u << vmids.bits;
    for (u32 n = 0; n < end; n++) {
        u32 vmid = (vmids.hint + n) % end;
        if (vmids.used[vmid / 64] == ~0ULL) {
            n += 63 - vmid % 64;
            continue;
        }
        if (!bitmap_test(vmids.used, vmid)) {
            return vmid;
        }
    }
    return 0;
}

static void assign(struct p2m *p2m)
{
    spin_lock(&vmids.lock);
    if (!is_current(p2m)) {
        u32 vmid = find_free();
        if (vmid == 0) {
            next_generation();
            vmid = find_free();
        }
        /* p2m may be this CPU's "next" and still not kept: it was not current before either. */
        check(vmid != 0);
        bitmap_set(vmids.used, vmid);
        vmids.hint = vmid + 1;
        p2m->vmid = (u16)vmid;
        store_release(&p2m->vmid_generation, vmids.generation);
    }
    spin_unlock(&vmids.lock);
}

void p2m_activate(struct p2m *p2m)
{
    if (this_cpu(active) == p2m) {
        /* Loaded VMIDs are kept over generations. */
        return;
    }
    store_relaxed(&this_cpu(next), p2m);
    fence_full();
    if (!is_current(p2m)) {
        assign(p2m);
    }
    stage2_load(frame_to_maddr(frame_of(p2m->root)), p2m->vmid);
    store_release(&this_cpu(active), p2m);
}

void p2m_deactivate(void)
{
    stage2_load(walk_empty_table(), 0);
    store_release(&this_cpu(next), NULL);
    store_release(&this_cpu(active), NULL);
}

void vmid_flush_range(struct p2m *p2m, gfn_t gfn, u64 pages)
{
    /* The entries' stores are before the look at the generation: a CPU that loads these tables
     * later walks what we wrote, and what was cached under an older generation went with it. */
    pte_sync();
    fence_full();
    if (load_acquire(&p2m->vmid_generation) == 0) {
        tlb_flush_none();
        return;
    }
    if (!is_current(p2m)) {
        /* Perhaps the generation is moving on right now and will keep our VMID: its flush has to be
         * over. */
        spin_lock(&vmids.lock);
        bool current = is_current(p2m);
        spin_unlock(&vmids.lock);
        if (!current) {
            tlb_flush_none();
            return;
        }
    }
    if (pages <= 16) {
        tlb_flush_ipa(walk_empty_table(), p2m->vmid, gfn, pages);
    } else {
        tlb_flush_vmid(walk_empty_table(), p2m->vmid);
    }
}

static void let_go(void *arg)
{
    if (this_cpu(active) == arg || this_cpu(next) == arg) {
        p2m_deactivate();
    }
}

void vmid_release(struct p2m *p2m)
{
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        if (load_acquire(&per_cpu(active, cpu)) == p2m ||
            load_acquire(&per_cpu(next, cpu)) == p2m) {
            if (cpu == cpu_current()) {
                let_go(p2m);
            } else {
                ipi_call_wait(cpu, let_go, p2m);
            }
        }
    }
    vmid_flush_range(p2m, (gfn_t){0}, P2M_GFN_END);
    spin_lock(&vmids.lock);
    if (is_current(p2m)) {
        bitmap_clear(vmids.used, p2m->vmid);
        p2m->vmid_generation = 0;
    }
    spin_unlock(&vmids.lock);
}

u32 p2m_nr_vmids_in_use(void)
{
    u32 nr = 0;
    spin_lock(&vmids.lock);
    for (u32 i = 0; i < ARRAY_LEN(vmids.used); i++) {
        for (u64 word = vmids.used[i]; word != 0; word &= word - 1) {
            nr++;
        }
    }
    spin_unlock(&vmids.lock);
    return nr - 1;
}
