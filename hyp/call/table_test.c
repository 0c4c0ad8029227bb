/* SPDX-License-Identifier: MIT */
#include "call/fake_test.h"
#include "call/restart.h"
#include "call/table.h"

/* Each handler answers its name and remembers what it got. */
static const char *called;
static struct call_args got;
static struct call_args moved_on;
static s64 answer;

#define HANDLER(name)                                       \
    s64 call_##name(struct vcpu *v, struct call_args *args) \
    {                                                       \
        called = #name;                                     \
        got = *args;                                        \
        if (answer == E_RESTART) {                          \
            *args = moved_on;                               \
        }                                                   \
        return answer;                                      \
    }
HANDLER(memory_op)
HANDLER(event_channel_op)
HANDLER(grant_table_op)
HANDLER(sched_op)
HANDLER(vcpu_op)
HANDLER(hvm_op)
HANDLER(xen_version)
HANDLER(console_io)
HANDLER(multicall)
HANDLER(physdev_op)
HANDLER(platform_op)
HANDLER(vm_assist)
HANDLER(domctl)
HANDLER(sysctl)

DEFINE_PER_CPU(u64, restart_until_ticks);

static const struct {
    u32 number;
    const char *name;
    u32 nr_args;
} spoken[] = {
    {7, "platform_op", 1},       {12, "memory_op", 2},  {13, "multicall", 2},
    {17, "xen_version", 2},      {18, "console_io", 3}, {20, "grant_table_op", 3},
    {21, "vm_assist", 2},        {24, "vcpu_op", 3},    {29, "sched_op", 2},
    {32, "event_channel_op", 2}, {33, "physdev_op", 2}, {34, "hvm_op", 2},
    {35, "sysctl", 1},           {36, "domctl", 1},
};

static void every_number_reaches_its_handler_or_is_refused(void **state)
{
    struct vcpu *v = vcpu_current();
    for (u32 number = 0; number < 300; number++) {
        const char *name = NULL;
        u32 nr_args = 0;
        for (u32 i = 0; i < ARRAY_LEN(spoken); i++) {
            if (spoken[i].number == number) {
                name = spoken[i].name;
                nr_args = spoken[i].nr_args;
            }
        }
        struct call_args args = {{1, 2, 3, 4, 5}};
        called = NULL;
        answer = 77;
        assert_int_equal(call_run(v, number, &args), name ? 77 : -38);
        assert_int_equal(call_nr_args(number), nr_args);
        if (name) {
            assert_string_equal(called, name);
            assert_memory_equal(&got, &args, sizeof(got));
        } else {
            assert_null(called);
        }
    }
    /* Neither wraps into the table. */
    struct call_args args = {{0}};
    assert_int_equal(call_run(v, 0xffffffff, &args), -38);
    assert_int_equal(call_nr_args(0x100000011), 0);
}

static void set_registers(struct vcpu *v, u64 pstate)
{
    for (u32 i = 0; i < 31; i++) {
        v->regs.x[i] = 0xabcd000000000000 + i;
    }
    v->regs.pc = 0x80004;
    v->regs.pstate = pstate;
}

static void a_64_bit_guest_calls(void **state)
{
    struct vcpu *v = vcpu_current();
    set_registers(v, PSTATE_EL1H);
    v->regs.x[16] = 17;
    answer = -22;
    this_cpu(restart_until_ticks) = 5;
    call_answer(v, call_dispatch(v));
    assert_true(this_cpu(restart_until_ticks) == 0);
    assert_string_equal(called, "xen_version");
    for (u32 i = 0; i < 5; i++) {
        assert_true(got.arg[i] == 0xabcd000000000000 + i);
    }
    assert_true(v->regs.x[0] == (u64)-22);
    assert_true(v->regs.x[1] == 0xabcd000000000001);
    assert_int_equal(v->regs.pc, 0x80004);

    v->regs.x[16] = 0x100000011; /* not 0x11 */
    called = NULL;
    call_answer(v, call_dispatch(v));
    assert_null(called);
    assert_true(v->regs.x[0] == (u64)-38);
}

static void a_32_bit_guest_calls(void **state)
{
    struct vcpu *v = vcpu_current();
    set_registers(v, PSTATE_AARCH32 | 0x13);
    v->regs.x[12] = 0xffffffff0000001d; /* the upper half is none of his */
    answer = -1;
    call_dispatch_32bit(v);
    assert_string_equal(called, "sched_op");
    assert_true(got.arg[3] == 3);
    assert_true(v->regs.x[0] == 0xffffffff);
}

static void a_call_comes_again(void **state)
{
    struct vcpu *v = vcpu_current();
    set_registers(v, PSTATE_EL1H);
    v->regs.x[16] = 12;
    answer = E_RESTART;
    moved_on = (struct call_args){{10, 11, 12, 13, 14}};
    call_answer(v, call_dispatch(v));
    for (u32 i = 0; i < 5; i++) {
        assert_int_equal(v->regs.x[i], 10 + i);
    }
    assert_int_equal(v->regs.x[16], 12);
    assert_int_equal(v->regs.pc, 0x80000);

    set_registers(v, PSTATE_AARCH32 | 0x13);
    v->regs.x[12] = 12;
    moved_on.arg[0] = 0x123456789a;
    call_dispatch_32bit(v);
    assert_true(v->regs.x[0] == 0x3456789a);
    assert_int_equal(v->regs.pc, 0x80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(every_number_reaches_its_handler_or_is_refused),
        FAKE_TEST(a_64_bit_guest_calls),
        FAKE_TEST(a_32_bit_guest_calls),
        FAKE_TEST(a_call_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
