// SPDX-License-Identifier: MIT
/* xl cpupool-*. */
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
#include "xl/pool.h"
#include "xl/pool_config.h"
#include "xl/sets.h"

static const struct column cpu_columns[] = {
    {"Name", "Name               ", -19, 0},
    {"CPUs", "CPU list", 0, 0},
};
static const struct column usual_columns[] = {
    {"Name", "Name               ", -19, 0}, {"CPUs", "CPUs", 3, 0},
    {"Scheduler", "   Sched", 9, 1},         {"Active", "     Active", 1, 7},
    {"Domains", "   Domain count", 4, 7},
};

static void add_pool(struct table *t, const struct pool_info *p, bool cpus)
{
    table_cell(t, COLOUR_BOLD, "%s", p->name);
    if (cpus) {
        struct text list = {0};
        set_format_plain(p->cpus, SET_MAX, &list);
        table_cell_text(t, COLOUR_NONE, &list);
        text_fini(&list);
        return;
    }
    unsigned nr = 0;
    for (unsigned i = 0; i < SET_MAX; i++) {
        nr += set_has(p->cpus, i) != 0;
    }
    table_cell(t, COLOUR_NONE, "%u", nr);
    table_cell(t, COLOUR_NONE, "%s", scheduler_name(p->sched_id));
    table_cell(t, COLOUR_NONE, "y");
    table_cell(t, COLOUR_NONE, "%u", p->nr_domains);
}

int command_cpupool_list(struct call *call)
{
    const bool cpus = call_has(call, 'c');
    int status = call_open(call);
    uint32_t only = UINT32_MAX;
    if (status == XL_OK && call->nr_args > 0) {
        status = call_status(pool_find(&call->life, call->args[0], &only));
    }
    struct pool_info *list;
    unsigned nr;
    if (status != XL_OK || pool_list(&call->life, &list, &nr) != 0) {
        return XL_FAILURE;
    }
    struct table *t = cpus ? table_create(cpu_columns, 2) : table_create(usual_columns, 5);
    for (unsigned i = 0; t != NULL && i < nr; i++) {
        if (only == UINT32_MAX || list[i].id == only) {
            add_pool(t, &list[i], cpus);
        }
    }
    status = call_status(call_print_table(t));
    table_destroy(t);
    pool_list_fini(list, nr);
    return status;
}

/* call_open() and the pool of the first operand. */
static int first_pool(struct call *call, uint32_t *pool)
{
    const int status = call_open(call);
    return status != XL_OK ? status : call_status(pool_find(&call->life, call->args[0], pool));
}

static const char *why(int err)
{
    return err == -ENOSYS || err == -EOPNOTSUPP ? "this hypervisor's pools cannot be changed"
                                                : strerror(-err);
}

/* ---- create */

/* The CPUs of a new pool: those asked for, which must be free; else the first free one. */
static int choose_cpus(struct life *l, const struct pool_config *c, uint64_t cpus[SET_WORDS])
{
    uint64_t free_cpus[SET_WORDS] = {0};
    int err = hv_get_free_cpus(l->hv, free_cpus, SET_MAX);
    if (err != 0) {
        message_error("cannot ask which CPUs are in no pool: %s", why(err));
        return err;
    }
    memset(cpus, 0, SET_WORDS * sizeof(*cpus));
    if (c->cpus != NULL || c->nodes != NULL) {
        err = set_parse(l, c->cpus != NULL ? c->cpus : c->nodes, cpus);
        for (unsigned i = 0; err == 0 && i < SET_MAX; i++) {
            if (!set_has(cpus, i) || set_has(free_cpus, i)) {
                continue;
            }
            if (c->cpus == NULL) {
                cpus[i / 64] &= ~(UINT64_C(1) << i % 64); /* of a node, those that are free */
                continue;
            }
            message_error("CPU %u is in another pool; xl cpupool-cpu-remove takes it from there",
                          i);
            err = -EBUSY;
        }
        return err;
    }
    for (unsigned i = 0; i < SET_MAX; i++) {
        if (set_has(free_cpus, i)) {
            cpus[i / 64] = UINT64_C(1) << i % 64;
            return 0;
        }
    }
    message_error("no CPU is free; xl cpupool-cpu-remove takes one from its pool");
    return -EBUSY;
}

