/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/message.h"

#define DEFAULT_SCRIPT "vif-bridge"
#define DEFAULT_BRIDGE "xenbr0"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static const char *script_of(const struct guest_vif *vif)
{
    return vif->script != NULL ? vif->script : DEFAULT_SCRIPT;
}

/* NULL: this script needs none. */
static const char *bridge_of(const struct guest_vif *vif)
{
    const char *script = base_name(script_of(vif));
    bool is_needed = strcmp(script, "vif-bridge") == 0 || strcmp(script, "vif-openvswitch") == 0;
    return vif->bridge != NULL || !is_needed ? vif->bridge : DEFAULT_BRIDGE;
}

static void add_optional(struct device_nodes *nodes, const char *key, const char *value)
{
    if (value != NULL) {
        device_nodes_add(nodes, key, "%s", value);
    }
}

static void add_back(struct device *d, const struct guest_vif *vif, const char *mac)
{
    device_nodes_add(&d->back, "script", "%s", d->script);
    add_optional(&d->back, "vifname", vif->vifname);
    device_nodes_add(&d->back, "mac", "%s", mac);
    add_optional(&d->back, "ip", vif->ip);
    add_optional(&d->back, "bridge", bridge_of(vif));
    add_optional(&d->back, "gatewaydev", vif->gateway_device);
    add_optional(&d->back, "forwarddev", vif->forwarddev);
    device_nodes_add(&d->back, "handle", "%u", d->id);
    device_nodes_add(&d->back, "type", "vif");
    device_nodes_add(&d->back, "hotplug-status", "%s", "");
    if (vif->rate_bytes != 0) {
        device_nodes_add(&d->back, "rate", "%" PRIu64 ",%u", vif->rate_bytes,
                         vif->rate_interval_us);
    }
    if (vif->mtu != 0) {
        device_nodes_add(&d->back, "mtu", "%u", vif->mtu);
    }
}

int device_from_vif(struct store *s, uint32_t domid, const struct guest_vif *vif, uint32_t id,
                    struct device *out)
{
    struct device d = {.class = DEVICE_VIF, .domid = domid, .id = id};
    int error = device_backend_domain(s, vif->backend_domain, &d.backend);
    if (error != 0) {
        return error;
    }
    if (asprintf(&d.label, "network interface %u", id) < 0) {
        d.label = NULL;
    }
    d.script = device_script_path(script_of(vif));
    char mac[18];
    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", vif->mac[0], vif->mac[1],
             vif->mac[2], vif->mac[3], vif->mac[4], vif->mac[5]);
    device_nodes_common(&d);
    device_nodes_add(&d.front, "handle", "%u", id);
    device_nodes_add(&d.front, "mac", "%s", mac);
    device_nodes_add(&d.front, "trusted", "%d", !vif->untrusted);
    if (vif->mtu != 0) {
        device_nodes_add(&d.front, "mtu", "%u", vif->mtu);
    }
    if (d.script == NULL) {
        d.back.error = -ENOMEM;
    } else {
        add_back(&d, vif, mac);
    }
    *out = d;
    return device_complete(out);
}

static int check_bridge(const struct guest_vif *vif)
{
    const char *bridge = bridge_of(vif);
    if (bridge == NULL) {
        return 0;
    }
    bool is_switch = strcmp(base_name(script_of(vif)), "vif-openvswitch") == 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(is_switch ? strcspn(bridge, ".:") : strlen(bridge)),
             bridge);
    if (!device_path_exists("/sys/class/net/%s", name)) {
        message_error("there is no bridge \"%s\" here; make it, e.g. by `ip link add %s type "
                      "bridge`, or name another by bridge=",
                      name, name);
        return -ENODEV;
    }
    if (strcmp(base_name(script_of(vif)), "vif-bridge") == 0 &&
        !device_path_exists("/sys/class/net/%s/bridge", name)) {
        message_error("\"%s\" is a network interface but no bridge", name);
        return -ENODEV;
    }
    return 0;
}

int device_check_vif(const struct guest_vif *vif)
{
    if (vif->backend_domain != NULL) {
        return 0;
    }
    char *script = device_script_path(script_of(vif));
    int error = script == NULL ? -ENOMEM : access(script, X_OK) != 0 ? -errno : 0;
    if (error != 0) {
        message_error("the network script %s can't be run: %s", script == NULL ? "" : script,
                      strerror(-error));
    }
    free(script);
    if (error == 0 && vif->vifname != NULL) {
        if (strlen(vif->vifname) >= IFNAMSIZ) {
            message_error("vifname=%s is too long: Linux takes %d letters", vif->vifname,
                          IFNAMSIZ - 1);
            error = -EINVAL;
        } else if (device_path_exists("/sys/class/net/%s", vif->vifname)) {
            message_error("there is a network interface %s already: choose another vifname=",
                          vif->vifname);
            error = -EEXIST;
        }
    }
    return error != 0 ? error : check_bridge(vif);
}

int device_next_vif(struct store *s, uint32_t domid, uint32_t *id)
{
    struct store_list list;
    uint32_t next = 0;
    int error = store_list(s, &list, "/libxl/%u/device/vif", domid);
    for (size_t i = 0; error == 0 && i < list.nr; i++) {
        uint32_t number = (uint32_t)strtoul(list.name[i], NULL, 10);
        next = number >= next ? number + 1 : next;
    }
    store_list_fini(&list);
    *id = next;
    return error == -ENOENT ? 0 : error;
}
