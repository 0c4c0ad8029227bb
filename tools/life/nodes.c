/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <stdio.h>
#include <time.h>

/*
 * Places that the guest itself writes: agents and drivers know them. A node inherits what its
 * folder permits, so the folder belongs to the guest while they are made and is ours again
 * afterwards: a request each instead of two, and within a transaction nobody sees it.
 */
static void add_guests_own(struct store_txn *t, uint32_t domid)
{
    static const char *const top[] = {"data", "drivers", "feature", "attr", "error"};
    static const char *const control[] = {"shutdown", "feature-poweroff", "feature-reboot",
                                          "feature-suspend", "sysrq"};
    struct store_access guest = {domid, STORE_NOBODY};
    struct store_access ours = {0, domid};
    store_txn_directory(t, guest, "/local/domain/%u", domid);
    for (size_t i = 0; i < sizeof top / sizeof top[0]; i++) {
        store_txn_write(t, "", "/local/domain/%u/%s", domid, top[i]);
    }
    store_txn_directory(t, guest, "/local/domain/%u/control", domid);
    for (size_t i = 0; i < sizeof control / sizeof control[0]; i++) {
        store_txn_write(t, "", "/local/domain/%u/control/%s", domid, control[i]);
    }
    store_txn_permit(t, ours, "/local/domain/%u/control", domid);
    store_txn_permit(t, ours, "/local/domain/%u", domid);
}

static void add_machine(struct store_txn *t, const struct nodes *n)
{
    const struct guest_config *c = n->config;
    uint64_t maximum = c->maxmem_kib > c->memory_kib ? c->maxmem_kib : c->memory_kib;
    store_txn_write_number(t, maximum, "/local/domain/%u/memory/static-max", n->domid);
    store_txn_write_number(t, c->memory_kib, "/local/domain/%u/memory/target", n->domid);
    unsigned all = c->maxvcpus > c->vcpus ? c->maxvcpus : c->vcpus;
    for (unsigned i = 0; i < all; i++) {
        store_txn_write(t, i < c->vcpus ? "online" : "offline",
                        "/local/domain/%u/cpu/%u/availability", n->domid, i);
    }
}

/* xenconsoled looks for an emulated UART beside the console. */
static void add_vuart(struct store_txn *t, const struct nodes *n)
{
    char path[64];
    snprintf(path, sizeof path, "/local/domain/%u/vuart/0", n->domid);
    store_txn_directory(t, (struct store_access){0, n->domid}, "%s", path);
    store_txn_write(t, "xenconsoled", "%s/type", path);
    store_txn_write(t, "pty", "%s/output", path);
    store_txn_write(t, "1048576", "%s/limit", path);
    store_txn_write(t, "", "%s/tty", path);
    store_txn_write_number(t, n->vuart_gfn, "%s/ring-ref", path);
    store_txn_write_number(t, n->vuart_port, "%s/port", path);
}

static void add_vm(struct store_txn *t, const struct nodes *n, const char *uuid)
{
    store_txn_directory(t, (struct store_access){0, n->domid}, "/vm/%s", uuid);
    store_txn_write(t, uuid, "/vm/%s/uuid", uuid);
    store_txn_write(t, n->config->name, "/vm/%s/name", uuid);
    store_txn_write_number(t, (uint64_t)time(NULL), "/vm/%s/start_time", uuid);
}

void nodes_add(struct store_txn *t, const struct nodes *n)
{
    uint32_t id = n->domid;
    char uuid[UUID_TEXT];
    life_uuid_text(n->config->uuid, uuid);
    /* numbers come back: what a predecessor may have left goes first */
    store_txn_remove(t, "/local/domain/%u", id);
    store_txn_remove(t, "/libxl/%u", id);
    add_vm(t, n, uuid);
    add_guests_own(t, id);
    store_txn_write(t, n->config->name, "/local/domain/%u/name", id);
    store_txn_write_number(t, id, "/local/domain/%u/domid", id);
    char vm[8 + UUID_TEXT];
    snprintf(vm, sizeof vm, "/vm/%s", uuid);
    store_txn_write(t, vm, "/local/domain/%u/vm", id);
    store_txn_write_number(t, n->store_gfn, "/local/domain/%u/store/ring-ref", id);
    store_txn_write_number(t, n->store_port, "/local/domain/%u/store/port", id);
    store_txn_write(t, "1", "/local/domain/%u/control/platform-feature-xs_reset_watches", id);
    store_txn_write(t, "1", "/local/domain/%u/control/platform-feature-multiprocessor-suspend", id);
    add_machine(t, n);
    if (n->vuart_port != 0) {
        add_vuart(t, n);
    }
    store_txn_directory(t, (struct store_access){0, STORE_NOBODY}, "/libxl/%u", id);
    store_txn_write(t, "pvh", "/libxl/%u/type", id);
}

void nodes_add_early(struct store_txn *t, uint32_t domid, const char *name, const char *tty)
{
    const struct store_access ours = {0, domid};
    store_txn_remove(t, "/local/domain/%u", domid);
    store_txn_directory(t, ours, "/local/domain/%u", domid);
    store_txn_write(t, name, "/local/domain/%u/name", domid);
    if (*tty != 0) {
        store_txn_write(t, tty, "/local/domain/%u/console/tty", domid);
    }
}

void nodes_remove(struct store_txn *t, uint32_t domid, const uint8_t uuid[16])
{
    char text[UUID_TEXT];
    life_uuid_text(uuid, text);
    store_txn_remove(t, "/local/domain/%u", domid);
    store_txn_remove(t, "/libxl/%u", domid);
    store_txn_remove(t, "/vm/%s", text);
}
