/* SPDX-License-Identifier: MIT */
/*
 * Trapped coprocessor instructions of AArch32 (Arm ARM G7): MCR, MRC and their 64-bit forms to CP15
 * and CP14, and VMRS of the ID registers. The same decisions as sysreg_arm64.c for the same
 * registers.
 */
#include "base/bits.h"
#include "cpu/speculation.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "log/log.h"
#include "trap/trap_arm64.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

/* ISS of MCR and MRC */
#define OPC2(esr)    (u32) FIELD(esr, 19, 17)
#define OPC1(esr)    (u32) FIELD(esr, 16, 14)
#define CRN(esr)     (u32) FIELD(esr, 13, 10)
#define RT(esr)      (u32) FIELD(esr, 9, 5)
#define CRM(esr)     (u32) FIELD(esr, 4, 1)
#define IS_READ(esr) ((esr)&1)
/* ISS of MCRR and MRRC */
#define OPC1_64(esr) (u32) FIELD(esr, 19, 16)
#define RT2_64(esr)  (u32) FIELD(esr, 14, 10)

#define CP15(opc1, crn, crm, opc2) ((opc1) << 12 | (crn) << 8 | (crm) << 4 | (opc2))
#define VMRS_MVFR2                 5u
#define VMRS_MVFR1                 6u
#define VMRS_MVFR0                 7u

static void refuse(struct vcpu *v, u64 esr)
{
    log_guest(LOG_DEBUG, v->domain->id,
              "vcpu %u: coprocessor access, syndrome %llx, at %llx is UNDEFINED here", v->id, esr,
              v->regs.pc);
    trap_inject_undefined(v);
}

static bool skipped(struct vcpu *v, u64 esr)
{
    if (trap_condition_holds(v, esr)) {
        return false;
    }
    trap_skip(v, esr);
    return true;
}

static void finish(struct vcpu *v, u64 esr, u64 value)
{
    if (IS_READ(esr)) {
        trap_write_x(v, RT(esr), (u32)value);
    }
    trap_skip(v, esr);
}

static void timer(struct vcpu *v, u64 esr, u32 reg)
{
    u64 value = 0;
    if (IS_READ(esr)) {
        value = vtimer_physical_read(v, reg);
    } else {
        value = (u32)trap_read_x(v, RT(esr));
        /* TVAL is signed */
        vtimer_physical_write(v, reg, reg == 2 ? (u64)(s64)(s32)value : value);
    }
    finish(v, esr, value);
}

static bool reads_as_zero(u32 opc1, u32 crn, u32 crm, u32 opc2)
{
    bool pmu = opc1 == 0 && ((crn == 9 && crm >= 12 && crm <= 14) || (crn == 14 && crm >= 8));
    bool actlr = opc1 == 0 && crn == 1 && crm == 0 && (opc2 == 1 || opc2 == 3);
    bool identity =
        (opc1 == 0 && crn == 0 && crm == 0 && opc2 == 6) ||              /* REVIDR */
        (opc1 == 1 && crn == 0 && crm == 0 && opc2 == 7) ||              /* AIDR */
        (opc1 == 0 && crn == 0 && crm == 0 && (opc2 == 2 || opc2 == 3)); /* TCMTR, TLBTR */
    return pmu || actlr || identity;
}

