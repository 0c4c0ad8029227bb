/* SPDX-License-Identifier: MIT */
/*
 * Trapped MSR, MRS and SYS of AArch64. The ID registers go straight to their table; the rest is a
 * sorted table of encodings, searched by halves. What is in neither is UNDEFINED: of a feature that
 * guests don't have.
 */
#include "base/bits.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "log/log.h"
#include "trap/trap_arm64.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

/* ISS as the encoding of the instruction, without Rt and direction: op0 op2 op1 CRn CRm. */
#define REG(op0, op1, crn, crm, op2) \
    ((u32)(op0) << 20 | (u32)(op2) << 17 | (u32)(op1) << 14 | (u32)(crn) << 10 | (u32)(crm) << 1)
#define ISS_READ     BIT(0)
#define ISS_KEY      0x3ffc1eu
#define KEY_OP0(key) FIELD(key, 21, 20)
#define KEY_OP2(key) (u32) FIELD(key, 19, 17)
#define KEY_OP1(key) (u32) FIELD(key, 16, 14)
#define KEY_CRN(key) (u32) FIELD(key, 13, 10)
#define KEY_CRM(key) (u32) FIELD(key, 4, 1)

struct sysreg_access {
    u32 key;
    bool read;
    u64 value; /* in for writes, out for reads */
};

enum result { SYSREG_DONE, SYSREG_UNDEFINED, SYSREG_AGAIN };
typedef enum result sysreg_fn(struct vcpu *v, struct sysreg_access *a);

/* Reads as zero, writes are ignored; EL1 only. */
static enum result raz_wi(struct vcpu *v, struct sysreg_access *a)
{
    a->value = 0;
    return trap_from_el0(v) ? SYSREG_UNDEFINED : SYSREG_DONE;
}

/* OSLSR_EL1: the OS lock exists and is never locked (OSLM 0b10). */
static enum result os_lock_status(struct vcpu *v, struct sysreg_access *a)
{
    a->value = BIT(3);
    return a->read && !trap_from_el0(v) ? SYSREG_DONE : SYSREG_UNDEFINED;
}

static enum result physical_timer(struct vcpu *v, struct sysreg_access *a)
{
    static const u8 reg_of_op2[8] = {2, 0, 1}; /* TVAL, CTL, CVAL */
    u32 reg = reg_of_op2[KEY_OP2(a->key)];
    if (a->read) {
        a->value = vtimer_physical_read(v, reg);
    } else {
        vtimer_physical_write(v, reg, a->value);
    }
    return SYSREG_DONE;
}

/* SGIs of group 0, and of the other security state: there is none. */
static enum result send_no_sgi(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    return a->read || gic->version != 3 ? SYSREG_UNDEFINED : SYSREG_DONE;
}

/* ICC_SRE_EL1: system registers are on and stay on. */
static enum result gic_system_registers(struct vcpu *v, struct sysreg_access *a)
{
    a->value = 7;
    return gic->version != 3 || trap_from_el0(v) ? SYSREG_UNDEFINED : SYSREG_DONE;
}

static enum result set_way(struct vcpu *v, struct sysreg_access *a)
{
    (void)a;
    return trap_set_way(v) ? SYSREG_DONE : SYSREG_AGAIN;
}

static enum result memory_control(struct vcpu *v, struct sysreg_access *a)
{
    bool ok = !a->read && trap_memory_control(v, KEY_CRN(a->key), KEY_CRM(a->key), KEY_OP2(a->key),
                                              a->value, false);
    return ok ? SYSREG_DONE : SYSREG_UNDEFINED;
}

