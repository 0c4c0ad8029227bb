/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "vpsci/vpsci.h"

s64 vpsci_frameless(u64 function)
{
    return (u32)function == PSCI_VERSION ? PSCI_VERSION_1_1 : E_RESTART;
}