void trap_cp15_32(struct vcpu *v, u64 esr)
{
    if (skipped(v, esr)) {
        return;
    }
    u32 opc1 = OPC1(esr);
    u32 crn = CRN(esr);
    u32 crm = CRM(esr);
    u32 opc2 = OPC2(esr);
    u64 value = (u32)trap_read_x(v, RT(esr));
    if (opc1 == 0 && crn == 0 && crm >= 1 && crm <= 7 && IS_READ(esr)) {
        finish(v, esr, crm <= 3 ? idregs[index_clamp(crm, 4)][opc2] : 0);
        return;
    }
    switch (CP15(opc1, crn, crm, opc2)) {
    case CP15(0, 14, 2, 0):
        timer(v, esr, 2);
        return;
    case CP15(0, 14, 2, 1):
        timer(v, esr, 0);
        return;
    case CP15(0, 7, 6, 2):  /* DCISW */
    case CP15(0, 7, 10, 2): /* DCCSW */
    case CP15(0, 7, 14, 2): /* DCCISW */
        if (trap_set_way(v)) {
            trap_skip(v, esr);
        }
        return;
    case CP15(0, 12, 12, 5): /* ICC_SRE */
        if (gic->version == 3) {
            finish(v, esr, 7);
            return;
        }
        break;
    default:
        if (reads_as_zero(opc1, crn, crm, opc2) && !trap_from_el0(v)) {
            finish(v, esr, 0);
            return;
        }
        if (opc1 == 0 && !IS_READ(esr) && trap_memory_control(v, crn, crm, opc2, value, true)) {
            trap_skip(v, esr);
            return;
        }
    }
    refuse(v, esr);
}

static void write_ttbr(u64 value, u32 which)
{
    if (which == 0) {
        write_sysreg(value, ttbr0_el1);
    } else {
        write_sysreg(value, ttbr1_el1);
    }
}

void trap_cp15_64(struct vcpu *v, u64 esr)
{
    if (skipped(v, esr)) {
        return;
    }
    u32 opc1 = OPC1_64(esr);
    u32 crm = CRM(esr);
    u64 value = (u32)trap_read_x(v, RT(esr)) | trap_read_x(v, RT2_64(esr)) << 32;
    bool read = IS_READ(esr);
    if (crm == 14 && opc1 == 2) { /* CNTP_CVAL */
        if (read) {
            value = vtimer_physical_read(v, 1);
            trap_write_x(v, RT(esr), (u32)value);
            trap_write_x(v, RT2_64(esr), value >> 32);
        } else {
            vtimer_physical_write(v, 1, value);
        }
    } else if (crm == 2 && opc1 <= 1 && !read) { /* TTBR0, TTBR1, trapped by HCR_TVM */
        write_ttbr(value, opc1);
    } else if (crm == 12 && opc1 == 0 && !read && gic->version == 3) { /* ICC_SGI1R */
        vgic_sgi1r_write(v, value);
    } else if (!(crm == 12 && opc1 <= 2 && !read &&
                 gic->version == 3)) { /* ICC_ASGI1R, ICC_SGI0R: nothing */
        refuse(v, esr);
        return;
    }
    trap_skip(v, esr);
}

/* Debug registers: not switched, so not given. LDC and STC to them are UNDEFINED. */
void trap_cp14(struct vcpu *v, u64 esr)
{
    if (skipped(v, esr)) {
        return;
    }
    if (ESR_EC(esr) != EC_CP14_32 || OPC1(esr) != 0 || trap_from_el0(v)) {
        refuse(v, esr);
        return;
    }
    /* DBGOSLSR: the lock exists and is never locked; DBGDIDR: version 8.0, two of each */
    u64 value = 0;
    if (CRN(esr) == 1 && CRM(esr) == 1 && OPC2(esr) == 4) {
        value = BIT(3);
    } else if (CRN(esr) == 0 && CRM(esr) == 0 && OPC2(esr) == 0) {
        value = BIT(28) | BIT(24) | BIT(20) | 6u << 16;
    }
    finish(v, esr, value);
}

void trap_cp10(struct vcpu *v, u64 esr)
{
    if (skipped(v, esr)) {
        return;
    }
    switch (CRN(esr)) {
    case VMRS_MVFR0:
        finish(v, esr, idregs[3][0]);
        break;
    case VMRS_MVFR1:
        finish(v, esr, idregs[3][1]);
        break;
    case VMRS_MVFR2:
        finish(v, esr, idregs[3][2]);
        break;
    default:
        refuse(v, esr);
    }
}
