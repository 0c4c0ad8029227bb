/* SPDX-License-Identifier: MIT */
/*
 * The one way down, for guests of any tool in any state, also for one that was made half: pause,
 * devices, domain, nodes, files. Every step is taken whatever the one before it said.
 */
#include "life/private.h"
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"

int life_take_devices(struct life *l, uint32_t domid)
{
    struct device *device = NULL;
    size_t nr = 0;
    int error = device_list(l->store, domid, &device, &nr);
    if (error == 0 && nr > 0) {
        error = device_unplug(l->store, device, nr, true, -1); /* what was begun is finished */
    }
    device_list_free(device, nr);
    return error;
}

/* A QEMU of Debian's tools serves this guest and nobody else. Its number is in the store; that it
 * is a QEMU is looked up, for numbers come back. */
static void stop_emulator(struct life *l, uint32_t domid)
{
    uint64_t pid;
    char path[64];
    char name[32] = "";
    if (store_read_number(l->store, &pid, "/local/domain/%u/image/device-model-pid", domid) != 0 ||
        pid < 2 || pid > INT32_MAX) {
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *f = fopen(path, "re");
    bool is_emulator =
        f != NULL && fgets(name, sizeof name, f) != NULL && strncmp(name, "qemu", 4) == 0;
    if (f != NULL) {
        fclose(f);
    }
    if (is_emulator) {
        kill((pid_t)pid, SIGTERM);
    }
}

/* What Debian's tools keep of a guest. */
static void remove_userdata(uint32_t domid, const uint8_t uuid[16])
{
    char pattern[160];
    char text[UUID_TEXT];
    glob_t found;
    life_uuid_text(uuid, text);
    snprintf(pattern, sizeof pattern, "/var/lib/xen/userdata-?.%u.%s.*", domid, text);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)unlink(found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static int remove_nodes(struct life *l, uint32_t domid, const uint8_t uuid[16])
{
    struct store_txn t;
    store_txn_init(&t);
    nodes_remove(&t, domid, uuid);
    int error = store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    int swept = device_sweep(l->store, domid);
    return error != 0 ? error : swept;
}

static void keep_first(int *first, int error)
{
    *first = *first != 0 ? *first : error;
}

int life_take_away(struct life *l, uint32_t domid, bool keep_state)
{
    struct xen_domctl_getdomaininfo info;
    int first = life_info(l, domid, false, &info);
    if (first != 0) {
        return first;
    }
    (void)hv_pause_domain(l->hv, (uint16_t)domid); /* it may be dying: that is no failure */
    stop_emulator(l, domid);
    keep_first(&first, life_take_devices(l, domid));
    int error = hv_destroy_domain(l->hv, (uint16_t)domid);
    if (error != 0 && error != -ESRCH) {
        life_error(l, domid, "it can't be destroyed: %s", strerror(-error));
        return error;
    }
    keep_first(&first, remove_nodes(l, domid, info.handle));
    remove_userdata(domid, info.handle);
    if (!keep_state) {
        state_remove(info.handle);
    }
    return first;
}

/* The supervisor may be about to restart it: without its state file it will not, and if it just
 * did, that one is meant as well. */
static int destroy_locked(struct life *l, uint32_t domid, const uint8_t uuid[16])
{
    struct xen_domctl_getdomaininfo info;
    struct state again;
    int error = 0;
    if (hv_get_domain(l->hv, (uint16_t)domid, &info) == 0 &&
        memcmp(info.handle, uuid, sizeof info.handle) == 0) {
        error = life_take_away(l, domid, false);
    }
    if (state_read(uuid, &again) == 0) {
        int second = life_take_away(l, again.domid, false);
        error = error != 0 ? error : second;
        state_fini(&again);
    }
    return error;
}

int life_destroy(struct life *l, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;
    int error = life_info(l, domid, false, &info);
    if (error != 0) {
        return error;
    }
    state_remove(info.handle);
    int lock = life_lock_guest(info.handle);
    error = destroy_locked(l, domid, info.handle);
    life_unlock_guest(info.handle, lock);
    return error;
}

/* What is left of one domain in the store after it went without a destroy. */
static void sweep_one(struct life *l, uint32_t domid)
{
    struct store_txn t;
    char *vm = NULL;
    message_detail(1, "domain %u is gone: taking away what is left of it", domid);
    (void)life_take_devices(l, domid);
    (void)store_read(l->store, &vm, NULL, "/local/domain/%u/vm", domid);
    store_txn_init(&t);
    if (vm != NULL && strncmp(vm, "/vm/", 4) == 0 && vm[4] != 0) {
        store_txn_remove(&t, "%s", vm);
    }
    store_txn_remove(&t, "/local/domain/%u", domid);
    store_txn_remove(&t, "/libxl/%u", domid);
    (void)store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    (void)device_sweep(l->store, domid);
    free(vm);
}

/* The store is read first: a domain that comes meanwhile is then in the hypervisor's answer. */
void life_sweep(struct life *l)
{
    struct store_list list;
    if (store_list(l->store, &list, "/local/domain") != 0) {
        return;
    }
    for (size_t i = 0; i < list.nr; i++) {
        struct xen_domctl_getdomaininfo info;
        uint64_t domid;
        if (number_parse(list.name[i], 1, 0x7fef, &domid) == 0 &&
            hv_get_domain(l->hv, (uint16_t)domid, &info) == -ESRCH) {
            sweep_one(l, (uint32_t)domid);
        }
    }
    store_list_fini(&list);
}
