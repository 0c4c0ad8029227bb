/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU variables live in the section "percpu"; each CPU gets a copy at a fixed offset from the
 * linked one (the boot CPU uses the linked one itself, offset 0). The offset is in TPIDR_EL2.
 * The hypervisor is never interrupted (docs/why/001), so this_cpu() is stable within one entry.
 * Every per-CPU variable starts as zero: a copy is cleared, never copied from the boot CPU's.
 */
#ifndef SYNC_PERCPU_H
#define SYNC_PERCPU_H

#include "base/bits.h"
#include "base/err.h"
#include "base/types.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"

#define CPU_MAX 128u

#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name
#define DEFINE_PER_CPU(type, name)  __attribute__((section("percpu"))) __typeof__(type) percpu_##name

#define percpu_at(name, offset) (*(__typeof__(percpu_##name) *)((u64)&percpu_##name + (offset)))
#define this_cpu(name)          percpu_at(name, cpu_percpu_offset())
#define per_cpu(name, cpu)      percpu_at(name, percpu_offset[cpu])

extern u64 percpu_offset[CPU_MAX]; /* [c] set by percpu_create before the CPU runs */
extern u32 percpu_nr_cpus;         /* [c] CPUs 0 .. n-1 are online after boot */
DECLARE_PER_CPU(u32, cpu_id);

static inline u32 cpu_current(void)
{
    return this_cpu(cpu_id);
}

struct cpumask {
    u64 bits[CPU_MAX / 64];
};

static inline bool cpumask_test(const struct cpumask *m, u32 cpu)
{
    return bitmap_test(m->bits, cpu);
}

static inline void cpumask_set(struct cpumask *m, u32 cpu)
{
    bitmap_set(m->bits, cpu);
}

static inline void cpumask_clear(struct cpumask *m, u32 cpu)
{
    bitmap_clear(m->bits, cpu);
}

static inline struct cpumask cpumask_and(struct cpumask a, struct cpumask b)
{
    for (u32 i = 0; i < CPU_MAX / 64; i++) {
        a.bits[i] &= b.bits[i];
    }
    return a;
}

/* Word by word, for one who reads while another writes: a hint. */
static inline struct cpumask cpumask_read(const struct cpumask *m)
{
    struct cpumask copy;
    for (u32 i = 0; i < CPU_MAX / 64; i++) {
        copy.bits[i] = load_relaxed(&m->bits[i]);
    }
    return copy;
}

static inline void cpumask_write(struct cpumask *m, const struct cpumask *from)
{
    for (u32 i = 0; i < CPU_MAX / 64; i++) {
        store_relaxed(&m->bits[i], from->bits[i]);
    }
}

static inline bool cpumask_is_empty(const struct cpumask *m)
{
    u64 any = 0;
    for (u32 i = 0; i < CPU_MAX / 64; i++) {
        any |= m->bits[i];
    }
    return any == 0;
}

/* The CPUs that are online: 0 .. percpu_nr_cpus - 1. */
struct cpumask cpumask_online(void);
/* First CPU in the mask at or after from; CPU_MAX when there is none. */
u32 cpumask_next(const struct cpumask *m, u32 from);

/* Boot: allocates and clears the area of one more CPU and sets its cpu_id. E_NOMEM; E_INVAL beyond
 * CPU_MAX. */
enum err percpu_create(u32 cpu);
/* Upcall (defined in mem/slab.c): zeroed memory, never given back; NULL when there is none. */
void *percpu_up_alloc(u32 bytes);

/*
 * Work that a CPU must look at before it returns to a guest: a bit each, tested as one word on the
 * way out. percpu_raise() may be called from anywhere; a remote CPU is sent the "work" IPI by the
 * upcall percpu_up_kick (defined in irq/), which makes it leave its guest or its idle loop.
 */
enum work {
    WORK_SCHED,  /* the choice of vCPU may have changed */
    WORK_RCU,    /* a grace period waits for this CPU, or callbacks are due here */
    WORK_VCPU,   /* the current vCPU has vcpu->work */
    WORK_CALL,   /* cross calls are queued (irq/ipi) */
    WORK_CONSOLE /* input or output of the console is due on this CPU */
};
DECLARE_PER_CPU(u32, work);

void percpu_raise(u32 cpu, enum work bit);
/* The same for this CPU. */
static inline void percpu_raise_here(enum work bit)
{
    (void)atomic_or(&this_cpu(work), (u32)BIT(bit));
}
void percpu_up_kick(u32 cpu);

#endif
