// SPDX-License-Identifier: MIT
/* What one key means for another, and what is meant where nothing is said: Xen's defaults. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/keys.h"
#include "lib/text.h"

#define DEFAULT_KIB    (32 * UINT64_C(1024))
#define MAX_VCPUS_GIC2 8

static struct config_place place(const struct config_reader *r, const char *key)
{
    return config_place_of(r->c, key);
}

static bool is_said(const struct config_reader *r, const char *key)
{
    return place(r, key).line > 0;
}

static const char *string_of(const struct config_reader *r, const char *key)
{
    const struct config_value *v = config_find(r->tree, key);
    return v == NULL || v->string == NULL ? "" : v->string;
}

/* Not said, or as good as; what was said wrongly is no second error. */
static bool is_missing(const struct config_reader *r, const char *key)
{
    const struct config_value *v = config_find(r->tree, key);
    return v == NULL ? r->is_whole : v->type != CONFIG_LIST && v->string[0] == '\0';
}

/* A file name is made of the name, a line of tables, a word of shells. */
static void check_name(struct config_reader *r)
{
    const char *name = r->c->name;
    const struct config_place at = place(r, "name");
    if (name == NULL) {
        if (is_missing(r, "name")) {
            config_wrong(r->report, at, "name is missing: the guest needs one");
        }
        return;
    }
    bool is_number = true;
    for (const char *s = name; *s != '\0'; s++) {
        if ((unsigned char)*s < ' ' || *s == 0x7f || *s == '/') {
            config_wrong(r->report, at, "name: no / and no control characters may be in it");
            return;
        }
        is_number = is_number && isdigit((unsigned char)*s);
    }
    if (is_number) {
        config_odd(r->report, at, "name: \"%s\" will be taken for a domain's number", name);
    }
}

/* cmdline=, or root= and extra= joined. */
static int join_cmdline(struct config_reader *r)
{
    const char *cmdline = string_of(r, "cmdline");
    const char *root = string_of(r, "root");
    const char *extra = string_of(r, "extra");
    struct text t = {0};
    if (cmdline[0] != '\0') {
        text_add(&t, "%s", cmdline);
        if (root[0] != '\0' || extra[0] != '\0') {
            config_odd(r->report, place(r, root[0] != '\0' ? "root" : "extra"),
                       "root and extra are ignored: cmdline is said");
        }
    } else if (root[0] != '\0') {
        text_add(&t, "root=%s%s%s", root, extra[0] == '\0' ? "" : " ", extra);
    } else if (extra[0] != '\0') {
        text_add(&t, "%s", extra);
    } else {
        return 0;
    }
    r->c->cmdline = text_take(&t);
    return r->c->cmdline == NULL ? config_no_memory(r->report) : 0;
}

static void check_kernel(struct config_reader *r)
{
    const struct guest_config *c = r->c;
    const bool is_hvm =
        strcmp(string_of(r, "type"), "hvm") == 0 || strcmp(string_of(r, "builder"), "hvm") == 0;
    if (!is_hvm && is_missing(r, "kernel") && is_missing(r, "bootloader") &&
        is_missing(r, "firmware")) {
        config_wrong(r->report, place(r, "kernel"),
                     "kernel is missing, and there is no bootloader");
    }
    if (c->bootloader == NULL && c->bootloader_args != NULL) {
        config_odd(r->report, place(r, "bootloader_args"),
                   "bootloader_args is ignored: there is no bootloader");
    }
    if (c->bootloader != NULL && c->nr_disks == 0 && !is_said(r, "disk")) {
        config_wrong(r->report, place(r, "bootloader"), "bootloader: the guest has no disk");
    }
}

static void check_memory(struct config_reader *r)
{
    struct guest_config *c = r->c;
    if (c->maxmem_kib == 0) {
        c->maxmem_kib = c->memory_kib == 0 ? DEFAULT_KIB : c->memory_kib;
    }
    if (c->memory_kib == 0) {
        c->memory_kib = c->maxmem_kib;
    }
    if (c->memory_kib > c->maxmem_kib) {
        config_wrong(r->report, place(r, "maxmem"),
                     "maxmem (%" PRIu64 ") is less than memory (%" PRIu64 ")", c->maxmem_kib / 1024,
                     c->memory_kib / 1024);
    }
}

static void check_vcpus(struct config_reader *r)
{
    struct guest_config *c = r->c;
    c->vcpus = c->vcpus == 0 ? 1 : c->vcpus;
    c->maxvcpus = c->maxvcpus == 0 ? c->vcpus : c->maxvcpus;
    if (c->vcpus > c->maxvcpus) {
        config_wrong(r->report, place(r, "maxvcpus"), "maxvcpus (%u) is less than vcpus (%u)",
                     c->maxvcpus, c->vcpus);
    }
    if (c->gic_version == GIC_V2 && c->maxvcpus > MAX_VCPUS_GIC2) {
        config_wrong(r->report, place(r, "gic_version"),
                     "gic_version: a GICv2 serves at most %d vCPUs, the guest may have %u",
                     MAX_VCPUS_GIC2, c->maxvcpus);
    }
}

