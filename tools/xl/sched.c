// SPDX-License-Identifier: MIT
/* xl sched-credit, sched-credit2, sched-rtds: a table of schedulers, one way through all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"
#include "xl/pool.h"

#define NR_PARAMETERS 3
#define RTDS_EXTRA    1u /* in the flags of a domain's parameters */

/* One parameter of a domain: its option and what it may be. */
struct parameter {
    char letter; /* 0: none */
    uint64_t min, max;
};

struct policy {
    uint32_t id;
    struct parameter parameter[NR_PARAMETERS];
    const struct column *columns;
    size_t nr_columns;
    char pool_option;
    void (*get)(const struct xen_domctl_scheduler_op *op, uint64_t value[NR_PARAMETERS]);
    void (*set)(struct xen_domctl_scheduler_op *op, const uint64_t value[NR_PARAMETERS]);
    /* The pool's line, with the parameters that -s shows; NULL: it has none of its own */
    void (*pool_line)(const struct xen_sysctl_scheduler_op *op, struct text *out);
    /* Puts the options of a pool into op; a count of them, or a negative status, said */
    int (*pool_set)(const struct call *call, struct xen_sysctl_scheduler_op *op);
};

static const struct column weight_columns[] = {
    {"Name", "Name                             ", -33, 0},
    {"ID", "   ID", 4, 1},
    {"Weight", " Weight", 6, 1},
    {"Cap/%", "  Cap", 4, 1},
};
static const struct column budget_columns[] = {
    {"Name", "Name                             ", -33, 0},
    {"ID", "   ID", 4, 1},
    {"Period/us", "    Period", 9, 1},
    {"Budget/us", "    Budget", 9, 1},
    {"Extra time", "  Extratime", 10, 1},
};

static void get_credit(const struct xen_domctl_scheduler_op *op, uint64_t value[NR_PARAMETERS])
{
    value[0] = op->u.credit.weight;
    value[1] = op->u.credit.cap;
}

static void set_credit(struct xen_domctl_scheduler_op *op, const uint64_t value[NR_PARAMETERS])
{
    op->u.credit.weight = (uint16_t)value[0];
    op->u.credit.cap = (uint16_t)value[1];
}

static void get_credit2(const struct xen_domctl_scheduler_op *op, uint64_t value[NR_PARAMETERS])
{
    value[0] = op->u.credit2.weight;
    value[1] = op->u.credit2.cap;
}

static void set_credit2(struct xen_domctl_scheduler_op *op, const uint64_t value[NR_PARAMETERS])
{
    op->u.credit2.weight = (uint16_t)value[0];
    op->u.credit2.cap = (uint16_t)value[1];
}

static void get_rtds(const struct xen_domctl_scheduler_op *op, uint64_t value[NR_PARAMETERS])
{
    value[0] = op->u.rtds.period;
    value[1] = op->u.rtds.budget;
    value[2] = op->u.rtds.flags & RTDS_EXTRA;
}

static void set_rtds(struct xen_domctl_scheduler_op *op, const uint64_t value[NR_PARAMETERS])
{
    op->u.rtds.period = (uint32_t)value[0];
    op->u.rtds.budget = (uint32_t)value[1];
    op->u.rtds.flags = value[2] ? RTDS_EXTRA : 0;
}

static void line_credit(const struct xen_sysctl_scheduler_op *op, struct text *out)
{
    text_add(out, " tslice=%ums ratelimit=%uus migration-delay=%uus", op->u.sched_credit.tslice_ms,
             op->u.sched_credit.ratelimit_us, op->u.sched_credit.vcpu_migr_delay_us);
}

static void line_credit2(const struct xen_sysctl_scheduler_op *op, struct text *out)
{
    text_add(out, " ratelimit=%uus", op->u.sched_credit2.ratelimit_us);
}

/* The value of an option as a number: 1 if it was given, 0 if not, -XL_USAGE, said. */
static int option_number(const struct call *call, char letter, uint64_t min, uint64_t max,
                         uint64_t *value)
{
    const char *word = call_value(call, letter);
    if (word == NULL) {
        return 0;
    }
    if (number_parse(word, min, max, value) != 0) {
        return -call_misused(call, "-%c %s: a number from %lu to %lu is wanted", letter, word,
                             (unsigned long)min, (unsigned long)max);
    }
    return 1;
}

static int pool_set_credit(const struct call *call, struct xen_sysctl_scheduler_op *op)
{
    uint64_t slice = op->u.sched_credit.tslice_ms;
    uint64_t limit = op->u.sched_credit.ratelimit_us;
    uint64_t delay = op->u.sched_credit.vcpu_migr_delay_us;
    const int a = option_number(call, 't', 1, 1000, &slice);
    const int b = option_number(call, 'r', 0, 500000, &limit);
    const int c = option_number(call, 'm', 0, 100000, &delay);
    op->u.sched_credit.tslice_ms = (uint32_t)slice;
    op->u.sched_credit.ratelimit_us = (uint32_t)limit;
    op->u.sched_credit.vcpu_migr_delay_us = (uint32_t)delay;
    return a < 0 || b < 0 || c < 0 ? -XL_USAGE : a + b + c;
}

