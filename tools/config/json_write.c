// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "config/config.h"
#include "config/json.h"
#include "lib/json.h"

const struct config_word json_actions[] = {
    {"destroy", ACTION_DESTROY},
    {"restart", ACTION_RESTART},
    {"restart_rename", ACTION_RENAME_RESTART},
    {"preserve", ACTION_PRESERVE},
    {"coredump_destroy", ACTION_COREDUMP_DESTROY},
    {"coredump_restart", ACTION_COREDUMP_RESTART},
    {"soft_reset", ACTION_SOFT_RESET},
    {NULL, 0},
};
const struct config_word json_gics[] = {{"v2", GIC_V2}, {"v3", GIC_V3}, {NULL, 0}};
const struct config_word json_formats[] = {
    {"raw", DISK_RAW}, {"qcow", DISK_QCOW}, {"qcow2", DISK_QCOW2},
    {"vhd", DISK_VHD}, {"qed", DISK_QED},   {"empty", DISK_EMPTY},
    {NULL, 0},
};
const struct config_word json_backends[] = {
    {"phy", DISK_PHY}, {"tap", DISK_TAP}, {"qdisk", DISK_QDISK}, {NULL, 0}};

/* Nothing is written for what is not said: NULL, negative numbers, words that are not in the list.
 */
static void write_string(struct json *j, const char *key, const char *s)
{
    if (s != NULL) {
        json_string(j, key, s);
    }
}

static void write_number(struct json *j, const char *key, int64_t n)
{
    if (n >= 0) {
        json_int(j, key, n);
    }
}

static void write_word(struct json *j, const char *key, const struct config_word *list, int value)
{
    for (; list->word != NULL; list++) {
        if (list->value == value) {
            json_string(j, key, list->word);
        }
    }
}

/* libxl's "defbool" is a string. */
static void write_true(struct json *j, const char *key, bool is_true)
{
    if (is_true) {
        json_string(j, key, "True");
    }
}

/* A bitmap is the list of its bits. */
static void write_set(struct json *j, const char *key, const struct cpu_set *set)
{
    json_open_array(j, key);
    for (size_t bit = 0; bit < set->nr_words * 64; bit++) {
        if ((set->word[bit / 64] >> bit % 64 & 1) != 0) {
            json_int(j, NULL, (int64_t)bit);
        }
    }
    json_close_array(j);
}

static void write_sets(struct json *j, const char *key, const struct cpu_set *sets, size_t nr)
{
    if (nr == 0) {
        return;
    }
    json_open_array(j, key);
    for (size_t i = 0; i < nr; i++) {
        write_set(j, NULL, &sets[i]);
    }
    json_close_array(j);
}

static void write_create(struct json *j, const struct guest_config *c)
{
    json_open_object(j, "c_info");
    json_string(j, "type", "pvh");
    /* While it is built, a guest may have another label than later */
    write_string(j, "ssid_label", c->init_seclabel != NULL ? c->init_seclabel : c->seclabel);
    write_string(j, "name", c->name);
    if (c->has_uuid) {
        char uuid[40];
        const uint8_t *u = c->uuid;
        snprintf(uuid, sizeof(uuid),
                 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
                 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
                 u[15]);
        json_string(j, "uuid", uuid);
    }
    write_string(j, "pool_name", c->pool);
    json_string(j, "run_hotplug_scripts", "True");
    write_true(j, "driver_domain", c->driver_domain);
    json_close_object(j);
}

static void write_sched(struct json *j, const struct guest_sched *s)
{
    json_open_object(j, "sched_params");
    write_number(j, "weight", s->weight);
    write_number(j, "cap", s->cap);
    write_number(j, "period", s->period_us);
    write_number(j, "extratime", s->extratime);
    write_number(j, "budget", s->budget_us);
    json_close_object(j);
}

static void write_cpus(struct json *j, const struct guest_config *c)
{
    json_int(j, "max_vcpus", c->maxvcpus);
    json_open_array(j, "avail_vcpus");
    for (unsigned i = 0; i < c->vcpus; i++) {
        json_int(j, NULL, i);
    }
    json_close_array(j);
    write_sets(j, "vcpu_hard_affinity", c->cpus, c->nr_cpus);
    write_sets(j, "vcpu_soft_affinity", c->cpus_soft, c->nr_cpus_soft);
    if (c->nr_cpus > 0 || c->nr_cpus_soft > 0) {
        json_string(j, "numa_placement", "False");
    }
}

static void write_kernel(struct json *j, const struct guest_config *c)
{
    write_string(j, "kernel", c->kernel);
    write_string(j, "cmdline", c->cmdline);
    write_string(j, "ramdisk", c->ramdisk);
    write_string(j, "device_tree", c->device_tree);
    write_string(j, "bootloader", c->bootloader);
    if (c->bootloader_args != NULL) {
        json_open_array(j, "bootloader_args");
        for (size_t i = 0; c->bootloader_args[i] != NULL; i++) {
            json_string(j, NULL, c->bootloader_args[i]);
        }
        json_close_array(j);
    }
}

static void write_arm(struct json *j, const struct guest_config *c)
{
    json_open_object(j, "type.pvh");
    json_close_object(j);
    json_open_object(j, "arch_arm");
    write_word(j, "gic_version", json_gics, c->gic_version);
    if (c->vuart) {
        json_string(j, "vuart", "sbsa_uart");
    }
    json_close_object(j);
    json_open_object(j, "arch_x86");
    json_close_object(j);
}

