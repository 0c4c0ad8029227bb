/* SPDX-License-Identifier: MIT */
/*
 * A machine for tests of xl: what the rooms below would answer, in tables that a test fills, and a
 * list of what xl asked them to do. The functions here replace those of hv/, store/ and life/.
 * Included by one test program once.
 */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/text.h"
#include "xl/command.h"

struct machine_vcpu {
    struct xen_domctl_getvcpuinfo info;
    uint64_t hard, soft;
};
struct machine_domain {
    struct xen_domctl_getdomaininfo info;
    const char *name;
    struct machine_vcpu vcpu[4];
    unsigned weight, cap;
};
struct machine_pool {
    uint32_t id, sched_id;
    const char *name;
    uint64_t cpus;
};
struct machine_node {
    const char *path, *value;
};
static struct {
    struct machine_domain domain[8];
    unsigned nr_domains;
    struct machine_pool pool[4];
    unsigned nr_pools;
    struct machine_node node[32]; /* of the store, beside names of domains and pools */
    unsigned nr_nodes;
    struct xen_sysctl_physinfo physinfo;
    struct hv_version version;
    uint64_t free_cpus;
    uint32_t ratelimit_us;
    int error;        /* what every function that changes something answers */
    int open_error;   /* what opening answers */
    struct text done; /* "pause 1; " and so on */
} machine;

static char machine_out[65536], machine_err[16384];

/* ---- life */

int life_open(struct life *l)
{
    l->hv = (struct hv *)&machine;
    l->store = (struct store *)&machine;
    if (machine.open_error != 0) {
        message_error("nobody is there");
    }
    return machine.open_error;
}

void life_close(struct life *l)
{
    *l = (struct life){.cancel_fd = -1};
}

int life_catch_signals(struct life *l)
{
    return 0;
}

static int machine_did(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    text_add_list(&machine.done, format, words);
    va_end(words);
    text_add(&machine.done, "; ");
    return machine.error;
}

int life_pause(struct life *l, uint32_t domid)
{
    return machine_did("pause %u", domid);
}

int life_unpause(struct life *l, uint32_t domid)
{
    return machine_did("unpause %u", domid);
}

int life_destroy(struct life *l, uint32_t domid)
{
    return machine_did("destroy %u", domid);
}

int life_find_name(struct life *l, const char *name, uint32_t but, uint32_t *domid)
{
    for (unsigned i = 0; i < machine.nr_domains; i++) {
        const struct machine_domain *d = &machine.domain[i];
        if (d->info.domain != but && d->name != NULL && strcmp(d->name, name) == 0) {
            *domid = d->info.domain;
            return 0;
        }
    }
    return -ENOENT;
}

int life_rename(struct life *l, uint32_t domid, const char *name)
{
    return machine_did("rename %u %s", domid, name);
}

int life_sysrq(struct life *l, uint32_t domid, char key)
{
    return machine_did("sysrq %u %c", domid, key);
}

int life_set_memory(struct life *l, uint32_t domid, uint64_t kib)
{
    return machine_did("memory %u %lu", domid, (unsigned long)kib);
}

int life_set_max_memory(struct life *l, uint32_t domid, uint64_t kib)
{
    return machine_did("max %u %lu", domid, (unsigned long)kib);
}

int life_set_vcpus(struct life *l, uint32_t domid, unsigned nr)
{
    return machine_did("vcpus %u %u", domid, nr);
}

int life_dump_core(struct life *l, uint32_t domid, const char *file)
{
    return machine_did("dump %u %s", domid, file);
}

int life_shutdown(struct life *l, const uint32_t *domid, size_t nr, enum life_request request,
                  bool wait)
{
    for (size_t i = 0; i < nr; i++) {
        machine_did("%s%s %u", request == LIFE_REBOOT ? "reboot" : "shutdown", wait ? "+wait" : "",
                    domid[i]);
    }
    return machine.error;
}

