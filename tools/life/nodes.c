/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <stdio.h>
#include <time.h>

/* What the guest itself writes: agents and drivers know these places. */
static void add_guests_own(struct store_txn *t, uint32_t domid)
{
    static const char *const name[] = {
        "data",
        "drivers",
        "feature",
        "attr",
        "error",
        "control/shutdown",
        "control/feature-poweroff",
        "control/feature-reboot",
        "control/feature-suspend",
        "control/sysrq",
        "device/suspend/event-channel",
    };
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        store_txn_directory(t, (struct store_access){domid, STORE_NOBODY}, "/local/domain/%u/%s",
                            domid, name[i]);
    }
}

static void add_machine(struct store_txn *t, const struct nodes *n)
{
    const struct guest_config *c = n->config;
    uint64_t maximum = c->maxmem_kib > c->memory_kib ? c->maxmem_kib : c->memory_kib;
    store_txn_write_number(t, maximum, "/local/domain/%u/memory/static-max", n->domid);
    store_txn_write_number(t, c->memory_kib, "/local/domain/%u/memory/target", n->domid);
    store_txn_write(t, "0", "/local/domain/%u/memory/videoram", n->domid);
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
    store_txn_directory(t, (struct store_access){0, id}, "/local/domain/%u", id);
    store_txn_write(t, n->config->name, "/local/domain/%u/name", id);
    store_txn_write_number(t, id, "/local/domain/%u/domid", id);
    char vm[8 + UUID_TEXT];
    snprintf(vm, sizeof vm, "/vm/%s", uuid);
    store_txn_write(t, vm, "/local/domain/%u/vm", id);
    store_txn_write_number(t, n->store_gfn, "/local/domain/%u/store/ring-ref", id);
    store_txn_write_number(t, n->store_port, "/local/domain/%u/store/port", id);
    store_txn_write(t, "1", "/local/domain/%u/control/platform-feature-xs_reset_watches", id);
    store_txn_write(t, "1", "/local/domain/%u/control/platform-feature-multiprocessor-suspend", id);
    add_guests_own(t, id);
    add_machine(t, n);
    if (n->vuart_port != 0) {
        add_vuart(t, n);
    }
    store_txn_directory(t, (struct store_access){0, STORE_NOBODY}, "/libxl/%u", id);
    store_txn_write(t, "pvh", "/libxl/%u/type", id);
}

void nodes_remove(struct store_txn *t, uint32_t domid, const uint8_t uuid[16])
{
    char text[UUID_TEXT];
    life_uuid_text(uuid, text);
    store_txn_remove(t, "/local/domain/%u", domid);
    store_txn_remove(t, "/libxl/%u", domid);
    store_txn_remove(t, "/vm/%s", text);
}
