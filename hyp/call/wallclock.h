/* SPDX-License-Identifier: MIT */
/* The wall clock in a domain's shared info page: what the time of day was at system time 0. */
#ifndef CALL_WALLCLOCK_H
#define CALL_WALLCLOCK_H

struct domain;

/* Writes it, with the domain's own offset. After creation (dom_up_create), settimeoffset, and
 * settime for all domains. */
void wallclock_update(struct domain *d);

#endif