static int pool_set_credit2(const struct call *call, struct xen_sysctl_scheduler_op *op)
{
    uint64_t limit = op->u.sched_credit2.ratelimit_us;
    const int given = option_number(call, 'r', 0, 500000, &limit);
    op->u.sched_credit2.ratelimit_us = (uint32_t)limit;
    return given;
}

static const struct policy credit = {
    XEN_SCHEDULER_CREDIT,
    {{'w', 1, 65535}, {'c', 0, 65535}},
    weight_columns,
    4,
    'p',
    get_credit,
    set_credit,
    line_credit,
    pool_set_credit,
};
static const struct policy credit2 = {
    XEN_SCHEDULER_CREDIT2,
    {{'w', 1, 65535}, {'c', 0, 65535}},
    weight_columns,
    4,
    'p',
    get_credit2,
    set_credit2,
    line_credit2,
    pool_set_credit2,
};
static const struct policy rtds = {
    XEN_SCHEDULER_RTDS,
    {{'p', 10, UINT32_MAX}, {'b', 10, UINT32_MAX}, {'e', 0, 1}},
    budget_columns,
    5,
    'c',
    get_rtds,
    set_rtds,
    NULL,
    NULL,
};

/* ---- one domain */

static int ask_domain(struct call *call, const struct policy *p, uint32_t domid, uint32_t command,
                      struct xen_domctl_scheduler_op *op)
{
    op->sched_id = p->id;
    op->cmd = command;
    const int err = hv_sched_domain(call->life.hv, (uint16_t)domid, op);
    if (err == -EINVAL && command == XEN_DOMCTL_SCHEDOP_getinfo) {
        message_error("domain %u is not in a pool with the scheduler %s", domid,
                      scheduler_name(p->id));
    } else if (err != 0) {
        message_error("cannot %s the scheduler's parameters of domain %u: %s",
                      command == XEN_DOMCTL_SCHEDOP_getinfo ? "read" : "set", domid,
                      strerror(-err));
    }
    return err;
}

static int add_domain(struct call *call, const struct policy *p, const struct domain_list *list,
                      unsigned i, struct table *t)
{
    struct xen_domctl_scheduler_op op = {0};
    const int err = ask_domain(call, p, list->info[i].domain, XEN_DOMCTL_SCHEDOP_getinfo, &op);
    if (err != 0) {
        return err;
    }
    uint64_t value[NR_PARAMETERS] = {0};
    p->get(&op, value);
    table_cell(t, COLOUR_BOLD, "%s", domain_list_name(list, i));
    table_cell(t, COLOUR_NONE, "%u", list->info[i].domain);
    table_cell(t, COLOUR_NONE, "%lu", (unsigned long)value[0]);
    table_cell(t, COLOUR_NONE, "%lu", (unsigned long)value[1]);
    if (p->nr_columns > 4) {
        table_cell(t, COLOUR_NONE, "%s", value[2] ? "yes" : "no");
    }
    return 0;
}

/* The domains of a pool, or all of the list. */
static int print_domains(struct call *call, const struct policy *p, const struct domain_list *list,
                         const struct pool_info *pool)
{
    struct table *t = table_create(p->columns, p->nr_columns);
    int err = 0;
    for (unsigned i = 0; t != NULL && err == 0 && i < list->nr; i++) {
        if (pool == NULL || list->info[i].cpupool == pool->id) {
            err = add_domain(call, p, list, i, t);
        }
    }
    if (err == 0) {
        err = call_print_table(t);
    }
    table_destroy(t);
    return err;
}

/* -d: shows a domain, or changes what was given of it. */
static int one_domain(struct call *call, const struct policy *p)
{
    if (call_has(call, p->pool_option) || (p->pool_set != NULL && call_has(call, 's'))) {
        return call_misused(call, "a domain and a pool at once");
    }
    uint32_t domid;
    char *word = (char *)call_value(call, 'd');
    int status = call_find_domain(call, word, &domid);
    struct xen_domctl_scheduler_op op = {0};
    if (status != XL_OK || ask_domain(call, p, domid, XEN_DOMCTL_SCHEDOP_getinfo, &op) != 0) {
        return XL_FAILURE;
    }
    uint64_t value[NR_PARAMETERS] = {0};
    p->get(&op, value);
    int nr_given = 0;
    for (int i = 0; i < NR_PARAMETERS && p->parameter[i].letter != 0; i++) {
        const struct parameter *a = &p->parameter[i];
        const int given = option_number(call, a->letter, a->min, a->max, &value[i]);
        if (given < 0) {
            return -given;
        }
        nr_given += given;
    }
    if (nr_given > 0) {
        p->set(&op, value);
        return call_status(ask_domain(call, p, domid, XEN_DOMCTL_SCHEDOP_putinfo, &op));
    }
    struct domain_list list;
    if (domain_list_some(&call->life, &word, 1, &list) != 0) {
        return XL_FAILURE;
    }
    status = call_status(print_domains(call, p, &list, NULL));
    domain_list_fini(&list);
    return status;
}

/* ---- pools */

