// SPDX-License-Identifier: MIT
/*
 * JSON back to struct guest_config. The file is our own, but a disk may have lost half of it and a
 * user may have mended it: every type, word and range is checked; what is not known is left aside.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/devices.h"
#include "config/json.h"
#include "lib/message.h"

#define MAX_ITEMS 4096
#define MAX_BYTES (16 << 20)

/* Errors stick: the first is kept, later reads do nothing. */
struct reader {
    const char *name;
    int err;
};

static void wrong(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct reader *r, const char *format, ...)
{
    if (r->err != 0) {
        return;
    }
    char said[200];
    va_list words;
    va_start(words, format);
    if (vsnprintf(said, sizeof(said), format, words) < 0) {
        said[0] = '\0';
    }
    va_end(words);
    message_error("%s: %s", r->name, said);
    r->err = -EINVAL;
}

static void no_memory(struct reader *r)
{
    if (r->err == 0) {
        message_error("out of memory");
        r->err = -ENOMEM;
    }
}

/* A member of the wanted type; NULL: not there, or null, or an error. */
static struct json_object *member(struct reader *r, struct json_object *o, const char *key,
                                  enum json_type type)
{
    struct json_object *found;
    if (r->err != 0 || o == NULL || !json_object_object_get_ex(o, key, &found) || found == NULL) {
        return NULL;
    }
    if (!json_object_is_type(found, type)) {
        wrong(r, "%s: a JSON %s is wanted", key, json_type_to_name(type));
        return NULL;
    }
    return found;
}

static void read_string(struct reader *r, struct json_object *o, const char *key, char **s)
{
    struct json_object *found = member(r, o, key, json_type_string);
    if (found == NULL) {
        return;
    }
    const char *text = json_object_get_string(found);
    if (strlen(text) != (size_t)json_object_get_string_len(found)) {
        wrong(r, "%s: a NUL in a string", key);
        return;
    }
    *s = strdup(text);
    if (*s == NULL) {
        no_memory(r);
    }
}

static int64_t read_number(struct reader *r, struct json_object *o, const char *key, int64_t low,
                           int64_t high, int64_t absent)
{
    struct json_object *found = member(r, o, key, json_type_int);
    if (found == NULL) {
        return absent;
    }
    const int64_t n = json_object_get_int64(found);
    if (n < low || n > high) {
        wrong(r, "%s: a number from %" PRId64 " to %" PRId64 " is wanted", key, low, high);
        return absent;
    }
    return n;
}

static int read_word(struct reader *r, struct json_object *o, const char *key,
                     const struct config_word *list, int absent)
{
    struct json_object *found = member(r, o, key, json_type_string);
    if (found == NULL) {
        return absent;
    }
    for (; list->word != NULL; list++) {
        if (strcmp(list->word, json_object_get_string(found)) == 0) {
            return list->value;
        }
    }
    wrong(r, "%s: unknown word \"%.60s\"", key, json_object_get_string(found));
    return absent;
}

static bool read_defbool(struct reader *r, struct json_object *o, const char *key, bool absent)
{
    static const struct config_word words[] = {{"True", 1}, {"False", 0}, {NULL, 0}};
    return read_word(r, o, key, words, absent) != 0;
}

/* Room for the elements of an array, one more so that it is never nothing; *nr is set. */
static void *make(struct reader *r, struct json_object *array, size_t size, size_t *nr)
{
    *nr = array == NULL || r->err != 0 ? 0 : json_object_array_length(array);
    if (*nr > MAX_ITEMS) {
        wrong(r, "an array of more than %d elements", MAX_ITEMS);
    }
    if (*nr == 0 || r->err != 0) {
        *nr = 0;
        return NULL;
    }
    void *made = calloc(*nr + 1, size);
    if (made == NULL) {
        no_memory(r);
        *nr = 0;
    }
    return made;
}

static struct json_object *element(struct reader *r, struct json_object *array, size_t i,
                                   enum json_type type)
{
    struct json_object *o = json_object_array_get_idx(array, i);
    if (o == NULL || !json_object_is_type(o, type)) {
        wrong(r, "an array of JSON %ss is wanted", json_type_to_name(type));
        return NULL;
    }
    return o;
}

