/* SPDX-License-Identifier: MIT */
/*
 * What a CPU traps and where it comes in. Registers that only some CPUs have are touched only where
 * the ID registers name them.
 */
#include "base/bits.h"
#include "base/panic.h"
#include "cpu/errata.h"
#include "cpu/serror.h"
#include "fw/firmware.h"
#include "log/log.h"
#include "trap/trap.h"
#include "trap/trap_arm64.h"

#define ID_AA64PFR0_MPAM   40
#define ID_AA64DFR0_PMUVER 8
#define ID_AA64MMFR0_FGT   56
#define ID_AA64MMFR1_HCX   40
#define HFGITR_EL2         S3_4_C1_C1_6
#define HDFGRTR_EL2        S3_4_C3_C1_4
#define HDFGWTR_EL2        S3_4_C3_C1_5
#define HAFGRTR_EL2        S3_4_C3_C1_6
#define MPAM2_EL2          S3_4_C10_C5_0
#define MPAM2_TRAP_ALL     (3UL << 48)

DEFINE_PER_CPU(u64, trap_stack);

/* Debug registers, performance monitors, profiling and trace: none is switched, so none is given.
 * Software breakpoints (BRK) and their kin go to the guest's own EL1: TDE is clear. */
static void init_debug(void)
{
    u64 version = ID_FIELD(read_sysreg(id_aa64dfr0_el1), ID_AA64DFR0_PMUVER);
    u64 counters = version != 0 && version != 0xf ? FIELD(read_sysreg(pmcr_el0), 15, 11) : 0;
    write_sysreg(MDCR_HPMN(counters) | MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA |
                     MDCR_TPMS | MDCR_TTRF,
                 mdcr_el2);
    write_sysreg(0, mdscr_el1);
}

/* Traps of younger architectures: at zero each positive one is off and each negative one ("n...")
 * on. */
static void init_extensions(void)
{
    if (ID_FIELD(read_sysreg(id_aa64mmfr1_el1), ID_AA64MMFR1_HCX)) {
        write_sysreg(0, HCRX_EL2);
    }
    if (ID_FIELD(read_sysreg(id_aa64mmfr0_el1), ID_AA64MMFR0_FGT)) {
        write_sysreg(0, HFGRTR_EL2);
        write_sysreg(0, HFGWTR_EL2);
        write_sysreg(0, HFGITR_EL2);
        write_sysreg(0, HDFGRTR_EL2);
        write_sysreg(0, HDFGWTR_EL2);
    }
    if (ID_FIELD(read_sysreg(id_aa64pfr0_el1), ID_AA64PFR0_MPAM)) {
        write_sysreg(MPAM2_TRAP_ALL, MPAM2_EL2);
    }
}

/* The syndrome of every virtual SError: implementation defined, nothing in it. Never switched, as
 * one that a vCPU has not taken yet moves with it to another CPU. */
static void init_serror(void)
{
    if (ID_FIELD(read_sysreg(id_aa64pfr0_el1), ID_AA64PFR0_RAS)) {
        write_sysreg(SERROR_IDS, VSESR_EL2);
    }
}

/* A guest's stores must not be passed by loads that another's code speculates (CVE-2018-3639). The
 * firmware's switch is the CPU's, not the guest's: it is on and stays on (vpsci/ tells guests so).
 */
static void init_store_bypass(void)
{
    if (firmware_ask_workaround(SMCCC_WORKAROUND_2) == 0) {
        u64 out[4];
        smccc_call((const u64[8]){SMCCC_WORKAROUND_2, 1}, out);
    }
}

extern char trap_vectors_loop8[], trap_vectors_loop11[], trap_vectors_loop24[],
    trap_vectors_loop32[], trap_vectors_loop38[], trap_vectors_loop132[], trap_vectors_clear[],
    trap_vectors_firmware_1[], trap_vectors_firmware_3[];

static const struct {
    u32 rounds;
    char *vectors;
} loops[] = {
    {8, trap_vectors_loop8},   {11, trap_vectors_loop11}, {24, trap_vectors_loop24},
    {32, trap_vectors_loop32}, {38, trap_vectors_loop38}, {132, trap_vectors_loop132},
};

static char *vectors_with_loop(u32 rounds)
{
    for (u32 i = 0; i < ARRAY_LEN(loops); i++) {
        if (loops[i].rounds >= rounds) {
            return loops[i].vectors;
        }
    }
    panic("no vectors for a loop of %u branches", rounds);
}

/* The cheapest vectors that do at least what this CPU needs. */
static char *vectors_for_this_cpu(void)
{
    const struct branch_errata e =
        errata_branches(read_sysreg(midr_el1), read_sysreg(id_aa64pfr0_el1),
                        read_sysreg(id_aa64mmfr1_el1), read_sysreg(ID_AA64ISAR2_EL1));
    switch (errata_choose(&e, firmware_ask_workaround(SMCCC_WORKAROUND_1),
                          firmware_ask_workaround(SMCCC_WORKAROUND_3))) {
    case MITIGATION_LOOP:
        return vectors_with_loop(e.rounds);
    case MITIGATION_CLEAR:
        return trap_vectors_clear;
    case MITIGATION_FIRMWARE_1:
        return trap_vectors_firmware_1;
    case MITIGATION_FIRMWARE_3:
        return trap_vectors_firmware_3;
    case MITIGATION_MISSING:
        log_warn("cpu %u: the firmware lacks SMCCC_ARCH_WORKAROUND_3, which this model needs",
                 cpu_current());
        return trap_vectors;
    default:
        return trap_vectors;
    }
}

void trap_init_cpu(void)
{
    check(this_cpu(trap_stack) != 0 && is_aligned(this_cpu(trap_stack), 16));
    write_sysreg((u64)vectors_for_this_cpu(), vbar_el2);
    write_sysreg(TRAP_HCR | HCR_RW, hcr_el2);
    write_sysreg(HSTR_T(15), hstr_el2); /* implementation defined CP15 of AArch32, as HCR_TIDCP */
    write_sysreg(CNTHCTL_EL1PCTEN, cnthctl_el2);
    init_debug();
    init_extensions();
    init_serror();
    init_store_bypass();
    idregs_init_cpu();
    switch_init_cpu();
    barrier_context();
}
