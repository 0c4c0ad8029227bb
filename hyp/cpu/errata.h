/* SPDX-License-Identifier: MIT */
/*
 * What a CPU's model (MIDR_EL1) and features ask of us on entry from a guest, and what of it we and
 * the firmware can do. Pure functions of register values; trap/init_arm64.c reads them and asks.
 */
#ifndef CPU_ERRATA_H
#define CPU_ERRATA_H

#include "base/types.h"

/* What clears the branch history that a guest trained (CVE-2022-23960). */
enum branch_history {
    BRANCH_HISTORY_NONE,
    BRANCH_HISTORY_LOOP,     /* rounds taken branches: 8, 11, 24, 32, 38, 132 */
    BRANCH_HISTORY_CLEAR,    /* CLRBHB */
    BRANCH_HISTORY_FIRMWARE, /* SMCCC_ARCH_WORKAROUND_3 */
    BRANCH_HISTORY_UNKNOWN,  /* a model that we don't know: the same if the firmware says so */
};

struct branch_errata {
    /* The branch targets that a guest trained may steer us, too (CVE-2017-5715): the firmware
     * knows. */
    bool targets;
    enum branch_history history;
    u32 rounds; /* of a loop */
};

/* Values of MIDR_EL1, ID_AA64PFR0_EL1, ID_AA64MMFR1_EL1, ID_AA64ISAR2_EL1. */
struct branch_errata errata_branches(u64 midr, u64 pfr0, u64 mmfr1, u64 isar2);

/* What the vectors do (trap/entry_arm64.S holds a set of each kind). */
enum mitigation {
    MITIGATION_NONE,
    MITIGATION_LOOP,       /* branch_errata.rounds */
    MITIGATION_CLEAR,      /* CLRBHB */
    MITIGATION_FIRMWARE_1, /* SMCCC_ARCH_WORKAROUND_1 */
    MITIGATION_FIRMWARE_3, /* SMCCC_ARCH_WORKAROUND_3 */
    MITIGATION_MISSING,    /* only the firmware could, and it does not */
};
/* answer_1, answer_3: the firmware's to SMCCC_ARCH_FEATURES (DEN0028E 7.3) of the two workarounds
 * on this CPU: 0 call it, positive: not affected, negative: knows nothing of it. */
enum mitigation errata_choose(const struct branch_errata *e, s32 answer_1, s32 answer_3);

#endif
