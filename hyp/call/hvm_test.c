/* SPDX-License-Identifier: MIT */
#include "abi/hvm.h"
#include "call/fake_test.h"

#define ARGUMENT (GUEST_BASE + 0x40)

static s64 param(u64 op, u16 domid, u32 index, u64 value)
{
    const struct xen_hvm_param p = {.domid = domid, .index = index, .value = value};
    guest_put(ARGUMENT, &p, sizeof(p));
    struct call_args args = {{op, ARGUMENT}};
    return call_hvm_op(vcpu_current(), &args);
}

static u64 value(void)
{
    return ((struct xen_hvm_param *)guest_at(ARGUMENT))->value;
}

/* Who may what with each of the 39 parameters and a few beyond: s, g: set, get by the tools; G: by
 * the domain itself. */
static void permissions(void **state)
{
    for (u32 index = 0; index < 80; index++) {
        const char *may = index == 0 || index == 1 || index == 2 || index == 17 || index == 18
                              ? "sgG"
                          : index == 28 ? "sg"
                                        : "";
        const s64 own = *may ? -1 : -22;
        fake_become(0, 0);
        assert_int_equal(param(HVMOP_set_param, 1, index, 1000 + index),
                         strchr(may, 's') ? 0 : -22);
        assert_int_equal(param(HVMOP_get_param, 1, index, 0), strchr(may, 'g') ? 0 : -22);
        assert_int_equal(value(), strchr(may, 'g') ? 1000 + index : 0);
        fake_become(1, 0);
        assert_int_equal(param(HVMOP_set_param, XEN_DOMID_SELF, index, 9), own);
        assert_int_equal(param(HVMOP_set_param, 1, index, 9), own);
        assert_int_equal(param(HVMOP_get_param, XEN_DOMID_SELF, index, 0),
                         strchr(may, 'G') ? 0 : own);
        assert_int_equal(value(), strchr(may, 'G') ? 1000 + index : 0);
        assert_int_equal(param(HVMOP_set_param, 2, index, 9), -1);
        assert_int_equal(param(HVMOP_get_param, 2, index, 0), -1);
    }
    /* dom0 is a domain too. */
    fake_become(0, 0);
    assert_int_equal(param(HVMOP_set_param, XEN_DOMID_SELF, HVM_PARAM_STORE_EVTCHN, 1), -1);
}

static void errors(void **state)
{
    assert_int_equal(param(HVMOP_get_param, 77, 1, 0), -3);
    assert_int_equal(param(2, 1, 1, 0), -38);
    assert_int_equal(param(1ULL << 32, 1, 1, 0), -38);
    struct call_args args = {{HVMOP_get_param, GUEST_NOWHERE}};
    assert_int_equal(call_hvm_op(vcpu_current(), &args), -14);
    args = (struct call_args){{HVMOP_get_param, GUEST_READONLY}};
    ((struct xen_hvm_param *)guest_at(GUEST_READONLY))->domid = XEN_DOMID_SELF;
    assert_int_equal(call_hvm_op(vcpu_current(), &args), -14);
    args = (struct call_args){{HVMOP_guest_request_vm_event, 0}};
    assert_int_equal(call_hvm_op(vcpu_current(), &args), 0);
    args.arg[1] = 1;
    assert_int_equal(call_hvm_op(vcpu_current(), &args), -22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(permissions),
        FAKE_TEST(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
