// SPDX-License-Identifier: MIT
/* xl block-*, network-*, channel-list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "device/device.h"
#include "lib/json.h"
#include "lib/message.h"
#include "lib/number.h"
#include "lib/table.h"
#include "xl/command.h"
#include "xl/domain.h"

/* ---- lists */

/* Columns for disks and for interfaces; state and numbers as scripts know them. */
static const struct column disk_columns[] = {
    {"vdev", "Vdev ", -5, 0},
    {"Backend", " BE ", -3, 1},
    {"Handle", " handle", -6, 1},
    {"State", " state", -5, 1},
    {"Event", " evt-ch", -6, 1},
    {"Ring", " ring-ref", -8, 1},
    {"Backend's directory", " BE-path                       ", -30, 1},
};
static const struct column vif_columns[] = {
    {"Idx", "Idx", -3, 0},
    {"Backend", " BE", -2, 1},
    {"MAC", " Mac Addr.        ", -17, 1},
    {"Handle", " handle", 6, 0},
    {"State", " state", 5, 1},
    {"Event", " evt-ch", 6, 1},
    {"Rings tx/rx", "   tx-/rx-ring-ref", -17, 1},
    {"Backend's directory", " BE-path                       ", -30, 1},
};

/* A key of an end as Xen's tools print it: -1 if the guest's driver has not written it. */
static const char *number_of(const struct device_nodes *nodes, const char *key)
{
    const char *value = device_value(nodes, key);
    return value == NULL ? "-1" : value;
}

static void add_disk(struct store *s, const struct device *d, struct table *t)
{
    const char *event = device_value(&d->front, "event-channel");
    const char *ring = device_value(&d->front, "ring-ref");
    table_cell(t, COLOUR_NONE, "%u", d->id);
    table_cell(t, COLOUR_NONE, "%u", d->backend);
    table_cell(t, COLOUR_NONE, "%u", d->domid);
    table_cell(t, COLOUR_NONE, "%d", (int)device_state(s, d, false));
    table_cell(t, COLOUR_NONE, "%s", event == NULL ? "-1" : event);
    /* A driver with several pages numbers them */
    table_cell(t, COLOUR_NONE, "%s", ring == NULL ? number_of(&d->front, "ring-ref0") : ring);
    table_cell(t, COLOUR_NONE, "/local/domain/%u/backend/vbd/%u/%u", d->backend, d->domid, d->id);
}

/* A driver with several queues has the event channels of the first one there, tx and rx apart. */
static const char *event_of(const struct device_nodes *front)
{
    static const char *const keys[] = {"event-channel", "event-channel-tx",
                                       "queue-0/event-channel-tx", "queue-0/event-channel"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *value = device_value(front, keys[i]);
        if (value != NULL) {
            return value;
        }
    }
    return "-1";
}

static void add_vif(struct store *s, const struct device *d, struct table *t)
{
    const char *mac = device_value(&d->back, "mac");
    char rings[40];
    snprintf(rings, sizeof(rings), "%5s/%-11s", number_of(&d->front, "tx-ring-ref"),
             number_of(&d->front, "rx-ring-ref"));
    table_cell(t, COLOUR_NONE, "%u", d->id);
    table_cell(t, COLOUR_NONE, "%u", d->backend);
    table_cell(t, COLOUR_NONE, "%s", mac == NULL ? "-" : mac);
    table_cell(t, COLOUR_NONE, "%u", d->id);
    table_cell(t, COLOUR_NONE, "%d", (int)device_state(s, d, false));
    table_cell(t, COLOUR_NONE, "%s", event_of(&d->front));
    table_cell(t, COLOUR_NONE, "%s", rings);
    table_cell(t, COLOUR_NONE, "/local/domain/%u/backend/vif/%u/%u", d->backend, d->domid, d->id);
}

