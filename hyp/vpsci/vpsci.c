/* SPDX-License-Identifier: MIT */
#include "vpsci/vpsci.h"

#include "abi/arm.h"
#include "abi/sched.h"
#include "base/bits.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "fw/firmware.h"

/* Answers of PSCI (DEN0022F 5.2.2) and SMCCC (DEN0028E 7). */
enum {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    DENIED = -3,
    ALREADY_ON = -4,
    ON_PENDING = -5,
    INVALID_ADDRESS = -9,
};

#define SYSTEM_OFF            0x84000008u
#define SYSTEM_RESET          0x84000009u
#define SMCCC_FAST            BIT(31)
#define SMCCC_64BIT           BIT(30)
#define SMCCC_VERSION_1_1     0x10001
#define MIGRATE_NOT_NEEDED    2 /* MIGRATE_INFO_TYPE: no trusted OS, or one that runs anywhere */
#define WORKAROUND_NOT_NEEDED 1
#define AFFINITY_ON           0
#define AFFINITY_OFF          1
#define AFFINITY_ON_PENDING   2

/* Arguments as the calling convention gives them: 32 bits wide in a 32-bit call. */
struct smccc {
    u32 id;
    u64 a1, a2, a3;
};
typedef s64 function_fn(struct vcpu *v, const struct smccc *c);

struct function {
    u32 id;
    function_fn *fn; /* NULL: always the same answer */
    s64 answer;
};

/* Every power state that a guest may name is entered as the shallowest: the vCPU waits, and returns
 * as from WFI. */
static s64 cpu_suspend(struct vcpu *v, const struct smccc *c)
{
    v->regs.x[0] = SUCCESS;
    vcpu_block(v);
    return SUCCESS;
}

static s64 cpu_off(struct vcpu *v, const struct smccc *c)
{
    struct domain *d = v->domain;
    spin_lock(&d->lock);
    vcpu_set_online(v, false);
    spin_unlock(&d->lock);
    return DENIED; /* read only by a vCPU that did not go */
}

/* The vCPU whose MPIDR has this affinity; only bits 39:32 and 23:0 count. */
static struct vcpu *find_target(struct domain *d, u64 affinity)
{
    struct vcpu *v = vcpu_next(d, 0);
    while (v && ((vcpu_mpidr(v->id) ^ affinity) & (BITS(39, 32) | BITS(23, 0))) != 0) {
        v = vcpu_next(d, v->id + 1);
    }
    return v;
}

static s64 claim(struct domain *d, struct vcpu *target)
{
    s64 answer = SUCCESS;
    spin_lock(&d->lock);
    if (target->online) {
        answer = ALREADY_ON;
    } else if (target->powering) {
        answer = ON_PENDING;
    } else {
        target->powering = true;
    }
    spin_unlock(&d->lock);
    return answer;
}

static s64 cpu_on(struct vcpu *v, const struct smccc *c)
{
    struct domain *d = v->domain;
    struct vcpu *target = find_target(d, c->a1);
    bool aarch32 = v->regs.pstate & PSTATE_AARCH32;
    if (target == NULL) {
        return INVALID_PARAMETERS;
    }
    if (!aarch32 && (c->a2 & 3) != 0) {
        return INVALID_ADDRESS;
    }
    s64 answer = claim(d, target);
    if (answer != SUCCESS) {
        return answer;
    }
    vcpu_reset(target, c->a2, c->a3, aarch32); /* waits until it is off its CPU: no lock held */
    spin_lock(&d->lock);
    target->powering = false;
    vcpu_set_online(target, true);
    spin_unlock(&d->lock);
    return SUCCESS;
}

static s64 affinity_info(struct vcpu *v, const struct smccc *c)
{
    struct vcpu *target = c->a2 == 0 ? find_target(v->domain, c->a1) : NULL;
    if (target == NULL) {
        return INVALID_PARAMETERS; /* levels above 0 are optional from PSCI 1.0 on */
    }
    return load_relaxed(&target->online)     ? AFFINITY_ON
           : load_relaxed(&target->powering) ? AFFINITY_ON_PENDING
                                             : AFFINITY_OFF;
}

static s64 system_end(struct vcpu *v, const struct smccc *c)
{
    domain_shutdown(v->domain, c->id == SYSTEM_OFF ? SHUTDOWN_poweroff : SHUTDOWN_reboot);
    return NOT_SUPPORTED;
}

static function_fn psci_features, smccc_features;

/* A branch predictor is the firmware's to clear: the guest's call becomes ours. */
static s64 forward(struct vcpu *v, const struct smccc *c)
{
    u64 out[4];
    if (!firmware_has_smccc()) {
        return NOT_SUPPORTED;
    }
    smccc_call((const u64[8]){c->id}, out);
    return (s32)out[0];
}

/* The switch of store bypass is a CPU's, which other guests share: trap/ keeps it on, and a guest
 * is told that nothing is left to do. */
