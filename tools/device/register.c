/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/message.h"

static void write_nodes(struct store_txn *t, const struct device_nodes *nodes, const char *path)
{
    for (size_t i = 0; i < nodes->nr; i++) {
        store_txn_write(t, nodes->node[i].value, "%s/%s", path, nodes->node[i].key);
    }
}

/* What we and the daemon say of a channel, in a folder that is its guest's. */
static void protect_nodes(struct store_txn *t, const struct device *d, const char *path)
{
    for (size_t i = 0; i < d->front.nr; i++) {
        if (strcmp(d->front.node[i].key, "state") != 0) {
            store_txn_permit(t, (struct store_access){0, d->domid}, "%s/%s", path,
                             d->front.node[i].key);
        }
    }
}

/* The backend's end and the register, which has all of it but the way back. */
static void add_back(struct store_txn *t, const struct device *d, const char *front,
                     const char *back, const char *registered)
{
    struct store_access backend = {d->backend, d->domid};
    struct store_access ours = {0, STORE_NOBODY};
    store_txn_directory(t, backend, "%s", back);
    write_nodes(t, &d->back, back);
    store_txn_directory(t, ours, "%s", registered);
    store_txn_write(t, front, "%s/frontend", registered);
    store_txn_write(t, back, "%s/backend", registered);
    for (size_t i = 0; i < d->back.nr; i++) {
        if (strcmp(d->back.node[i].key, "frontend") != 0) {
            store_txn_write(t, d->back.node[i].value, "%s/%s", registered, d->back.node[i].key);
        }
    }
}

void device_txn_add(struct store_txn *t, const struct device *d)
{
    bool has_front_only = device_has_front_only(d);
    struct store_access guest = {d->domid, d->backend};
    struct store_access read_only = {0, d->domid};
    char *front = device_front_path(d);
    char *back = device_back_path(d);
    char *registered = device_register_path(d);
    if (front == NULL || back == NULL || registered == NULL) {
        t->error = -ENOMEM;
    } else {
        store_txn_directory(t, has_front_only ? read_only : guest, "%s", front);
        write_nodes(t, &d->front, front);
        if (d->class == DEVICE_CONSOLE && !has_front_only) {
            protect_nodes(t, d, front);
        }
        if (!has_front_only) {
            add_back(t, d, front, back, registered);
        }
    }
    free(front);
    free(back);
    free(registered);
}

void device_txn_remove(struct store_txn *t, const struct device *d)
{
    char *path[] = {device_front_path(d), device_back_path(d), device_register_path(d)};
    for (size_t i = 0; i < 3; i++) {
        if (path[i] == NULL) {
            t->error = -ENOMEM;
        } else {
            store_txn_remove(t, "%s", path[i]);
        }
        free(path[i]);
    }
}

/* All nodes of one directory in two round trips; a directory that is not there has none. */
static int read_nodes(struct store *s, struct device_nodes *nodes, const char *path)
{
    struct store_list list;
    int error = store_list(s, &list, "%s", path);
    if (error != 0) {
        return error == -ENOENT ? 0 : error;
    }
    char **paths = calloc(list.nr + 1, sizeof *paths);
    char **value = calloc(list.nr + 1, sizeof *value);
    error = paths == NULL || value == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < list.nr; i++) {
        if (asprintf(&paths[i], "%s/%s", path, list.name[i]) < 0) {
            paths[i] = NULL;
            error = -ENOMEM;
        }
    }
    if (error == 0) {
        error = store_read_many(s, list.nr, paths, value);
    }
    for (size_t i = 0; i < list.nr; i++) {
        if (error == 0 && value[i] != NULL) {
            device_nodes_add(nodes, list.name[i], "%s", value[i]);
        }
        free(value == NULL ? NULL : value[i]);
        free(paths == NULL ? NULL : paths[i]);
    }
    free(paths);
    free(value);
    store_list_fini(&list);
    return error != 0 ? error : nodes->error;
}

static void set_label(struct device *d)
{
    const char *name = d->class == DEVICE_VBD ? device_value(&d->back, "dev") : NULL;
    int len = -1;
    if (d->class == DEVICE_VIF) {
        len = asprintf(&d->label, "network interface %u", d->id);
    } else if (name != NULL) {
        len = asprintf(&d->label, "disk %s", name);
    } else {
        len = asprintf(&d->label, "%s %u", device_class_name(d->class), d->id);
    }
    if (len < 0) {
        d->label = NULL;
        d->back.error = -ENOMEM;
    }
}

/* What we run or detach comes from the register: a backend in another domain can write its own end
 * and must not choose our script. */
static int read_register(struct store *s, struct device *d)
{
    struct device_nodes nodes = {};
    char *path = device_register_path(d);
    int error = path == NULL ? -ENOMEM : read_nodes(s, &nodes, path);
    free(path);
    const char *back = device_value(&nodes, "backend");
    const char *script = device_value(&nodes, "script");
    if (error == 0 && back == NULL) {
        error = -ENOENT;
    }
    if (error == 0) {
        unsigned backend = 0;
        if (sscanf(back, "/local/domain/%u/backend/", &backend) == 1) {
            d->backend = backend;
        }
        d->script = script == NULL ? NULL : strdup(script);
        error = script != NULL && d->script == NULL ? -ENOMEM : 0;
    }
    device_nodes_fini(&nodes);
    return error;
}

