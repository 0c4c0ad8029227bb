/* SPDX-License-Identifier: MIT */
/* What the firmware knows of speculation on this machine's CPUs. */
#include "base/bits.h"
#include "base/panic.h"
#include "fw/firmware.h"

#define UNASKED       2
#define NOT_SUPPORTED (-1)

static const u32 functions[] = {SMCCC_WORKAROUND_1, SMCCC_WORKAROUND_2, SMCCC_WORKAROUND_3};
static s32 worst[] = {UNASKED, UNASKED, UNASKED}; /* CPUs come up one at a time */

static u32 index_of(u32 function)
{
    for (u32 i = 0; i < ARRAY_LEN(functions); i++) {
        if (functions[i] == function) {
            return i;
        }
    }
    panic("no workaround has the number %#x", function);
}

bool firmware_has_smccc(void)
{
    return firmware.psci_version >= 0x10000;
}

s32 firmware_ask_workaround(u32 function)
{
    u64 out[4] = {(u64)NOT_SUPPORTED};
    if (firmware_has_smccc()) {
        smccc_call((const u64[8]){SMCCC_ARCH_FEATURES, function}, out);
    }
    s32 answer = (s32)out[0];
    s32 *known = &worst[index_of(function)];
    *known = *known == 0 || answer == 0 ? 0 : MIN(*known, answer);
    return answer;
}

s32 firmware_workaround(u32 function)
{
    s32 answer = worst[index_of(function)];
    return answer == UNASKED ? NOT_SUPPORTED : answer;
}