static void read_set(struct reader *r, struct json_object *bits, struct cpu_set *set)
{
    uint64_t words[CPU_SET_BITS / 64] = {0};
    for (size_t i = 0; bits != NULL && i < json_object_array_length(bits); i++) {
        struct json_object *o = element(r, bits, i, json_type_int);
        const int64_t bit = o == NULL ? 0 : json_object_get_int64(o);
        if (bit < 0 || bit >= CPU_SET_BITS) {
            wrong(r, "a CPU's number is at most %d", CPU_SET_BITS - 1);
        } else {
            words[bit / 64] |= UINT64_C(1) << bit % 64;
            set->nr_words =
                (size_t)bit / 64 >= set->nr_words ? (size_t)bit / 64 + 1 : set->nr_words;
        }
    }
    set->word = malloc(sizeof(words));
    if (set->word == NULL) {
        no_memory(r);
        return;
    }
    memcpy(set->word, words, sizeof(words));
}

static struct cpu_set *read_sets(struct reader *r, struct json_object *o, const char *key,
                                 size_t *nr)
{
    struct json_object *array = member(r, o, key, json_type_array);
    struct cpu_set *sets = make(r, array, sizeof(*sets), nr);
    for (size_t i = 0; i < *nr && r->err == 0; i++) {
        read_set(r, element(r, array, i, json_type_array), &sets[i]);
    }
    return sets;
}

static void read_uuid(struct reader *r, struct json_object *o, struct guest_config *c)
{
    char *text = NULL;
    read_string(r, o, "uuid", &text);
    if (text != NULL) {
        c->has_uuid = config_read_uuid(text, c->uuid);
        if (!c->has_uuid) {
            wrong(r, "uuid: \"%.60s\" is none", text);
        }
    }
    free(text);
}

static void read_create(struct reader *r, struct json_object *o, struct guest_config *c)
{
    read_string(r, o, "name", &c->name);
    read_uuid(r, o, c);
    read_string(r, o, "pool_name", &c->pool);
    read_string(r, o, "ssid_label", &c->seclabel);
    c->driver_domain = read_defbool(r, o, "driver_domain", false);
    if (r->err == 0 && c->name == NULL) {
        wrong(r, "c_info has no name");
    }
}

static void read_labels(struct reader *r, struct json_object *o, struct guest_config *c)
{
    char *later = NULL;
    read_string(r, o, "exec_ssid_label", &later);
    if (later != NULL) {
        c->init_seclabel = c->seclabel;
        c->seclabel = later;
    }
}

static void read_args(struct reader *r, struct json_object *o, struct guest_config *c)
{
    size_t nr;
    struct json_object *array = member(r, o, "bootloader_args", json_type_array);
    c->bootloader_args = make(r, array, sizeof(*c->bootloader_args), &nr);
    for (size_t i = 0; i < nr && r->err == 0; i++) {
        struct json_object *s = element(r, array, i, json_type_string);
        c->bootloader_args[i] = s == NULL ? NULL : strdup(json_object_get_string(s));
        if (c->bootloader_args[i] == NULL) {
            no_memory(r);
        }
    }
}

static void read_cpus(struct reader *r, struct json_object *o, struct guest_config *c)
{
    c->maxvcpus = (unsigned)read_number(r, o, "max_vcpus", 1, 128, 1);
    struct json_object *online = member(r, o, "avail_vcpus", json_type_array);
    c->vcpus = online == NULL ? 1 : (unsigned)json_object_array_length(online);
    if (c->vcpus == 0 || c->vcpus > c->maxvcpus) {
        wrong(r, "avail_vcpus: 1 to max_vcpus are wanted");
    }
    c->cpus = read_sets(r, o, "vcpu_hard_affinity", &c->nr_cpus);
    c->cpus_soft = read_sets(r, o, "vcpu_soft_affinity", &c->nr_cpus_soft);
    struct json_object *s = member(r, o, "sched_params", json_type_object);
    c->sched = (struct guest_sched){
        .weight = (int)read_number(r, s, "weight", 0, 65535, -1),
        .cap = (int)read_number(r, s, "cap", 0, 65535, -1),
        .period_us = read_number(r, s, "period", 0, INT64_MAX, -1),
        .budget_us = read_number(r, s, "budget", 0, INT64_MAX, -1),
        .extratime = (int)read_number(r, s, "extratime", 0, 1, -1),
    };
}

