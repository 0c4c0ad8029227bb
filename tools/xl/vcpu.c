// SPDX-License-Identifier: MIT
/* xl vcpu-list, vcpu-pin, vcpu-set. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"
#include "xl/sets.h"

static int ask_failed(const char *what, uint32_t domid, unsigned vcpu, int err)
{
    message_error("cannot %s of vCPU %u of domain %u: %s", what, vcpu, domid, strerror(-err));
    return err;
}

/* Where it is, what it does, for how long it has, and where it may and should be. */
static int add_vcpu(struct call *call, struct table *t, const struct domain_list *list, unsigned i,
                    unsigned vcpu, unsigned nr_cpus)
{
    const uint16_t domid = list->info[i].domain;
    struct hv *hv = call->life.hv;
    struct xen_domctl_getvcpuinfo info = {0};
    int err = hv_get_vcpu(hv, domid, vcpu, &info);
    if (err != 0) {
        /* The domain is being created or destroyed: its vCPUs come or go one by one */
        return err == -EINVAL || err == -ESRCH ? 0
                                               : ask_failed("ask for the state", domid, vcpu, err);
    }
    uint64_t hard[SET_WORDS] = {0};
    uint64_t soft[SET_WORDS] = {0};
    err = hv_get_affinity(hv, domid, vcpu, hard, soft, nr_cpus);
    if (err != 0) {
        return ask_failed("ask for the affinity", domid, vcpu, err);
    }
    table_cell(t, COLOUR_BOLD, "%s", domain_list_name(list, i));
    table_cell(t, COLOUR_NONE, "%u", domid);
    table_cell(t, COLOUR_NONE, "%u", vcpu);
    if (info.online) {
        table_cell(t, COLOUR_NONE, "%u", info.cpu);
        table_cell(t, info.running ? COLOUR_GREEN : COLOUR_NONE, "%c%c-", info.running ? 'r' : '-',
                   info.blocked ? 'b' : '-');
    } else {
        table_cell(t, COLOUR_NONE, "-");
        table_cell(t, COLOUR_BLUE, "--p");
    }
    table_cell(t, COLOUR_NONE, "%.1f", (double)info.cpu_time / 1e9);
    struct text where = {0};
    set_format(hard, nr_cpus, &where);
    text_add(&where, " / ");
    set_format(soft, nr_cpus, &where);
    table_cell_text(t, COLOUR_NONE, &where);
    text_fini(&where);
    return 0;
}

static int print_vcpus(struct call *call, const struct domain_list *list)
{
    static const struct column columns[] = {
        {"Name", "Name                            ", -32, 0},
        {"ID", "    ID", 5, 1},
        {"vCPU", "  VCPU", 5, 1},
        {"CPU", "   CPU", 5, 0},
        {"State", " State", -5, 3},
        {"Time/s", "   Time(s)", 8, 0},
        {"Must / should be on", " Affinity (Hard / Soft)", 0, 2},
    };
    unsigned nr_cpus = 0;
    int err = sets_nr_cpus(&call->life, &nr_cpus);
    struct table *t = table_create(columns, sizeof(columns) / sizeof(columns[0]));
    for (unsigned i = 0; t != NULL && i < list->nr && err == 0; i++) {
        /* All ones: it has none yet */
        const unsigned nr = list->info[i].max_vcpu_id + 1;
        for (unsigned vcpu = 0; vcpu < nr && err == 0; vcpu++) {
            err = add_vcpu(call, t, list, i, vcpu, nr_cpus);
        }
    }
    if (err == 0) {
        err = call_print_table(t);
    }
    table_destroy(t);
    return err;
}

int command_vcpu_list(struct call *call)
{
    int status = call_open(call);
    struct domain_list list;
    if (status == XL_OK) {
        status = call_status(call->nr_args == 0
                                 ? domain_list_all(&call->life, &list)
                                 : domain_list_some(&call->life, call->args, call->nr_args, &list));
    }
    if (status == XL_OK) {
        status = call_status(print_vcpus(call, &list));
        status = status == XL_OK && list.is_partial ? XL_FAILURE : status;
        domain_list_fini(&list);
    }
    return status;
}

