/* SPDX-License-Identifier: MIT */
/*
 * Why a guest came: a row for each exception class of ESR_EL2 (Arm ARM D19.2.39). What has no row
 * is not for us, or of a feature that guests don't have: it becomes UNDEFINED, so that nothing a
 * guest executes ends anywhere else.
 */
#include "abi/arm.h"
#include "base/panic.h"
#include "call/call.h"
#include "cpu/serror.h"
#include "dom/domain.h"
#include "log/log.h"
#include "trap/trap_arm64.h"
#include "vpsci/vpsci.h"

#define ISS_CONDITION_VALID  (1u << 24)
#define ISS_TI               3u /* WFx: which */
#define TI_WFI               0u
#define PSTATE_IT_LOW_SHIFT  25 /* IT[1:0] */
#define PSTATE_IT_HIGH_SHIFT 10 /* IT[7:2] */

/* ---- AArch32's conditions and instruction lengths ---- */

static u32 it_state(u64 pstate)
{
    return (u32)(FIELD(pstate, 26, PSTATE_IT_LOW_SHIFT) | FIELD(pstate, 15, PSTATE_IT_HIGH_SHIFT)
                                                              << 2);
}

/* Arm ARM F5.1.89: ITAdvance. */
void trap_it_advance(struct vcpu *v)
{
    u64 pstate = v->regs.pstate;
    u32 it = it_state(pstate);
    if (it == 0) {
        return;
    }
    it = (it & 7) == 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
    pstate &= ~(BITS(26, PSTATE_IT_LOW_SHIFT) | BITS(15, PSTATE_IT_HIGH_SHIFT));
    v->regs.pstate =
        pstate | (u64)(it & 3) << PSTATE_IT_LOW_SHIFT | (u64)(it >> 2) << PSTATE_IT_HIGH_SHIFT;
}

bool trap_condition32(const struct vcpu *v, u64 esr)
{
    u64 pstate = v->regs.pstate;
    u32 condition;
    if (esr & ISS_CONDITION_VALID) {
        condition = (u32)FIELD(esr, 23, 20);
    } else {
        u32 it = it_state(pstate);
        condition = it ? it >> 4 : 14;
    }
    bool n = pstate & BIT(31), z = pstate & BIT(30), c = pstate & BIT(29), o = pstate & BIT(28);
    bool holds[8] = {z, c, n, o, c && !z, n == o, n == o && !z, true};
    bool result = holds[condition >> 1];
    return condition & 1 && condition != 15 ? !result : result;
}

/* ---- the rows ---- */

static void undefined(struct vcpu *v, u64 esr)
{
    log_guest(LOG_DEBUG, v->domain->id, "vcpu %u: exception class %02llx at %llx is UNDEFINED here",
              v->id, ESR_EC(esr), v->regs.pc);
    trap_inject_undefined(v);
}

static void wfx(struct vcpu *v, u64 esr)
{
    bool holds = trap_condition_holds(v, esr);
    trap_skip(v, esr);
    if (!holds) {
        return;
    }
    if ((esr & ISS_TI) == TI_WFI) {
        vcpu_block(v);
    } else {
        sched_yield_unit(&v->unit);
    }
}

/* Of AArch64 the everyday ones do not come here: entry_arm64.S. */
static void hvc(struct vcpu *v, u64 esr)
{
    switch (esr & 0xffff) {
    case XEN_HYPERCALL_TAG:
        call_dispatch_32bit(v);
        break;
    case 0:
        vpsci_call(v);
        break;
    default:
        v->regs.pc -= 4; /* ELR is behind an HVC; UNDEFINED is reported at it */
        undefined(v, esr);
    }
}

static void smc(struct vcpu *v, u64 esr)
{
    bool is64 = ESR_EC(esr) == EC_SMC64;
    if (!trap_condition_holds(v, esr)) {
        trap_skip(v, esr);
        return;
    }
    if (is64 && (esr & 0xffff) != 0) {
        undefined(v, esr);
        return;
    }
    trap_skip(v, esr);
    vpsci_call(v);
}

/*
 * An SError that came while a guest ran: its own access, or a device's that it drove. What it lost
 * is handed on as a virtual one, and the host goes on; where nothing was lost, all do. (One that
 * EL2 caused is pending until the next eret, and lands here, too: SErrors are masked at EL2.)
 */
static void serror(struct vcpu *v, u64 esr)
{
    switch (serror_reach(ESR_ISS(esr))) {
    case SERROR_REACH_NONE:
        log_guest(LOG_WARN, v->domain->id, "vcpu %u: SError, syndrome %llx, nothing is lost", v->id,
                  esr);
        break;
    case SERROR_REACH_GUEST:
        log_guest(LOG_ERROR, v->domain->id, "vcpu %u: SError, syndrome %llx, at %llx", v->id, esr,
                  v->regs.pc);
        trap_inject_serror(v);
        break;
    case SERROR_REACH_MACHINE:
        panic("uncontainable SError, syndrome %llx, while d%u ran", esr, v->domain->id.id);
    }
}

typedef void exit_fn(struct vcpu *v, u64 esr);
static exit_fn *const exits[64] = {
    [EC_WFX] = wfx,
    [EC_CP15_32] = trap_cp15_32,
    [EC_CP15_64] = trap_cp15_64,
    [EC_CP14_32] = trap_cp14,
    [EC_CP14_LDC] = trap_cp14,
    [EC_FP] = trap_fp,
    [EC_CP10] = trap_cp10,
    [EC_CP14_64] = trap_cp14,
    [EC_HVC32] = hvc,
    [EC_SMC32] = smc,
    [EC_HVC64] = hvc,
    [EC_SMC64] = smc,
    [EC_SYSREG] = trap_sysreg,
    [EC_IABT_LOW] = trap_instruction_abort,
    [EC_DABT_LOW] = trap_data_abort,
    [EC_SERROR] = serror,
};

void trap_sync(struct vcpu *v, u64 esr)
{
    exit_fn *fn = exits[ESR_EC(esr)];
    if (fn) {
        fn(v, esr);
    } else {
        undefined(v, esr);
    }
}