static void read_build(struct reader *r, struct json_object *o, struct guest_config *c)
{
    const int64_t most_kib = INT64_C(1) << 34;
    read_cpus(r, o, c);
    c->maxmem_kib = (uint64_t)read_number(r, o, "max_memkb", 1, most_kib, 0);
    c->memory_kib =
        (uint64_t)read_number(r, o, "target_memkb", 1, most_kib, (int64_t)c->maxmem_kib);
    c->paging_kib = (uint64_t)read_number(r, o, "shadow_memkb", 0, most_kib, 0);
    if (c->maxmem_kib == 0 || c->memory_kib > c->maxmem_kib) {
        wrong(r, "target_memkb: 1 to max_memkb are wanted");
    }
    c->rtc_timeoffset =
        (long)read_number(r, o, "rtc_timeoffset", -INT64_C(4294967296), INT64_C(4294967296), 0);
    read_labels(r, o, c);
    c->localtime = read_defbool(r, o, "localtime", false);
    c->nomigrate = read_defbool(r, o, "disable_migrate", false);
    c->max_grant_frames = (int)read_number(r, o, "max_grant_frames", 0, 65536, -1);
    c->max_maptrack_frames = (int)read_number(r, o, "max_maptrack_frames", 0, 65536, -1);
    c->max_grant_version = (int)read_number(r, o, "max_grant_version", 0, 2, -1);
    c->max_event_channels = (unsigned)read_number(r, o, "event_channels", 0, 131071, 0);
    read_string(r, o, "kernel", &c->kernel);
    read_string(r, o, "cmdline", &c->cmdline);
    read_string(r, o, "ramdisk", &c->ramdisk);
    read_string(r, o, "device_tree", &c->device_tree);
    read_string(r, o, "bootloader", &c->bootloader);
    read_args(r, o, c);
    struct json_object *arm = member(r, o, "arch_arm", json_type_object);
    static const struct config_word vuarts[] = {{"sbsa_uart", 1}, {"unknown", 0}, {NULL, 0}};
    c->gic_version = (enum guest_gic)read_word(r, arm, "gic_version", json_gics, GIC_DEFAULT);
    c->vuart = read_word(r, arm, "vuart", vuarts, 0) != 0;
}

static bool read_bool(struct reader *r, struct json_object *o, const char *key)
{
    struct json_object *found = member(r, o, key, json_type_boolean);
    return found != NULL && json_object_get_boolean(found);
}

static void read_disk(struct reader *r, struct json_object *o, struct guest_disk *d)
{
    read_string(r, o, "backend_domname", &d->backend_domain);
    read_string(r, o, "pdev_path", &d->target);
    read_string(r, o, "vdev", &d->vdev);
    read_string(r, o, "script", &d->script);
    d->backend = (enum disk_backend)read_word(r, o, "backend", json_backends, DISK_BACKEND_DEFAULT);
    d->format = (enum disk_format)read_word(r, o, "format", json_formats, DISK_RAW);
    d->removable = read_number(r, o, "removable", 0, 1, 0) != 0;
    d->writable = read_number(r, o, "readwrite", 0, 1, 0) != 0;
    d->cdrom = read_number(r, o, "is_cdrom", 0, 1, 0) != 0;
    d->direct_io_safe = read_bool(r, o, "direct_io_safe");
    d->shared = read_bool(r, o, "shared");
    d->no_discard = !read_defbool(r, o, "discard_enable", true);
    d->untrusted = !read_defbool(r, o, "trusted", true);
    if (r->err == 0 && (d->vdev == NULL || !config_disk_number(d->vdev, &d->number))) {
        wrong(r, "vdev: \"%.60s\" is no virtual disk", d->vdev == NULL ? "" : d->vdev);
    }
}

static void read_vif(struct reader *r, struct json_object *o, struct guest_vif *v)
{
    char *mac = NULL;
    const char *why = NULL;
    read_string(r, o, "mac", &mac);
    if (mac != NULL) {
        v->has_mac = config_read_mac(mac, v->mac, &why) == 0;
        if (!v->has_mac) {
            wrong(r, "mac: \"%.60s\": %s", mac, why);
        }
    }
    free(mac);
    read_string(r, o, "backend_domname", &v->backend_domain);
    v->devid = (int)read_number(r, o, "devid", 0, 32767, -1);
    v->mtu = (unsigned)read_number(r, o, "mtu", 0, 65535, 0);
    read_string(r, o, "model", &v->model);
    read_string(r, o, "ip", &v->ip);
    read_string(r, o, "bridge", &v->bridge);
    read_string(r, o, "ifname", &v->vifname);
    read_string(r, o, "script", &v->script);
    static const struct config_word types[] = {{"vif", 1}, {"vif_ioemu", 0}, {NULL, 0}};
    v->is_netfront_only = read_word(r, o, "nictype", types, 0) != 0;
    v->rate_bytes = (uint64_t)read_number(r, o, "rate_bytes_per_interval", 0, UINT32_MAX, 0);
    v->rate_interval_us = (uint32_t)read_number(r, o, "rate_interval_usecs", 0, UINT32_MAX, 0);
    read_string(r, o, "gatewaydev", &v->gateway_device);
    read_string(r, o, "coloft_forwarddev", &v->forwarddev);
    v->untrusted = !read_defbool(r, o, "trusted", true);
}