static s64 workaround_2(struct vcpu *v, const struct smccc *c)
{
    return firmware_workaround(SMCCC_WORKAROUND_2) < 0 ? NOT_SUPPORTED : SUCCESS;
}

/* How many functions of ours a range has, its UID and revision (DEN0028E 6.2). Those of the
 * hypervisor are where Xen has them, in the range of standard hypervisor services; 0x8600_0000,
 * where Linux looks for KVM, is empty. */
#define XEN_UID_WORDS      0xdc1218a7, 0x694398c6, 0xd179cf9a, 0x67e6de8d
#define STANDARD_UID_WORDS 0x6f3863f8, 0xbd4c394b, 0x16ce2092, 0x6f9fe541

static s64 put_uid(struct vcpu *v, const u32 words[4])
{
    for (u32 i = 1; i < 4; i++) {
        v->regs.x[i] = words[i];
    }
    return words[0];
}

static s64 hypervisor_uid(struct vcpu *v, const struct smccc *c)
{
    return put_uid(v, (const u32[]){XEN_UID_WORDS});
}

static s64 standard_uid(struct vcpu *v, const struct smccc *c)
{
    return put_uid(v, (const u32[]){STANDARD_UID_WORDS});
}

static s64 revision(struct vcpu *v, const struct smccc *c)
{
    v->regs.x[1] = 1;
    return 0;
}

static function_fn standard_count;

/* The first two are PSCI 0.1's, whose numbers a guest's device tree names (abi/arm.h).
 * TRNG (DEN0098, 0x84000050 and on) is in no row: NOT_SUPPORTED. */
static const struct function functions[] = {
    {PSCI_cpu_off, cpu_off, 0},
    {PSCI_cpu_on, cpu_on, 0},
    {PSCI_VERSION, NULL, PSCI_VERSION_1_1},
    {0x84000001, cpu_suspend, 0},
    {0xc4000001, cpu_suspend, 0},
    {0x84000002, cpu_off, 0},
    {0x84000003, cpu_on, 0},
    {0xc4000003, cpu_on, 0},
    {0x84000004, affinity_info, 0},
    {0xc4000004, affinity_info, 0},
    {0x84000006, NULL, MIGRATE_NOT_NEEDED},
    {SYSTEM_OFF, system_end, 0},
    {SYSTEM_RESET, system_end, 0},
    {0x8400000a, psci_features, 0},
    {0x8400ff00, standard_count, 0},
    {0x8400ff01, standard_uid, 0},
    {0x8400ff03, revision, 0},
    {0x8500ff00, NULL, 3},
    {0x8500ff01, hypervisor_uid, 0},
    {0x8500ff03, revision, 0},
    {0x80000000, NULL, SMCCC_VERSION_1_1},
    {SMCCC_ARCH_FEATURES, smccc_features, 0},
    {SMCCC_WORKAROUND_1, forward, 0},
    {SMCCC_WORKAROUND_2, workaround_2, 0},
    {SMCCC_WORKAROUND_3, forward, 0},
};

static const struct function *find_function(u32 id)
{
    for (u32 i = 0; i < ARRAY_LEN(functions); i++) {
        if (functions[i].id == id) {
            return &functions[i];
        }
    }
    return NULL;
}

static s64 standard_count(struct vcpu *v, const struct smccc *c)
{
    s64 count = 0;
    for (u32 i = 0; i < ARRAY_LEN(functions); i++) {
        count += (functions[i].id & 0xbf000000) == 0x84000000;
    }
    return count;
}

static s64 psci_features(struct vcpu *v, const struct smccc *c)
{
    u32 id = (u32)c->a1;
    bool psci = (id & 0xbfffffe0) == 0x84000000;
    return (psci || id == 0x80000000) && find_function(id) ? SUCCESS : NOT_SUPPORTED;
}

static s64 smccc_features(struct vcpu *v, const struct smccc *c)
{
    u32 id = (u32)c->a1;
    switch (id) {
    case 0x80000000:
    case SMCCC_ARCH_FEATURES:
        return SUCCESS;
    case SMCCC_WORKAROUND_1:
    case SMCCC_WORKAROUND_3:
        return firmware_workaround(id);
    case SMCCC_WORKAROUND_2:
        return firmware_workaround(id) == 0 ? WORKAROUND_NOT_NEEDED : firmware_workaround(id);
    default:
        return NOT_SUPPORTED;
    }
}

void vpsci_call(struct vcpu *v)
{
    u32 id = (u32)v->regs.x[0];
    u64 width = (id & (SMCCC_FAST | SMCCC_64BIT)) == SMCCC_FAST ? 0xffffffff : ~0ULL;
    const struct smccc c = {id, v->regs.x[1] & width, v->regs.x[2] & width, v->regs.x[3] & width};
    const struct function *f = find_function(id);
    v->regs.x[0] = (u64)(!f ? NOT_SUPPORTED : f->fn ? f->fn(v, &c) : f->answer);
}
