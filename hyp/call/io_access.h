/* SPDX-License-Identifier: MIT */
/*
 * Which of the machine's MMIO pages and interrupts a domain may have: a list of disjoint ranges,
 * set by the tools before they map or bind. The control domain may hand out all that is no RAM.
 */
#ifndef CALL_IO_ACCESS_H
#define CALL_IO_ACCESS_H

#include "base/err.h"
#include "base/types.h"

struct domain;

enum io_kind { IO_MEMORY /* machine frame numbers */, IO_INTERRUPT /* host interrupt numbers */ };

/* first..last, both included, first <= last. */
[[nodiscard]] bool io_access_permitted(struct domain *d, enum io_kind kind, u64 first, u64 last);
enum err io_access_permit(struct domain *d, enum io_kind kind, u64 first,
                          u64 last); /* E_NOMEM, E_NOSPC */
enum err io_access_revoke(struct domain *d, enum io_kind kind, u64 first,
                          u64 last); /* E_NOMEM: a range was cut in two */
/* dom_up_destroy: forgets everything. */
void io_access_release(struct domain *d);

#endif
