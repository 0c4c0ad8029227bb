/* SPDX-License-Identifier: MIT */
#include "dom/policy.h"

#include "dom/domain.h"

bool domain_policy_open;

bool domain_may_share(const struct domain *a, const struct domain *b)
{
    /* The control domain may also join two others: it acts for them when it builds or wires them.
     */
    return domain_policy_open || a == b || a->privileged || b->privileged ||
           domain_current()->privileged;
}
