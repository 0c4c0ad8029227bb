/* SPDX-License-Identifier: MIT */
/* The machine's PSCI (DEN0022F), called by SMC: at EL2 an HVC would come back to ourselves. */
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "log/log.h"

#define PSCI_VERSION      0x84000000u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_CPU_ON_64    0xc4000003u
#define PSCI_ALREADY_ON   (-4)

void smccc_call(const u64 in[8], u64 out[4])
{
    register u64 x0 __asm__("x0") = in[0];
    register u64 x1 __asm__("x1") = in[1];
    register u64 x2 __asm__("x2") = in[2];
    register u64 x3 __asm__("x3") = in[3];
    register u64 x4 __asm__("x4") = in[4];
    register u64 x5 __asm__("x5") = in[5];
    register u64 x6 __asm__("x6") = in[6];
    register u64 x7 __asm__("x7") = in[7];
    __asm__ volatile(
        "smc #0"
        : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
        :
        : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

static s32 psci_call(u64 function, u64 a, u64 b, u64 c)
{
    u64 out[4];
    smccc_call((const u64[8]){function, a, b, c}, out);
    return (s32)out[0];
}

enum err psci_init(void)
{
    if (firmware.psci_version == 0) {
        return E_NODEV;
    }
    if (!firmware.psci_smc) {
        log_warn(
            "psci: the firmware wants HVC, which is of no use at EL2; secondary CPUs stay off");
        firmware.psci_version = 0;
        return E_NODEV;
    }
    if (firmware.psci_version > 1) {
        firmware.psci_version = (u32)psci_call(PSCI_VERSION, 0, 0, 0);
    }
    log_info("psci: version %u.%u by SMC", firmware.psci_version >> 16,
             firmware.psci_version & 0xffff);
    return OK;
}

enum err psci_cpu_on(u64 mpidr, maddr_t entry, u64 context)
{
    if (firmware.psci_version == 0) {
        return E_NODEV;
    }
    s32 answer = psci_call(firmware.psci_cpu_on_id ? firmware.psci_cpu_on_id : PSCI_CPU_ON_64,
                           mpidr, entry.m, context);
    return answer == 0 ? OK : answer == PSCI_ALREADY_ON ? E_EXIST : E_IO;
}

static __noreturn void end(u32 function)
{
    if (firmware.psci_version != 0) {
        psci_call(function, 0, 0, 0);
    }
    cpu_halt();
}

void psci_system_off(void)
{
    end(PSCI_SYSTEM_OFF);
}

void psci_system_reset(void)
{
    end(PSCI_SYSTEM_RESET);
}
