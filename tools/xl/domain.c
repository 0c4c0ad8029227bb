// SPDX-License-Identifier: MIT
#include "xl/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hv.h"
#include "lib/message.h"
#include "lib/nearest.h"
#include "lib/number.h"

static int out_of_memory(void)
{
    message_error("out of memory");
    return -ENOMEM;
}

/* Names of all domains of the list, as many as the store has. */
static int read_names(struct life *l, struct domain_list *list)
{
    list->name = calloc(list->nr + 1, sizeof(*list->name));
    char **path = calloc(list->nr + 1, sizeof(*path));
    int err = list->name == NULL || path == NULL ? -ENOMEM : 0;
    for (unsigned i = 0; err == 0 && i < list->nr; i++) {
        if (asprintf(&path[i], "/local/domain/%u/name", list->info[i].domain) < 0) {
            path[i] = NULL;
            err = -ENOMEM;
        }
    }
    if (err == 0) {
        err = store_read_many(l->store, list->nr, path, list->name);
        if (err != 0) {
            message_error("cannot read the domains' names from the store: %s", strerror(-err));
        }
    } else {
        out_of_memory();
    }
    for (unsigned i = 0; path != NULL && i < list->nr; i++) {
        free(path[i]);
    }
    free(path);
    return err;
}

int domain_list_all(struct life *l, struct domain_list *list)
{
    *list = (struct domain_list){0};
    int err = hv_list_all_domains(l->hv, &list->info, &list->nr);
    if (err != 0) {
        message_error("cannot list the domains: %s", strerror(-err));
        return err;
    }
    err = read_names(l, list);
    if (err != 0) {
        domain_list_fini(list);
    }
    return err;
}

int domain_list_some(struct life *l, char *const *words, int nr_words, struct domain_list *list)
{
    *list = (struct domain_list){0};
    list->info = calloc((size_t)nr_words + 1, sizeof(*list->info));
    if (list->info == NULL) {
        return out_of_memory();
    }
    int err = 0;
    for (int i = 0; i < nr_words && (err == 0 || err == -ESRCH); i++) {
        uint32_t domid = 0;
        err = domain_find(l, words[i], &domid);
        if (err == 0) {
            err = hv_get_domain(l->hv, (uint16_t)domid, &list->info[list->nr]);
            if (err != 0) {
                message_error("no such domain '%s'", words[i]);
            }
            list->nr += err == 0;
        }
        list->is_partial = list->is_partial || err != 0;
    }
    err = err == -ESRCH && list->nr > 0 ? 0 : err;
    if (err == 0) {
        err = read_names(l, list);
    }
    if (err != 0) {
        domain_list_fini(list);
    }
    return err;
}

void domain_list_fini(struct domain_list *list)
{
    for (unsigned i = 0; list->name != NULL && i < list->nr; i++) {
        free(list->name[i]);
    }
    free(list->name);
    free(list->info);
    *list = (struct domain_list){0};
}

const char *domain_list_name(const struct domain_list *list, unsigned i)
{
    return list->name[i] == NULL ? "(null)" : list->name[i];
}

/* "no such domain", and which one may be meant. */
static void say_unknown(const struct domain_list *list, const char *word)
{
    const char **candidates = calloc(list->nr + 1, sizeof(*candidates));
    size_t nr = 0;
    for (unsigned i = 0; candidates != NULL && i < list->nr; i++) {
        if (list->name[i] != NULL) {
            candidates[nr++] = list->name[i];
        }
    }
    const char *nearest = candidates == NULL ? NULL : nearest_word(word, candidates, nr);
    if (nearest != NULL) {
        message_error("no such domain '%s'; did you mean '%s'?", word, nearest);
    } else {
        message_error("no such domain '%s'", word);
    }
    free(candidates);
}

int domain_find(struct life *l, const char *word, uint32_t *domid)
{
    uint64_t number;
    if (number_is_decimal(word)) {
        struct xen_domctl_getdomaininfo info;
        if (number_parse(word, 0, UINT16_MAX, &number) == 0 &&
            hv_get_domain(l->hv, (uint16_t)number, &info) == 0 && info.domain == number) {
            *domid = (uint32_t)number;
            return 0;
        }
    }
    int err = life_find_name(l, word, STORE_NOBODY, domid);
    if (err != -ENOENT) {
        if (err != 0) {
            message_error("cannot look for '%s': %s", word, strerror(-err));
        }
        return err;
    }
    struct domain_list list; /* only to say which one may have been meant */
    err = domain_list_all(l, &list);
    if (err != 0) {
        return err;
    }
    say_unknown(&list, word);
    domain_list_fini(&list);
    return -ESRCH;
}

void domain_format_uuid(const uint8_t uuid[16], char out[37])
{
    static const char dash[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};
    for (int i = 0; i < 16; i++) {
        out += sprintf(out, "%s%02x", dash[i] ? "-" : "", uuid[i]);
    }
}

char *domain_read(struct life *l, uint32_t domid, const char *key)
{
    char *value = NULL;
    if (store_read(l->store, &value, NULL, "/local/domain/%u/%s", domid, key) != 0) {
        return NULL;
    }
    return value;
}
