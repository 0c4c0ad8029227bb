/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "lib/message.h"

char *disk_path(const char *target)
{
    char *path = NULL;
    if (*target == '/') {
        return strdup(target);
    }
    if (asprintf(&path, "/dev/%s", target) < 0) {
        return NULL;
    }
    if (access(path, F_OK) == 0) {
        return path;
    }
    free(path);
    path = realpath(target, NULL);
    return path != NULL ? path : strdup(target);
}

char *device_disk_path(const struct guest_disk *disk)
{
    return disk_path(disk->target);
}

static void add_common(struct device *d, const struct guest_disk *disk)
{
    const char *type = disk->cdrom ? "cdrom" : "disk";
    const char *mode = !disk->writable ? "r" : disk->shared ? "w!" : "w";
    device_nodes_add(&d->front, "virtual-device", "%u", disk->number);
    device_nodes_add(&d->front, "device-type", "%s", type);
    device_nodes_add(&d->front, "trusted", "%d", !disk->untrusted);
    device_nodes_add(&d->back, "removable", "%d", disk->removable);
    device_nodes_add(&d->back, "bootable", "1");
    device_nodes_add(&d->back, "dev", "%s", disk->vdev);
    device_nodes_add(&d->back, "type", "phy");
    device_nodes_add(&d->back, "mode", "%s", mode);
    device_nodes_add(&d->back, "device-type", "%s", type);
    device_nodes_add(&d->back, "discard-enable", "%d", !disk->no_discard);
    if (disk->direct_io_safe) {
        device_nodes_add(&d->back, "direct-io-safe", "1");
    }
}

/* A block device is known at once, an image file gets its number from a loop device later. */
static void add_target(struct device *d, const char *path)
{
    struct stat st;
    device_nodes_add(&d->back, "params", "%s", path);
    device_nodes_add(&d->back, "script", "%s", d->script);
    if (d->is_built_in && stat(path, &st) == 0 && S_ISBLK(st.st_mode)) {
        device_nodes_add(&d->back, "physical-device", "%x:%x", major(st.st_rdev),
                         minor(st.st_rdev));
        device_nodes_add(&d->back, "physical-device-path", "%s", path);
        device_nodes_add(&d->back, "hotplug-status", "connected");
    }
}

int device_from_disk(struct store *s, uint32_t domid, const struct guest_disk *disk,
                     struct device *out)
{
    struct device d = {.class = DEVICE_VBD, .domid = domid, .id = disk->number};
    int error = device_backend_domain(s, disk->backend_domain, &d.backend);
    if (error != 0) {
        return error;
    }
    if (disk->target == NULL) {
        message_error("disk %s has no target", disk->vdev);
        return -EINVAL;
    }
    if (asprintf(&d.label, "disk %s", disk->vdev) < 0) {
        d.label = NULL;
    }
    bool is_plain = disk->script == NULL && d.backend == 0;
    char *path = is_plain ? disk_path(disk->target) : strdup(disk->target);
    d.script = device_script_path(disk->script != NULL ? disk->script : "block");
    d.is_built_in = is_plain;
    device_nodes_common(&d);
    add_common(&d, disk);
    if (path == NULL || d.script == NULL) {
        d.back.error = -ENOMEM;
    } else {
        add_target(&d, path);
    }
    free(path);
    *out = d;
    return device_complete(out);
}

void disk_detach_file(const struct device *d)
{
    const char *node = device_value(&d->back, "node");
    if (d->is_built_in && node != NULL && strncmp(node, "/dev/loop", 9) == 0) {
        int error = disk_loop_detach(node);
        if (error != 0) {
            message_warning("%s: can't free %s: %s", d->label, node, strerror(-error));
        }
    }
}

/* Puts one image behind a loop device and adds what its backend waits for to t. */
static int attach_file(struct device *d, struct store_txn *t)
{
    const char *file = device_value(&d->back, "params");
    const char *mode = device_value(&d->back, "mode");
    struct stat st;
    char *node = NULL;
    int error =
        disk_loop_attach(file, *mode == 'w', device_value(&d->back, "direct-io-safe"), &node);
    if (error == 0 && stat(node, &st) != 0) {
        error = -errno;
        disk_loop_detach(node);
    }
    if (error != 0) {
        message_error("%s: can't put %s behind a loop device: %s", d->label, file,
                      error == -ENODEV || error == -ENOENT ? "is the module \"loop\" loaded?"
                                                           : strerror(-error));
        free(node);
        return error;
    }
    char *back = device_back_path(d);
    if (back == NULL) {
        t->error = -ENOMEM;
    } else {
        store_txn_write(t, node, "%s/node", back);
        store_txn_write(t, node, "%s/physical-device-path", back);
        store_txn_write(t, "connected", "%s/hotplug-status", back);
        char number[24];
        snprintf(number, sizeof number, "%x:%x", major(st.st_rdev), minor(st.st_rdev));
        store_txn_write(t, number, "%s/physical-device", back);
    }
    device_nodes_add(&d->back, "node", "%s", node);
    free(back);
    free(node);
    return 0;
}

int disk_attach_files(struct store *s, struct device *d, size_t nr)
{
    struct store_txn t;
    int error = 0;
    size_t done = 0;
    store_txn_init(&t);
    for (; error == 0 && done < nr; done++) {
        bool is_file = d[done].is_built_in && !device_value(&d[done].back, "physical-device");
        error = is_file ? attach_file(&d[done], &t) : 0;
    }
    if (error == 0 && t.nr > 0) {
        error = store_txn_commit(s, &t);
    }
    for (size_t i = 0; error != 0 && i < done; i++) {
        disk_detach_file(&d[i]);
    }
    store_txn_fini(&t);
    return error;
}
