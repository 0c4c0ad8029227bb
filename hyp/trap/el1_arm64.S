// SPDX-License-Identifier: MIT
// EL1's registers that are saved and restored alike, by pairs: the beginning of struct el1_regs (cpu/context.h).
#include "cpu/asm_arm64.h"

.macro el1_registers pair
    \pair sctlr_el1, cpacr_el1, 0
    \pair ttbr0_el1, ttbr1_el1, 16
    \pair mair_el1, amair_el1, 32
    \pair vbar_el1, contextidr_el1, 48
    \pair csselr_el1, esr_el1, 64
    \pair afsr0_el1, afsr1_el1, 80
    \pair far_el1, par_el1, 96
    \pair elr_el1, spsr_el1, 112
    \pair sp_el1, tpidr_el0, 128
    \pair tpidrro_el0, tpidr_el1, 144
    \pair cntkctl_el1, hcr_el2, 160
.endm

.macro save_pair a, b, at
    mrs x1, \a
    mrs x2, \b
    stp x1, x2, [x0, #\at]
.endm

.macro restore_pair a, b, at
    ldp x1, x2, [x0, #\at]
    msr \a, x1
    msr \b, x2
.endm

// void el1_save(struct el1_regs *)
FUNCTION(el1_save)
    el1_registers save_pair
    ret
END(el1_save)

// void el1_restore(const struct el1_regs *)
FUNCTION(el1_restore)
    el1_registers restore_pair
    ret
END(el1_restore)