int life_guests(struct life *l, uint32_t **domid, size_t *nr)
{
    *domid = calloc(machine.nr_domains + 1, sizeof(**domid));
    *nr = 0;
    if (*domid == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    for (unsigned i = 1; i < machine.nr_domains; i++) {
        (*domid)[(*nr)++] = machine.domain[i].info.domain;
    }
    return 0;
}

char *life_name(struct life *l, uint32_t domid)
{
    for (unsigned i = 0; i < machine.nr_domains; i++) {
        if (machine.domain[i].info.domain == domid) {
            return machine.domain[i].name == NULL ? NULL : strdup(machine.domain[i].name);
        }
    }
    return NULL;
}

int life_create(struct life *l, struct guest_config *config,
                const struct life_create_options *options, uint32_t *domid)
{
    *domid = 9;
    return machine_did("create %s%s%s%s", config->name, options->paused ? " paused" : "",
                       options->no_supervisor ? " alone" : "", options->quiet ? " quiet" : "");
}

int life_config(struct life *l, uint32_t domid, struct guest_config *out)
{
    return -ENOENT;
}

int life_set_config(struct life *l, uint32_t domid, const struct guest_config *config)
{
    return machine_did("config %u %s", domid, config->name);
}

int life_attach_disk(struct life *l, uint32_t domid, const struct guest_disk *disk)
{
    return machine_did("disk %u %s=%s", domid, disk->vdev, disk->target);
}

int life_attach_vif(struct life *l, uint32_t domid, const struct guest_vif *vif)
{
    return machine_did("vif %u %s", domid, vif->bridge == NULL ? "-" : vif->bridge);
}

int life_detach(struct life *l, uint32_t domid, int class, uint32_t id, bool forced)
{
    return machine_did("detach %u %d %u%s", domid, class, id, forced ? " forced" : "");
}

int life_supervise(bool foreground)
{
    machine_did("supervise%s", foreground ? " here" : "");
    return 0;
}

/* ---- hv */

int hv_open(struct hv **hv)
{
    *hv = (struct hv *)&machine;
    if (machine.open_error != 0) {
        message_error("nobody is there");
    }
    return machine.open_error;
}

void hv_close(struct hv *hv)
{
}

static struct machine_domain *machine_find(uint16_t domid)
{
    for (unsigned i = 0; i < machine.nr_domains; i++) {
        if (machine.domain[i].info.domain == domid) {
            return &machine.domain[i];
        }
    }
    return NULL;
}

int hv_get_domain(struct hv *hv, uint16_t domid, struct xen_domctl_getdomaininfo *info)
{
    const struct machine_domain *d = machine_find(domid);
    if (d != NULL) {
        *info = d->info;
    }
    return d == NULL ? -ESRCH : 0;
}

int hv_list_all_domains(struct hv *hv, struct xen_domctl_getdomaininfo **info, unsigned *nr)
{
    *nr = machine.nr_domains;
    *info = calloc(*nr + 1, sizeof(**info));
    if (*info == NULL) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < *nr; i++) {
        (*info)[i] = machine.domain[i].info;
    }
    return 0;
}

int hv_send_trigger(struct hv *hv, uint16_t domid, uint32_t trigger, uint32_t vcpu)
{
    return machine_did("trigger %u %u %u", domid, trigger, vcpu);
}

int hv_get_vcpu(struct hv *hv, uint16_t domid, unsigned vcpu, struct xen_domctl_getvcpuinfo *info)
{
    *info = machine_find(domid)->vcpu[vcpu].info;
    return 0;
}

int hv_get_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus)
{
    *hard = machine_find(domid)->vcpu[vcpu].hard;
    *soft = machine_find(domid)->vcpu[vcpu].soft;
    return 0;
}

int hv_set_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus)
{
    return machine_did("pin %u %u %lx %lx", domid, vcpu, hard == NULL ? 0 : (unsigned long)*hard,
                       soft == NULL ? 0 : (unsigned long)*soft);
}

int hv_get_node_affinity(struct hv *hv, uint16_t domid, uint64_t *nodes, unsigned nr_nodes)
{
    *nodes = 1;
    return 0;
}

