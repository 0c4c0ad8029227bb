/* SPDX-License-Identifier: MIT */
/*
 * PV devices. Each has two ends, directories in the store that the two drivers watch, and a third
 * directory that only we write: the register of what was given to whom.
 *
 *      /local/domain/GUEST/device/CLASS/ID            the guest's end      (guest writes, backend
 * reads) /local/domain/BACKEND/backend/CLASS/GUEST/ID   the backend's end    (backend writes, guest
 * reads) /libxl/GUEST/device/CLASS/ID                   the register, where Debian's tools look,
 * too
 *
 * What a class is made of is a row of one table (class.c). All devices of a guest go together
 * through one engine (plug.c): their nodes are part of one transaction, their backends are waited
 * for with one set of watches, their hotplug scripts run side by side.
 *
 * Functions return 0 or a negative errno and have said why.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/guest.h"
#include "store/store.h"

/* xenconsoled serves no console with a larger number. */
enum { DEVICE_LAST_CHANNEL = 15 };

enum device_class { DEVICE_VBD, DEVICE_VIF, DEVICE_CONSOLE, NR_DEVICE_CLASSES };

/* States of both ends, as in xen/io/xenbus.h. */
enum device_state {
    DEVICE_UNKNOWN,
    DEVICE_INITIALISING,
    DEVICE_INIT_WAIT,
    DEVICE_INITIALISED,
    DEVICE_CONNECTED,
    DEVICE_CLOSING,
    DEVICE_CLOSED
};

struct device_node {
    char *key, *value;
};
struct device_nodes {
    struct device_node *node;
    size_t nr;
    int error; /* the first allocation that failed; device_txn_add() hands it on */
};

/* One device; strings are owned. */
struct device {
    enum device_class class;
    uint32_t domid, id; /* of the guest; within its class */
    uint32_t backend;   /* domain of the backend */
    char *script;       /* full path, NULL: no script */
    char *label;        /* for messages: "disk xvda", "network interface 0" */
    bool is_built_in;   /* a disk that we attach ourselves, no script is run */
    struct device_nodes front, back;
};
void device_fini(struct device *d); /* an empty one is fine */

/* "vbd", "vif", "console", and back (-EINVAL, silent). */
const char *device_class_name(enum device_class class);
int device_class_parse(const char *name, enum device_class *out);

/*
 * From what the configuration says (after config_settle()) to nodes. Names of backend domains are
 * looked up in the store. id: the number of the interface.
 */
int device_from_disk(struct store *s, uint32_t domid, const struct guest_disk *disk,
                     struct device *out);
int device_from_vif(struct store *s, uint32_t domid, const struct guest_vif *vif, uint32_t id,
                    struct device *out);
/* The path of a disk without script= on this machine, to be freed. */
char *device_disk_path(const struct guest_disk *disk);
/* The main console of a guest: its nodes are made here, its ring by build/. Class CONSOLE, id 0. */
int device_from_console(uint32_t domid, uint64_t gfn, uint32_t port, struct device *out);
/* A channel to a terminal: a console with an id above 0. */
int device_from_channel(uint32_t domid, const struct guest_channel *channel, uint32_t id,
                        struct device *out);
/* Can it be served here? */
int device_check_channel(const struct guest_channel *channel, uint32_t id);

/*
 * What can be found wrong without touching anything. Disk: target is there, is a block device or a
 * regular file, can be written if it shall be, and no other guest (nor dom0 by a mount) has it in a
 * way that clashes: a writer alone, or readers only; "w!" is not checked. Vif: script is there and
 * executable, bridge exists. The sentence names the guest that has it. `domid`: devices of this
 * guest do not clash with it (STORE_NOBODY: none).
 */
int device_check_disk(struct store *s, const struct guest_disk *disk, uint32_t domid);
int device_check_vif(const struct guest_vif *vif);
/* Two disks of one list with one number or one target, two vifs with one MAC. */
int device_check_clashes(const struct guest_config *config);

/* All nodes of it as part of a transaction. */
void device_txn_add(struct store_txn *t, const struct device *d);
void device_txn_remove(struct store_txn *t, const struct device *d);

/*
 * After the transaction: waits for backends to appear and runs scripts, all devices at a time,
 * until each is ready for its guest. -EINTR: cancel_fd (or -1) became readable. On failure the
 * devices are as they were left; device_unplug() takes them away.
 */
int device_plug(struct store *s, struct device *d, size_t nr, int cancel_fd);

/*
 * Takes devices away: asks the guest's end to close and waits, then runs the scripts and removes
 * all nodes. forced: after a shorter while nobody is asked any more; for a guest that is gone.
 * Nodes go in any case; -ETIMEDOUT when an end did not close in time and it was not forced (then
 * nothing was removed). Never gives up half way for a script that failed: it is said.
 */
int device_unplug(struct store *s, struct device *d, size_t nr, bool forced, int cancel_fd);

/* What a guest has, from the register: class, id, backend, script, and both ends' nodes. */
int device_list(struct store *s, uint32_t domid, struct device **out, size_t *nr);
void device_list_free(struct device *d, size_t nr);
/* One of them; -ENOENT is silent. */
int device_find(struct store *s, uint32_t domid, enum device_class class, uint32_t id,
                struct device *out);
/* The value of a key of one end, or NULL. */
const char *device_value(const struct device_nodes *nodes, const char *key);
/* The live state of an end: asks the store. */
enum device_state device_state(struct store *s, const struct device *d, bool of_backend);
/* Backends' directories of guests that are no more, for one guest or (STORE_NOBODY) all: removed.
 */
int device_sweep(struct store *s, uint32_t domid);
/* A free number for one more vif of a running guest. */
int device_next_vif(struct store *s, uint32_t domid, uint32_t *id);
