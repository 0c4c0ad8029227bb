/* SPDX-License-Identifier: MIT */
/*
 * The registers of an Arm vCPU as EL2 keeps them. cpu_regs is written by trap/entry_arm64.S at each
 * entry (SP_EL2 points at it while the guest runs); el1_regs and fp_regs move only on a real
 * switch. Names and encodings: Arm ARM (DDI 0487) D13; AArch32 views of the same registers: D1.20.
 */
#ifndef CPU_CONTEXT_H
#define CPU_CONTEXT_H

#include "base/types.h"

/* Of a hypercall: x0 .. x4. */
struct call_args {
    u64 arg[5];
};

struct cpu_regs {
    union {
        u64 x[31];
        struct call_args args;
    };
    u64 sp_el0;   /* moves with the EL1 registers */
    u64 pc;       /* ELR_EL2 */
    u64 pstate;   /* SPSR_EL2 */
    u64 stack;    /* the hypervisor's on the CPU that has the vCPU loaded: top */
    u64 reserved; /* keeps the size a multiple of 16 */
};
_Static_assert(sizeof(struct cpu_regs) == 36 * 8, "entry_arm64.S knows these offsets");

struct el1_regs {
    /* In the order of trap/el1_arm64.S. A virtual SError in hcr may have been taken. */
    u64 sctlr, cpacr, ttbr0, ttbr1, mair, amair, vbar, contextidr, csselr, esr, afsr0, afsr1;
    u64 far, par, elr, spsr, sp_el1, tpidr_el0, tpidrro_el0, tpidr_el1, cntkctl, hcr;
    u64 tcr, vmpidr, vpidr;
    /* AArch32 only */
    u64 dacr32, ifsr32, fpexc32, spsr_abt, spsr_und, spsr_irq, spsr_fiq;
};

_Static_assert(offsetof(struct el1_regs, hcr) == 21 * 8);

struct fp_regs {
    u8 q[32][16];
    u32 fpsr, fpcr;
} __attribute__((aligned(16)));

/* Processor state bits used outside assembly (SPSR_EL2). */
#define PSTATE_EL1H    0x5u
#define PSTATE_DAIF    0x3c0u
#define PSTATE_AARCH32 0x10u
#define PSTATE_T32     0x20u
#define PSTATE_RESET32 0x400001d3u /* SVC, A I F masked; Z, which old 32-bit kernels need */

#endif
