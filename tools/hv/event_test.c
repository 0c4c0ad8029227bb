// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

#include <poll.h>

static void a_channel_of_a_guest(void **state)
{
    uint32_t port = 0, second = 0, local = 0, next = 0;
    assert_int_equal(hv_alloc_unbound(hv, domid, 0, &port), 0);
    assert_int_equal(hv_alloc_unbound(hv, domid, 0, &second), 0);
    assert_int_equal(port, 1);
    assert_int_equal(second, 2);
    struct xen_evtchn_status status;
    assert_int_equal(hv_get_port(hv, domid, port, &status), 0);
    assert_int_equal(status.status, EVTCHNSTAT_unbound);
    assert_int_equal(status.u.unbound.dom, 0);
    assert_int_equal(hv_bind_event(hv, domid, port, &local), 0);
    assert_int_equal(hv_get_port(hv, domid, port, &status), 0);
    assert_int_equal(status.status, EVTCHNSTAT_interdomain);
    assert_int_equal(hv_bind_event(hv, domid, port, &local), -EINVAL);
    assert_int_equal(hv_next_event(hv, &next), -EAGAIN); /* does not block */
    assert_int_equal(hv_notify(hv, local), 0);           /* to the guest, not to us */
    assert_int_equal(hv_next_event(hv, &next), -EAGAIN);
    assert_true(xen_host_send(domid, port));
    struct pollfd wait = {.fd = hv_event_fd(hv), .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 0), 1);
    assert_int_equal(hv_next_event(hv, &next), 0);
    assert_int_equal(next, local);
    assert_true(xen_host_send(domid, port)); /* masked: it waits */
    assert_int_equal(hv_next_event(hv, &next), -EAGAIN);
    assert_int_equal(hv_unmask_event(hv, local), 0);
    assert_int_equal(hv_next_event(hv, &next), 0);
    assert_int_equal(next, local);
    assert_int_equal(hv_unmask_event(hv, local), 0);
    assert_int_equal(hv_next_event(hv, &next), -EAGAIN);
    assert_int_equal(hv_unbind_event(hv, local), 0);
    assert_int_equal(hv_unbind_event(hv, local), -EINVAL);
    assert_int_equal(hv_notify(hv, local), -EINVAL);
    assert_int_equal(hv_unmask_event(hv, local), -EINVAL);
}

static void virtual_interrupts(void **state)
{
    uint32_t port = 0;
    assert_int_equal(hv_bind_virq(hv, VIRQ_DOM_EXC, &port), 0);
    assert_int_not_equal(port, 0);
    assert_int_equal(hv_bind_virq(hv, NR_VIRQS, &port), -EINVAL);
    assert_int_equal(hv_notify(hv, port), -EINVAL);
    uint32_t next = 0;
    assert_false(xen_host_raise_virq(VIRQ_CON_RING));
    assert_true(xen_host_raise_virq(VIRQ_DOM_EXC));
    assert_int_equal(hv_next_event(hv, &next), 0);
    assert_int_equal(next, port);
}

static void failures(void **state)
{
    uint32_t port = 7;
    xen_host_arm(1, ENODEV); /* no /dev/xen/evtchn */
    assert_int_equal(hv_bind_virq(hv, VIRQ_DOM_EXC, &port), -ENODEV);
    xen_host_arm(1, ENODEV);
    assert_int_equal(hv_event_fd(hv), -ENODEV);
    xen_host_arm(2, ENOSPC);
    assert_int_equal(hv_bind_virq(hv, VIRQ_DOM_EXC, &port), -ENOSPC);
    xen_host_arm(1, EPERM);
    assert_int_equal(hv_alloc_unbound(hv, domid, 0, &port), -EPERM);
    assert_int_equal(port, 7);
    struct xen_evtchn_status status;
    assert_int_equal(hv_get_port(hv, 99, 1, &status), -ESRCH);
    assert_int_equal(hv_alloc_unbound(hv, 99, 0, &port), -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_channel_of_a_guest, start_guest, teardown),
        cmocka_unit_test_setup_teardown(virtual_interrupts, start_guest, teardown),
        cmocka_unit_test_setup_teardown(failures, start_guest, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