int hv_get_physinfo(struct hv *hv, struct xen_sysctl_physinfo *info)
{
    *info = machine.physinfo;
    return 0;
}

int hv_get_version(struct hv *hv, struct hv_version *version)
{
    *version = machine.version;
    return 0;
}

int hv_get_sched_id(struct hv *hv, uint32_t *sched_id)
{
    *sched_id = machine.pool[0].sched_id;
    return 0;
}

int hv_get_free_cpus(struct hv *hv, uint64_t *cpus, unsigned nr_cpus)
{
    *cpus = machine.free_cpus;
    return 0;
}

int hv_get_cpu_topology(struct hv *hv, struct xen_sysctl_cputopo *cpu, unsigned *nr)
{
    for (unsigned i = 0; i < *nr && i < machine.physinfo.nr_cpus; i++) {
        cpu[i] = (struct xen_sysctl_cputopo){0, 0, 0};
    }
    *nr = machine.physinfo.nr_cpus;
    return 0;
}

int hv_get_numa(struct hv *hv, struct xen_sysctl_meminfo *node, uint32_t *distance, unsigned *nr)
{
    node[0] = (struct xen_sysctl_meminfo){UINT64_C(2048) << 20, UINT64_C(1248) << 20};
    distance[0] = 20;
    *nr = 1;
    return 0;
}

int hv_sched_domain(struct hv *hv, uint16_t domid, struct xen_domctl_scheduler_op *op)
{
    struct machine_domain *d = machine_find(domid);
    if (op->sched_id != machine.pool[d->info.cpupool].sched_id) {
        return -EINVAL;
    }
    if (op->cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
        op->u.credit2.weight = (uint16_t)d->weight;
        op->u.credit2.cap = (uint16_t)d->cap;
        return 0;
    }
    return machine_did("sched %u weight %u cap %u", domid, op->u.credit2.weight, op->u.credit2.cap);
}

int hv_sched_pool(struct hv *hv, struct xen_sysctl_scheduler_op *op)
{
    if (op->cmd == XEN_SYSCTL_SCHEDOP_getinfo) {
        if (op->sched_id == XEN_SCHEDULER_CREDIT2) {
            op->u.sched_credit2.ratelimit_us = machine.ratelimit_us;
        } else {
            op->u.sched_credit = (struct xen_sysctl_credit_schedule){30, machine.ratelimit_us, 0};
        }
        return 0;
    }
    return machine_did("pool %u ratelimit %u", op->cpupool_id, op->u.sched_credit2.ratelimit_us);
}

int hv_get_pool(struct hv *hv, uint32_t first, struct xen_sysctl_cpupool_op *info, uint64_t *cpus,
                unsigned nr_cpus)
{
    for (unsigned i = 0; i < machine.nr_pools; i++) {
        const struct machine_pool *p = &machine.pool[i];
        if (p->id < first) {
            continue;
        }
        info->cpupool_id = p->id;
        info->sched_id = p->sched_id;
        info->n_dom = 0;
        for (unsigned d = 0; d < machine.nr_domains; d++) {
            info->n_dom += machine.domain[d].info.cpupool == p->id;
        }
        *cpus = p->cpus;
        return 0;
    }
    return -ENOENT;
}

int hv_create_pool(struct hv *hv, uint32_t sched_id, uint32_t *pool)
{
    *pool = 5;
    return machine_did("create-pool %u", sched_id);
}

int hv_destroy_pool(struct hv *hv, uint32_t pool)
{
    return machine_did("destroy-pool %u", pool);
}

int hv_add_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu)
{
    return machine_did("add-cpu %u %u", pool, cpu);
}

int hv_remove_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu)
{
    return machine_did("remove-cpu %u %u", pool, cpu);
}

int hv_move_domain(struct hv *hv, uint32_t pool, uint16_t domid)
{
    return machine_did("move %u to %u", domid, pool);
}

int hv_send_debug_keys(struct hv *hv, const char *keys)
{
    return machine_did("keys %s", keys);
}

