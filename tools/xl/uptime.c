// SPDX-License-Identifier: MIT
/* xl uptime, domid, domname. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/message.h"
#include "lib/number.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"

/* Seconds since the host's kernel started. */
static unsigned long host_uptime(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (unsigned long)t.tv_sec;
}

/* Seconds since a guest was made, by its node start_time ("1795232125.73"); 0 if there is none. */
static unsigned long guest_uptime(struct life *l, uint32_t domid)
{
    char *vm = domain_read(l, domid, "vm");
    char *start = NULL;
    if (vm != NULL && store_read(l->store, &start, NULL, "%s/start_time", vm) != 0) {
        start = NULL;
    }
    const long long begin = start == NULL ? 0 : strtoll(start, NULL, 10);
    const long long now = (long long)time(NULL);
    free(vm);
    free(start);
    return begin <= 0 || now < begin ? 0 : (unsigned long)(now - begin);
}

/* "3 days,  4:05:06"; short: without seconds */
static void format_uptime(unsigned long seconds, bool brief, char *out, size_t size)
{
    const unsigned long days = seconds / 86400;
    const unsigned hours = (unsigned)(seconds / 3600 % 24);
    const unsigned minutes = (unsigned)(seconds / 60 % 60);
    int n = 0;
    if (days > 0) {
        n = snprintf(out, size, "%lu day%s, ", days, days == 1 ? "" : "s");
    }
    if (brief) {
        snprintf(out + n, size - (size_t)n, "%2u:%02u", hours, minutes);
    } else {
        snprintf(out + n, size - (size_t)n, "%2u:%02u:%02u", hours, minutes,
                 (unsigned)(seconds % 60));
    }
}

static void print_short(const char *uptime, const char *name, unsigned domid)
{
    const time_t now = time(NULL);
    struct tm parts;
    char clock[16] = "";
    if (localtime_r(&now, &parts) != NULL) {
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    }
    printf(" %s up %s, %s (%u)\n", clock, uptime, name, domid);
}

int command_uptime(struct call *call)
{
    static const struct column columns[] = {
        {"Name", "Name                             ", -33, 0},
        {"ID", "   ID", 4, 1},
        {"Uptime", " Uptime", 0, 1},
    };
    int status = call_open(call);
    struct domain_list list;
    if (status == XL_OK) {
        status = call_status(call->nr_args == 0
                                 ? domain_list_all(&call->life, &list)
                                 : domain_list_some(&call->life, call->args, call->nr_args, &list));
    }
    if (status != XL_OK) {
        return status;
    }
    const bool brief = call_has(call, 's');
    struct table *t = table_create(columns, 3);
    for (unsigned i = 0; t != NULL && i < list.nr; i++) {
        const unsigned domid = list.info[i].domain;
        char uptime[64];
        format_uptime(domid == 0 ? host_uptime() : guest_uptime(&call->life, domid), brief, uptime,
                      sizeof(uptime));
        if (brief) {
            print_short(uptime, domain_list_name(&list, i), domid);
            continue;
        }
        table_cell(t, COLOUR_BOLD, "%s", domain_list_name(&list, i));
        table_cell(t, COLOUR_NONE, "%u", domid);
        table_cell(t, COLOUR_NONE, "%s", uptime);
    }
    if (t == NULL || !brief) {
        status = call_status(call_print_table(t));
    }
    status = status == XL_OK && list.is_partial ? XL_FAILURE : status;
    table_destroy(t);
    domain_list_fini(&list);
    return status;
}

/* A name, not a number: scripts ask whether a name is there, and a number is no answer to that. */
int command_domid(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    char *name = life_name(&call->life, domid);
    const bool is_name = name != NULL && strcmp(name, call->args[0]) == 0;
    free(name);
    if (!is_name) {
        message_error("no domain has the name '%s'", call->args[0]);
        return XL_FAILURE;
    }
    printf("%u\n", domid);
    return XL_OK;
}

int command_domname(struct call *call)
{
    uint64_t number;
    if (number_parse(call->args[0], 0, UINT16_MAX, &number) != 0) {
        return call_misused(call, "'%s' is no number of a domain", call->args[0]);
    }
    const int status = call_open(call);
    if (status != XL_OK) {
        return status;
    }
    char *name = life_name(&call->life, (uint32_t)number);
    if (name == NULL) {
        message_error("no domain has the number %s, or it has no name", call->args[0]);
        return XL_FAILURE;
    }
    puts(name);
    free(name);
    return XL_OK;
}
