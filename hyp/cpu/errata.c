/* SPDX-License-Identifier: MIT */
/*
 * Branch history injection (CVE-2022-23960) by CPU model, after Arm's white paper "Spectre-BHB":
 * how many taken branches push a guest's history out of each predictor. Models that are not listed
 * are not affected (Cortex-A35, A53, A55, A510), say themselves what they do about it, or are known
 * to the firmware only.
 */
#include "cpu/errata.h"

#include "cpu/regs_arm64.h"

#define MIDR_MODEL 0xff0ffff0u /* implementer, architecture, part; not variant and revision */
#define ARM(part)  (0x410f0000u | (part) << 4)

static const struct {
    u32 model;
    u8 rounds; /* 0: the firmware's call */
} models[] = {
    {ARM(0xd07u), 8},   /* Cortex-A57 */
    {ARM(0xd08u), 8},   /* Cortex-A72 */
    {ARM(0xd09u), 0},   /* Cortex-A73 */
    {ARM(0xd0au), 0},   /* Cortex-A75 */
    {ARM(0xd0bu), 24},  /* Cortex-A76 */
    {ARM(0xd0cu), 24},  /* Neoverse-N1 */
    {ARM(0xd0du), 24},  /* Cortex-A77 */
    {ARM(0xd0eu), 24},  /* Cortex-A76AE */
    {ARM(0xd40u), 32},  /* Neoverse-V1 */
    {ARM(0xd41u), 32},  /* Cortex-A78 */
    {ARM(0xd42u), 32},  /* Cortex-A78AE */
    {ARM(0xd44u), 32},  /* Cortex-X1 */
    {ARM(0xd47u), 32},  /* Cortex-A710 */
    {ARM(0xd48u), 32},  /* Cortex-X2 */
    {ARM(0xd49u), 32},  /* Neoverse-N2 */
    {ARM(0xd4bu), 32},  /* Cortex-A78C */
    {ARM(0xd4cu), 32},  /* Cortex-X1C */
    {ARM(0xd4du), 38},  /* Cortex-A715 */
    {ARM(0xd81u), 38},  /* Cortex-A720 */
    {ARM(0xd4eu), 132}, /* Cortex-X3 */
    {ARM(0xd4fu), 132}, /* Neoverse-V2 */
    {0xc00fac30u, 11},  /* Ampere-1 */
    {0x510f8040u, 24},  /* Kryo 4xx gold: a Cortex-A76 */
};

static void find_history(struct branch_errata *e, u32 model, u64 pfr0, u64 mmfr1, u64 isar2)
{
    /* CSV2 3: history is tagged by context. ECBHB: what EL1 trained is not used at EL2. */
    if (ID_FIELD(pfr0, ID_AA64PFR0_CSV2) >= 3 || ID_FIELD(mmfr1, ID_AA64MMFR1_ECBHB) != 0) {
        return;
    }
    if (ID_FIELD(isar2, ID_AA64ISAR2_CLRBHB) != 0) {
        e->history = BRANCH_HISTORY_CLEAR;
        return;
    }
    e->history = BRANCH_HISTORY_UNKNOWN;
    for (u32 i = 0; i < ARRAY_LEN(models); i++) {
        if (models[i].model == model) {
            e->rounds = models[i].rounds;
            e->history = e->rounds != 0 ? BRANCH_HISTORY_LOOP : BRANCH_HISTORY_FIRMWARE;
        }
    }
}

struct branch_errata errata_branches(u64 midr, u64 pfr0, u64 mmfr1, u64 isar2)
{
    /* CSV2 0: nothing is said about targets. Many such cores are not affected (the small ones), and
     * their firmware says so; no list of ours could be complete. */
    struct branch_errata e = {.targets = ID_FIELD(pfr0, ID_AA64PFR0_CSV2) == 0};
    find_history(&e, (u32)midr & MIDR_MODEL, pfr0, mmfr1, isar2);
    return e;
}

/* WORKAROUND_3 does what WORKAROUND_1 does, and the history (DEN0028E 7.8). WORKAROUND_1 on a core
 * with a loop throws all of the predictor away: no loop is needed beside it. */
enum mitigation errata_choose(const struct branch_errata *e, s32 answer_1, s32 answer_3)
{
    bool history = e->history == BRANCH_HISTORY_FIRMWARE || e->history == BRANCH_HISTORY_UNKNOWN;
    if ((e->targets || history) && answer_3 == 0) {
        return MITIGATION_FIRMWARE_3;
    }
    if (e->targets && answer_1 == 0) {
        return MITIGATION_FIRMWARE_1;
    }
    switch (e->history) {
    case BRANCH_HISTORY_LOOP:
        return MITIGATION_LOOP;
    case BRANCH_HISTORY_CLEAR:
        return MITIGATION_CLEAR;
    case BRANCH_HISTORY_FIRMWARE:
        return answer_3 < 0 ? MITIGATION_MISSING : MITIGATION_NONE;
    default:
        return MITIGATION_NONE;
    }
}
