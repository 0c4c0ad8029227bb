/* SPDX-License-Identifier: MIT */
/*
 * The ID registers that guests see: an allow-list. What is not named here reads as zero, that is,
 * as not there; a feature that a new core brings is hidden until somebody has said here that it is
 * safe or switched.
 *
 * Hidden on purpose: EL2, EL3, SVE, SME, MTE, pointer authentication, PMU, RAS, AMU, LOR, SPE,
 * TRBE, BRBE, MPAM, nested virtualization, extended virtual counters, LS64, WFxT, NMI, and what
 * HCRX_EL2 or fine-grained traps guard. Each is also trapped or off (init_arm64.c, regs: TRAP_HCR,
 * TRAP_CPTR), so that using it all the same is UNDEFINED.
 *
 * Across CPUs that differ, each field is the smallest: guests move.
 */
#include "base/bits.h"
#include "cpu/atomic.h"
#include "sync/spinlock.h"
#include "trap/trap_arm64.h"

/* A field of four bits is passed (as the host has it), or passed up to a limit. */
struct limit {
    u8 shift, most;
};
struct id_rule {
    u8 crm, op2;
    u64 pass;               /* whole fields */
    u64 fixed;              /* set whatever the host says */
    struct limit limits[2]; /* most 0: none */
};

#define F(n) (0xfULL << (n))

/* Encodings: op0 3, op1 0, CRn 0. Fields: Arm ARM D19.2. */
static const struct id_rule rules[] = {
    /* ID_PFR0: states, CSV2, DIT */
    {1, 0, F(0) | F(4) | F(8) | F(12) | F(16) | F(24), 0, {{16, 1}}},
    /* ID_PFR1: ProgMod, Security, GenTimer, GIC */
    {1, 1, F(0) | F(4) | F(16) | F(28), 0, {{28, 1}}},
    /* ID_DFR0: CopDbg */
    {1, 2, F(0), 0, {{0}}},
    /* ID_MMFR0..3 */
    {1, 4, 0xffffffff, 0, {{0}}},
    {1, 5, 0xffffffff, 0, {{0}}},
    {1, 6, 0xffffffff, 0, {{0}}},
    {1, 7, 0xffffffff, 0, {{0}}},
    /* ID_ISAR0..5 */
    {2, 0, 0xffffffff, 0, {{0}}},
    {2, 1, 0xffffffff, 0, {{0}}},
    {2, 2, 0xffffffff, 0, {{0}}},
    {2, 3, 0xffffffff, 0, {{0}}},
    {2, 4, 0xffffffff, 0, {{0}}},
    {2, 5, 0xffffffff, 0, {{0}}},
    /* ID_MMFR4: AC2, CnP, HPDS, LSM */
    {2, 6, F(4) | F(12) | F(16) | F(20), 0, {{0}}},
    /* ID_ISAR6 */
    {2, 7, 0xfffffff, 0, {{0}}},
    /* MVFR0..2 */
    {3, 0, 0xffffffff, 0, {{0}}},
    {3, 1, 0xffffffff, 0, {{0}}},
    {3, 2, 0xffffffff, 0, {{0}}},
    /* ID_PFR2: CSV3, SSBS */
    {3, 4, F(0) | F(4), 0, {{0}}},
    /* ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, GIC (v3 system registers), DIT, CSV2, CSV3 */
    {4, 0, F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60), 0, {{24, 1}, {56, 1}}},
    /* ID_AA64PFR1: BT, SSBS */
    {4, 1, F(0) | F(4), 0, {{0}}},
    /* ID_AA64DFR0: DebugVer (8.0), BRPs, WRPs, CTX_CMPs; the registers themselves read as zero */
    {5, 0, F(0) | F(12) | F(20) | F(28), 0, {{0, 6}}},
    /* ID_AA64ISAR0: all but TME */
    {6, 0, ~F(24) & ~0xfULL, 0, {{0}}},
    /* ID_AA64ISAR1: DPB, JSCVT, FCMA, LRCPC, FRINTTS, SB, SPECRES, BF16, DGH, I8MM */
    {6, 1, F(0) | F(12) | F(16) | F(20) | F(32) | F(36) | F(40) | F(44) | F(48) | F(52), 0, {{0}}},
    /* ID_AA64ISAR2: BC, CLRBHB */
    {6, 2, F(20) | F(28), 0, {{0}}},
    /* ID_AA64MMFR0: PARange (40 bits: stage 2 has no more), ASIDBits, BigEnd, BigEndEL0, granules,
       ExS */
    {7, 0, F(0) | F(4) | F(8) | F(16) | F(20) | F(24) | F(28) | F(44), 0, {{0, 2}}},
    /* ID_AA64MMFR1: HAFDBS, HPDS, PAN, ETS, ECBHB */
    {7, 1, F(0) | F(12) | F(20) | F(36) | F(60), 0, {{0}}},
    /* ID_AA64MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, TTL, BBM, E0PD */
    {7, 2, F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(48) | F(52) | F(60), 0, {{0}}},
};

u64 idregs[8][8];
static bool first_done;
static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ, "idregs");

static u64 host_read(u32 crm, u32 op2)
{
    switch (crm * 8 + op2) {
#define CASE(m, n)  \
    case m * 8 + n: \
        return read_sysreg(S3_0_C0_C##m##_##n);
#define ROW(m) \
    CASE(m, 0) CASE(m, 1) CASE(m, 2) CASE(m, 3) CASE(m, 4) CASE(m, 5) CASE(m, 6) CASE(m, 7)
        ROW(1)
        ROW(2)
        ROW(3)
        ROW(4)
        ROW(5)
        ROW(6)
        ROW(7)
#undef ROW
#undef CASE
    default:
        return 0;
    }
}

/* FP and AdvSIMD of ID_AA64PFR0 are signed: 0xf is "none". Nobody runs us without FP, so smallest
 * by value is right for all other fields, and for these two when both CPUs have it. */
static u64 smaller_fields(u64 a, u64 b)
{
    u64 result = 0;
    for (u32 shift = 0; shift < 64; shift += 4) {
        result |= MIN(a & F(shift), b & F(shift));
    }
    return result;
}

static u64 allowed(const struct id_rule *r)
{
    u64 value = host_read(r->crm, r->op2) & r->pass;
    for (u32 i = 0; i < ARRAY_LEN(r->limits); i++) {
        const struct limit *l = &r->limits[i];
        if (l->most != 0 && FIELD(value, l->shift + 3, l->shift) > l->most) {
            value = (value & ~F(l->shift)) | (u64)l->most << l->shift;
        }
    }
    return value | r->fixed;
}

void idregs_init_cpu(void)
{
    spin_lock(&lock);
    for (u32 i = 0; i < ARRAY_LEN(rules); i++) {
        const struct id_rule *r = &rules[i];
        u64 *value = &idregs[r->crm][r->op2];
        u64 mine = allowed(r);
        store_relaxed(value, first_done ? smaller_fields(*value, mine) : mine);
    }
    first_done = true;
    spin_unlock(&lock);
}
