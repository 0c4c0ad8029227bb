/* SPDX-License-Identifier: MIT */
/* For tests: the fake hypervisor, and in it, if wanted, a guest of two vCPUs. */
#pragma once
#include "hv/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "hv/xen_host.h"

static struct hv *hv;
[[maybe_unused]] static uint16_t domid;

static inline int start_empty(void **state)
{
    xen_host_start();
    return hv_open(&hv);
}

static inline int start_guest(void **state)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm, .max_vcpus = 2, .grant_opts = 1};
    domid = 0;
    return start_empty(state) != 0 || hv_create_domain(hv, &config, &domid) != 0;
}

static inline int teardown(void **state)
{
    hv_close(hv);
    return xen_host_is_clean() ? 0 : -1;
}
