// SPDX-License-Identifier: MIT
/* xl list, vm-list, claims, sharing: tables of domains. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/sched.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"
#include "xl/json_list.h"
#include "xl/pool.h"
#include "xl/sets.h"

enum { NAME, ID, MEMORY, VCPUS, STATE, TIME, NR_USUAL };

/* Headers and widths are those that scripts know from Xen's tools. */
static const struct column usual[NR_USUAL] = {
    [NAME] = {"Name", "Name                                    ", -40, 0},
    [ID] = {"ID", "    ID", 5, 1},
    [MEMORY] = {"Mem/MiB", "   Mem", 5, 1},
    [VCPUS] = {"vCPUs", " VCPUs", 5, 1},
    [STATE] = {"State", "\tState", -6, 5},
    [TIME] = {"Time/s", "\tTime(s)", 8, 2},
};
static const struct column uuid_column = {"UUID", "   UUID                            ", -36, 1};
static const struct column reason_column = {"Reason", "Reason-Code", 8, 1};
static const struct column label_after_reason = {"Label", "\tSecurity Label", 16, 1};
static const struct column label_column = {"Label", "   Security Label", 16, 1};
static const struct column claimed_column = {"Claimed/MiB", "  Claimed", 5, 1};
static const struct column pool_column = {"Pool", "         Cpupool", 16, 0};
static const struct column node_column = {"Nodes", " NODE Affinity", 0, 1};

/* What is shown beside the usual. */
struct wanted {
    bool verbose, label, pool, node, claim;
};

/* The six letters of a domain's state. */
static void format_state(const struct xen_domctl_getdomaininfo *info, char out[7])
{
    const uint32_t f = info->flags;
    const unsigned reason = f >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    const bool is_shutdown = f & XEN_DOMINF_shutdown;
    out[0] = f & XEN_DOMINF_running ? 'r' : '-';
    out[1] = f & XEN_DOMINF_blocked ? 'b' : '-';
    out[2] = f & XEN_DOMINF_paused ? 'p' : '-';
    out[3] = is_shutdown ? 's' : '-';
    out[4] = is_shutdown && reason == SHUTDOWN_crash ? 'c' : '-';
    out[5] = f & XEN_DOMINF_dying ? 'd' : '-';
    out[6] = '\0';
}

static enum colour state_colour(const char *state)
{
    return state[4] == 'c' || state[5] == 'd' ? COLOUR_RED
           : state[3] == 's'                  ? COLOUR_YELLOW
           : state[2] == 'p'                  ? COLOUR_BLUE
           : state[0] == 'r'                  ? COLOUR_GREEN
                                              : COLOUR_NONE;
}

static void add_usual(struct table *t, const struct domain_list *list, unsigned i)
{
    const struct xen_domctl_getdomaininfo *info = &list->info[i];
    char state[7];
    format_state(info, state);
    const enum colour c = state_colour(state);
    table_cell(t, COLOUR_BOLD, "%s", domain_list_name(list, i));
    table_cell(t, COLOUR_NONE, "%u", info->domain);
    table_cell(t, COLOUR_NONE, "%lu",
               (unsigned long)((info->tot_pages + info->outstanding_pages) / 256));
    table_cell(t, COLOUR_NONE, "%u", info->nr_online_vcpus);
    table_cell(t, c, "%s", state);
    table_cell(t, COLOUR_NONE, "%.1f", (double)info->cpu_time / 1e9);
}

