/* SPDX-License-Identifier: MIT */
/* Domains as people call them, and lists of them with their names. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/domctl.h"
#include "life/life.h"

struct domain_list {
    struct xen_domctl_getdomaininfo *info; /* by number */
    char **name;                           /* NULL where a domain has none (any more) */
    unsigned nr;
    bool is_partial; /* a word named none: said, and a reason to fail once the others are shown */
};

/* All domains, their names read in one round trip. 0 or a negative errno, said. */
int domain_list_all(struct life *l, struct domain_list *list);
/* Of those the ones that are named by words; a word that names none is said. 0 or a negative errno,
 * said, also if none is left. */
int domain_list_some(struct life *l, char *const *words, int nr_words, struct domain_list *list);
void domain_list_fini(struct domain_list *list);

/* What Xen's tools print for it: "(null)" if it has no name. */
const char *domain_list_name(const struct domain_list *list, unsigned i);

/* By number, else by name. -ESRCH with a sentence and the nearest name. */
int domain_find(struct life *l, const char *word, uint32_t *domid);

/* "%08x-..." of 16 bytes into 37 characters. */
void domain_format_uuid(const uint8_t uuid[16], char out[37]);

/* The value of a node below a domain's directory, to be freed; NULL if it is not there. */
char *domain_read(struct life *l, uint32_t domid, const char *key);
