/* SPDX-License-Identifier: MIT */
#include "sync/percpu.h"

#include "cpu/atomic.h"

/* The linker's bounds of the section. */
extern char __start_percpu[], __stop_percpu[];

u64 percpu_offset[CPU_MAX];
u32 percpu_nr_cpus = 1;
DEFINE_PER_CPU(u32, cpu_id);
DEFINE_PER_CPU(u32, work);

enum err percpu_create(u32 cpu)
{
    if (cpu >= CPU_MAX) {
        return E_INVAL;
    }
    char *area = percpu_up_alloc((u32)(__stop_percpu - __start_percpu));
    if (!area) {
        return E_NOMEM;
    }
    percpu_offset[cpu] = (u64)area - (u64)__start_percpu;
    per_cpu(cpu_id, cpu) = cpu;
    return OK;
}

struct cpumask cpumask_online(void)
{
    struct cpumask m = {0};
    for (u32 i = 0; i < CPU_MAX / 64; i++) {
        u32 first = i * 64;
        if (percpu_nr_cpus >= first + 64) {
            m.bits[i] = ~0ULL;
        } else if (percpu_nr_cpus > first) {
            m.bits[i] = BIT(percpu_nr_cpus - first) - 1;
        }
    }
    return m;
}

u32 cpumask_next(const struct cpumask *m, u32 from)
{
    for (u32 i = from / 64; i < CPU_MAX / 64; i++) {
        u64 word = m->bits[i];
        if (i == from / 64) {
            word &= ~0ULL << (from % 64);
        }
        if (word != 0) {
            return i * 64 + bit_lowest(word);
        }
    }
    return CPU_MAX;
}

void percpu_raise(u32 cpu, enum work bit)
{
    /* Sequentially consistent: what the bit speaks of is visible before the bit, and the bit before
     * the kick. */
    u32 old = atomic_or(&per_cpu(work, cpu), (u32)BIT(bit));
    /* A bit that was set has been kicked for already, or was set by that CPU itself on its way out.
     */
    if (cpu != cpu_current() && !(old & (u32)BIT(bit))) {
        percpu_up_kick(cpu);
    }
}
