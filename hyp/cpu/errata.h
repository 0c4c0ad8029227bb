/* SPDX-License-Identifier: MIT */
/* What this CPU's model (MIDR_EL1) and features ask of us. The table is errata_arm64.c's. */
#ifndef CPU_ERRATA_H
#define CPU_ERRATA_H

#include "base/types.h"

/* What clears the branch history that a guest trained, on entry (trap/entry_arm64.S holds vectors
 * of each kind). */
enum branch_history {
    BRANCH_HISTORY_NONE,
    BRANCH_HISTORY_LOOP,     /* *rounds taken branches: 8, 11, 24, 32 */
    BRANCH_HISTORY_CLEAR,    /* CLRBHB */
    BRANCH_HISTORY_FIRMWARE, /* SMCCC_ARCH_WORKAROUND_3 */
};
/* For this CPU. *rounds is set for a loop. */
enum branch_history errata_branch_history(u32 *rounds);

#endif
