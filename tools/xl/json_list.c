// SPDX-License-Identifier: MIT
#include "xl/json_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "hv/hv.h"
#include "lib/json.h"
#include "lib/message.h"
#include "lib/number.h"
#include "xl/pool.h"

#define MAX_CONFIG_BYTES (1024 * 1024)

/* What Debian's xl keeps of a guest that it made; -ENOENT, silent, if it did not. */
static int read_foreign(const struct xen_domctl_getdomaininfo *info, struct guest_config *config)
{
    char uuid[37];
    char path[128];
    domain_format_uuid(info->handle, uuid);
    snprintf(path, sizeof(path), "/var/lib/xen/userdata-d.%u.%s.libxl-json", info->domain, uuid);
    struct text text = {0};
    int err = text_read_file(&text, path, MAX_CONFIG_BYTES);
    if (err == 0) {
        err = config_read_json(path, text_string(&text), text.length, config);
    }
    text_fini(&text);
    return err;
}

/* What it was made of, from whoever made it. Without that: nothing but its name and uuid. */
static int read_config(struct life *l, const struct domain_list *list, unsigned i,
                       struct guest_config *config)
{
    const struct xen_domctl_getdomaininfo *info = &list->info[i];
    int err = read_foreign(info, config);
    if (err == -ENOENT) {
        err = life_config(l, info->domain, config);
    }
    if (err != 0) {
        *config = (struct guest_config){
            .max_grant_frames = -1, .max_maptrack_frames = -1, .max_grant_version = -1};
        config->sched = (struct guest_sched){.weight = -1, .cap = -1, .period_us = -1};
        config->sched.budget_us = -1;
        config->sched.extratime = -1;
        config->maxvcpus = info->max_vcpu_id + 1;
        config->maxmem_kib = info->max_pages * 4;
    }
    free(config->name);
    config->name = list->name[i] == NULL ? NULL : strdup(list->name[i]);
    memcpy(config->uuid, info->handle, sizeof(config->uuid));
    config->has_uuid = true;
    return list->name[i] != NULL && config->name == NULL ? -ENOMEM : 0;
}

/* The number in a node of the domain, or what it was. */
static uint64_t number_now(struct life *l, uint32_t domid, const char *key, uint64_t before)
{
    uint64_t value;
    const int err = store_read_number(l->store, &value, "/local/domain/%u/%s", domid, key);
    return err != 0 ? before : value;
}

/* Weight and cap as they are now, in a pool of the credit schedulers. */
static void read_sched(struct life *l, uint16_t domid, struct guest_sched *sched)
{
    struct xen_domctl_scheduler_op op = {.sched_id = XEN_SCHEDULER_CREDIT2,
                                         .cmd = XEN_DOMCTL_SCHEDOP_getinfo};
    if (hv_sched_domain(l->hv, domid, &op) == 0) {
        sched->weight = op.u.credit2.weight;
        sched->cap = op.u.credit2.cap;
    }
}

static int add_guest(struct life *l, const struct domain_list *list, unsigned i, struct json *j)
{
    const struct xen_domctl_getdomaininfo *info = &list->info[i];
    struct guest_config config = {0};
    const int err = read_config(l, list, i, &config);
    if (err == 0) {
        config.memory_kib = number_now(l, info->domain, "memory/target", config.memory_kib);
        config.maxmem_kib = number_now(l, info->domain, "memory/static-max", config.maxmem_kib);
        read_sched(l, info->domain, &config.sched);
        json_open_object(j, "config");
        config_write_json(j, &config);
        json_close_object(j);
    }
    guest_config_fini(&config);
    return err;
}

/* The control domain: the hypervisor made it, nobody has a configuration of it. */
static void add_control(struct life *l, const struct domain_list *list, unsigned i, struct json *j)
{
    const struct xen_domctl_getdomaininfo *info = &list->info[i];
    const uint64_t kib = (uint64_t)info->tot_pages * 4;
    struct guest_sched sched = {.weight = -1};
    read_sched(l, info->domain, &sched);
    json_open_object(j, "config");
    json_open_object(j, "c_info");
    json_string(j, "type", "pvh");
    json_string(j, "name", domain_list_name(list, i));
    json_close_object(j);
    json_open_object(j, "b_info");
    json_int(j, "max_memkb", (int64_t)number_now(l, info->domain, "memory/static-max", kib));
    json_int(j, "target_memkb", (int64_t)number_now(l, info->domain, "memory/target", kib));
    json_open_object(j, "sched_params");
    if (sched.weight >= 0) {
        json_string(j, "sched", scheduler_name(XEN_SCHEDULER_CREDIT2));
        json_int(j, "weight", sched.weight);
        json_int(j, "cap", sched.cap);
    }
    json_close_object(j);
    json_open_object(j, "type.pvh");
    json_close_object(j);
    json_open_object(j, "arch_arm");
    json_close_object(j);
    json_close_object(j);
    json_close_object(j);
}

int json_list_print(struct life *l, const struct domain_list *list)
{
    struct text out = {0};
    struct json j;
    int err = 0;
    json_begin(&j, &out);
    json_open_array(&j, NULL);
    for (unsigned i = 0; i < list->nr && err == 0; i++) {
        json_open_object(&j, NULL);
        json_int(&j, "domid", list->info[i].domain);
        if (list->info[i].domain == 0) {
            add_control(l, list, i, &j);
        } else {
            err = add_guest(l, list, i, &j);
        }
        json_close_object(&j);
    }
    json_close_array(&j);
    if (err == 0 && out.failed) {
        err = -ENOMEM;
    }
    if (err == 0) {
        printf("%s\n", text_string(&out));
    } else {
        message_error("cannot print the domains' configurations: %s", strerror(-err));
    }
    text_fini(&out);
    return err;
}
