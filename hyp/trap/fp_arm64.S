// SPDX-License-Identifier: MIT
// struct fp_regs (cpu/context.h): q0..q31, then FPSR and FPCR. The caller has CPTR_EL2.TFP clear.
#include "cpu/asm_arm64.h"

.arch_extension fp
.arch_extension simd

#define AT_STATUS 512

.macro each_pair op
    \op q0, q1, [x0, #0]
    \op q2, q3, [x0, #32]
    \op q4, q5, [x0, #64]
    \op q6, q7, [x0, #96]
    \op q8, q9, [x0, #128]
    \op q10, q11, [x0, #160]
    \op q12, q13, [x0, #192]
    \op q14, q15, [x0, #224]
    \op q16, q17, [x0, #256]
    \op q18, q19, [x0, #288]
    \op q20, q21, [x0, #320]
    \op q22, q23, [x0, #352]
    \op q24, q25, [x0, #384]
    \op q26, q27, [x0, #416]
    \op q28, q29, [x0, #448]
    \op q30, q31, [x0, #480]
.endm

// void fp_save(struct fp_regs *)
FUNCTION(fp_save)
    each_pair stp
    mrs x1, fpsr
    mrs x2, fpcr
    add x3, x0, #AT_STATUS
    stp w1, w2, [x3]
    ret
END(fp_save)

// void fp_restore(const struct fp_regs *)
FUNCTION(fp_restore)
    each_pair ldp
    add x3, x0, #AT_STATUS
    ldp w1, w2, [x3]
    msr fpsr, x1
    msr fpcr, x2
    ret
END(fp_restore)
