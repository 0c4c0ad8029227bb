// SPDX-License-Identifier: MIT
#include "xl/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/nearest.h"
#include "lib/number.h"
#include "xl/sets.h"

static const struct {
    const char *name;
    uint32_t id;
} schedulers[] = {
    {"credit", XEN_SCHEDULER_CREDIT},     {"credit2", XEN_SCHEDULER_CREDIT2},
    {"arinc653", XEN_SCHEDULER_ARINC653}, {"rtds", XEN_SCHEDULER_RTDS},
    {"null", XEN_SCHEDULER_NULL},
};
#define NR_SCHEDULERS (sizeof(schedulers) / sizeof(schedulers[0]))

const char *scheduler_name(uint32_t sched_id)
{
    for (size_t i = 0; i < NR_SCHEDULERS; i++) {
        if (schedulers[i].id == sched_id) {
            return schedulers[i].name;
        }
    }
    return "unknown";
}

int scheduler_parse(const char *name, uint32_t *sched_id)
{
    for (size_t i = 0; i < NR_SCHEDULERS; i++) {
        if (strcmp(schedulers[i].name, name) == 0) {
            *sched_id = schedulers[i].id;
            return 0;
        }
    }
    return -EINVAL;
}

char *pool_name(struct life *l, uint32_t pool)
{
    char *name = NULL;
    if (store_read(l->store, &name, NULL, "/local/pool/%u/name", pool) == 0) {
        return name;
    }
    return asprintf(&name, "Pool-%u", pool) < 0 ? NULL : name;
}

/* One more pool at the end of the list; 0, -ENOENT when there are no more, or another errno. */
static int append(struct life *l, struct pool_info **list, unsigned *nr)
{
    const uint32_t first = *nr == 0 ? 0 : (*list)[*nr - 1].id + 1;
    struct pool_info *more = reallocarray(*list, *nr + 1, sizeof(**list));
    if (more == NULL) {
        return -ENOMEM;
    }
    *list = more;
    struct pool_info *p = &more[*nr];
    *p = (struct pool_info){0};
    _Static_assert(sizeof(p->cpus) == SET_WORDS * sizeof(uint64_t), "one size of sets");
    struct xen_sysctl_cpupool_op op = {0};
    const int err = hv_get_pool(l->hv, first, &op, p->cpus, SET_MAX);
    if (err != 0) {
        return err;
    }
    p->id = op.cpupool_id;
    p->sched_id = op.sched_id;
    p->nr_domains = op.n_dom;
    p->name = pool_name(l, p->id);
    *nr += p->name != NULL;
    return p->name == NULL ? -ENOMEM : 0;
}

int pool_list(struct life *l, struct pool_info **list, unsigned *nr)
{
    *list = NULL;
    *nr = 0;
    int err;
    do {
        err = append(l, list, nr);
    } while (err == 0);
    if (err == -ENOENT || err == -ESRCH) {
        return 0;
    }
    message_error("cannot list the pools of CPUs: %s", strerror(-err));
    pool_list_fini(*list, *nr);
    return err;
}

void pool_list_fini(struct pool_info *list, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++) {
        free(list[i].name);
    }
    free(list);
}

static void say_unknown(const struct pool_info *list, unsigned nr, const char *word)
{
    const char **names = calloc(nr + 1, sizeof(*names));
    for (unsigned i = 0; names != NULL && i < nr; i++) {
        names[i] = list[i].name;
    }
    const char *nearest = names == NULL ? NULL : nearest_word(word, names, nr);
    if (nearest != NULL) {
        message_error("no such pool '%s'; did you mean '%s'?", word, nearest);
    } else {
        message_error("no such pool '%s'", word);
    }
    free(names);
}

int pool_find(struct life *l, const char *word, uint32_t *pool)
{
    struct pool_info *list;
    unsigned nr;
    int err = pool_list(l, &list, &nr);
    if (err != 0) {
        return err;
    }
    uint64_t number = UINT64_MAX;
    if (number_is_decimal(word)) {
        number_parse(word, 0, UINT32_MAX, &number);
    }
    err = -ENOENT;
    for (unsigned i = 0; i < nr; i++) {
        if (strcmp(list[i].name, word) == 0 || (err != 0 && list[i].id == number)) {
            *pool = list[i].id;
            err = 0;
        }
    }
    if (err != 0) {
        say_unknown(list, nr, word);
    }
    pool_list_fini(list, nr);
    return err;
}