static int add_cpus(struct life *l, uint32_t pool, const uint64_t *cpus)
{
    for (unsigned i = 0; i < SET_MAX; i++) {
        const int err = set_has(cpus, i) ? hv_add_pool_cpu(l->hv, pool, i) : 0;
        if (err != 0) {
            message_error("cannot add CPU %u to the pool: %s", i, why(err));
            return err;
        }
    }
    return 0;
}

/* All of it or nothing. */
static int create_pool(struct life *l, const struct pool_config *c, const uint64_t *cpus)
{
    uint32_t pool = XEN_SYSCTL_CPUPOOL_PAR_ANY;
    int err = hv_create_pool(l->hv, c->sched_id, &pool);
    if (err != 0) {
        message_error("cannot make a pool with the scheduler %s: %s", scheduler_name(c->sched_id),
                      err == -EINVAL ? "this hypervisor has none such" : why(err));
        return err;
    }
    err = store_write(l->store, c->name, "/local/pool/%u/name", pool);
    if (err != 0) {
        message_error("cannot name the pool: %s", why(err));
    } else {
        err = add_cpus(l, pool, cpus);
    }
    if (err != 0) {
        for (unsigned i = 0; i < SET_MAX; i++) {
            if (set_has(cpus, i)) {
                hv_remove_pool_cpu(l->hv, pool, i);
            }
        }
        hv_destroy_pool(l->hv, pool);
        store_remove(l->store, "/local/pool/%u", pool);
    }
    return err;
}

/* The name must be free, a scheduler chosen: that of the first pool if nobody says. */
static int check_pool(struct life *l, struct pool_config *c)
{
    struct pool_info *list;
    unsigned nr;
    int err = pool_list(l, &list, &nr);
    if (err != 0) {
        return err;
    }
    for (unsigned i = 0; i < nr; i++) {
        if (strcmp(list[i].name, c->name) == 0) {
            message_error("there is a pool '%s' already", c->name);
            err = -EEXIST;
        }
    }
    if (c->sched == NULL && nr > 0) {
        c->sched_id = list[0].sched_id;
    } else if (c->sched != NULL && scheduler_parse(c->sched, &c->sched_id) != 0) {
        message_error("no scheduler '%s': credit, credit2, rtds, null or arinc653", c->sched);
        err = -EINVAL;
    }
    pool_list_fini(list, nr);
    return err;
}

static void print_pool(const struct pool_config *c, const uint64_t *cpus)
{
    unsigned nr = 0;
    for (unsigned i = 0; i < SET_MAX; i++) {
        nr += set_has(cpus, i) != 0;
    }
    printf("Using config file \"%s\"\ncpupool name:   %s\nscheduler:      %s\n"
           "number of cpus: %u\n",
           c->file == NULL ? "command line" : c->file, c->name, scheduler_name(c->sched_id), nr);
}

int command_cpupool_create(struct call *call)
{
    struct pool_config c;
    int err = pool_config_read(call, &c);
    uint64_t cpus[SET_WORDS];
    if (err == 0 && call_open(call) != XL_OK) {
        err = -EIO;
    }
    if (err == 0) {
        err = check_pool(&call->life, &c);
    }
    if (err == 0) {
        err = choose_cpus(&call->life, &c, cpus);
    }
    if (err == 0) {
        print_pool(&c, cpus);
        if (!call_has(call, 'n') && !call->global->dry_run) {
            err = create_pool(&call->life, &c, cpus);
        }
    }
    pool_config_fini(&c);
    return call_status(err);
}

/* ---- changes */

int command_cpupool_destroy(struct call *call)
{
    uint32_t pool;
    const int status = first_pool(call, &pool);
    if (status != XL_OK) {
        return status;
    }
    struct pool_info *list;
    unsigned nr;
    int err = pool_list(&call->life, &list, &nr);
    if (err != 0) {
        return XL_FAILURE;
    }
    for (unsigned i = 0; i < nr; i++) {
        if (list[i].id == pool && list[i].nr_domains > 0) {
            message_error("pool '%s' has %u domains; xl cpupool-migrate moves them", call->args[0],
                          list[i].nr_domains);
            err = -EBUSY;
        }
        for (unsigned c = 0; c < SET_MAX && err == 0 && list[i].id == pool; c++) {
            err = set_has(list[i].cpus, c) ? hv_remove_pool_cpu(call->life.hv, pool, c) : 0;
        }
    }
    pool_list_fini(list, nr);
    if (err == 0) {
        err = hv_destroy_pool(call->life.hv, pool);
    }
    if (err == 0) {
        store_remove(call->life.store, "/local/pool/%u", pool);
    } else if (err != -EBUSY) {
        message_error("cannot end pool '%s': %s", call->args[0], why(err));
    }
    return call_status(err);
}

