/* SPDX-License-Identifier: MIT */
/* The fake machine's firmware: CPUs come on at once, and the end of the machine is the end of the
 * test. */
#include "base/panic.h"
#include "base/string.h"
#include "fw/firmware.h"

enum err psci_init(void)
{
    return OK;
}

enum err psci_cpu_on(u64 mpidr, maddr_t entry, u64 context)
{
    return OK;
}

void psci_system_off(void)
{
    panic("the machine is off");
}

void psci_system_reset(void)
{
    panic("the machine resets");
}

void smccc_call(const u64 in[8], u64 out[4])
{
    memset(out, 0xff, 4 * sizeof(*out)); /* NOT_SUPPORTED */
}
