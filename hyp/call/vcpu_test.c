/* SPDX-License-Identifier: MIT */
#include "abi/vcpu.h"
#include "call/fake_test.h"
#include "call/runstate.h"
#include "evtchn/evtchn.h"

#define ARGUMENT (GUEST_BASE + 0x40)

static struct vcpu *registered;
static u64 where;
static enum err answer;

enum err evtchn_register_vcpu_info(struct vcpu *v, gfn_t gfn, u32 offset)
{
    registered = v;
    where = gfn.gfn << 12 | offset;
    return answer;
}

enum err runstate_register(struct vcpu *v, gva_t at)
{
    registered = v;
    where = at.v;
    return answer;
}

static s64 op(u64 command, u64 id, u64 argument)
{
    registered = NULL;
    struct call_args args = {{command, id, argument}};
    return call_vcpu_op(vcpu_current(), &args);
}

static void register_vcpu_info(void **state)
{
    *(struct xen_vcpu_register_vcpu_info *)guest_at(ARGUMENT) =
        (struct xen_vcpu_register_vcpu_info){.mfn = 0x40080, .offset = 64};
    answer = OK;
    assert_int_equal(op(VCPUOP_register_vcpu_info, 0, ARGUMENT), 0);
    assert_ptr_equal(registered, &fake_vcpu[1][0]);
    assert_true(where == 0x40080040);
    /* Another one: only while it is offline. */
    assert_int_equal(op(VCPUOP_register_vcpu_info, 1, ARGUMENT), 0);
    assert_ptr_equal(registered, &fake_vcpu[1][1]);
    fake_vcpu[1][1].online = fake_vcpu[1][0].online = true;
    assert_int_equal(op(VCPUOP_register_vcpu_info, 1, ARGUMENT), -22);
    assert_int_equal(op(VCPUOP_register_vcpu_info, 0, ARGUMENT), 0);
    answer = E_NXIO;
    assert_int_equal(op(VCPUOP_register_vcpu_info, 0, ARGUMENT), -6);
    assert_int_equal(op(VCPUOP_register_vcpu_info, 0, GUEST_NOWHERE), -14);
    assert_null(registered);
}

static void register_runstate(void **state)
{
    *(u64 *)guest_at(ARGUMENT) = 0xffff800008001230;
    answer = OK;
    assert_int_equal(op(VCPUOP_register_runstate_memory_area, 1, ARGUMENT), 0);
    assert_ptr_equal(registered, &fake_vcpu[1][1]);
    assert_true(where == 0xffff800008001230);
    assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, GUEST_NOWHERE), -14);
}

static void the_rest(void **state)
{
    assert_int_equal(op(VCPUOP_register_vcpu_info, 2, ARGUMENT), -2);
    assert_int_equal(op(VCPUOP_register_vcpu_info, 0xffffffff, ARGUMENT), -2);
    assert_int_equal(op(77, 2, ARGUMENT), -2);
    fake_vcpus[1][1] = NULL; /* not made yet */
    assert_int_equal(op(VCPUOP_register_vcpu_info, 1, ARGUMENT), -2);
    for (u32 command = 0; command < 20; command++) {
        if (command != VCPUOP_register_vcpu_info &&
            command != VCPUOP_register_runstate_memory_area) {
            assert_int_equal(op(command, 0, ARGUMENT), -22);
        }
    }
    assert_null(registered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(register_vcpu_info),
        FAKE_TEST(register_runstate),
        FAKE_TEST(the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