int hv_read_console(struct hv *hv, char *buffer, size_t bytes, bool clear, bool incremental,
                    uint32_t *index)
{
    static const char log[] = "(XEN) hello\n";
    if (clear) {
        machine_did("clear");
        return 0;
    }
    memcpy(buffer, log, sizeof(log) - 1);
    return (int)sizeof(log) - 1;
}

/* ---- store */

static const char *machine_value(const char *path)
{
    unsigned id;
    int end = 0;
    if (sscanf(path, "/local/domain/%u/name%n", &id, &end) == 1 && end > 0 && path[end] == '\0') {
        const struct machine_domain *d = machine_find((uint16_t)id);
        return d == NULL ? NULL : d->name;
    }
    end = 0;
    if (sscanf(path, "/local/pool/%u/name%n", &id, &end) == 1 && end > 0 && path[end] == '\0') {
        return id < machine.nr_pools ? machine.pool[id].name : NULL;
    }
    for (unsigned i = 0; i < machine.nr_nodes; i++) {
        if (strcmp(machine.node[i].path, path) == 0) {
            return machine.node[i].value;
        }
    }
    return NULL;
}

int store_read_many(struct store *s, size_t nr, char *const *path, char **value)
{
    for (size_t i = 0; i < nr; i++) {
        const char *found = machine_value(path[i]);
        value[i] = found == NULL ? NULL : strdup(found);
        if (found != NULL && value[i] == NULL) {
            for (; i > 0; i--) {
                free(value[i - 1]);
                value[i - 1] = NULL;
            }
            return -ENOMEM;
        }
    }
    return 0;
}

int store_read(struct store *s, char **value, size_t *len, const char *path, ...)
{
    char name[512];
    va_list words;
    va_start(words, path);
    vsnprintf(name, sizeof(name), path, words);
    va_end(words);
    const char *found = machine_value(name);
    *value = found == NULL ? NULL : strdup(found);
    return found == NULL ? -ENOENT : *value == NULL ? -ENOMEM : 0;
}

int store_read_number(struct store *s, uint64_t *value, const char *path, ...)
{
    char name[512];
    va_list words;
    va_start(words, path);
    vsnprintf(name, sizeof(name), path, words);
    va_end(words);
    const char *found = machine_value(name);
    *value = found == NULL ? 0 : strtoull(found, NULL, 10);
    return found == NULL ? -ENOENT : 0;
}

int store_write(struct store *s, const char *value, const char *path, ...)
{
    char name[512];
    va_list words;
    va_start(words, path);
    vsnprintf(name, sizeof(name), path, words);
    va_end(words);
    return machine_did("write %s=%s", name, value);
}

int store_remove(struct store *s, const char *path, ...)
{
    char name[512];
    va_list words;
    va_start(words, path);
    vsnprintf(name, sizeof(name), path, words);
    va_end(words);
    return machine_did("remove %s", name);
}

/* ---- running xl */

static void machine_gather(FILE *file, char *to, size_t size)
{
    fflush(file);
    rewind(file);
    const size_t n = fread(to, 1, size - 1, file);
    to[n] = '\0';
    fclose(file);
}

/* Runs `xl WORD...` (ended by NULL); its status; what it wrote is in machine_out and machine_err.
 */
