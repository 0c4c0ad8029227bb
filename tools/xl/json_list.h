/* SPDX-License-Identifier: MIT */
/* xl list -l: domains as JSON with the names of Xen's tools. */
#pragma once
#include "xl/domain.h"

/* An array of {"domid": N, "config": {...}}: what each was made of, with what it has now. */
int json_list_print(struct life *l, const struct domain_list *list);