/* ---- affinity */

/* What to set: NULL stays as it is. */
struct affinity {
    uint64_t hard_set[SET_WORDS], soft_set[SET_WORDS];
    uint64_t *hard, *soft;
};

static int parse_affinity(struct call *call, struct affinity *a)
{
    const char *hard = call->args[2];
    const char *soft = call->nr_args > 3 ? call->args[3] : "-";
    *a = (struct affinity){0};
    int err = 0;
    if (strcmp(hard, "-") != 0) {
        a->hard = a->hard_set;
        err = set_parse(&call->life, hard, a->hard_set);
    }
    if (err == 0 && strcmp(soft, "-") != 0) {
        a->soft = a->soft_set;
        err = set_parse(&call->life, soft, a->soft_set);
    }
    return err;
}

static void print_affinity(const struct affinity *a, unsigned nr_cpus)
{
    struct text out = {0};
    text_add(&out, "cpumap: ");
    set_format(a->hard == NULL ? a->soft_set : a->hard_set, nr_cpus, &out);
    puts(text_string(&out));
    text_fini(&out);
}

static int pin(struct call *call, uint32_t domid, unsigned vcpu, unsigned nr_cpus,
               const struct affinity *a)
{
    struct affinity asked = *a; /* the call writes what it came to */
    uint64_t *hard = a->hard == NULL ? NULL : asked.hard_set;
    uint64_t *soft = a->soft == NULL ? NULL : asked.soft_set;
    const int err = hv_set_affinity(call->life.hv, (uint16_t)domid, vcpu, hard, soft, nr_cpus);
    if (err == -ESRCH || err == -EINVAL) {
        message_error("cannot pin vCPU %u of domain %u: it has no such vCPU, or none of these CPUs "
                      "is in its pool",
                      vcpu, domid);
    } else if (err != 0) {
        ask_failed("set the affinity", domid, vcpu, err);
    }
    return err;
}

int command_vcpu_pin(struct call *call)
{
    if (call_has(call, 'f')) {
        message_error("vcpu-pin: option -f is not in these tools: no kernel pins vCPUs for a while "
                      "by itself");
        return XL_ABSENT;
    }
    uint64_t vcpu = 0;
    const bool all = strcmp(call->args[1], "all") == 0;
    if (!all && number_parse(call->args[1], 0, 4095, &vcpu) != 0) {
        return call_misused(call, "no vCPU '%s'", call->args[1]);
    }
    uint32_t domid;
    int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    struct affinity a;
    unsigned nr_cpus;
    int err = sets_nr_cpus(&call->life, &nr_cpus);
    if (err == 0) {
        err = parse_affinity(call, &a);
    }
    if (err == 0 && call->global->dry_run) {
        print_affinity(&a, nr_cpus);
        return XL_OK;
    }
    struct xen_domctl_getdomaininfo info = {0};
    if (err == 0 && all) {
        err = hv_get_domain(call->life.hv, (uint16_t)domid, &info);
    }
    const unsigned last = all ? info.max_vcpu_id : (unsigned)vcpu;
    for (unsigned v = (unsigned)vcpu; err == 0 && v <= last && last != XEN_INVALID_MAX_VCPU_ID;
         v++) {
        err = pin(call, domid, v, nr_cpus, &a);
    }
    return call_status(err);
}

int command_vcpu_set(struct call *call)
{
    uint64_t nr;
    if (number_parse(call->args[1], 1, 4096, &nr) != 0) {
        return call_misused(call, "'%s' is no number of vCPUs", call->args[1]);
    }
    uint32_t domid;
    int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    unsigned nr_cpus;
    if (sets_nr_cpus(&call->life, &nr_cpus) != 0) {
        return XL_FAILURE;
    }
    if (nr > nr_cpus && !call_has(call, 'i')) {
        message_error("the host has %u CPUs: %lu vCPUs would only hinder each other; "
                      "--ignore-host sets them all the same",
                      nr_cpus, (unsigned long)nr);
        return XL_FAILURE;
    }
    return call_status(life_set_vcpus(&call->life, domid, (unsigned)nr));
}
