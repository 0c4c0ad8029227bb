/* SPDX-License-Identifier: MIT */
/* PSCI of the machine, Arm DEN0022. At EL2 only the SMC conduit leads anywhere. */
#include "base/panic.h"
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "log/log.h"

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)

static s32 call(u32 function, u64 a, u64 b, u64 c)
{
    const u64 in[8] = {function, a, b, c};
    u64 out[4];
    smccc_call(in, out);
    return (s32)out[0];
}

enum err psci_init(void)
{
    if (firmware.psci_version == 0) {
        log_warn("psci: none in the device tree: one CPU, no power off");
        return E_NODEV;
    }
    if (!firmware.psci_smc) {
        log_warn("psci: its conduit is hvc, which EL2 can't use: one CPU, no power off");
        firmware.psci_version = 0;
        return E_NODEV;
    }
    if (firmware.psci_version >= 0x2) { /* 0.2 and later can tell */
        s32 version = call(PSCI_VERSION, 0, 0, 0);
        if (version > 0) {
            firmware.psci_version = (u32)version;
        }
    }
    return OK;
}

enum err psci_cpu_on(u64 mpidr, maddr_t entry, u64 context)
{
    if (firmware.psci_version == 0) {
        return E_NODEV;
    }
    u32 id = firmware.psci_cpu_on_id != 0 ? firmware.psci_cpu_on_id : PSCI_CPU_ON;
    switch (call(id, mpidr, entry.m, context)) {
    case PSCI_SUCCESS:
        return OK;
    case PSCI_INVALID_PARAMETERS:
        return E_INVAL;
    case PSCI_DENIED:
        return E_PERM;
    case PSCI_ALREADY_ON:
        return E_EXIST;
    default:
        return E_IO;
    }
}

static __noreturn void end(u32 function, const char *what)
{
    if (firmware.psci_version >= 0x2) {
        call(function, 0, 0, 0);
    }
    log_error("the firmware can't %s: halted", what);
    for (;;) {
        cpu_wait();
    }
}

void psci_system_off(void)
{
    end(PSCI_SYSTEM_OFF, "switch off");
}

void psci_system_reset(void)
{
    end(PSCI_SYSTEM_RESET, "reset");
}
