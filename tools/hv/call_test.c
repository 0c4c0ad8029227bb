// SPDX-License-Identifier: MIT
#include "hv/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "hv/xen_host.h"
#include "lib/failing.h"
#include "lib/message.h"

static char said[512];
static unsigned nr_said;

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
    nr_said++;
}

static int setup(void **state)
{
    xen_host_start();
    said[0] = '\0';
    nr_said = 0;
    return 0;
}

static void opens_and_closes(void **state)
{
    struct hv *hv = NULL;
    assert_int_equal(hv_open(&hv), 0);
    assert_int_equal(xen_host.nr_buffers, 1);
    assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_getdomaininfo), 1);
    assert_int_equal(xen_host_count(__HYPERVISOR_sysctl, XEN_SYSCTL_sched_id), 1);
    hv_close(hv);
    assert_true(xen_host_is_clean());
    assert_int_equal(nr_said, 0);
    hv_close(NULL);
}

static void nothing_below(void **state)
{
    struct hv *hv = NULL;
    xen_host.open_error = ENOENT;
    assert_int_equal(hv_open(&hv), -ENOENT);
    assert_null(hv);
    assert_int_equal(nr_said, 1);
    assert_string_equal(said,
                        "no way to the hypervisor: /dev/xen/privcmd: No such file or directory "
                        "(not started under Kanso or Xen, or xen-privcmd is not loaded)");
    assert_true(xen_host_is_clean());
}

static void another_domctl(void **state)
{
    struct hv *hv = NULL;
    xen_host.domctl_version = 0x17;
    assert_int_equal(hv_open(&hv), -EPROTO);
    assert_null(hv);
    assert_int_equal(nr_said, 1);
    assert_string_equal(said, "these tools speak version 0x15 of the domctl interface and the "
                              "hypervisor speaks version 0x17: use the tools that came with it");
    assert_true(xen_host_is_clean());
}

static void another_sysctl(void **state)
{
    struct hv *hv = NULL;
    xen_host.sysctl_version = 0x13;
    assert_int_equal(hv_open(&hv), -EPROTO);
    assert_non_null(strstr(said, "version 0x15 of the sysctl interface"));
    assert_non_null(strstr(said, "speaks version 0x13"));
}

static void no_version_is_taken(void **state)
{
    struct hv *hv = NULL;
    xen_host.domctl_version = 0xffffffff; /* as a policy that denies all */
    assert_int_equal(hv_open(&hv), -EACCES);
    assert_string_equal(said,
                        "the hypervisor lets nobody here control it (domctl: Permission denied)");
}

static void not_the_control_domain(void **state)
{
    struct hv *hv = NULL;
    xen_host.is_control = false;
    assert_int_equal(hv_open(&hv), -EPERM);
    assert_string_equal(said,
                        "this is not the control domain: the hypervisor permits it no domctl");
    assert_int_equal(nr_said, 1);
}

static void signals_are_nothing(void **state)
{
    struct hv *hv = NULL;
    assert_int_equal(hv_open(&hv), 0);
    xen_host_arm(1, EINTR);
    assert_int_equal(hv_pause_domain(hv, 0), 0);
    assert_true(xen_host_disarm());
    assert_int_equal(xen_host_find(0)->paused, 1);
    xen_host_arm(1, EINTR);
    assert_int_equal(hv_set_param(hv, 0, 1, 5), 0);
    assert_true(xen_host_disarm());
    assert_int_equal(xen_host_find(0)->param[1], 5);
    hv_close(hv);
}

static void every_allocation_may_fail(void **state)
{
    struct hv *hv = NULL;
    int error = 0;
    size_t k = 1;
    for (;; k++) {
        setup(NULL);
        failing_arm(k);
        error = hv_open(&hv);
        if (!failing_disarm()) {
            break;
        }
        assert_int_equal(error, -ENOMEM);
        assert_int_equal(nr_said, 1);
        assert_true(xen_host_is_clean());
    }
    assert_int_equal(error, 0);
    assert_true(k >= 3);
    failing_arm(1);
    assert_null(hv_list(hv, 100));
    assert_true(failing_disarm());
    uint8_t *list = hv_list(hv, 100);
    assert_non_null(list);
    failing_arm(1);
    assert_null(hv_list(hv, 50000)); /* and the smaller one stays */
    assert_true(failing_disarm());
    assert_ptr_equal(hv_list(hv, 100), list);
    assert_non_null(hv_list(hv, 50000));
    assert_int_equal(xen_host.nr_buffers, 2);
    hv_close(hv);
    assert_true(xen_host_is_clean());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opens_and_closes, setup),
        cmocka_unit_test_setup(nothing_below, setup),
        cmocka_unit_test_setup(another_domctl, setup),
        cmocka_unit_test_setup(another_sysctl, setup),
        cmocka_unit_test_setup(no_version_is_taken, setup),
        cmocka_unit_test_setup(not_the_control_domain, setup),
        cmocka_unit_test_setup(signals_are_nothing, setup),
        cmocka_unit_test_setup(every_allocation_may_fail, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
