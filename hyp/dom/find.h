/* SPDX-License-Identifier: MIT */
/* Private to dom/: the table of all domains. */
#ifndef DOM_FIND_H
#define DOM_FIND_H

#include "dom/domain.h"

/* Gives d an id (wanted, or with DOMID_INVALID the next free one) and makes it found. E_EXIST,
 * E_NOSPC. */
enum err find_insert(struct domain *d, domid_t wanted);
/* No more found; who found it before may use it until a grace period has passed. */
void find_remove(struct domain *d);

#endif
