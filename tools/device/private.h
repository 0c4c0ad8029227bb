/* SPDX-License-Identifier: MIT */
/* Inside device/: the table of classes, and what disks do to the machine. */
#pragma once
#include <sys/types.h>
#include "device/device.h"

/* What differs between classes; everything else is the same for all of them. */
struct device_kind {
    const char *name;         /* of the directories */
    const char *driver;       /* what to load when no backend appears, NULL: a daemon serves it */
    const char *add, *remove; /* the script's word */
    const char *argument;     /* and its second one, or NULL */
};
const struct device_kind *device_kind(enum device_class class);
/* The first console: its daemon looks at the guest's end alone. There is no other end, no state, no
 * place in the register, and the guest may not write what is there. */
bool device_has_front_only(const struct device *d);

/* "/local/domain/..." of each of the three directories, to be freed; NULL: no memory. */
char *device_front_path(const struct device *d);
char *device_back_path(const struct device *d);
char *device_register_path(const struct device *d);

void device_nodes_add(struct device_nodes *nodes, const char *key, const char *words, ...)
    __attribute__((format(printf, 3, 4)));
void device_nodes_fini(struct device_nodes *nodes);

/* Fills in what both ends of every class have. Needs class, domid, id and backend. */
void device_nodes_common(struct device *d);
/* Says so if memory ran out on the way and returns it. */
int device_complete(struct device *d);

/* A backend_domain= word to a number: NULL is 0. */
int device_backend_domain(struct store *s, const char *word, uint32_t *domid);
/*
 * "vif-bridge" to a full path, to be freed: what KANSO_SCRIPTS names, else our own scripts in
 * /usr/lib/kanso/scripts, else /etc/xen/scripts, where Xen's and the administrator's are.
 */
char *device_script_path(const char *script);

/* What a target is: the number of a block device, or a file's inode. */
struct identity {
    bool is_block;
    dev_t device;
    ino_t inode;
};
/* -ENOTBLK: neither a block device nor a regular file. Silent. */
int identity_of_path(const char *path, struct identity *out);
struct identity identity_of_device(dev_t device);
/* Do they share bytes: is one the other, or does it lie on it? By what sysfs says now. */
bool identity_overlaps(const struct identity *a, const struct identity *b);
/* "/sys/dev/block", or what a test has in its place. */
extern const char *identity_sysfs;

/* Is there such a file? None has a name of 256 bytes or more. */
bool device_path_exists(const char *path, ...) __attribute__((format(printf, 1, 2)));
/* The kernel's drivers of backends: "/sys/bus/xen-backend/drivers", or what a test has. */
extern const char *device_drivers;

/* A target as written to an absolute path: "vg/lv" is below /dev. To be freed. */
char *disk_path(const char *target);
/* Puts an image file behind a free loop device; its path, to be freed, in *node. */
int disk_loop_attach(const char *file, bool writable, bool is_direct, char **node);
/* Quiet if it has gone already. */
int disk_loop_detach(const char *node);
/* Attaches the files of all built-in disks among them and says so to their backends. */
int disk_attach_files(struct store *s, struct device *d, size_t nr);
/* The reverse, for a device from device_list(). */
void disk_detach_file(const struct device *d);

/* Several scripts side by side. */
struct script_run {
    const struct device *device;
    bool is_removal;
    int error; /* out: 0, or -EIO (it failed, said), -ETIMEDOUT (said), -EINTR */
};
/* Returns the first error of them. */
int script_run_all(struct store *s, struct script_run *run, size_t nr, int cancel_fd);