static int read_device(struct store *s, struct device *d)
{
    int error = read_register(s, d);
    if (error != 0) {
        return error;
    }
    char *front = device_front_path(d);
    char *back = device_back_path(d);
    error = front == NULL || back == NULL ? -ENOMEM : read_nodes(s, &d->front, front);
    error = error != 0 ? error : read_nodes(s, &d->back, back);
    free(front);
    free(back);
    set_label(d);
    const char *slash = d->script == NULL ? NULL : strrchr(d->script, '/');
    d->is_built_in =
        d->class == DEVICE_VBD && d->backend == 0 && slash != NULL && strcmp(slash, "/block") == 0;
    return error != 0 ? error : d->back.error;
}

int device_find(struct store *s, uint32_t domid, enum device_class class, uint32_t id,
                struct device *out)
{
    *out = (struct device){.class = class, .domid = domid, .id = id};
    int error = read_device(s, out);
    if (error != 0) {
        device_fini(out);
        if (error != -ENOENT) {
            message_error("can't read what device %s %u of domain %u is: %s",
                          device_class_name(class), id, domid, strerror(-error));
        }
    }
    return error;
}

void device_list_free(struct device *d, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        device_fini(&d[i]);
    }
    free(d);
}

static int list_class(struct store *s, uint32_t domid, enum device_class class, struct device **out,
                      size_t *nr)
{
    struct store_list list;
    int error = store_list(s, &list, "/libxl/%u/device/%s", domid, device_class_name(class));
    if (error != 0) {
        return error == -ENOENT ? 0 : error;
    }
    for (size_t i = 0; error == 0 && i < list.nr; i++) {
        struct device *more = realloc(*out, (*nr + 1) * sizeof *more);
        error = more == NULL ? -ENOMEM : 0;
        if (error == 0) {
            *out = more;
            uint32_t id = (uint32_t)strtoul(list.name[i], NULL, 10);
            error = device_find(s, domid, class, id, &more[*nr]);
            *nr += error == 0;
            error = error == -ENOENT ? 0 : error;
        }
    }
    store_list_fini(&list);
    return error;
}

int device_list(struct store *s, uint32_t domid, struct device **out, size_t *nr)
{
    struct store_list classes;
    *out = NULL;
    *nr = 0;
    int error = store_list(s, &classes, "/libxl/%u/device", domid);
    if (error != 0) {
        return error == -ENOENT ? 0 : error;
    }
    for (size_t i = 0; error == 0 && i < classes.nr; i++) {
        enum device_class class;
        if (device_class_parse(classes.name[i], &class) == 0) {
            error = list_class(s, domid, class, out, nr);
        }
    }
    store_list_fini(&classes);
    if (error != 0) {
        message_error("can't list the devices of domain %u: %s", domid, strerror(-error));
        device_list_free(*out, *nr);
        *out = NULL;
        *nr = 0;
    }
    return error;
}

enum device_state device_state(struct store *s, const struct device *d, bool of_backend)
{
    char *path = of_backend ? device_back_path(d) : device_front_path(d);
    uint64_t state = DEVICE_UNKNOWN;
    int error = path == NULL ? -ENOMEM : store_read_number(s, &state, "%s/state", path);
    free(path);
    return error != 0 || state > DEVICE_CLOSED ? DEVICE_UNKNOWN : (enum device_state)state;
}

static int sweep_class(struct store *s, struct store_txn *t, const char *class)
{
    struct store_list domains;
    int error = store_list(s, &domains, "/local/domain/0/backend/%s", class);
    for (size_t i = 0; error == 0 && i < domains.nr; i++) {
        if (!store_exists(s, "/local/domain/%s", domains.name[i])) {
            store_txn_remove(t, "/local/domain/0/backend/%s/%s", class, domains.name[i]);
        }
    }
    store_list_fini(&domains);
    return error == -ENOENT ? 0 : error;
}

int device_sweep(struct store *s, uint32_t domid)
{
    struct store_list classes;
    struct store_txn t;
    int error = store_list(s, &classes, "/local/domain/0/backend");
    if (error != 0) {
        return error == -ENOENT ? 0 : error;
    }
    store_txn_init(&t);
    for (size_t i = 0; error == 0 && i < classes.nr; i++) {
        if (domid == STORE_NOBODY) {
            error = sweep_class(s, &t, classes.name[i]);
        } else {
            store_txn_remove(&t, "/local/domain/0/backend/%s/%u", classes.name[i], domid);
        }
    }
    error = error != 0 ? error : store_txn_commit(s, &t);
    store_txn_fini(&t);
    store_list_fini(&classes);
    return error;
}
