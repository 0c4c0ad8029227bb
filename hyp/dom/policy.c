/* SPDX-License-Identifier: MIT */
#include "dom/policy.h"

#include "dom/domain.h"

bool domain_policy_open;

/* The control domain may also join two others: it acts for them when it builds or wires them. */
static bool caller_is_control(void)
{
    const struct vcpu *v = vcpu_current();
    return v != NULL && v->domain->privileged;
}

bool domain_may_share(const struct domain *a, const struct domain *b)
{
    return domain_policy_open || a == b || a->privileged || b->privileged || caller_is_control();
}