/* Sorted by key: op0, op2, op1, CRn, CRm. */
static const struct row {
    u32 key;
    sysreg_fn *fn;
} rows[] = {
    {REG(1, 0, 7, 6, 2), set_way},                /* DC ISW */
    {REG(1, 0, 7, 10, 2), set_way},               /* DC CSW */
    {REG(1, 0, 7, 14, 2), set_way},               /* DC CISW */
    {REG(3, 0, 1, 0, 0), memory_control},         /* SCTLR_EL1 */
    {REG(3, 0, 2, 0, 0), memory_control},         /* TTBR0_EL1 */
    {REG(3, 0, 5, 1, 0), memory_control},         /* AFSR0_EL1 */
    {REG(3, 0, 5, 2, 0), memory_control},         /* ESR_EL1 */
    {REG(3, 0, 6, 0, 0), memory_control},         /* FAR_EL1 */
    {REG(3, 0, 10, 2, 0), memory_control},        /* MAIR_EL1 */
    {REG(3, 0, 10, 3, 0), memory_control},        /* AMAIR_EL1 */
    {REG(3, 3, 14, 2, 0), physical_timer},        /* CNTP_TVAL_EL0 */
    {REG(3, 0, 1, 0, 1), raz_wi},                 /* ACTLR_EL1 */
    {REG(3, 0, 2, 0, 1), memory_control},         /* TTBR1_EL1 */
    {REG(3, 0, 5, 1, 1), memory_control},         /* AFSR1_EL1 */
    {REG(3, 0, 13, 0, 1), memory_control},        /* CONTEXTIDR_EL1 */
    {REG(3, 3, 14, 2, 1), physical_timer},        /* CNTP_CTL_EL0 */
    {REG(3, 0, 2, 0, 2), memory_control},         /* TCR_EL1 */
    {REG(3, 3, 14, 2, 2), physical_timer},        /* CNTP_CVAL_EL0 */
    {REG(3, 0, 12, 12, 5), gic_system_registers}, /* ICC_SRE_EL1 */
    {REG(3, 0, 0, 0, 6), raz_wi},                 /* REVIDR_EL1 */
    {REG(3, 0, 12, 11, 6), send_no_sgi},          /* ICC_ASGI1R_EL1 */
    {REG(3, 0, 12, 11, 7), send_no_sgi},          /* ICC_SGI0R_EL1 */
    {REG(3, 1, 0, 0, 7), raz_wi},                 /* AIDR_EL1 */
};

static sysreg_fn *find(u32 key)
{
    u32 low = 0;
    u32 high = ARRAY_LEN(rows);
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (rows[middle].key == key) {
            return rows[middle].fn;
        }
        if (rows[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* Whole regions that read as zero: self-hosted debug (not switched, so not given), performance
 * monitors (hidden, but old kernels disable them without asking), error records. */
static sysreg_fn *find_region(u32 key)
{
    u32 op1 = KEY_OP1(key);
    u32 crn = KEY_CRN(key);
    u32 crm = KEY_CRM(key);
    if (KEY_OP0(key) == 2) {
        if (key == REG(2, 0, 1, 1, 4)) {
            return os_lock_status;
        }
        return op1 == 0 || op1 == 3 ? raz_wi : NULL;
    }
    if (KEY_OP0(key) == 3) {
        bool pmu = (op1 == 3 && crn == 9 && crm >= 12 && crm <= 14) ||
                   (op1 == 3 && crn == 14 && crm >= 8) || (op1 == 0 && crn == 9 && crm == 14);
        bool errors = op1 == 0 && crn == 5 && (crm == 3 || crm == 4);
        return pmu || errors ? raz_wi : NULL;
    }
    return NULL;
}

static void refuse(struct vcpu *v, const struct sysreg_access *a)
{
    log_guest(LOG_DEBUG, v->domain->id,
              "vcpu %u: %s of S%u_%u_C%u_C%u_%u at %llx is UNDEFINED here", v->id,
              a->read ? "MRS" : "MSR", (u32)KEY_OP0(a->key), KEY_OP1(a->key), KEY_CRN(a->key),
              KEY_CRM(a->key), KEY_OP2(a->key), v->regs.pc);
    trap_inject_undefined(v);
}

static __cold void access_by_table(struct vcpu *v, u64 esr)
{
    u32 n = (u32)FIELD(esr, 9, 5);
    struct sysreg_access a = {.key = esr & ISS_KEY, .read = esr & ISS_READ};
    sysreg_fn *fn = find(a.key);
    if (!fn) {
        fn = find_region(a.key);
    }
    a.value = a.read ? 0 : trap_read_x(v, n);
    enum result result = fn ? fn(v, &a) : SYSREG_UNDEFINED;
    if (result == SYSREG_UNDEFINED) {
        refuse(v, &a);
    } else if (result == SYSREG_DONE) {
        if (a.read) {
            trap_write_x(v, n, a.value);
        }
        v->regs.pc += 4;
    }
}

/* What guests do all the time is looked for first: an SGI (ICC_SGI1R_EL1). Reads of the ID
 * registers do not come here: entry_arm64.S. */
void trap_sysreg(struct vcpu *v, u64 esr)
{
    u32 n = (u32)FIELD(esr, 9, 5);
    u32 key = esr & ISS_KEY;
    if (key == REG(3, 0, 12, 11, 5) && !(esr & ISS_READ) && gic->version == 3) {
        vgic_sgi1r_write(v, trap_read_x(v, n));
        v->regs.pc += 4;
    } else {
        access_by_table(v, esr);
    }
}
