/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/message.h"
#include "lib/number.h"

static const struct device_kind kinds[NR_DEVICE_CLASSES] = {
    [DEVICE_VBD] = {"vbd", "xen-blkback", "add", "remove", NULL},
    [DEVICE_VIF] = {"vif", "xen-netback", "online", "offline", "type_if=vif"},
    [DEVICE_CONSOLE] = {"console", NULL, NULL, NULL, NULL},
};

const struct device_kind *device_kind(enum device_class class)
{
    return &kinds[class];
}

const char *device_class_name(enum device_class class)
{
    return kinds[class].name;
}

int device_class_parse(const char *name, enum device_class *out)
{
    for (size_t i = 0; i < NR_DEVICE_CLASSES; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *out = (enum device_class)i;
            return 0;
        }
    }
    return -EINVAL;
}

static char *format(const char *words, ...)
{
    va_list arguments;
    char *out = NULL;
    va_start(arguments, words);
    if (vasprintf(&out, words, arguments) < 0) {
        out = NULL;
    }
    va_end(arguments);
    return out;
}

bool device_path_exists(const char *path, ...)
{
    char whole[256];
    va_list arguments;
    va_start(arguments, path);
    int len = vsnprintf(whole, sizeof whole, path, arguments);
    va_end(arguments);
    return len > 0 && (size_t)len < sizeof whole && access(whole, F_OK) == 0;
}

bool device_has_front_only(const struct device *d)
{
    return d->class == DEVICE_CONSOLE && d->id == 0;
}

/* The first console is older than the scheme: its guest's end lies elsewhere. */
char *device_front_path(const struct device *d)
{
    if (device_has_front_only(d)) {
        return format("/local/domain/%u/console", d->domid);
    }
    return format("/local/domain/%u/device/%s/%u", d->domid, kinds[d->class].name, d->id);
}

char *device_back_path(const struct device *d)
{
    return format("/local/domain/%u/backend/%s/%u/%u", d->backend, kinds[d->class].name, d->domid,
                  d->id);
}

char *device_register_path(const struct device *d)
{
    return format("/libxl/%u/device/%s/%u", d->domid, kinds[d->class].name, d->id);
}

void device_nodes_add(struct device_nodes *nodes, const char *key, const char *words, ...)
{
    va_list arguments;
    char *value = NULL;
    char *name = strdup(key);
    va_start(arguments, words);
    if (vasprintf(&value, words, arguments) < 0) {
        value = NULL;
    }
    va_end(arguments);
    struct device_node *node = realloc(nodes->node, (nodes->nr + 1) * sizeof *node);
    if (node != NULL) {
        nodes->node = node;
    }
    if (node == NULL || value == NULL || name == NULL) {
        nodes->error = -ENOMEM;
        free(value);
        free(name);
        return;
    }
    nodes->node[nodes->nr++] = (struct device_node){.key = name, .value = value};
}

void device_nodes_fini(struct device_nodes *nodes)
{
    for (size_t i = 0; i < nodes->nr; i++) {
        free(nodes->node[i].key);
        free(nodes->node[i].value);
    }
    free(nodes->node);
    *nodes = (struct device_nodes){};
}

void device_fini(struct device *d)
{
    device_nodes_fini(&d->front);
    device_nodes_fini(&d->back);
    free(d->script);
    free(d->label);
    *d = (struct device){};
}

const char *device_value(const struct device_nodes *nodes, const char *key)
{
    for (size_t i = 0; i < nodes->nr; i++) {
        if (strcmp(nodes->node[i].key, key) == 0) {
            return nodes->node[i].value;
        }
    }
    return NULL;
}

void device_nodes_common(struct device *d)
{
    char *front = device_front_path(d);
    char *back = device_back_path(d);
    if (front == NULL || back == NULL) {
        d->front.error = -ENOMEM;
    } else {
        device_nodes_add(&d->front, "backend", "%s", back);
        device_nodes_add(&d->front, "backend-id", "%u", d->backend);
        device_nodes_add(&d->front, "state", "%d", DEVICE_INITIALISING);
        device_nodes_add(&d->back, "frontend", "%s", front);
        device_nodes_add(&d->back, "frontend-id", "%u", d->domid);
        device_nodes_add(&d->back, "online", "1");
        device_nodes_add(&d->back, "state", "%d", DEVICE_INITIALISING);
    }
    free(front);
    free(back);
}