/* A string of cpus= counts for all vCPUs, the n-th item of a list for vCPU n. */
static int spread_cpus(struct config_reader *r, const char *key, struct cpu_set **sets, size_t *nr)
{
    const struct config_value *v = config_find(r->tree, key);
    const unsigned vcpus = r->c->maxvcpus;
    if (v == NULL || *nr == 0) {
        return 0;
    }
    if (v->type == CONFIG_LIST) {
        if (*nr > vcpus) {
            config_odd(r->report, v->at, "%s: %zu items for %u vCPUs", key, *nr, vcpus);
        }
        while (*nr > vcpus) {
            free((*sets)[--*nr].word);
        }
        return 0;
    }
    struct cpu_set *all = reallocarray(*sets, vcpus, sizeof(*all));
    if (all == NULL) {
        return config_no_memory(r->report);
    }
    *sets = all;
    for (; *nr < vcpus; (*nr)++) {
        const size_t size = all[0].nr_words * sizeof(uint64_t);
        all[*nr] = (struct cpu_set){.nr_words = all[0].nr_words, .word = malloc(size + 1)};
        if (all[*nr].word == NULL) {
            return config_no_memory(r->report);
        }
        memcpy(all[*nr].word, all[0].word, size);
    }
    return 0;
}

static void check_sched(struct config_reader *r)
{
    const struct guest_sched *s = &r->c->sched;
    if (s->period_us >= 0 && s->budget_us > s->period_us) {
        config_wrong(r->report, place(r, "budget"), "budget is more than period");
    }
}

static void check_disks(struct config_reader *r)
{
    const struct guest_config *c = r->c;
    for (size_t i = 0; i < c->nr_disks; i++) {
        const struct guest_disk *d = &c->disk[i];
        for (size_t j = 0; j < i; j++) {
            const struct guest_disk *other = &c->disk[j];
            if (d->number == other->number) {
                config_wrong(r->report, d->at, "disk: %s is there before, in line %u", d->vdev,
                             other->at.line);
            } else if (d->target != NULL && other->target != NULL && d->script == NULL &&
                       other->script == NULL && (d->writable || other->writable) && !d->shared &&
                       !other->shared && strcmp(d->target, other->target) == 0) {
                config_wrong(r->report, d->at,
                             "disk: %s is the target of %s, too, and one of them may write",
                             d->target, other->vdev);
            }
        }
    }
}

static void check_vifs(struct config_reader *r)
{
    const struct guest_config *c = r->c;
    for (size_t i = 0; i < c->nr_vifs; i++) {
        const struct guest_vif *v = &c->vif[i];
        for (size_t j = 0; j < i; j++) {
            const struct guest_vif *other = &c->vif[j];
            if (v->has_mac && other->has_mac && memcmp(v->mac, other->mac, sizeof(v->mac)) == 0) {
                config_wrong(r->report, v->at, "vif: its MAC address is there before, in line %u",
                             other->at.line);
            }
            if (v->devid == other->devid) {
                config_wrong(r->report, v->at, "vif: devid %d is there before, in line %u",
                             v->devid, other->at.line);
            }
            if (v->vifname != NULL && other->vifname != NULL &&
                strcmp(v->vifname, other->vifname) == 0) {
                config_wrong(r->report, v->at, "vif: vifname %s is there before, in line %u",
                             v->vifname, other->at.line);
            }
        }
    }
}

static void check_channels(struct config_reader *r)
{
    const struct guest_config *c = r->c;
    for (size_t i = 0; i < c->nr_channels; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(c->channel[i].name, c->channel[j].name) == 0) {
                config_wrong(r->report, c->channel[i].at,
                             "channel: name %s is there before, in line %u", c->channel[i].name,
                             c->channel[j].at.line);
            }
        }
    }
}

int config_check(struct config_reader *r)
{
    check_name(r);
    check_kernel(r);
    check_memory(r);
    check_vcpus(r);
    check_sched(r);
    check_disks(r);
    check_vifs(r);
    check_channels(r);
    int err = join_cmdline(r);
    if (err == 0 && r->report->nr_errors == 0) {
        err = spread_cpus(r, "cpus", &r->c->cpus, &r->c->nr_cpus);
    }
    if (err == 0 && r->report->nr_errors == 0) {
        err = spread_cpus(r, "cpus_soft", &r->c->cpus_soft, &r->c->nr_cpus_soft);
    }
    return err;
}
