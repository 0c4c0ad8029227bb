/* SPDX-License-Identifier: MIT */
#include "call/fake_test.h"
#include "evtchn/evtchn.h"

static u32 raised_virq;
static struct domain *raised_in;

void evtchn_raise_global_virq(struct domain *d, u32 virq)
{
    raised_in = d;
    raised_virq = virq;
}

static void dom0_hears_of_it(void **state)
{
    dom_up_exception();
    assert_ptr_equal(raised_in, &fake_domain[0]);
    assert_int_equal(raised_virq, VIRQ_DOM_EXC);
}

/* A creation that fails while dom0 is built ends here, too. */
static void nobody_to_tell(void **state)
{
    domain_hardware = NULL;
    raised_in = NULL;
    dom_up_exception();
    assert_null(raised_in);
    domain_hardware = &fake_domain[0];
}

int main(void)
{
    const struct CMUnitTest tests[] = {FAKE_TEST(dom0_hears_of_it), FAKE_TEST(nobody_to_tell)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