/* All devices of a class of all operands. */
static int add_devices(struct call *call, enum device_class class, struct table *t)
{
    for (int n = 0; n < call->nr_args; n++) {
        uint32_t domid;
        struct device *device;
        size_t nr;
        const int status = call_find_domain(call, call->args[n], &domid);
        if (status != XL_OK || device_list(call->life.store, domid, &device, &nr) != 0) {
            return XL_FAILURE;
        }
        for (size_t i = 0; i < nr; i++) {
            if (device[i].class != class) {
                continue;
            }
            if (class == DEVICE_VBD) {
                add_disk(call->life.store, &device[i], t);
            } else {
                add_vif(call->life.store, &device[i], t);
            }
        }
        device_list_free(device, nr);
    }
    return XL_OK;
}

static int print_devices(struct call *call, enum device_class class, const struct column *columns,
                         size_t nr_columns)
{
    struct table *t = table_create(columns, nr_columns);
    int status = t == NULL ? XL_OK : add_devices(call, class, t);
    if (status == XL_OK) {
        status = call_status(call_print_table(t));
    }
    table_destroy(t);
    return status;
}

int command_block_list(struct call *call)
{
    return print_devices(call, DEVICE_VBD, disk_columns, 7);
}

int command_network_list(struct call *call)
{
    return print_devices(call, DEVICE_VIF, vif_columns, 8);
}

/* Channels are consoles beside the first one. */
int command_channel_list(struct call *call)
{
    static const struct column columns[] = {
        {"Idx", "Idx", -3, 0},
        {"Backend", " BE", -2, 1},
        {"State", " state", -5, 1},
        {"Event", " evt-ch", -6, 1},
        {"Ring", " ring-ref", 8, 1},
        {"Connection", " connection", -10, 1},
        {"", "                               ", -30, 1},
    };
    struct table *t = table_create(columns, 7);
    int status = XL_OK;
    for (int n = 0; t != NULL && n < call->nr_args && status == XL_OK; n++) {
        uint32_t domid;
        struct device *device;
        size_t nr;
        status = call_find_domain(call, call->args[n], &domid);
        if (status != XL_OK || device_list(call->life.store, domid, &device, &nr) != 0) {
            status = XL_FAILURE;
            break;
        }
        for (size_t i = 0; i < nr; i++) {
            const struct device *d = &device[i];
            const char *connection = device_value(&d->back, "connection");
            if (d->class != DEVICE_CONSOLE || d->id == 0 || connection == NULL) {
                continue;
            }
            const char *path = device_value(&d->front, "tty");
            table_cell(t, COLOUR_NONE, "%u", d->id);
            table_cell(t, COLOUR_NONE, "%u", d->backend);
            table_cell(t, COLOUR_NONE, "%d", (int)device_state(call->life.store, d, false));
            table_cell(t, COLOUR_NONE, "%s", number_of(&d->front, "port"));
            table_cell(t, COLOUR_NONE, "%s", number_of(&d->front, "ring-ref"));
            table_cell(t, COLOUR_NONE, "%s", connection);
            table_cell(t, COLOUR_NONE, "%s", path == NULL ? "" : path);
        }
        device_list_free(device, nr);
    }
    if (status == XL_OK) {
        status = call_status(call_print_table(t));
    }
    table_destroy(t);
    return status;
}

/* ---- attach */

/* "disk: {...}" of a dry run: the configuration's own JSON, of a guest that has nothing else */
static int print_json(struct call *call, const struct guest_config *config)
{
    struct text out = {0};
    struct json j;
    json_begin(&j, &out);
    json_open_object(&j, NULL);
    config_write_json(&j, config);
    json_close_object(&j);
    const bool failed = out.failed;
    if (!failed) {
        fputs(text_string(&out), stdout);
    }
    text_fini(&out);
    (void)call;
    return failed ? XL_FAILURE : XL_OK;
}

