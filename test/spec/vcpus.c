/* SPDX-License-Identifier: MIT */
/*
 * vCPUs. One may run when nothing holds it: each pause of its domain's, each pause of its own, and
 * being offline count once. The tools' pause and a shutdown are pauses of the domain's. What does
 * not run is blocked if nobody has woken it since it last slept, held or not (as Xen's runstates
 * have it); else it is offline if something holds it, and waits for a CPU if nothing does. It may
 * also be on its way out of its guest still; what is online has registers; where
 * its state is loaded, that CPU says so too, and no two CPUs say it of one.
 */
#include "dom/domain.h"
#include "test/spec/spec.h"

static void check_vcpu(const struct domain *d, const struct vcpu *v)
{
    const u32 holds = d->pauses + v->pauses + !v->online;
    spec_check(v->unit.hold == holds, "d%u vCPU %u: held %u times, should be %u", d->id.id, v->id,
               v->unit.hold, holds);
    const u8 rests = !v->unit.wanted ? UNIT_BLOCKED : holds != 0 ? UNIT_OFFLINE : UNIT_RUNNABLE;
    spec_check(v->unit.state == rests || v->unit.state == UNIT_RUNNING,
               "d%u vCPU %u: held %u times, wanted %u, and in state %u", d->id.id, v->id, holds,
               v->unit.wanted, v->unit.state);
    spec_check(!v->online || v->initialised, "d%u vCPU %u is online without registers", d->id.id,
               v->id);
    spec_check(v->domain == d && d->vcpu[v->id] == v, "d%u vCPU %u is another's", d->id.id, v->id);
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        spec_check((per_cpu(loaded, cpu) == v) == (v->loaded_on == cpu),
                   "d%u vCPU %u is loaded on CPU %d, CPU %u says %s", d->id.id, v->id,
                   (int)v->loaded_on, cpu, per_cpu(loaded, cpu) == v ? "here" : "not here");
    }
}

bool spec_vcpus_check(const struct spec_world *w)
{
    for (u32 i = 0; i < w->nr; i++) {
        const struct domain *d = w->domain[i];
        spec_check(d->pauses >= (u32)(d->paused_by_tools != 0) + d->shut_down,
                   "d%u is paused %u times, by the tools %u, shut down %u", d->id.id, d->pauses,
                   d->paused_by_tools, d->shut_down);
        for (u32 n = 0; n < d->max_vcpus; n++) {
            if (d->vcpu[n] != NULL) {
                check_vcpu(d, d->vcpu[n]);
            }
        }
    }
    return true;
}