int command_cpupool_rename(struct call *call)
{
    uint32_t pool;
    const char *name = call->args[1];
    if (*name == '\0' || number_is_decimal(name)) {
        return call_misused(call, "'%s' is no name for a pool", name);
    }
    const int status = first_pool(call, &pool);
    if (status != XL_OK) {
        return status;
    }
    struct pool_config c = {.name = call->args[1]};
    int err = check_pool(&call->life, &c);
    if (err == 0) {
        err = store_write(call->life.store, name, "/local/pool/%u/name", pool);
        if (err != 0) {
            message_error("cannot rename pool '%s': %s", call->args[0], why(err));
        }
    }
    return call_status(err);
}

/* Adds or removes all CPUs that can be, says each that cannot. */
static int change_cpus(struct call *call, bool add)
{
    uint32_t pool;
    const int status = first_pool(call, &pool);
    uint64_t cpus[SET_WORDS];
    if (status != XL_OK || set_parse(&call->life, call->args[1], cpus) != 0) {
        return XL_FAILURE;
    }
    int failed = 0;
    for (unsigned i = 0; i < SET_MAX; i++) {
        if (!set_has(cpus, i)) {
            continue;
        }
        const int err = add ? hv_add_pool_cpu(call->life.hv, pool, i)
                            : hv_remove_pool_cpu(call->life.hv, pool, i);
        if (err != 0) {
            message_error("cannot %s CPU %u %s pool '%s': %s", add ? "add" : "remove", i,
                          add ? "to" : "from", call->args[0], why(err));
            failed = err;
        }
    }
    return call_status(failed);
}

int command_cpupool_cpu_add(struct call *call)
{
    return change_cpus(call, true);
}

int command_cpupool_cpu_remove(struct call *call)
{
    return change_cpus(call, false);
}

int command_cpupool_migrate(struct call *call)
{
    uint32_t domid;
    uint32_t pool;
    int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    if (pool_find(&call->life, call->args[1], &pool) != 0) {
        return XL_FAILURE;
    }
    const int err = hv_move_domain(call->life.hv, pool, (uint16_t)domid);
    if (err != 0) {
        message_error("cannot move domain '%s' to pool '%s': %s", call->args[0], call->args[1],
                      domid == 0 ? "the control domain stays where it is" : why(err));
    }
    return call_status(err);
}

/* One node: there is nothing to split, as Xen's tools have it. More: each but the first gets a
 * pool. */
int command_cpupool_numa_split(struct call *call)
{
    int status = call_open(call);
    unsigned nr_nodes;
    struct pool_info *list;
    unsigned nr;
    if (status != XL_OK || sets_nr_nodes(&call->life, &nr_nodes) != 0 ||
        pool_list(&call->life, &list, &nr) != 0) {
        return XL_FAILURE;
    }
    const uint32_t sched_id = nr > 0 ? list[0].sched_id : 0;
    pool_list_fini(list, nr);
    if (nr > 1) {
        message_error("there is more than one pool already");
        return XL_FAILURE;
    }
    int err = nr_nodes < 2 ? 0 : store_write(call->life.store, "Pool-node0", "/local/pool/0/name");
    for (unsigned node = 1; node < nr_nodes && err == 0; node++) {
        char name[32];
        char cpus[32];
        uint64_t set[SET_WORDS];
        snprintf(name, sizeof(name), "Pool-node%u", node);
        snprintf(cpus, sizeof(cpus), "node:%u", node);
        err = set_parse(&call->life, cpus, set);
        for (unsigned i = 0; i < SET_MAX && err == 0; i++) {
            err = set_has(set, i) ? hv_remove_pool_cpu(call->life.hv, 0, i) : 0;
        }
        const struct pool_config c = {.name = name, .sched_id = sched_id};
        if (err == 0) {
            err = create_pool(&call->life, &c, set);
        }
    }
    return call_status(err);
}
