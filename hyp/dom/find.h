/* SPDX-License-Identifier: MIT */
/* Private to dom/: the table of all domains. */
#ifndef DOM_FIND_H
#define DOM_FIND_H

#include "dom/domain.h"

/* Gives d an id (wanted, or with DOMID_INVALID the next free one), which nobody else gets. E_EXIST,
 * E_NOSPC. */
enum err find_reserve(struct domain *d, domid_t wanted);
/* d is complete: from now on it is found. */
void find_publish(struct domain *d);
/* The id is free, d no more found; who found it before may use it until a grace period has passed.
 */
void find_remove(struct domain *d);
/* The domain of that id has changed, or gone: marked, and the tools are told. */
void find_tell_changed(domid_t id);

#endif
