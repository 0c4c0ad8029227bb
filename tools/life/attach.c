/* SPDX-License-Identifier: MIT */
/* Devices that come and go while their guest runs. The state file follows. */
#include "life/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "config/config.h"
#include "lib/message.h"

/* Nodes, then the other ends; all is taken back if that fails. */
static int plug_one(struct life *l, struct device *d)
{
    struct store_txn t;
    store_txn_init(&t);
    store_txn_expect(&t, "/local/domain/%u", d->domid);
    store_txn_expect_absent(&t, "/libxl/%u/device/%s/%u", d->domid, device_class_name(d->class),
                            d->id);
    device_txn_add(&t, d);
    int error = store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    if (error == -EEXIST) {
        life_error(l, d->domid, "it has a %s already", d->label);
    } else if (error == -ENOENT) {
        life_error(l, d->domid, "the store does not know it");
    }
    if (error != 0) {
        return error;
    }
    error = device_plug(l->store, d, 1, l->cancel_fd);
    if (error != 0) {
        (void)device_unplug(l->store, d, 1, true, -1);
    }
    return error;
}

/* Swaps in a configuration with one device more. The longer one borrows everything, its copy owns.
 */
static int keep(struct guest_config *config, const struct guest_disk *disk,
                const struct guest_vif *vif)
{
    struct guest_config longer = *config;
    struct guest_config copy;
    longer.disk = calloc(config->nr_disks + 1, sizeof *longer.disk);
    longer.vif = calloc(config->nr_vifs + 1, sizeof *longer.vif);
    int error = longer.disk == NULL || longer.vif == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < config->nr_disks; i++) {
        longer.disk[i] = config->disk[i];
    }
    for (size_t i = 0; error == 0 && i < config->nr_vifs; i++) {
        longer.vif[i] = config->vif[i];
    }
    if (error == 0 && disk != NULL) {
        longer.disk[longer.nr_disks++] = *disk;
    }
    if (error == 0 && vif != NULL) {
        longer.vif[longer.nr_vifs++] = *vif;
    }
    error = error != 0 ? error : state_copy_config(&longer, &copy);
    free(longer.disk);
    free(longer.vif);
    if (error == 0) {
        guest_config_fini(config);
        *config = copy;
    }
    return error;
}

/* What the guest runs with is right whether or not this works: a warning is enough. */
static void record(struct life *l, uint32_t domid, const struct guest_disk *disk,
                   const struct guest_vif *vif)
{
    struct state state;
    int error = state_of(l, domid, &state);
    if (error == -ENOENT) {
        return;
    }
    if (error == 0) {
        error = keep(&state.config, disk, vif);
        error = error != 0 ? error : state_write(&state);
        state_fini(&state);
    }
    if (error != 0) {
        message_warning("the device is there, but will not be after a reboot of the guest");
    }
}

int life_attach_disk(struct life *l, uint32_t domid, const struct guest_disk *disk)
{
    struct xen_domctl_getdomaininfo info;
    struct device device = {};
    int error = life_info(l, domid, false, &info);
    if (error != 0) {
        return error;
    }
    int lock = life_lock("disks", true);
    error = device_check_disk(l->store, disk, STORE_NOBODY);
    error = error != 0 ? error : device_from_disk(l->store, domid, disk, &device);
    error = error != 0 ? error : plug_one(l, &device);
    life_unlock("disks", lock);
    device_fini(&device);
    if (error == 0) {
        record(l, domid, disk, NULL);
    }
    return error;
}

/* Two interfaces of a guest with one address are one to everybody else. */
static int check_mac(struct life *l, uint32_t domid, const struct guest_vif *vif)
{
    struct device *device;
    size_t nr;
    int error = device_list(l->store, domid, &device, &nr);
    for (size_t i = 0; error == 0 && i < nr; i++) {
        const char *mac =
            device[i].class == DEVICE_VIF ? device_value(&device[i].back, "mac") : NULL;
        uint8_t other[6];
        if (mac != NULL &&
            sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &other[0], &other[1], &other[2], &other[3],
                   &other[4], &other[5]) == 6 &&
            memcmp(other, vif->mac, sizeof other) == 0) {
            life_error(l, domid, "its network interface %u has the MAC address %s already",
                       device[i].id, mac);
            error = -EEXIST;
        }
    }
    device_list_free(device, nr);
    return error;
}

int life_attach_vif(struct life *l, uint32_t domid, const struct guest_vif *vif)
{
    struct xen_domctl_getdomaininfo info;
    struct device device = {};
    struct guest_vif numbered = *vif;
    uint32_t id;
    int error = life_info(l, domid, false, &info);
    error = error != 0 ? error : device_check_vif(vif);
    error = error != 0 ? error : device_next_vif(l->store, domid, &id);
    if (error != 0) {
        return error;
    }
    numbered.devid = (int)id;
    struct guest_config one = {.vif = &numbered, .nr_vifs = 1};
    error = config_settle(&one); /* its MAC address, if none was said */
    error = error != 0 ? error : check_mac(l, domid, &numbered);
    error = error != 0 ? error : device_from_vif(l->store, domid, &numbered, id, &device);
    error = error != 0 ? error : plug_one(l, &device);
    device_fini(&device);
    if (error == 0) {
        record(l, domid, NULL, &numbered);
    }
    return error;
}

static void drop_disk(struct guest_config *config, uint32_t number)
{
    for (size_t i = 0; i < config->nr_disks; i++) {
        if (config->disk[i].number == number) {
            guest_disk_fini(&config->disk[i]);
            memmove(&config->disk[i], &config->disk[i + 1],
                    (--config->nr_disks - i) * sizeof config->disk[0]);
            return;
        }
    }
}

/* The others keep their numbers: what was said by place is said by devid from now on. */
static void drop_vif(struct guest_config *config, uint32_t id)
{
    for (size_t i = 0; i < config->nr_vifs; i++) {
        config->vif[i].devid = config->vif[i].devid < 0 ? (int)i : config->vif[i].devid;
    }
    for (size_t i = 0; i < config->nr_vifs; i++) {
        if (config->vif[i].devid == (int)id) {
            guest_vif_fini(&config->vif[i]);
            memmove(&config->vif[i], &config->vif[i + 1],
                    (--config->nr_vifs - i) * sizeof config->vif[0]);
            return;
        }
    }
}

int life_detach(struct life *l, uint32_t domid, int class, uint32_t id, bool forced)
{
    struct device device;
    struct state state;
    int error = device_find(l->store, domid, (enum device_class) class, id, &device);
    if (error == -ENOENT) {
        life_error(l, domid, "it has no %s %u", device_class_name((enum device_class) class), id);
    }
    if (error != 0) {
        return error;
    }
    error = device_unplug(l->store, &device, 1, forced, l->cancel_fd);
    device_fini(&device);
    if (error != 0 || state_of(l, domid, &state) != 0) {
        return error;
    }
    if (class == DEVICE_VBD) {
        drop_disk(&state.config, id);
    } else {
        drop_vif(&state.config, id);
    }
    error = state_write(&state);
    state_fini(&state);
    return error;
}
