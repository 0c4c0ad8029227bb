/* SPDX-License-Identifier: MIT */
/*
 * What can be found wrong before anything is created. Each check says its own sentences; all of
 * them run, so that a user sees everything at once.
 */
#include "life/private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "build/build.h"
#include "config/config.h"
#include "hv/hv.h"
#include "lib/message.h"

/* What a guest costs the hypervisor beside its memory: stage-2 tables, grant frames, vCPUs. */
#define OVERHEAD_KIB     1024
#define OVERHEAD_PER_CPU 32
#define MAX_CPUS         4096

static int check_name(struct life *l, const struct guest_config *c)
{
    return life_check_name(l, c->name, STORE_NOBODY);
}

static int check_uuid(struct life *l, const struct guest_config *c)
{
    char uuid[UUID_TEXT];
    char *name = NULL;
    if (!c->has_uuid) {
        return 0;
    }
    life_uuid_text(c->uuid, uuid);
    if (store_read(l->store, &name, NULL, "/vm/%s/name", uuid) != 0) {
        return 0;
    }
    message_error("guest \"%s\" has the uuid %s already", name, uuid);
    free(name);
    return -EEXIST;
}

/* The kernel is opened and decoded, sizes and device tree are made up, no hypercall is made. */
static int check_build(struct life *l, const struct guest_config *c)
{
    struct build *build = NULL;
    int error = build_open(&build, c);
    build_close(build);
    return error;
}

/* It starts with all that it may ever have (build.h). */
static int check_memory(struct life *l, const struct guest_config *c)
{
    struct xen_sysctl_physinfo info;
    int error = hv_get_physinfo(l->hv, &info);
    if (error != 0) {
        message_error("can't ask for free memory: %s", strerror(-error));
        return error;
    }
    uint64_t free_kib = (info.free_pages - info.outstanding_pages) * 4;
    uint64_t overhead = OVERHEAD_KIB + OVERHEAD_PER_CPU * (uint64_t)c->maxvcpus;
    if (c->maxmem_kib + overhead <= free_kib) {
        return 0;
    }
    message_error("%s: the guest wants %llu MiB and %llu KiB for its tables, but only %llu MiB "
                  "are free",
                  c->maxmem_kib > c->memory_kib ? "maxmem" : "memory",
                  (unsigned long long)c->maxmem_kib / 1024, (unsigned long long)overhead,
                  (unsigned long long)free_kib / 1024);
    return -ENOMEM;
}

static bool is_beyond(const struct cpu_set *set, unsigned nr_cpus)
{
    for (size_t cpu = 0; cpu < set->nr_words * 64; cpu++) {
        if ((set->word[cpu / 64] >> (cpu % 64) & 1) && cpu < nr_cpus) {
            return false;
        }
    }
    return true;
}

/* Numbers beyond the host's are ignored as long as one is left. */
static int check_sets(const struct cpu_set *set, size_t nr, unsigned nr_cpus, const char *key)
{
    for (size_t i = 0; i < nr; i++) {
        if (is_beyond(&set[i], nr_cpus)) {
            message_error("%s: no CPU of the set for vCPU %zu exists; this machine has 0 to %u",
                          key, i, nr_cpus - 1);
            return -EINVAL;
        }
    }
    return 0;
}

static int check_cpus(struct life *l, const struct guest_config *c)
{
    struct xen_sysctl_physinfo info;
    if (c->nr_cpus == 0 && c->nr_cpus_soft == 0) {
        return 0;
    }
    int error = hv_get_physinfo(l->hv, &info);
    if (error != 0) {
        message_error("can't ask for CPUs: %s", strerror(-error));
        return error;
    }
    error = check_sets(c->cpus, c->nr_cpus, info.nr_cpus, "cpus");
    int soft = check_sets(c->cpus_soft, c->nr_cpus_soft, info.nr_cpus, "cpus_soft");
    return error != 0 ? error : soft;
}

static int check_pool(struct life *l, const struct guest_config *c)
{
    uint32_t pool;
    return life_find_pool(l, c->pool, &pool);
}

static int check_devices(struct life *l, const struct guest_config *c)
{
    int first = device_check_clashes(c);
    for (size_t i = 0; i < c->nr_disks; i++) {
        int error = device_check_disk(l->store, &c->disk[i], STORE_NOBODY);
        first = first != 0 ? first : error;
    }
    for (size_t i = 0; i < c->nr_vifs; i++) {
        int error = device_check_vif(&c->vif[i]);
        first = first != 0 ? first : error;
    }
    for (size_t i = 0; i < c->nr_channels; i++) {
        int error = device_check_channel(&c->channel[i], (uint32_t)i + 1);
        first = first != 0 ? first : error;
    }
    return first;
}

/* Without it a guest's console fills and the guest stands still: it holds the first console's tty
 * of domain 0 in the store as long as it runs. */
static int check_consoled(struct life *l, const struct guest_config *c)
{
    static const char *const pid_file[] = {"/run/xen/xenconsoled.pid", "/run/xenconsoled.pid",
                                           "/var/run/xenconsoled.pid"};
    const char *other = getenv("KANSO_CONSOLED_PID");
    if (other != NULL) {
        return life_pid_runs(other) ? 0 : -ESRCH;
    }
    for (size_t i = 0; i < sizeof pid_file / sizeof pid_file[0]; i++) {
        if (life_pid_runs(pid_file[i])) {
            return 0;
        }
    }
    message_warning("xenconsoled does not seem to run: the guest's console will go nowhere");
    return 0;
}

static int check_unsupported(struct life *l, const struct guest_config *c)
{
    if (c->seclabel != NULL || c->init_seclabel != NULL) {
        message_warning("seclabel is ignored: there is no Flask policy here");
    }
    if (c->driver_domain) {
        message_warning("driver_domain is ignored: the control domain serves all devices");
    }
    return 0;
}

static int check_bootloader(struct life *l, const struct guest_config *c)
{
    return c->bootloader != NULL ? bootloader_check(c) : 0;
}

int life_check(struct life *l, const struct guest_config *config)
{
    static int (*const check[])(struct life *, const struct guest_config *) = {
        check_name,   check_uuid, check_unsupported, check_bootloader, check_build,
        check_memory, check_cpus, check_pool,        check_devices,    check_consoled,
    };
    int first = 0;
    for (size_t i = 0; i < sizeof check / sizeof check[0]; i++) {
        int error = check
        [i](l, config);
        first = first != 0 ? first : error;
    }
    return first;
}
