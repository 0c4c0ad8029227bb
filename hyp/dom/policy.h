/* SPDX-License-Identifier: MIT */
/*
 * Which domains may share events and grants. Boot option xsm=silo, the default: a guest only with
 * the control domain, or with whom the control domain itself brings together; xsm=dummy: anybody.
 */
#ifndef DOM_POLICY_H
#define DOM_POLICY_H

#include "base/types.h"

struct domain;

/* [c] set at boot from the option, before the first domain: everybody may share with everybody. */
extern bool domain_policy_open;

/* May a and b (which may be one) be joined, by an event channel, a mapping or a copy, in this exit?
 */
bool domain_may_share(const struct domain *a, const struct domain *b);

#endif
