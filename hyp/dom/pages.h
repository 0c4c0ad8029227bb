/* SPDX-License-Identifier: MIT */
/* Private to dom/: the account of pages, with page_lock held. */
#ifndef DOM_PAGES_H
#define DOM_PAGES_H

#include "dom/domain.h"

/* E_NOMEM: over max_pages, or dying. */
enum err pages_count_in_locked(struct domain *d, u64 nr) REQUIRES(d->page_lock);
void pages_count_out_locked(struct domain *d, u64 nr) REQUIRES(d->page_lock);
/* HEAP pages, counted in already, become the domain's. */
void pages_give_locked(struct domain *d, struct frame *first, u32 nr) REQUIRES(d->page_lock);

#endif
