/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "abi/arm.h"
#include "abi/sched.h"
#include "dom/domain.h"
#include "fw/firmware.h"
#include "vpsci/vpsci.h"

#define VCPUS         3u
#define NOT_SUPPORTED (~0ULL)
#define ERROR(n)      ((u64)(s64)(n))

struct firmware firmware;
static struct domain domain;
static struct vcpu vcpu[VCPUS + 1];
static struct vcpu *vcpus[20];

static struct {
    u32 blocked, shutdowns, resets, smcs;
    u8 code;
    struct vcpu *reset;
    u64 pc, x0, smc_in[2];
    bool aarch32, locked, powering;
    u64 smc_out;
    s32 told;
    u32 asked;
} seen;

u64 vcpu_mpidr(u32 id)
{
    return BIT(31) | (id & 0xf) | (u64)(id >> 4) << 8;
}

void vcpu_block(struct vcpu *v)
{
    assert_int_equal(v->regs.x[0], 0); /* what it will find when it goes on */
    seen.blocked++;
}

void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32)
{
    seen.resets++;
    seen.reset = v;
    seen.pc = pc;
    seen.x0 = x0;
    seen.aarch32 = aarch32;
    seen.locked = spin_is_locked(&domain.lock);
    seen.powering = v->powering;
}

void vcpu_set_online(struct vcpu *v, bool online)
{
    assert_true(spin_is_locked(&domain.lock));
    v->online = online;
}

void domain_shutdown(struct domain *d, u8 code)
{
    assert_ptr_equal(d, &domain);
    seen.shutdowns++;
    seen.code = code;
}

void smccc_call(const u64 in[8], u64 out[4])
{
    seen.smcs++;
    seen.smc_in[0] = in[0];
    seen.smc_in[1] = in[1];
    out[0] = seen.smc_out;
}

s32 firmware_workaround(u32 function)
{
    seen.asked = function;
    return seen.told;
}

static int setup(void **state)
{
    memset(&seen, 0, sizeof(seen));
    memset(&domain, 0, sizeof(domain));
    memset(vcpu, 0, sizeof(vcpu));
    memset(vcpus, 0, sizeof(vcpus));
    domain.vcpu = vcpus;
    domain.max_vcpus = ARRAY_LEN(vcpus);
    spin_init(&domain.lock, RANK_DOMAIN, "domain");
    for (u32 i = 0; i <= VCPUS; i++) {
        u32 id = i < VCPUS ? i : 17; /* the last one is in the second cluster */
        vcpu[i].domain = &domain;
        vcpu[i].id = id;
        vcpus[id] = &vcpu[i];
    }
    vcpu[0].online = true;
    vcpu[0].regs.pstate = PSTATE_EL1H;
    firmware.psci_version = 0x10001;
    return 0;
}

static u64 call(u64 id, u64 a1, u64 a2, u64 a3)
{
    struct cpu_regs *r = &vcpu[0].regs;
    r->x[0] = id;
    r->x[1] = a1;
    r->x[2] = a2;
    r->x[3] = a3;
    const s64 early = vpsci_frameless(id);
    vpsci_call(&vcpu[0]);
    assert_true(early == E_RESTART || early == (s64)r->x[0]);
    assert_int_equal(lock_nr_held(), 0);
    return r->x[0];
}

