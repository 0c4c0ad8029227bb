/* SPDX-License-Identifier: MIT */
/* Who else has this disk: other guests by the store, dom0 by its mounts. */
#include "device/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "lib/message.h"

/* What makes two targets the same thing: the number of a block device, or a file's inode. */
struct identity {
    bool is_block;
    dev_t device;
    ino_t inode;
};

static int identify(const char *path, struct identity *out)
{
    struct stat st;
    *out = (struct identity){};
    if (stat(path, &st) != 0) {
        return -errno;
    }
    out->is_block = S_ISBLK(st.st_mode);
    out->device = out->is_block ? st.st_rdev : st.st_dev;
    out->inode = out->is_block ? 0 : st.st_ino;
    return S_ISBLK(st.st_mode) || S_ISREG(st.st_mode) ? 0 : -ENOTBLK;
}

static bool is_same(const struct identity *a, const struct identity *b)
{
    return a->is_block == b->is_block && a->device == b->device && a->inode == b->inode;
}

/* Is what that backend has the wanted thing? params tells a file, physical-device what is left. */
static bool matches(const struct identity *wanted, const char *params, const char *physical)
{
    struct identity other;
    if (params != NULL && *params == '/' && identify(params, &other) == 0 &&
        is_same(wanted, &other)) {
        return true;
    }
    unsigned high;
    unsigned low;
    return wanted->is_block && physical != NULL && sscanf(physical, "%x:%x", &high, &low) == 2 &&
           wanted->device == makedev(high, low);
}

struct search {
    const struct identity *wanted;
    const struct guest_disk *disk;
    bool as_writer;
};

enum { PARAMS, PHYSICAL, MODE, VDEV, NR_KEYS };

/* -EBUSY, said, if the vbd at path has it in a way that clashes. */
static int check_vbd(struct store *s, const struct search *search, const char *domain,
                     const char *id)
{
    static const char *const key[NR_KEYS] = {"params", "physical-device", "mode", "dev"};
    char *path[NR_KEYS] = {};
    char *value[NR_KEYS] = {};
    int error = 0;
    for (size_t i = 0; i < NR_KEYS; i++) {
        if (asprintf(&path[i], "/local/domain/0/backend/vbd/%s/%s/%s", domain, id, key[i]) < 0) {
            path[i] = NULL;
            error = -ENOMEM;
        }
    }
    error = error != 0 ? error : store_read_many(s, NR_KEYS, path, value);
    bool is_writer = value[MODE] != NULL && strchr(value[MODE], 'w') != NULL;
    if (error == 0 && (is_writer || search->as_writer) &&
        matches(search->wanted, value[PARAMS], value[PHYSICAL])) {
        char *name = NULL;
        (void)store_read(s, &name, NULL, "/local/domain/%s/name", domain);
        message_error("disk %s: %s is in use by guest \"%s\" (%s, %s); a disk has one writer or "
                      "only readers",
                      search->disk->vdev, search->disk->target, name != NULL ? name : domain,
                      value[VDEV] != NULL ? value[VDEV] : id, is_writer ? "writes" : "reads");
        free(name);
        error = -EBUSY;
    }
    for (size_t i = 0; i < NR_KEYS; i++) {
        free(path[i]);
        free(value[i]);
    }
    return error;
}

static int check_guests(struct store *s, const struct search *search, uint32_t domid)
{
    struct store_list domains;
    struct store_list ids;
    int error = store_list(s, &domains, "/local/domain/0/backend/vbd");
    if (error != 0) {
        return error == -ENOENT ? 0 : error;
    }
    for (size_t i = 0; error == 0 && i < domains.nr; i++) {
        if (strtoul(domains.name[i], NULL, 10) == domid) {
            continue;
        }
        error = store_list(s, &ids, "/local/domain/0/backend/vbd/%s", domains.name[i]);
        for (size_t j = 0; error == 0 && j < ids.nr; j++) {
            error = check_vbd(s, search, domains.name[i], ids.name[j]);
        }
        store_list_fini(&ids);
        error = error == -ENOENT ? 0 : error;
    }
    store_list_fini(&domains);
    return error;
}

/* Is a block device mounted here, and for writing? Its third word is major:minor, after " - " come
 * type, source and the options of the file system. */
static bool is_mounted(dev_t device, bool only_writers)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (mounts != NULL && !found && getline(&line, &room, mounts) > 0) {
        unsigned high;
        unsigned low;
        if (sscanf(line, "%*u %*u %u:%u", &high, &low) != 2 || makedev(high, low) != device) {
            continue;
        }
        const char *rest = strstr(line, " - ");
        char options[64] = "";
        bool is_ro = rest != NULL && sscanf(rest, " - %*s %*s %63s", options) == 1 &&
                     (strncmp(options, "ro,", 3) == 0 || strcmp(options, "ro") == 0);
        found = !only_writers || !is_ro;
    }
    free(line);
    if (mounts != NULL) {
        fclose(mounts);
    }
    return found;
}

