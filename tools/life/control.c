/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"

/* What the hypervisor's limit is above the balloon's target: rings, grant and console pages. */
#define SLACK_KIB 1024

int life_pause(struct life *l, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;
    int error = life_info(l, domid, false, &info);
    if (error == 0 && (error = hv_pause_domain(l->hv, (uint16_t)domid)) != 0) {
        life_error(l, domid, "it can't be paused: %s", strerror(-error));
    }
    return error;
}

int life_unpause(struct life *l, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;
    int error = life_info(l, domid, false, &info);
    if (error == 0 && (error = hv_unpause_domain(l->hv, (uint16_t)domid)) != 0) {
        life_error(l, domid, "it can't be unpaused: %s", strerror(-error));
    }
    return error;
}

/* A change of a guest's state file, if it has one. */
static int change_state(struct life *l, uint32_t domid,
                        int (*change)(struct state *state, const void *arg), const void *arg)
{
    struct state state;
    int error = state_of(l, domid, &state);
    if (error == -ENOENT) {
        return 0;
    }
    if (error == 0) {
        error = change(&state, arg);
        error = error != 0 ? error : state_write(&state);
        state_fini(&state);
    }
    return error;
}

static int set_name(struct state *state, const void *arg)
{
    char *name = strdup(arg);
    if (name == NULL) {
        message_error("no memory for a name");
        return -ENOMEM;
    }
    free(state->config.name);
    state->config.name = name;
    return 0;
}

int life_rename(struct life *l, uint32_t domid, const char *name)
{
    struct xen_domctl_getdomaininfo info;
    struct store_txn t;
    char uuid[UUID_TEXT];
    int lock;
    int error = life_info(l, domid, false, &info);
    error = error != 0 ? error : life_reserve_name(name, &lock);
    if (error != 0) {
        return error;
    }
    error = life_check_name(l, name, domid);
    if (error == 0) {
        life_uuid_text(info.handle, uuid);
        store_txn_init(&t);
        store_txn_write(&t, name, "/local/domain/%u/name", domid);
        store_txn_write(&t, name, "/vm/%s/name", uuid);
        error = store_txn_commit(l->store, &t);
        store_txn_fini(&t);
    }
    error = error != 0 ? error : change_state(l, domid, set_name, name);
    life_release_name(name, lock);
    return error;
}

int life_sysrq(struct life *l, uint32_t domid, char key)
{
    struct xen_domctl_getdomaininfo info;
    char text[2] = {key, 0};
    int error = life_info(l, domid, false, &info);
    if (error == 0) {
        error = store_write(l->store, text, "/local/domain/%u/control/sysrq", domid);
        if (error != 0) {
            life_error(l, domid, "can't send the key: %s", strerror(-error));
        }
    }
    return error;
}

static int set_target(struct state *state, const void *arg)
{
    state->config.memory_kib = *(const uint64_t *)arg;
    return 0;
}

/* What a guest may take and is told to take, in KiB. */
struct memory {
    uint64_t limit;   /* the hypervisor's, with SLACK_KIB */
    uint64_t maximum; /* the store's */
    uint64_t target;
};

static int read_memory(struct life *l, uint32_t domid, struct memory *m)
{
    struct xen_domctl_getdomaininfo info;
    int error = life_info(l, domid, true, &info);
    if (error != 0) {
        return error;
    }
    m->limit = info.max_pages * 4;
    error = store_read_number(l->store, &m->maximum, "/local/domain/%u/memory/static-max", domid);
    error = error != 0
                ? error
                : store_read_number(l->store, &m->target, "/local/domain/%u/memory/target", domid);
    if (error != 0) {
        life_error(l, domid, "the store does not say how much memory it has: %s", strerror(-error));
    }
    return error;
}

static int set_limit(struct life *l, uint32_t domid, uint64_t kib)
{
    int error = hv_set_max_mem(l->hv, (uint16_t)domid, kib + SLACK_KIB);
    if (error != 0) {
        life_error(l, domid, "its limit can't be set: %s", strerror(-error));
    }
    return error;
}

static int write_memory(struct life *l, uint32_t domid, const char *name, uint64_t kib)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)kib);
    int error = store_write(l->store, text, "/local/domain/%u/memory/%s", domid, name);
    if (error != 0) {
        life_error(l, domid, "can't write its memory/%s: %s", name, strerror(-error));
    }
    return error;
}

/* The limit goes up before the target and comes down after it: a guest must never be told to take
 * what it is not given. */
int life_set_memory(struct life *l, uint32_t domid, uint64_t kib)
{
    struct memory m;
    int error = read_memory(l, domid, &m);
    if (error != 0) {
        return error;
    }
    if (kib > m.maximum) {
        life_error(l, domid,
                   "%llu MiB is more than its maximum, %llu MiB; `xl mem-max` changes that",
                   (unsigned long long)kib / 1024, (unsigned long long)m.maximum / 1024);
        return -EINVAL;
    }
    if (kib < 1024) {
        life_error(l, domid, "a guest can't live in less than 1 MiB");
        return -EINVAL;
    }
    error = kib + SLACK_KIB > m.limit ? set_limit(l, domid, kib) : 0;
    error = error != 0 ? error : write_memory(l, domid, "target", kib);
    return error != 0 || domid == 0 ? error : change_state(l, domid, set_target, &kib);
}

static int set_maximum(struct state *state, const void *arg)
{
    state->config.maxmem_kib = *(const uint64_t *)arg;
    return 0;
}

int life_set_max_memory(struct life *l, uint32_t domid, uint64_t kib)
{
    struct memory m;
    int error = read_memory(l, domid, &m);
    if (error != 0) {
        return error;
    }
    if (kib < m.target) {
        life_error(l, domid, "%llu MiB is less than its target, %llu MiB: `xl mem-set` first",
                   (unsigned long long)kib / 1024, (unsigned long long)m.target / 1024);
        return -EINVAL;
    }
    error = set_limit(l, domid, kib);
    error = error != 0 ? error : write_memory(l, domid, "static-max", kib);
    return error != 0 || domid == 0 ? error : change_state(l, domid, set_maximum, &kib);
}

static int set_vcpus(struct state *state, const void *arg)
{
    state->config.vcpus = *(const unsigned *)arg;
    return 0;
}

int life_set_vcpus(struct life *l, uint32_t domid, unsigned nr)
{
    struct xen_domctl_getdomaininfo info;
    struct store_txn t;
    int error = life_info(l, domid, true, &info);
    if (error != 0) {
        return error;
    }
    unsigned all = info.max_vcpu_id + 1;
    if (nr == 0 || nr > all) {
        life_error(l, domid, "it can have 1 to %u vCPUs", all);
        return -EINVAL;
    }
    store_txn_init(&t);
    for (unsigned i = 0; i < all; i++) {
        store_txn_write(&t, i < nr ? "online" : "offline", "/local/domain/%u/cpu/%u/availability",
                        domid, i);
    }
    error = store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    return error != 0 || domid == 0 ? error : change_state(l, domid, set_vcpus, &nr);
}
