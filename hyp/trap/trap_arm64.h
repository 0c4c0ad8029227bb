/* SPDX-License-Identifier: MIT */
/* Private to trap/: between the decoders, what they all need. */
#ifndef TRAP_TRAP_ARM64_H
#define TRAP_TRAP_ARM64_H

#include "cpu/regs_arm64.h"
#include "dom/vcpu.h"
#include "trap/leave.h"

struct domain;

/* What runs all the time: stage 2 on, interrupts and SErrors to EL2, and the traps that
 * exit_arm64.c decodes. */
#define TRAP_HCR                                                                           \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER |  \
     HCR_TWI | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TLOR | HCR_TERR | \
     HCR_TID1)
#define TRAP_CPTR (CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA | CPTR_TAM)

/* called by entry_arm64.S */
void trap_sync(struct vcpu *v, u64 esr);
__noreturn void trap_panic(const struct cpu_regs *r, u64 sp, u64 kind);
extern char trap_vectors[];

/* exit_arm64.c */
static inline bool trap_is_aarch32(const struct vcpu *v)
{
    return v->regs.pstate & PSTATE_AARCH32;
}
static inline bool trap_from_el0(const struct vcpu *v)
{
    return (v->regs.pstate & 0xf) == 0; /* EL0t, and usr of AArch32 */
}
/* AArch32: after an instruction of an IT block; does the trapped instruction's condition hold? */
void trap_it_advance(struct vcpu *v);
bool trap_condition32(const struct vcpu *v, u64 esr);
/* Past the instruction that trapped. */
static inline void trap_skip(struct vcpu *v, u64 esr)
{
    v->regs.pc += esr & ESR_IL ? 4 : 2;
    if (unlikely(trap_is_aarch32(v))) {
        trap_it_advance(v);
    }
}
static inline bool trap_condition_holds(const struct vcpu *v, u64 esr)
{
    return likely(!trap_is_aarch32(v)) || trap_condition32(v, esr);
}
/* A general register as an operand; 31 is zero. */
static inline u64 trap_read_x(const struct vcpu *v, u32 n)
{
    return n < 31 ? v->regs.x[n] : 0;
}
static inline void trap_write_x(struct vcpu *v, u32 n, u64 value)
{
    if (n < 31) {
        v->regs.x[n] = value;
    }
}

/* inject_arm64.c: v is current and loaded; its next instruction is in its own handler. */
void trap_inject_undefined(struct vcpu *v);
void trap_inject_data_abort(struct vcpu *v, u64 far, bool write);
void trap_inject_instruction_abort(struct vcpu *v, u64 far);
void trap_inject_serror(struct vcpu *v);

/* mmio_arm64.c */
void trap_data_abort(struct vcpu *v, u64 esr);
void trap_instruction_abort(struct vcpu *v, u64 esr);

/* sysreg_arm64.c, coprocessor_arm64.c */
void trap_sysreg(struct vcpu *v, u64 esr);
void trap_cp15_32(struct vcpu *v, u64 esr);
void trap_cp15_64(struct vcpu *v, u64 esr);
void trap_cp14(struct vcpu *v, u64 esr);
void trap_cp10(struct vcpu *v, u64 esr);

/* setway_arm64.c: a guest cleans its caches by set and way. False: not finished, execute the
 * instruction again. */
bool trap_set_way(struct vcpu *v);
/* A write to a virtual memory control register while they are trapped (HCR_TVM). */
bool trap_memory_control(struct vcpu *v, u32 crn, u32 crm, u32 op2, u64 value, bool aarch32);

/* idregs_arm64.c */
void idregs_init_cpu(void);
/* ID register op0 3, op1 0, CRn 0, CRm 1..7, op2 as every guest sees it; the rest reads as zero. */
extern u64 idregs[8][8]; /* by CRm and op2; a CPU that comes lowers fields */

/* switch_arm64.c */
void switch_init_cpu(void);
void trap_fp(struct vcpu *v, u64 esr);

#endif
