// SPDX-License-Identifier: MIT
/* xl top: who uses the CPUs, again and again. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/clock.h"
#include "lib/message.h"
#include "lib/number.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"

static const struct column columns[] = {
    {"Name", "      NAME", 10, 0},     {"State", "  STATE", 6, 1},
    {"CPU/s", "   CPU(sec)", 10, 1},   {"CPU/%", " CPU(%)", 6, 1},
    {"Mem/KiB", "     MEM(k)", 10, 1}, {"Mem/%", " MEM(%)", 6, 1},
    {"Max/KiB", "  MAXMEM(k)", 10, 1}, {"Max/%", " MAXMEM(%)", 9, 1},
    {"vCPUs", " VCPUS", 5, 1},         {"ID", "    ID", 5, 1},
};

/* What a domain had used when the last list was made. */
struct used {
    uint16_t domid;
    uint64_t cpu_ns;
};
struct sample {
    struct used *used;
    unsigned nr;
    uint64_t at_ms;
};

static uint64_t used_before(const struct sample *last, uint16_t domid, uint64_t now)
{
    for (unsigned i = 0; i < last->nr; i++) {
        if (last->used[i].domid == domid) {
            return last->used[i].cpu_ns < now ? last->used[i].cpu_ns : now;
        }
    }
    return now;
}

static void add_domain(struct table *t, const struct domain_list *list, unsigned i,
                       const struct sample *last, uint64_t passed_ms, uint64_t total_pages)
{
    const struct xen_domctl_getdomaininfo *d = &list->info[i];
    const uint32_t f = d->flags;
    const uint64_t ns = d->cpu_time - used_before(last, d->domain, d->cpu_time);
    const double part = total_pages == 0 ? 0 : 100.0 / (double)total_pages;
    table_cell(t, COLOUR_BOLD, "%s", domain_list_name(list, i));
    table_cell(t, COLOUR_NONE, "%c%c%c%c%c%c", f & XEN_DOMINF_dying ? 'd' : '-',
               f & XEN_DOMINF_shutdown ? 's' : '-', f & XEN_DOMINF_blocked ? 'b' : '-', '-',
               f & XEN_DOMINF_paused ? 'p' : '-', f & XEN_DOMINF_running ? 'r' : '-');
    table_cell(t, COLOUR_NONE, "%lu", (unsigned long)(d->cpu_time / 1000000000));
    table_cell(t, ns > 0 ? COLOUR_GREEN : COLOUR_NONE, "%.1f",
               passed_ms == 0 ? 0 : (double)ns / 1e4 / (double)passed_ms);
    table_cell(t, COLOUR_NONE, "%lu", (unsigned long)d->tot_pages * 4);
    table_cell(t, COLOUR_NONE, "%.1f", (double)d->tot_pages * part);
    if (d->domain == 0 || d->max_pages > total_pages) {
        table_cell(t, COLOUR_NONE, "no limit");
        table_cell(t, COLOUR_NONE, "n/a");
    } else {
        table_cell(t, COLOUR_NONE, "%lu", (unsigned long)d->max_pages * 4);
        table_cell(t, COLOUR_NONE, "%.1f", (double)d->max_pages * part);
    }
    table_cell(t, COLOUR_NONE, "%u", d->nr_online_vcpus);
    table_cell(t, COLOUR_NONE, "%u", d->domain);
}

/* Keeps what was seen for the next list. */
static int remember(const struct domain_list *list, uint64_t now_ms, struct sample *last)
{
    struct used *used = reallocarray(last->used, list->nr + 1, sizeof(*used));
    if (used == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    for (unsigned i = 0; i < list->nr; i++) {
        used[i] = (struct used){list->info[i].domain, list->info[i].cpu_time};
    }
    *last = (struct sample){used, list->nr, now_ms};
    return 0;
}

static int print_once(struct call *call, struct sample *last)
{
    struct xen_sysctl_physinfo info = {0};
    struct domain_list list;
    int err = domain_list_all(&call->life, &list);
    if (err != 0) {
        return err;
    }
    const uint64_t now = clock_now_ms();
    hv_get_physinfo(call->life.hv, &info);
    struct table *t = table_create(columns, sizeof(columns) / sizeof(columns[0]));
    for (unsigned i = 0; t != NULL && i < list.nr; i++) {
        add_domain(t, &list, i, last, now - last->at_ms, info.total_pages);
    }
    if (terminal_is(STDOUT_FILENO) && !call_has(call, 'b')) {
        fputs("\033[H\033[J", stdout);
    }
    err = call_print_table(t);
    fflush(stdout);
    table_destroy(t);
    if (err == 0) {
        err = remember(&list, now, last);
    }
    domain_list_fini(&list);
    return err;
}

int command_top(struct call *call)
{
    uint64_t delay = 3;
    uint64_t rounds = 0;
    if (call_has(call, 'd') && number_parse(call_value(call, 'd'), 1, 3600, &delay) != 0) {
        return call_misused(call, "-d %s: seconds, 1 to 3600", call_value(call, 'd'));
    }
    if (call_has(call, 'i') && number_parse(call_value(call, 'i'), 1, UINT32_MAX, &rounds) != 0) {
        return call_misused(call, "-i %s: a number is wanted", call_value(call, 'i'));
    }
    const int status = call_open(call);
    if (status != XL_OK) {
        return status;
    }
    life_catch_signals(&call->life);
    struct sample last = {.at_ms = clock_now_ms()};
    int err = 0;
    for (uint64_t n = 1; err == 0; n++) {
        err = print_once(call, &last);
        struct pollfd cancel = {call->life.cancel_fd, POLLIN, 0};
        if (n == rounds || poll(&cancel, 1, (int)delay * 1000) > 0) {
            break;
        }
    }
    free(last.used);
    return call_status(err);
}