/* UUID and the reason of a shutdown */
static void add_verbose(struct table *t, const struct xen_domctl_getdomaininfo *info)
{
    char uuid[37];
    domain_format_uuid(info->handle, uuid);
    table_cell(t, COLOUR_DIM, "%s", uuid);
    if (info->flags & XEN_DOMINF_shutdown) {
        table_cell(t, COLOUR_NONE, "%x",
                   info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
    } else {
        table_cell(t, COLOUR_NONE, "-");
    }
}

static int add_pool(struct call *call, struct table *t, uint32_t pool)
{
    char *name = pool_name(&call->life, pool);
    if (name == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    table_cell(t, COLOUR_NONE, "%s", name);
    free(name);
    return 0;
}

static int add_nodes(struct call *call, struct table *t, uint16_t domid, unsigned nr_nodes)
{
    uint64_t nodes[16] = {0};
    int err = nr_nodes > 64 * 16 ? -E2BIG : 0;
    if (err == 0) {
        err = hv_get_node_affinity(call->life.hv, domid, nodes, nr_nodes);
    }
    struct text out = {0};
    if (err == 0) {
        set_format(nodes, nr_nodes, &out);
        table_cell_text(t, COLOUR_NONE, &out);
    } else {
        message_error("cannot ask for the nodes of domain %u: %s", domid, strerror(-err));
    }
    text_fini(&out);
    return err;
}

static size_t choose_columns(const struct wanted *wanted, struct column *columns)
{
    size_t nr = NR_USUAL;
    memcpy(columns, usual, sizeof(usual));
    if (wanted->claim) {
        columns[nr++] = claimed_column;
    }
    if (wanted->verbose) {
        columns[nr++] = uuid_column;
        columns[nr++] = reason_column;
        columns[nr++] = label_after_reason;
    } else if (wanted->label) {
        columns[nr++] = label_column;
    }
    if (wanted->pool) {
        columns[nr++] = pool_column;
    }
    if (wanted->node) {
        columns[nr++] = node_column;
    }
    return nr;
}

static int fill(struct call *call, const struct domain_list *list, const struct wanted *wanted,
                unsigned nr_nodes, struct table *t)
{
    int err = 0;
    for (unsigned i = 0; i < list->nr && err == 0; i++) {
        const struct xen_domctl_getdomaininfo *info = &list->info[i];
        add_usual(t, list, i);
        if (wanted->claim) {
            table_cell(t, COLOUR_NONE, "%lu", (unsigned long)(info->outstanding_pages / 256));
        }
        if (wanted->verbose) {
            add_verbose(t, info);
        }
        if (wanted->verbose || wanted->label) {
            table_cell(t, COLOUR_NONE, "-");
        }
        if (wanted->pool) {
            err = add_pool(call, t, info->cpupool);
        }
        if (wanted->node && err == 0) {
            err = add_nodes(call, t, info->domain, nr_nodes);
        }
    }
    return err;
}

static int print_list(struct call *call, const struct domain_list *list,
                      const struct wanted *wanted)
{
    unsigned nr_nodes = 0;
    int err = 0;
    if (wanted->node) {
        err = sets_nr_nodes(&call->life, &nr_nodes);
    }
    struct column columns[NR_USUAL + 6];
    struct table *t = table_create(columns, choose_columns(wanted, columns));
    if (err == 0 && t != NULL) {
        err = fill(call, list, wanted, nr_nodes, t);
    }
    if (err == 0) {
        err = call_print_table(t);
    }
    table_destroy(t);
    return err;
}

/* All domains, or those that the operands name. */
static int read_list(struct call *call, struct domain_list *list)
{
    const int status = call_open(call);
    if (status != XL_OK) {
        return status;
    }
    return call_status(call->nr_args == 0
                           ? domain_list_all(&call->life, list)
                           : domain_list_some(&call->life, call->args, call->nr_args, list));
}

int command_list(struct call *call)
{
    struct domain_list list;
    int status = read_list(call, &list);
    if (status != XL_OK) {
        return status;
    }
    if (call_has(call, 'l')) {
        status = call_status(json_list_print(&call->life, &list));
    } else {
        const struct wanted wanted = {
            .verbose = call_has(call, 'v'),
            .label = call_has(call, 'Z'),
            .pool = call_has(call, 'c'),
            .node = call_has(call, 'n'),
        };
        status = call_status(print_list(call, &list, &wanted));
    }
    status = status == XL_OK && list.is_partial ? XL_FAILURE : status;
    domain_list_fini(&list);
    return status;
}

int command_claims(struct call *call)
{
    struct domain_list list;
    int status = read_list(call, &list);
    if (status == XL_OK) {
        status = call_status(print_list(call, &list, &(struct wanted){.claim = true}));
        domain_list_fini(&list);
    }
    return status;
}

int command_vm_list(struct call *call)
{
    static const struct column columns[] = {
        {"UUID", "UUID                                ", -36, 0},
        {"ID", "  ID", -2, 2},
        {"Name", "    name", -30, 3},
    };
    struct domain_list list;
    int status = read_list(call, &list);
    if (status != XL_OK) {
        return status;
    }
    struct table *t = table_create(columns, 3);
    for (unsigned i = 0; t != NULL && i < list.nr; i++) {
        char uuid[37];
        domain_format_uuid(list.info[i].handle, uuid);
        table_cell(t, COLOUR_DIM, "%s", uuid);
        table_cell(t, COLOUR_NONE, "%u", list.info[i].domain);
        table_cell(t, COLOUR_BOLD, "%s", domain_list_name(&list, i));
    }
    status = call_status(call_print_table(t));
    table_destroy(t);
    domain_list_fini(&list);
    return status;
}

int command_sharing(struct call *call)
{
    static const struct column columns[] = {
        {"Name", "Name                                    ", -40, 0},
        {"ID", "    ID", 5, 1},
        {"Mem/MiB", "   Mem", 5, 1},
        {"Shared/MiB", " Shared", 5, 2},
    };
    struct domain_list list;
    int status = read_list(call, &list);
    if (status != XL_OK) {
        return status;
    }
    struct table *t = table_create(columns, 4);
    for (unsigned i = 0; t != NULL && i < list.nr; i++) {
        const struct xen_domctl_getdomaininfo *info = &list.info[i];
        table_cell(t, COLOUR_BOLD, "%s", domain_list_name(&list, i));
        table_cell(t, COLOUR_NONE, "%u", info->domain);
        table_cell(t, COLOUR_NONE, "%lu",
                   (unsigned long)((info->tot_pages + info->outstanding_pages) / 256));
        table_cell(t, COLOUR_NONE, "%lu", (unsigned long)(info->shr_pages / 256));
    }
    status = call_status(call_print_table(t));
    table_destroy(t);
    domain_list_fini(&list);
    return status;
}