static void read_channel(struct reader *r, struct json_object *o, struct guest_channel *c)
{
    read_string(r, o, "backend_domname", &c->backend_domain);
    read_string(r, o, "name", &c->name);
    read_string(r, member(r, o, "connection.socket", json_type_object), "path", &c->path);
    if (r->err == 0 && c->name == NULL) {
        wrong(r, "a channel has no name");
    }
}

static void read_devices(struct reader *r, struct json_object *o, struct guest_config *c)
{
    struct json_object *disks = member(r, o, "disks", json_type_array);
    struct json_object *nics = member(r, o, "nics", json_type_array);
    struct json_object *channels = member(r, o, "channels", json_type_array);
    c->disk = make(r, disks, sizeof(*c->disk), &c->nr_disks);
    c->vif = make(r, nics, sizeof(*c->vif), &c->nr_vifs);
    c->channel = make(r, channels, sizeof(*c->channel), &c->nr_channels);
    for (size_t i = 0; i < c->nr_disks && r->err == 0; i++) {
        read_disk(r, element(r, disks, i, json_type_object), &c->disk[i]);
    }
    for (size_t i = 0; i < c->nr_vifs && r->err == 0; i++) {
        read_vif(r, element(r, nics, i, json_type_object), &c->vif[i]);
    }
    for (size_t i = 0; i < c->nr_channels && r->err == 0; i++) {
        read_channel(r, element(r, channels, i, json_type_object), &c->channel[i]);
    }
}

static void read_all(struct reader *r, struct json_object *o, struct guest_config *c)
{
    read_create(r, member(r, o, "c_info", json_type_object), c);
    read_build(r, member(r, o, "b_info", json_type_object), c);
    read_devices(r, o, c);
    c->on_poweroff = (enum guest_action)read_word(r, o, "on_poweroff", json_actions, 0);
    c->on_reboot = (enum guest_action)read_word(r, o, "on_reboot", json_actions, 0);
    c->on_watchdog = (enum guest_action)read_word(r, o, "on_watchdog", json_actions, 0);
    c->on_crash = (enum guest_action)read_word(r, o, "on_crash", json_actions, 0);
    c->on_soft_reset = (enum guest_action)read_word(r, o, "on_soft_reset", json_actions, 0);
}

/* The text as an object that the caller puts; NULL: said why. */
static struct json_object *parse(struct reader *r, const char *data, size_t size)
{
    if (size > MAX_BYTES) {
        wrong(r, "JSON of at most %d bytes is wanted", MAX_BYTES);
        return NULL;
    }
    struct json_tokener *tokener = json_tokener_new();
    if (tokener == NULL) {
        no_memory(r);
        return NULL;
    }
    struct json_object *o = json_tokener_parse_ex(tokener, data, (int)size);
    const enum json_tokener_error err = json_tokener_get_error(tokener);
    if (err == json_tokener_continue) {
        wrong(r, "the JSON is cut off");
    } else if (err != json_tokener_success) {
        wrong(r, "no JSON, at byte %zu: %s", json_tokener_get_parse_end(tokener),
              json_tokener_error_desc(err));
    } else if (!json_object_is_type(o, json_type_object)) {
        wrong(r, "a JSON object is wanted");
    }
    json_tokener_free(tokener);
    if (r->err != 0) {
        json_object_put(o);
        o = NULL;
    }
    return o;
}

int config_read_json(const char *name, const char *data, size_t size, struct guest_config *c)
{
    struct reader r = {.name = name};
    *c = (struct guest_config){0};
    struct json_object *o = parse(&r, data, size);
    if (o == NULL) {
        return r.err;
    }
    c->file = strdup(name);
    if (c->file == NULL) {
        no_memory(&r);
    }
    read_all(&r, o, c);
    json_object_put(o);
    if (r.err != 0) {
        guest_config_fini(c);
    }
    return r.err;
}