int device_complete(struct device *d)
{
    if (d->front.error == 0 && d->back.error == 0 && d->label != NULL) {
        return 0;
    }
    message_error("no memory for a device of domain %u", d->domid);
    device_fini(d);
    return -ENOMEM;
}

int device_backend_domain(struct store *s, const char *word, uint32_t *domid)
{
    uint64_t number;
    *domid = 0;
    if (word == NULL) {
        return 0;
    }
    if (number_parse(word, 0, 0x7fef, &number) == 0) {
        *domid = (uint32_t)number;
        return 0;
    }
    struct store_list list;
    int error = store_list(s, &list, "/local/domain");
    for (size_t i = 0; error == 0 && i < list.nr; i++) {
        char *name = NULL;
        bool is_it = store_read(s, &name, NULL, "/local/domain/%s/name", list.name[i]) == 0 &&
                     strcmp(name, word) == 0;
        free(name);
        if (is_it) {
            *domid = (uint32_t)strtoul(list.name[i], NULL, 10);
            store_list_fini(&list);
            return 0;
        }
    }
    store_list_fini(&list);
    message_error("there is no domain \"%s\" to be a backend", word);
    return -ESRCH;
}

char *device_script_path(const char *script)
{
    const char *const folder[] = {getenv("KANSO_SCRIPTS"), "/usr/lib/kanso/scripts",
                                  "/etc/xen/scripts"};
    char *path = NULL;
    if (*script == '/') {
        return strdup(script);
    }
    for (size_t i = 0; i < sizeof folder / sizeof folder[0]; i++) {
        if (folder[i] == NULL) {
            continue;
        }
        free(path);
        path = format("%s/%s", folder[i], script);
        if (path == NULL || access(path, F_OK) == 0) {
            break;
        }
    }
    return path;
}

int device_from_console(uint32_t domid, uint64_t gfn, uint32_t port, struct device *out)
{
    struct device d = {.class = DEVICE_CONSOLE, .domid = domid, .label = strdup("console")};
    device_nodes_add(&d.front, "limit", "1048576");
    device_nodes_add(&d.front, "type", "xenconsoled");
    device_nodes_add(&d.front, "output", "pty");
    device_nodes_add(&d.front, "tty", "%s", "");
    device_nodes_add(&d.front, "port", "%u", port);
    device_nodes_add(&d.front, "ring-ref", "%llu", (unsigned long long)gfn);
    *out = d;
    return device_complete(out);
}

int device_check_channel(const struct guest_channel *channel, uint32_t id)
{
    if (channel->path != NULL) {
        message_error("channel %s: connection=socket is not supported yet: it needs QEMU",
                      channel->name);
        return -EOPNOTSUPP;
    }
    if (channel->backend_domain != NULL && strcmp(channel->backend_domain, "0") != 0 &&
        strcmp(channel->backend_domain, "Domain-0") != 0) {
        message_error("channel %s: the control domain serves channels, no other", channel->name);
        return -EOPNOTSUPP;
    }
    if (id > DEVICE_LAST_CHANNEL) {
        message_error("channel %s: a guest has at most %d of them", channel->name,
                      DEVICE_LAST_CHANNEL);
        return -E2BIG;
    }
    return 0;
}

/* A console beside the first one; its guest finds it by its name. */
int device_from_channel(uint32_t domid, const struct guest_channel *channel, uint32_t id,
                        struct device *out)
{
    struct device d = {.class = DEVICE_CONSOLE, .domid = domid, .id = id};
    if (asprintf(&d.label, "channel %s", channel->name) < 0) {
        d.label = NULL;
    }
    device_nodes_common(&d);
    device_nodes_add(&d.front, "limit", "1048576");
    device_nodes_add(&d.front, "type", "xenconsoled");
    device_nodes_add(&d.front, "output", "pty");
    device_nodes_add(&d.front, "tty", "%s", "");
    device_nodes_add(&d.front, "name", "%s", channel->name);
    device_nodes_add(&d.front, "connection", "pty");
    device_nodes_add(&d.back, "name", "%s", channel->name);
    device_nodes_add(&d.back, "connection", "pty");
    *out = d;
    return device_complete(out);
}