/* A file system, a volume group or a RAID that uses a device holds it exclusively, so an exclusive
 * open fails. Backends do not: they are found in the store. */
static bool is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    return fd < 0 && errno == EBUSY;
}

static int check_here(const struct search *search, const char *path)
{
    const struct identity *wanted = search->wanted;
    bool is_taken = wanted->is_block && (is_mounted(wanted->device, !search->as_writer) ||
                                         (search->as_writer && is_held(path)));
    if (!is_taken) {
        return 0;
    }
    message_error("disk %s: %s is in use in this domain (mounted, or part of a volume group)",
                  search->disk->vdev, search->disk->target);
    return -EBUSY;
}

static int check_kind(const struct guest_disk *disk)
{
    if (disk->target == NULL || disk->format == DISK_EMPTY) {
        message_error("disk %s: an empty drive needs QEMU, which these tools do not start",
                      disk->vdev);
        return -EOPNOTSUPP;
    }
    if (disk->backend == DISK_QDISK || disk->backend == DISK_TAP || disk->format != DISK_RAW) {
        message_error("disk %s: only raw images and block devices, served by Linux itself, are "
                      "supported; convert it by `qemu-img convert -O raw`",
                      disk->vdev);
        return -EOPNOTSUPP;
    }
    return 0;
}

static int check_target(const struct guest_disk *disk, const char *path, struct identity *identity)
{
    int error = identify(path, identity);
    if (error == -ENOTBLK) {
        message_error("disk %s: %s is neither a block device nor a file", disk->vdev, path);
    } else if (error != 0) {
        message_error("disk %s: %s: %s", disk->vdev, path, strerror(-error));
    } else if (access(path, disk->writable ? R_OK | W_OK : R_OK) != 0) {
        error = -errno;
        message_error("disk %s: can't %s %s: %s", disk->vdev, disk->writable ? "write" : "read",
                      path, strerror(-error));
    }
    return error;
}

static int check_script(const struct guest_disk *disk)
{
    char *script = device_script_path(disk->script);
    int error = script == NULL ? -ENOMEM : access(script, X_OK) != 0 ? -errno : 0;
    if (error != 0) {
        message_error("disk %s: the script %s can't be run: %s", disk->vdev,
                      script == NULL ? "" : script, strerror(-error));
    }
    free(script);
    return error;
}

int device_check_disk(struct store *s, const struct guest_disk *disk, uint32_t domid)
{
    int error = check_kind(disk);
    if (error != 0 || disk->backend_domain != NULL) {
        return error;
    }
    if (disk->script != NULL) {
        return check_script(disk);
    }
    struct identity identity;
    char *path = disk_path(disk->target);
    if (path == NULL) {
        return -ENOMEM;
    }
    error = check_target(disk, path, &identity);
    if (error == 0) {
        struct search search = {.wanted = &identity, .disk = disk, .as_writer = disk->writable};
        error = check_here(&search, path);
        error = error != 0 ? error : check_guests(s, &search, domid);
    }
    free(path);
    return error;
}

static bool clash(const struct guest_disk *a, const struct guest_disk *b)
{
    struct identity one;
    struct identity other;
    if (a->target == NULL || b->target == NULL || (!a->writable && !b->writable) ||
        a->script != NULL || b->script != NULL || a->backend_domain != NULL ||
        b->backend_domain != NULL) {
        return false;
    }
    char *path_a = disk_path(a->target);
    char *path_b = disk_path(b->target);
    bool same = path_a != NULL && path_b != NULL && identify(path_a, &one) == 0 &&
                identify(path_b, &other) == 0 && is_same(&one, &other);
    free(path_a);
    free(path_b);
    return same;
}

static int check_two_disks(const struct guest_disk *a, const struct guest_disk *b)
{
    if (a->number == b->number) {
        message_error("two disks are called %s", b->vdev);
        return -EEXIST;
    }
    if (clash(a, b)) {
        message_error("disks %s and %s are the same, %s, and one is writable", a->vdev, b->vdev,
                      b->target);
        return -EBUSY;
    }
    return 0;
}

int device_check_clashes(const struct guest_config *config)
{
    int error = 0;
    for (size_t i = 0; i < config->nr_disks; i++) {
        for (size_t j = 0; error == 0 && j < i; j++) {
            error = check_two_disks(&config->disk[j], &config->disk[i]);
        }
    }
    for (size_t i = 0; i < config->nr_vifs; i++) {
        const struct guest_vif *a = &config->vif[i];
        for (size_t j = 0; error == 0 && j < i; j++) {
            const struct guest_vif *b = &config->vif[j];
            if (a->has_mac && b->has_mac && memcmp(a->mac, b->mac, 6) == 0) {
                message_error("two network interfaces have the MAC address "
                              "%02x:%02x:%02x:%02x:%02x:%02x",
                              a->mac[0], a->mac[1], a->mac[2], a->mac[3], a->mac[4], a->mac[5]);
                error = -EEXIST;
            }
        }
    }
    return error;
}
