// SPDX-License-Identifier: MIT
#include "xl/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"

static unsigned count(const uint64_t *set, unsigned nr)
{
    unsigned n = 0;
    for (unsigned i = 0; i < nr; i++) {
        n += set_has(set, i) != 0;
    }
    return n;
}

void set_format(const uint64_t *set, unsigned nr, struct text *out)
{
    const unsigned members = count(set, nr);
    if (members == 0 || members == nr) {
        text_add(out, "%s", members == 0 ? "none" : "all");
        return;
    }
    const char *comma = "";
    for (unsigned i = 0; i < nr; i++) {
        if (!set_has(set, i)) {
            continue;
        }
        unsigned last = i;
        while (last + 1 < nr && set_has(set, last + 1)) {
            last++;
        }
        text_add(out, "%s%u", comma, i);
        if (last > i) {
            text_add(out, "-%u", last);
        }
        comma = ",";
        i = last;
    }
}

void set_format_plain(const uint64_t *set, unsigned nr, struct text *out)
{
    const char *comma = "";
    for (unsigned i = 0; i < nr; i++) {
        if (set_has(set, i)) {
            text_add(out, "%s%u", comma, i);
            comma = ",";
        }
    }
}

static int read_physinfo(struct life *l, struct xen_sysctl_physinfo *info)
{
    const int err = hv_get_physinfo(l->hv, info);
    if (err != 0) {
        message_error("cannot ask for the host's CPUs: %s", strerror(-err));
    }
    return err;
}

int sets_nr_cpus(struct life *l, unsigned *nr)
{
    struct xen_sysctl_physinfo info = {0};
    const int err = read_physinfo(l, &info);
    *nr = info.max_cpu_id < SET_MAX ? info.max_cpu_id + 1 : SET_MAX;
    return err;
}

int sets_nr_nodes(struct life *l, unsigned *nr)
{
    struct xen_sysctl_physinfo info = {0};
    const int err = read_physinfo(l, &info);
    *nr = info.max_node_id < SET_MAX ? info.max_node_id + 1 : SET_MAX;
    return err;
}

/* The CPUs of nodes. */
static int nodes_to_cpus(struct life *l, const uint64_t *nodes, uint64_t cpus[SET_WORDS])
{
    unsigned nr = 0;
    int err = sets_nr_cpus(l, &nr);
    struct xen_sysctl_cputopo *cpu = err != 0 ? NULL : calloc(nr + 1, sizeof(*cpu));
    if (cpu == NULL) {
        return err != 0 ? err : -ENOMEM;
    }
    unsigned there = nr;
    err = hv_get_cpu_topology(l->hv, cpu, &there);
    for (unsigned i = 0; err == 0 && i < nr && i < there; i++) {
        if (cpu[i].node < SET_MAX && set_has(nodes, cpu[i].node)) {
            cpus[i / 64] |= UINT64_C(1) << i % 64;
        }
    }
    free(cpu);
    if (err != 0 && err != -ENOMEM) {
        message_error("cannot ask which CPUs are in which node: %s", strerror(-err));
    }
    return err;
}

/* One part between commas, without its "^": numbers of CPUs, or of nodes after their word. */
static int parse_part(struct life *l, const char *part, unsigned nr_cpus, unsigned nr_nodes,
                      uint64_t cpus[SET_WORDS])
{
    uint64_t nodes[SET_WORDS] = {0};
    for (int i = 0; i < 2; i++) {
        const char *prefix = i == 0 ? "node:" : "nodes:";
        if (strncmp(part, prefix, strlen(prefix)) == 0) {
            const int err = number_parse_set(part + strlen(prefix), nr_nodes, nodes);
            return err != 0 ? err : nodes_to_cpus(l, nodes, cpus);
        }
    }
    return number_parse_set(part, nr_cpus, cpus);
}

static int parse_all(struct life *l, char *list, uint64_t set[SET_WORDS])
{
    unsigned nr_cpus;
    unsigned nr_nodes;
    int err = sets_nr_cpus(l, &nr_cpus);
    if (err == 0) {
        err = sets_nr_nodes(l, &nr_nodes);
    }
    char *rest = list;
    for (char *part = strsep(&rest, ","); err == 0 && part != NULL; part = strsep(&rest, ",")) {
        const int away = *part == '^';
        uint64_t cpus[SET_WORDS] = {0};
        err = parse_part(l, part + away, nr_cpus, nr_nodes, cpus);
        for (int i = 0; i < SET_WORDS; i++) {
            set[i] = away ? set[i] & ~cpus[i] : set[i] | cpus[i];
        }
    }
    return err == 0 && count(set, nr_cpus) == 0 ? -EINVAL : err;
}

int set_parse(struct life *l, const char *word, uint64_t set[SET_WORDS])
{
    memset(set, 0, SET_WORDS * sizeof(*set));
    char *list = strdup(word);
    const int err = list == NULL ? -ENOMEM : parse_all(l, list, set);
    free(list);
    if (err == -ENOMEM) {
        message_error("out of memory");
    } else if (err == -EINVAL) {
        message_error("'%s' is no list of CPUs, such as 0-3,^2,8 or node:1", word);
    } else if (err == -ERANGE) {
        message_error("'%s' names CPUs or nodes that this host does not have", word);
    }
    return err;
}
