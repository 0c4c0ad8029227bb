// SPDX-License-Identifier: MIT
// Every class of instruction that a guest must not have: each ends in the exception that a machine
// without the feature gives (UNDEFINED, class 0), or is harmless. Nothing here may reach the host.
#include "guest.h"

const char guest_name[] = "forbidden";

// What may follow an instruction
enum { UNDEF = 1, QUIET = 2, BRK = 4 };

struct row {
    const char *name;
    void (*run)(void);
    unsigned allowed;
};

#define ROW(label, name, allowed, text)                                                           \
    static void run_##label(void)                                                                 \
    {                                                                                             \
        __asm__ volatile(text ::                                                                  \
                             : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", \
                               "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory", "cc");  \
    }
#define ROWS                                                                                       \
    ROW(hvc1, "hvc with a wrong immediate", UNDEF, "hvc #1")                                       \
    ROW(hvc2, "hvc 0xea2", UNDEF, "hvc #0xea2")                                                    \
    ROW(hvcffff, "hvc 0xffff", UNDEF, "hvc #0xffff")                                               \
    ROW(smc1, "smc 1", UNDEF, "smc #1")                                                            \
    ROW(smc0, "smc 0 with an unknown function", QUIET | UNDEF, "mov x0, #0xdead\n smc #0")         \
    ROW(hlt, "hlt", UNDEF, "hlt #0xf000")                                                          \
    ROW(brk, "brk", BRK, "brk #1")                                                                 \
    ROW(udf, "udf", UNDEF, ".inst 0")                                                              \
    ROW(dcps2, "dcps2", UNDEF, "dcps2")                                                            \
    ROW(drps, "drps", UNDEF, "drps")                                                               \
    ROW(hcr, "read of hcr_el2", UNDEF, "mrs x0, hcr_el2")                                          \
    ROW(hcr_write, "write of hcr_el2", UNDEF, "msr hcr_el2, xzr")                                  \
    ROW(vttbr, "write of vttbr_el2", UNDEF, "msr vttbr_el2, xzr")                                  \
    ROW(vbar2, "write of vbar_el2", UNDEF, "msr vbar_el2, xzr")                                    \
    ROW(sctlr2, "read of sctlr_el2", UNDEF, "mrs x0, sctlr_el2")                                   \
    ROW(cnthctl, "write of cnthctl_el2", UNDEF, "msr cnthctl_el2, xzr")                            \
    ROW(cnthp, "write of cnthp_ctl_el2", UNDEF, "msr cnthp_ctl_el2, xzr")                          \
    ROW(cntvoff, "write of cntvoff_el2", UNDEF, "msr cntvoff_el2, xzr")                            \
    ROW(sp1, "read of sp_el1 as a register", UNDEF, "mrs x0, sp_el1")                              \
    ROW(scr, "read of scr_el3", UNDEF, ".inst 0xd53e1100")                                         \
    ROW(ich_hcr, "write of ich_hcr_el2", UNDEF, "msr S3_4_C12_C11_0, xzr")                         \
    ROW(ich_lr, "write of ich_lr0_el2", UNDEF, "msr S3_4_C12_C12_0, xzr")                          \
    ROW(tlbi_alle2, "tlbi alle2", UNDEF, "tlbi alle2")                                             \
    ROW(tlbi_alle1, "tlbi alle1is", UNDEF, "tlbi alle1is")                                         \
    ROW(tlbi_vmalls12, "tlbi vmalls12e1is", UNDEF, "tlbi vmalls12e1is")                            \
    ROW(tlbi_ipas2, "tlbi ipas2e1is", UNDEF, "tlbi ipas2e1is, x0")                                 \
    ROW(at_s12, "at s12e1r", UNDEF, "mov x0, #0\n at s12e1r, x0")                                  \
    ROW(at_s1e2, "at s1e2r", UNDEF, "mov x0, #0\n at s1e2r, x0")                                   \
    ROW(actlr, "write of actlr_el1", QUIET | UNDEF, "msr actlr_el1, xzr")                          \
    ROW(imp_read, "read of an implementation-defined register", UNDEF, "mrs x0, S3_0_C15_C3_7")    \
    /* CPUECTLR_EL1: QEMU has it for these CPUs and knows no HCR_EL2.TIDCP */                      \
    ROW(imp_write, "write of an implementation-defined register", UNDEF | QUIET,                   \
        "msr S3_1_C15_C2_1, xzr")                                                                  \
    ROW(imp_sys, "an implementation-defined system instruction", UNDEF, "sys #1, c11, c5, #7, x0") \
    ROW(set_way, "dc cisw", QUIET, "dc cisw, xzr")                                                 \
    ROW(set_way_inv, "dc isw", QUIET, "dc isw, xzr")                                               \
    ROW(pmcr, "write of pmcr_el0", QUIET | UNDEF, "mov x0, #0x7f\n msr pmcr_el0, x0")              \
    ROW(pmccntr, "read of pmccntr_el0", QUIET | UNDEF, "mrs x0, pmccntr_el0")                      \
    ROW(pmevtyper, "write of pmevtyper0_el0", QUIET | UNDEF, "msr pmevtyper0_el0, xzr")            \
    ROW(mdscr, "write of mdscr_el1", QUIET | UNDEF, "mov x0, #0x8000\n msr mdscr_el1, x0")         \
    ROW(dbgbvr, "write of dbgbvr0_el1", QUIET | UNDEF, "msr dbgbvr0_el1, xzr")                     \
    ROW(dbgwcr, "write of dbgwcr0_el1", QUIET | UNDEF, "mov x0, #-1\n msr dbgwcr0_el1, x0")        \
    ROW(oslar, "write of oslar_el1", QUIET | UNDEF, "mov x0, #1\n msr oslar_el1, x0")              \
    ROW(osdlr, "write of osdlr_el1", QUIET | UNDEF, "mov x0, #1\n msr osdlr_el1, x0")              \
    ROW(mdrar, "read of mdrar_el1", QUIET | UNDEF, "mrs x0, mdrar_el1")                            \
    ROW(lorc, "write of lorc_el1", QUIET | UNDEF, "msr S3_0_C10_C4_3, xzr")                        \
    ROW(cntp_ctl, "the physical timer's control", QUIET | UNDEF,                                   \
        "mov x0, #2\n msr cntp_ctl_el0, x0")                                                       \
    ROW(cntp_cval, "the physical timer's compare value", QUIET | UNDEF,                            \
        "mov x0, #-1\n msr cntp_cval_el0, x0")                                                     \
    ROW(cntps, "the secure timer", UNDEF, "mrs x0, S3_7_C14_C2_1")                                 \
    ROW(cntfrq, "write of cntfrq_el0", UNDEF, "mov x0, #1\n msr cntfrq_el0, x0")                   \
    ROW(midr, "read of midr_el1", QUIET, "mrs x0, midr_el1")                                       \
    ROW(id_write, "write of an ID register", UNDEF, ".inst 0xd5180400")                            \
    ROW(id_pfr0, "read of id_aa64pfr0_el1", QUIET, "mrs x0, id_aa64pfr0_el1")                      \
    ROW(id_reserved, "read of a reserved ID register", QUIET, "mrs x0, S3_0_C0_C7_7")              \
    ROW(id_aa32, "read of id_isar5_el1", QUIET, "mrs x0, id_isar5_el1")                            \
    ROW(ccsidr, "read of ccsidr_el1 with a wild csselr_el1", QUIET,                                \
        "mov x0, #0xf\n msr csselr_el1, x0\n isb\n mrs x0, ccsidr_el1")                            \
    ROW(sve, "an SVE instruction", UNDEF, ".inst 0x04bf5020")                                      \
    ROW(zcr, "write of zcr_el1", UNDEF, "msr S3_0_C1_C2_0, xzr")                                   \
    ROW(sme, "smstart", UNDEF, ".inst 0xd503477f")                                                 \
    ROW(mte, "read of gcr_el1", UNDEF, "mrs x0, S3_0_C1_C0_6")                                     \
    ROW(mte_tag, "stg", UNDEF | QUIET, ".inst 0xd9200bff")                                         \
    ROW(pauth_key, "write of apiakeylo_el1", UNDEF | QUIET, "msr S3_0_C2_C1_0, xzr")               \
    ROW(rndr, "read of rndr", UNDEF | QUIET, "mrs x0, S3_3_C2_C4_0")                               \
    ROW(trace, "read of trcoslsr", UNDEF | QUIET, "mrs x0, S2_1_C1_C1_4")                          \
    ROW(brbe, "write of a branch record register", UNDEF, "msr S2_1_C9_C0_0, xzr")                 \
    ROW(mpam, "write of mpam1_el1", UNDEF, "msr S3_0_C10_C5_0, xzr")                               \
    ROW(ras, "write of errselr_el1", UNDEF | QUIET, "msr S3_0_C5_C3_1, xzr")                       \
    ROW(ras_disr, "esb", QUIET, "hint #16")                                                        \
    ROW(spe, "write of pmscr_el1", UNDEF, "msr S3_0_C9_C9_0, xzr")                                 \
    ROW(wfet, "wfe", QUIET, "sevl\n wfe")                                                          \
    ROW(dgh, "a hint nobody knows", QUIET, "hint #127")                                            \
    ROW(reserved_sys, "a reserved system instruction", UNDEF, "sys #7, c9, c9, #7, x0")            \
    ROW(reserved_op0, "a reserved system register", UNDEF, "mrs x0, S3_7_C9_C9_7")

ROWS

#undef ROW
#define ROW(label, name, allowed, text) {name, run_##label, allowed},
    static const struct row rows[] = {ROWS};

void guest_main(void)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        trap_arm();
        rows[i].run();
        unsigned class = trap_class();
        unsigned got = class == EC_UNKNOWN ? UNDEF
                       : class == EC_NONE  ? QUIET
                       : class == EC_BRK   ? BRK
                                           : 0;
        expect(got & rows[i].allowed, rows[i].name, class);
    }
    // An unknown SMCCC function answers NOT_SUPPORTED, by either conduit's rules
    expect(smccc(0x8400ffff, 0, 0, 0) == ~0UL || (uint32_t)smccc(0x8400ffff, 0, 0, 0) == ~0U,
           "unknown PSCI function", smccc(0x8400ffff, 0, 0, 0));
    expect((uint32_t)smccc(0xc4000003, 77, 0x40000000, 0) == (uint32_t)-2,
           "CPU_ON of a CPU that is not there", smccc(0xc4000003, 77, 0x40000000, 0));
    expect((uint32_t)smccc(0xc4000003, 0, 0x40000000, 0) == (uint32_t)-4,
           "CPU_ON of the running CPU", smccc(0xc4000003, 0, 0x40000000, 0));
}