static void write_build(struct json *j, const struct guest_config *c)
{
    json_open_object(j, "b_info");
    write_cpus(j, c);
    json_int(j, "max_memkb", (int64_t)c->maxmem_kib);
    json_int(j, "target_memkb", (int64_t)c->memory_kib);
    if (c->paging_kib > 0) {
        json_int(j, "shadow_memkb", (int64_t)c->paging_kib);
    }
    if (c->rtc_timeoffset != 0) {
        json_int(j, "rtc_timeoffset", c->rtc_timeoffset);
    }
    if (c->init_seclabel != NULL) {
        write_string(j, "exec_ssid_label", c->seclabel);
    }
    write_true(j, "localtime", c->localtime);
    write_true(j, "disable_migrate", c->nomigrate);
    write_number(j, "max_grant_frames", c->max_grant_frames);
    write_number(j, "max_maptrack_frames", c->max_maptrack_frames);
    write_number(j, "max_grant_version", c->max_grant_version);
    write_sched(j, &c->sched);
    json_string(j, "claim_mode", "True");
    if (c->max_event_channels > 0) {
        json_int(j, "event_channels", c->max_event_channels);
    }
    write_kernel(j, c);
    write_arm(j, c);
    json_close_object(j);
}

static void write_disk(struct json *j, const struct guest_disk *d)
{
    json_open_object(j, NULL);
    write_string(j, "backend_domname", d->backend_domain);
    write_string(j, "pdev_path", d->target);
    json_string(j, "vdev", d->vdev);
    write_word(j, "backend", json_backends, d->backend);
    write_word(j, "format", json_formats, d->format);
    write_string(j, "script", d->script);
    if (d->removable) {
        json_int(j, "removable", 1);
    }
    if (d->writable) {
        json_int(j, "readwrite", 1);
    }
    if (d->shared) { /* not in Xen's: its tools know no such word */
        json_bool(j, "shared", true);
    }
    if (d->cdrom) {
        json_int(j, "is_cdrom", 1);
    }
    if (d->direct_io_safe) {
        json_bool(j, "direct_io_safe", true);
    }
    if (d->no_discard) {
        json_string(j, "discard_enable", "False");
    }
    if (d->untrusted) {
        json_string(j, "trusted", "False");
    }
    json_close_object(j);
}

static void write_vif(struct json *j, const struct guest_vif *v)
{
    json_open_object(j, NULL);
    write_string(j, "backend_domname", v->backend_domain);
    write_number(j, "devid", v->devid);
    if (v->mtu > 0) {
        json_int(j, "mtu", v->mtu);
    }
    write_string(j, "model", v->model);
    if (v->has_mac) {
        char mac[20];
        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", v->mac[0], v->mac[1], v->mac[2],
                 v->mac[3], v->mac[4], v->mac[5]);
        json_string(j, "mac", mac);
    }
    write_string(j, "ip", v->ip);
    write_string(j, "bridge", v->bridge);
    write_string(j, "ifname", v->vifname);
    write_string(j, "script", v->script);
    if (v->is_netfront_only) {
        json_string(j, "nictype", "vif");
    }
    if (v->rate_bytes > 0) {
        json_int(j, "rate_bytes_per_interval", (int64_t)v->rate_bytes);
        json_int(j, "rate_interval_usecs", v->rate_interval_us);
    }
    write_string(j, "gatewaydev", v->gateway_device);
    write_string(j, "coloft_forwarddev", v->forwarddev);
    if (v->untrusted) {
        json_string(j, "trusted", "False");
    }
    json_close_object(j);
}

static void write_channel(struct json *j, const struct guest_channel *c, size_t devid)
{
    json_open_object(j, NULL);
    write_string(j, "backend_domname", c->backend_domain);
    json_int(j, "devid", (int64_t)devid);
    json_string(j, "name", c->name);
    json_open_object(j, c->path == NULL ? "connection.pty" : "connection.socket");
    write_string(j, "path", c->path);
    json_close_object(j);
    json_close_object(j);
}

static void write_devices(struct json *j, const struct guest_config *c)
{
    if (c->nr_disks > 0) {
        json_open_array(j, "disks");
        for (size_t i = 0; i < c->nr_disks; i++) {
            write_disk(j, &c->disk[i]);
        }
        json_close_array(j);
    }
    if (c->nr_vifs > 0) {
        json_open_array(j, "nics");
        for (size_t i = 0; i < c->nr_vifs; i++) {
            write_vif(j, &c->vif[i]);
        }
        json_close_array(j);
    }
    if (c->nr_channels > 0) {
        json_open_array(j, "channels");
        for (size_t i = 0; i < c->nr_channels; i++) {
            write_channel(j, &c->channel[i], i);
        }
        json_close_array(j);
    }
}

/* libxl's default of every action is "destroy". */
static void write_action(struct json *j, const char *key, enum guest_action action)
{
    if (action != ACTION_DESTROY) {
        write_word(j, key, json_actions, (int)action);
    }
}

void config_write_json(struct json *j, const struct guest_config *c)
{
    write_create(j, c);
    write_build(j, c);
    write_devices(j, c);
    write_action(j, "on_poweroff", c->on_poweroff);
    write_action(j, "on_reboot", c->on_reboot);
    write_action(j, "on_watchdog", c->on_watchdog);
    write_action(j, "on_crash", c->on_crash);
    write_action(j, "on_soft_reset", c->on_soft_reset);
}
