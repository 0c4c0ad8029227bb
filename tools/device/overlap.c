/* SPDX-License-Identifier: MIT */
/*
 * Which disks share bytes. Linux says in sysfs what a block device lies on:
 *
 *      /dev/mapper/vg0-root ---> /dev/vda1 ---> /dev/vda        (slaves; the whole disk)
 *      /dev/loop0 -------------> /srv/disk.img                  (the backing file)
 *
 * so two disks overlap if one is the other or lies on it. Two partitions of one disk, two volumes
 * of one group do not. The file system that holds an image file is no part of this.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "device/private.h"

#define DEPTH 16 /* layers of devices; the kernel's own mappings are never so deep */

const char *identity_sysfs = "/sys/dev/block";

int identity_of_path(const char *path, struct identity *out)
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

struct identity identity_of_device(dev_t device)
{
    return (struct identity){.is_block = true, .device = device};
}

/* A path below a device's folder in sysfs. */
static void path_of(dev_t device, char path[PATH_MAX], const char *rest)
{
    snprintf(path, PATH_MAX, "%s/%u:%u/%s", identity_sysfs, major(device), minor(device), rest);
}

/* The first line of one of these files; false: there is none. */
static bool read_line(const char *path, char line[PATH_MAX])
{
    FILE *f = fopen(path, "re");
    bool is_read = f != NULL && fgets(line, PATH_MAX, f) != NULL;
    if (f != NULL) {
        fclose(f);
    }
    if (is_read) {
        line[strcspn(line, "\n")] = 0;
    }
    return is_read;
}

static bool read_device(const char *path, struct identity *out)
{
    char line[PATH_MAX];
    unsigned high;
    unsigned low;
    if (!read_line(path, line) || sscanf(line, "%u:%u", &high, &low) != 2) {
        return false;
    }
    *out = identity_of_device(makedev(high, low));
    return true;
}

static bool is_same(const struct identity *a, const struct identity *b)
{
    return a->is_block == b->is_block && a->device == b->device && a->inode == b->inode;
}

static bool lies_on(const struct identity *upper, const struct identity *lower, unsigned depth);

static bool lies_on_parts(const struct identity *upper, const struct identity *lower,
                          unsigned depth)
{
    char path[PATH_MAX];
    struct identity part;
    bool found = false;
    path_of(upper->device, path, "slaves");
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        char name[NAME_MAX + sizeof "slaves//dev"];
        snprintf(name, sizeof name, "slaves/%s/dev", entry->d_name);
        path_of(upper->device, path, name);
        found =
            entry->d_name[0] != '.' && read_device(path, &part) && lies_on(&part, lower, depth - 1);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

static bool lies_on(const struct identity *upper, const struct identity *lower, unsigned depth)
{
    char path[PATH_MAX];
    char line[PATH_MAX];
    struct identity below;
    if (is_same(upper, lower)) {
        return true;
    }
    if (!upper->is_block || depth == 0) {
        return false;
    }
    path_of(upper->device, path, "loop/backing_file");
    if (read_line(path, line) && identity_of_path(line, &below) == 0 &&
        lies_on(&below, lower, depth - 1)) {
        return true;
    }
    path_of(upper->device, path, "partition");
    if (read_line(path, line)) {
        path_of(upper->device, path, "../dev");
        return read_device(path, &below) && lies_on(&below, lower, depth - 1);
    }
    return lies_on_parts(upper, lower, depth);
}

bool identity_overlaps(const struct identity *a, const struct identity *b)
{
    return lies_on(a, b, DEPTH) || lies_on(b, a, DEPTH);
}