static void test_versions_and_features(void **state)
{
    assert_int_equal(vpsci_frameless(0x84000000), 0x10001);
    assert_int_equal(call(0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(0xffffffff84000000, 0, 0, 0), 0x10001); /* the number is 32 bits */
    assert_int_equal(call(0x80000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(0x84000006, 0, 0, 0), 2);
    static const u32 there[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
                                0xc4000003, 0x84000004, 0xc4000004, 0x84000006, 0x84000008,
                                0x84000009, 0x8400000a, 0x80000000};
    for (u32 i = 0; i < ARRAY_LEN(there); i++) {
        assert_int_equal(call(0x8400000a, there[i], 0, 0), 0);
    }
    static const u32 absent[] = {0x84000005, 0xc4000005, 0x84000007, 0x8400000b, 0xc4000000,
                                 0x84000012, 0x84000050, 0x80000001, 0x80008000, 0x8500ff01,
                                 0x8400ff01, 0,          1,          2};
    for (u32 i = 0; i < ARRAY_LEN(absent); i++) {
        assert_int_equal(call(0x8400000a, absent[i], 0, 0), NOT_SUPPORTED);
    }
}

static void test_unknown_ones(void **state)
{
    static const u32 unknown[] = {0x84000005, 0xc4000000, 0xc4000008, 0x84000050, 0x84000053,
                                  0xc4000053, 0x8600ff01, 0x95c1ba5e, 0,          3,
                                  0x04000000, 0x80000002, 0xbf00ff01};
    for (u32 i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_int_equal(call(unknown[i], 1, 2, 3), NOT_SUPPORTED);
        assert_int_equal(vcpu[0].regs.x[1], 1);
    }
    assert_int_equal(seen.smcs, 0);
}

static void test_cpu_on(void **state)
{
    assert_int_equal(call(0xc4000003, 1, 0x1234567890, 0xabcdef0123), 0);
    assert_ptr_equal(seen.reset, &vcpu[1]);
    assert_int_equal(seen.pc, 0x1234567890);
    assert_int_equal(seen.x0, 0xabcdef0123);
    assert_false(seen.aarch32);
    assert_false(seen.locked); /* it waits */
    assert_true(seen.powering);
    assert_true(vcpu[1].online);
    assert_false(vcpu[1].powering);
    assert_int_equal(call(0xc4000003, 1, 0x1000, 0), ERROR(-4));
    assert_int_equal(call(0xc4000003, 0, 0x1000, 0), ERROR(-4));
    assert_int_equal(call(0xc4000003, 2, 0x1002, 0), ERROR(-9));
    vcpu[2].powering = true;
    assert_int_equal(call(0xc4000003, 2, 0x1000, 0), ERROR(-5));
    vcpu[2].powering = false;
    static const u64 nobody[] = {3, 16, 0x100, 0x10001, 0x100000001, 20};
    for (u32 i = 0; i < ARRAY_LEN(nobody); i++) {
        assert_int_equal(call(0xc4000003, nobody[i], 0x1000, 0), ERROR(-2));
    }
    assert_int_equal(seen.resets, 1);
    assert_int_equal(call(0xc4000003, 0x80000101, 0x1000, 0),
                     0); /* MPIDR's other bits don't count */
    assert_ptr_equal(seen.reset, &vcpu[3]);
}

static void test_cpu_on_of_32_bits(void **state)
{
    assert_int_equal(call(0x84000003, 0xffffffff00000001, 0x1234567890, 0xabcdef0123), 0);
    assert_int_equal(seen.pc, 0x34567890);
    assert_int_equal(seen.x0, 0xcdef0123);
    vcpu[0].regs.pstate = PSTATE_AARCH32 | 3;
    assert_int_equal(call(0x84000003, 2, 0x8001, 0), 0);
    assert_true(seen.aarch32);
    assert_int_equal(seen.pc, 0x8001); /* Thumb */
}

static void test_the_first_psci(void **state)
{
    assert_int_equal(call(PSCI_cpu_on, 2, 0x1234567890, 5), 0);
    assert_int_equal(seen.pc, 0x1234567890);
    call(PSCI_cpu_off, 0, 0, 0);
    assert_false(vcpu[0].online);
}

static void test_cpu_off_and_suspend(void **state)
{
    call(0x84000002, 0, 0, 0);
    assert_false(vcpu[0].online);
    assert_int_equal(call(0x84000001, 0, 0, 0), 0);
    assert_int_equal(call(0xc4000001, 0x10000, 0x1000, 0), 0);
    assert_int_equal(seen.blocked, 2);
}

static void test_affinity_info(void **state)
{
    assert_int_equal(call(0xc4000004, 0, 0, 0), 0);
    assert_int_equal(call(0x84000004, 1, 0, 0), 1);
    vcpu[1].powering = true;
    assert_int_equal(call(0xc4000004, 1, 0, 0), 2);
    assert_int_equal(call(0xc4000004, 0x101, 0, 0), 1);
    assert_int_equal(call(0xc4000004, 5, 0, 0), ERROR(-2));
    assert_int_equal(call(0xc4000004, 0, 1, 0), ERROR(-2));
}

static void test_the_end(void **state)
{
    call(0x84000008, 0, 0, 0);
    assert_int_equal(seen.shutdowns, 1);
    assert_int_equal(seen.code, SHUTDOWN_poweroff);
    call(0x84000009, 0, 0, 0);
    assert_int_equal(seen.shutdowns, 2);
    assert_int_equal(seen.code, SHUTDOWN_reboot);
}

static void test_who_we_are(void **state)
{
    static const u8 xen[16] = XEN_SMCCC_UID, standard[16] = SSSC_SMCCC_UID;
    for (u32 i = 0; i < 2; i++) {
        const u8 *want = i ? standard : xen;
        u32 words[4];
        call(i ? 0x8400ff01 : 0x8500ff01, 9, 9, 9);
        for (u32 j = 0; j < 4; j++) {
            assert_int_equal(vcpu[0].regs.x[j] >> 32, 0);
            words[j] = (u32)vcpu[0].regs.x[j];
        }
        assert_memory_equal(words, want, 16);
        assert_int_equal(call(i ? 0x8400ff03 : 0x8500ff03, 9, 0, 0), 0);
        assert_int_equal(vcpu[0].regs.x[1], 1);
    }
    assert_int_equal(call(0x8500ff00, 0, 0, 0), 3);
    assert_int_equal(call(0x8400ff00, 0, 0, 0), 15);
}

static void test_workarounds_are_the_firmware_s(void **state)
{
    static const u32 ids[] = {0x80008000, 0x80007fff, 0x80003fff};
    assert_int_equal(call(0x80000001, 0x80000000, 0, 0), 0);
    assert_int_equal(call(0x80000001, 0x80000001, 0, 0), 0);
    assert_int_equal(call(0x80000001, 0x80000002, 0, 0), NOT_SUPPORTED);
    assert_int_equal(seen.smcs, 0);
    for (u32 i = 0; i < ARRAY_LEN(ids); i++) {
        /* the bypass of stores is ours to keep off: a guest has nothing to do */
        bool bypass = ids[i] == SMCCC_WORKAROUND_2;
        for (seen.told = -1; seen.told <= 1; seen.told++) {
            assert_int_equal(call(0x80000001, ids[i], 0, 0),
                             seen.told == 0 && bypass ? 1 : ERROR(seen.told));
            assert_int_equal(seen.asked, ids[i]);
        }
        assert_int_equal(seen.smcs, 0); /* it is known */
    }
    static const u32 passed_on[] = {SMCCC_WORKAROUND_1, SMCCC_WORKAROUND_3};
    for (u32 i = 0; i < ARRAY_LEN(passed_on); i++) {
        seen.smc_out = 0;
        assert_int_equal(call(passed_on[i], 1, 0, 0), 0);
        assert_int_equal(seen.smc_in[0], passed_on[i]);
        seen.smc_out = 0xffffffff; /* firmware answers in 32 bits */
        assert_int_equal(call(passed_on[i], 1, 0, 0), NOT_SUPPORTED);
    }
    seen.smcs = 0;
    for (seen.told = -1; seen.told <= 1; seen.told++) {
        assert_int_equal(call(SMCCC_WORKAROUND_2, 0, 0, 0), seen.told < 0 ? NOT_SUPPORTED : 0);
    }
    /* Older firmware, or none, is never called. */
    firmware.psci_version = 2;
    for (u32 i = 0; i < ARRAY_LEN(passed_on); i++) {
        assert_int_equal(call(passed_on[i], 1, 0, 0), NOT_SUPPORTED);
    }
    assert_int_equal(seen.smcs, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        T(test_versions_and_features),
        T(test_unknown_ones),
        T(test_cpu_on),
        T(test_cpu_on_of_32_bits),
        T(test_the_first_psci),
        T(test_cpu_off_and_suspend),
        T(test_affinity_info),
        T(test_the_end),
        T(test_who_we_are),
        T(test_workarounds_are_the_firmware_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
