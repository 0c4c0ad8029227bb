/* SPDX-License-Identifier: MIT */
/*
 * The machine's part of the switch, in the place of trap/switch_arm64.c. The EL1 registers are a
 * record a CPU, so that state which is left behind is found by the guests, who look whether theirs
 * is still there.
 */
#include "test/fuzz/switch.h"

#include "trap/leave.h"

DEFINE_PER_CPU(struct el1_regs, machine_el1);

void vcpu_up_reset_el1(struct vcpu *v, bool aarch32)
{
    memset(&v->el1, 0, sizeof(v->el1));
    v->el1.vmpidr = vcpu_mpidr(v->id);
    (void)aarch32;
}

void switch_save(struct vcpu *v)
{
    v->el1 = this_cpu(machine_el1);
    memset(&this_cpu(machine_el1), 0xee, sizeof(struct el1_regs));
}

void switch_close(struct vcpu *v)
{
    (void)v;
}

void switch_restore(struct vcpu *v)
{
    v->domain->last_vcpu[cpu_current()] = (u16)(v->id + 1);
    this_cpu(machine_el1) = v->el1;
}

bool switch_has_serror(const struct vcpu *v)
{
    (void)v;
    return false;
}