static inline int machine_run(const char *first, ...)
{
    char *argv[16] = {(char *)"xl", (char *)first};
    int argc = 2;
    va_list words;
    va_start(words, first);
    while (first != NULL && (argv[argc] = va_arg(words, char *)) != NULL) {
        argc++;
    }
    va_end(words);
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    assert_true(out != NULL && err != NULL);
    fflush(stdout);
    const int kept_out = dup(STDOUT_FILENO);
    const int kept_err = dup(STDERR_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    text_cut(&machine.done, 0);
    const int status = xl_run(first == NULL ? 1 : argc, argv);
    fflush(stdout);
    dup2(kept_out, STDOUT_FILENO);
    dup2(kept_err, STDERR_FILENO);
    close(kept_out);
    close(kept_err);
    machine_gather(out, machine_out, sizeof(machine_out));
    machine_gather(err, machine_err, sizeof(machine_err));
    return status;
}

/* What xl had the rooms below do, e.g. "pause 1; ". */
static inline const char *machine_done(void)
{
    return text_string(&machine.done);
}

/* ---- the machine of the recordings: Debian's xl 4.17 on Xen 4.17, GICv3, two CPUs */

static inline void machine_guest(struct machine_domain *d, uint16_t domid, const char *name,
                                 unsigned vcpus, const char *uuid)
{
    *d = (struct machine_domain){.name = name, .weight = 256};
    d->info = (struct xen_domctl_getdomaininfo){
        .domain = domid,
        .flags = XEN_DOMINF_paused,
        .tot_pages = 2048,
        .max_pages = 2304,
        .nr_online_vcpus = 1,
        .max_vcpu_id = vcpus - 1,
    };
    for (int i = 0; i < 16; i++) {
        sscanf(uuid + 2 * i, "%2hhx", &d->info.handle[i]);
    }
    for (unsigned v = 0; v < vcpus; v++) {
        d->vcpu[v] = (struct machine_vcpu){.hard = 3, .soft = 3};
    }
}

static inline int machine_start(void **state)
{
    text_fini(&machine.done);
    memset(&machine, 0, sizeof(machine));
    message_program("xl");
    machine_guest(&machine.domain[0], 0, "Domain-0", 2, "00000000000000000000000000000000");
    struct xen_domctl_getdomaininfo *control = &machine.domain[0].info;
    control->flags = XEN_DOMINF_running;
    control->tot_pages = 768 * 256;
    control->max_pages = UINT32_MAX;
    control->nr_online_vcpus = 2;
    control->cpu_time = 7100000000;
    machine.domain[0].vcpu[0].info = (struct xen_domctl_getvcpuinfo){0, 1, 1, 0, 5000000000, 0};
    machine.domain[0].vcpu[1].info = (struct xen_domctl_getvcpuinfo){1, 1, 0, 1, 5000000000, 1};
    machine_guest(&machine.domain[1], 1, "one", 1, "12345678123412341234123456789abc");
    machine.domain[1].vcpu[0].info = (struct xen_domctl_getvcpuinfo){0, 1, 0, 0, 0, 1};
    machine_guest(&machine.domain[2], 2, "two", 3, "48ac5cc03924422cb0ce71b7569cee32");
    for (int v = 0; v < 3; v++) {
        machine.domain[2].vcpu[v].hard = 1;
    }
    machine.domain[2].vcpu[0].info = (struct xen_domctl_getvcpuinfo){0, 1, 0, 0, 0, 0};
    machine.nr_domains = 3;
    machine.pool[0] = (struct machine_pool){0, XEN_SCHEDULER_CREDIT2, "Pool-0", 3};
    machine.nr_pools = 1;
    machine.ratelimit_us = 1000;
    machine.physinfo = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = 1,
        .nr_cpus = 2,
        .max_cpu_id = 1,
        .nr_nodes = 1,
        .cpu_khz = 62500,
        .capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_vpmu |
                        XEN_SYSCTL_PHYSCAP_gnttab_v1,
        .total_pages = 2048 * 256,
        .free_pages = 1248 * 256,
    };
    machine.version = (struct hv_version){
        .major = 4,
        .minor = 17,
        .extra = ".7",
        .compiler = "aarch64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0",
        .compile_by = "pkg-xen-devel",
        .compile_domain = "lists.alioth.debian.org",
        .compile_date = "Wed Nov  4 16:52:28 UTC 2026",
        .capabilities = "xen-3.0-aarch64 xen-3.0-armv7l ",
        .command_line = "dom0_mem=768M dom0_max_vcpus=2 console=dtuart",
        .build_id = "7a23ea1ef3374f2c4453d67a7962e1d695e9f270",
        .virt_start = 0x200000,
        .page_bytes = 4096,
    };
    return 0;
}