/* Gives the guest of the first operand the one device that a configuration has; frees it. */
static int attach(struct call *call, struct guest_config *config)
{
    uint32_t domid;
    int status;
    if (call->global->dry_run) {
        status = print_json(call, config);
    } else if ((status = call_first_domain(call, &domid)) == XL_OK) {
        life_catch_signals(&call->life);
        status =
            call_status(config->nr_disks > 0 ? life_attach_disk(&call->life, domid, config->disk)
                                             : life_attach_vif(&call->life, domid, config->vif));
    }
    guest_config_fini(config);
    return status;
}

int command_block_attach(struct call *call)
{
    struct guest_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL) {
        message_error("out of memory");
        return XL_FAILURE;
    }
    if (config_read_disk((const char *const *)call->args + 1, (size_t)call->nr_args - 1, disk) !=
        0) {
        free(disk);
        return XL_FAILURE;
    }
    return attach(call, &(struct guest_config){.disk = disk, .nr_disks = 1});
}

int command_network_attach(struct call *call)
{
    struct guest_vif *vif = calloc(1, sizeof *vif);
    if (vif == NULL) {
        message_error("out of memory");
        return XL_FAILURE;
    }
    if (config_read_vif((const char *const *)call->args + 1, (size_t)call->nr_args - 1, vif) != 0) {
        free(vif);
        return XL_FAILURE;
    }
    return attach(call, &(struct guest_config){.vif = vif, .nr_vifs = 1});
}

/* ---- detach */

/* The device of a class that has this number, or NULL: said. */
static int detach(struct call *call, uint32_t domid, enum device_class class, uint32_t id)
{
    struct device d;
    const int err = device_find(call->life.store, domid, class, id, &d);
    if (err != 0) {
        message_error("domain '%s' has no %s '%s'", call->args[0],
                      class == DEVICE_VBD ? "disk" : "network interface", call->args[1]);
        return XL_FAILURE;
    }
    device_fini(&d);
    life_catch_signals(&call->life);
    return call_status(life_detach(&call->life, domid, (int)class, id, call_has(call, 'f')));
}

int command_block_detach(struct call *call)
{
    uint64_t number;
    uint32_t id;
    if (number_is_decimal(call->args[1]) &&
        number_parse(call->args[1], 0, UINT32_MAX, &number) == 0) {
        id = (uint32_t)number;
    } else if (!config_disk_number(call->args[1], &id)) {
        return call_misused(call, "'%s' is no name of a disk such as xvda", call->args[1]);
    }
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : detach(call, domid, DEVICE_VBD, id);
}

/* The number of the interface with this address; -ENOENT. */
static int find_mac(struct call *call, uint32_t domid, const uint8_t mac[6], uint32_t *id)
{
    char text[18];
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    struct device *device;
    size_t nr;
    int err = device_list(call->life.store, domid, &device, &nr);
    if (err != 0) {
        return err;
    }
    err = -ENOENT;
    for (size_t i = 0; i < nr; i++) {
        const char *has = device_value(&device[i].back, "mac");
        if (device[i].class == DEVICE_VIF && has != NULL && strcasecmp(has, text) == 0) {
            *id = device[i].id;
            err = 0;
        }
    }
    device_list_free(device, nr);
    if (err != 0) {
        message_error("domain '%s' has no network interface %s", call->args[0], text);
    }
    return err;
}

int command_network_detach(struct call *call)
{
    uint64_t number = 0;
    uint8_t mac[6];
    const char *why;
    const bool is_number = number_is_decimal(call->args[1]);
    if (is_number ? number_parse(call->args[1], 0, UINT32_MAX, &number) != 0
                  : config_read_mac(call->args[1], mac, &why) != 0) {
        return call_misused(call, "'%s' is neither the number nor the MAC of a network interface",
                            call->args[1]);
    }
    uint32_t domid;
    uint32_t id = (uint32_t)number;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    if (!is_number && find_mac(call, domid, mac, &id) != 0) {
        return XL_FAILURE;
    }
    return detach(call, domid, DEVICE_VIF, id);
}