static int ask_pool(struct call *call, const struct policy *p, const struct pool_info *pool,
                    uint32_t command, struct xen_sysctl_scheduler_op *op)
{
    op->cpupool_id = pool->id;
    op->sched_id = p->id;
    op->cmd = command;
    const int err = hv_sched_pool(call->life.hv, op);
    if (err != 0) {
        message_error("cannot %s the parameters of pool '%s': %s",
                      command == XEN_SYSCTL_SCHEDOP_getinfo ? "read" : "set", pool->name,
                      strerror(-err));
    }
    return err;
}

static int print_pool_line(struct call *call, const struct policy *p, const struct pool_info *pool)
{
    struct text out = {0};
    int err = 0;
    text_add(&out, "Cpupool %s:", pool->name);
    if (p->pool_line == NULL) {
        text_add(&out, " sched=RTDS");
    } else {
        struct xen_sysctl_scheduler_op op = {0};
        err = ask_pool(call, p, pool, XEN_SYSCTL_SCHEDOP_getinfo, &op);
        if (err == 0) {
            p->pool_line(&op, &out);
        }
    }
    if (err == 0 && out.failed) {
        message_error("out of memory");
        err = -ENOMEM;
    }
    if (err == 0) {
        puts(text_string(&out));
    }
    text_fini(&out);
    return err;
}

/* -s: shows a pool's parameters, or changes what was given of them. */
static int one_pool(struct call *call, const struct policy *p, const struct pool_info *pool)
{
    struct xen_sysctl_scheduler_op op = {0};
    if (ask_pool(call, p, pool, XEN_SYSCTL_SCHEDOP_getinfo, &op) != 0) {
        return XL_FAILURE;
    }
    const int given = p->pool_set(call, &op);
    if (given < 0) {
        return -given;
    }
    return call_status(given > 0 ? ask_pool(call, p, pool, XEN_SYSCTL_SCHEDOP_putinfo, &op)
                                 : print_pool_line(call, p, pool));
}

/* All pools with this scheduler and their domains, or the one of -p. */
static int all_pools(struct call *call, const struct policy *p, const struct pool_info *pools,
                     unsigned nr, uint32_t only)
{
    struct domain_list list;
    int err = domain_list_all(&call->life, &list);
    if (err != 0) {
        return XL_FAILURE;
    }
    for (unsigned i = 0; err == 0 && i < nr; i++) {
        if (pools[i].sched_id != p->id || (only != UINT32_MAX && pools[i].id != only)) {
            continue;
        }
        err = print_pool_line(call, p, &pools[i]);
        if (err == 0) {
            err = print_domains(call, p, &list, &pools[i]);
        }
    }
    domain_list_fini(&list);
    return call_status(err);
}

/* The pool of -p, or with -s alone the first. */
static int choose_pool(struct call *call, const struct policy *p, const struct pool_info *pools,
                       unsigned nr, uint32_t only)
{
    if (p->pool_set == NULL || !call_has(call, 's')) {
        return all_pools(call, p, pools, nr, only);
    }
    for (unsigned i = 0; i < nr; i++) {
        if (pools[i].id == (only == UINT32_MAX ? 0 : only)) {
            if (pools[i].sched_id == p->id) {
                return one_pool(call, p, &pools[i]);
            }
            message_error("the scheduler of pool '%s' is %s, not %s", pools[i].name,
                          scheduler_name(pools[i].sched_id), scheduler_name(p->id));
            return XL_FAILURE;
        }
    }
    return XL_FAILURE;
}

static int schedule(struct call *call, const struct policy *p)
{
    if (call_has(call, 'd')) {
        return one_domain(call, p);
    }
    for (int i = 0; i < NR_PARAMETERS && p->parameter[i].letter != 0; i++) {
        if (call_has(call, p->parameter[i].letter)) {
            return call_misused(call, "-%c is for a domain: -d DOMAIN", p->parameter[i].letter);
        }
    }
    if (p->pool_set != NULL && !call_has(call, 's') &&
        (call_has(call, 'r') || call_has(call, 't') || call_has(call, 'm'))) {
        return call_misused(call, "a pool's parameters are changed with -s");
    }
    const int status = call_open(call);
    uint32_t only = UINT32_MAX;
    const char *word = call_value(call, p->pool_option);
    if (status != XL_OK || (word != NULL && pool_find(&call->life, word, &only) != 0)) {
        return XL_FAILURE;
    }
    struct pool_info *pools;
    unsigned nr;
    if (pool_list(&call->life, &pools, &nr) != 0) {
        return XL_FAILURE;
    }
    const int result = choose_pool(call, p, pools, nr, only);
    pool_list_fini(pools, nr);
    return result;
}

int command_sched_credit(struct call *call)
{
    return schedule(call, &credit);
}

int command_sched_credit2(struct call *call)
{
    return schedule(call, &credit2);
}

int command_sched_rtds(struct call *call)
{
    if (call_has(call, 'v')) {
        message_error("sched-rtds: option -v is not in these tools yet: a domain's vCPUs share its "
                      "parameters");
        return XL_ABSENT;
    }
    return schedule(call, &rtds);
}
