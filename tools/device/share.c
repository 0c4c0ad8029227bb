/* SPDX-License-Identifier: MIT */
/* Who else has this disk: other guests by the store, dom0 by its mounts. */
#include "device/private.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "lib/message.h"

/* Has that backend something of what is wanted? physical-device is what it serves, params where
 * that came from: a file without a loop device yet, or what a script understands. */
static bool matches(const struct identity *wanted, const char *params, const char *physical)
{
    struct identity other;
    unsigned high;
    unsigned low;
    if (params != NULL && *params == '/' && identity_of_path(params, &other) == 0 &&
        identity_overlaps(wanted, &other)) {
        return true;
    }
    if (physical == NULL || sscanf(physical, "%x:%x", &high, &low) != 2) {
        return false;
    }
    other = identity_of_device(makedev(high, low));
    return identity_overlaps(wanted, &other);
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

/* What a line of mountinfo mounts. Its third word is major:minor; after " - " come type, source and
 * options of the file system. Where the number is none of a device (btrfs), the source is. */
static bool read_mount(const char *line, struct identity *out, bool *is_ro)
{
    unsigned high;
    unsigned low;
    char source[PATH_MAX];
    char options[64];
    const char *rest = strstr(line, " - ");
    if (rest == NULL || sscanf(line, "%*u %*u %u:%u", &high, &low) != 2 ||
        sscanf(rest, " - %*s %4095s %63s", source, options) != 2) {
        return false;
    }
    *is_ro = strncmp(options, "ro,", 3) == 0 || strcmp(options, "ro") == 0;
    *out = identity_of_device(makedev(high, low));
    return high != 0 || (*source == '/' && identity_of_path(source, out) == 0);
}

/* Is something of it mounted here, and for writing? */
static bool is_mounted(const struct identity *wanted, bool only_writers)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (mounts != NULL && !found && getline(&line, &room, mounts) > 0) {
        struct identity mounted;
        bool is_ro;
        found = read_mount(line, &mounted, &is_ro) && !(only_writers && is_ro) &&
                identity_overlaps(wanted, &mounted);
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
    bool is_taken = is_mounted(wanted, !search->as_writer) ||
                    (search->as_writer && wanted->is_block && is_held(path));
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
    int error = identity_of_path(path, identity);
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

/* Who has it? As a writer: nobody else may; as a reader: no writer. */
static int check_others(struct store *s, const struct guest_disk *disk, const char *path,
                        const struct identity *identity, uint32_t domid)
{
    if (disk->shared) {
        return 0;
    }
    struct search search = {.wanted = identity, .disk = disk, .as_writer = disk->writable};
    int error = check_here(&search, path);
    return error != 0 ? error : check_guests(s, &search, domid);
}

/* What a script makes of a target only it knows; one that is a device or a file is looked at. */
static bool is_known(const struct guest_disk *disk, struct identity *out)
{
    return *disk->target == '/' && identity_of_path(disk->target, out) == 0;
}

int device_check_disk(struct store *s, const struct guest_disk *disk, uint32_t domid)
{
    struct identity identity;
    int error = check_kind(disk);
    if (error != 0 || disk->backend_domain != NULL) {
        return error;
    }
    if (disk->script != NULL) {
        error = check_script(disk);
        return error != 0 || !is_known(disk, &identity)
                   ? error
                   : check_others(s, disk, disk->target, &identity, domid);
    }
    char *path = disk_path(disk->target);
    if (path == NULL) {
        return -ENOMEM;
    }
    error = check_target(disk, path, &identity);
    error = error != 0 ? error : check_others(s, disk, path, &identity, domid);
    free(path);
    return error;
}

static bool clash(const struct guest_disk *a, const struct guest_disk *b)
{
    struct identity one;
    struct identity other;
    if (a->target == NULL || b->target == NULL || (!a->writable && !b->writable) || a->shared ||
        b->shared || a->script != NULL || b->script != NULL || a->backend_domain != NULL ||
        b->backend_domain != NULL) {
        return false;
    }
    char *path_a = disk_path(a->target);
    char *path_b = disk_path(b->target);
    bool same = path_a != NULL && path_b != NULL && identity_of_path(path_a, &one) == 0 &&
                identity_of_path(path_b, &other) == 0 && identity_overlaps(&one, &other);
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
        message_error("disks %s and %s share %s, and one may write", a->vdev, b->vdev, b->target);
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
