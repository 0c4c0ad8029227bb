/* SPDX-License-Identifier: MIT */
/* dom/record.h: RECORD_DOMAIN, _SHARED_INFO (after RECORD_TIME, of which the wall clock is made)
 * and _RUNSTATE_VCPU. */
#ifndef CALL_RECORD_H
#define CALL_RECORD_H

#include "dom/record.h"

enum err domain_save(struct domain *d, struct record *r);
enum err domain_load(struct domain *d, const struct record *r);
enum err shared_info_save(struct domain *d, struct record *r);
enum err shared_info_load(struct domain *d, const struct record *r);
enum err runstate_save(struct domain *d, struct record *r);
enum err runstate_load(struct domain *d, const struct record *r);

#endif
