// SPDX-License-Identifier: MIT
#include "xenstored/request.h"
#include "xenstored/client.h"
#include "xenstored/domains.h"
#include "xenstored/permission.h"
#include "xenstored/transaction.h"
#include "xenstored/watch.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int request_answer(struct request *r, const void *data, size_t bytes)
{
    client_answer(r->client, r->header, r->header->type, data, bytes);
    return 0;
}

int request_answer_ok(struct request *r)
{
    return request_answer(r, "OK", 3);
}

static int answer_or(struct request *r, int err)
{
    return err < 0 ? err : request_answer_ok(r);
}

static int handle_directory(struct request *r)
{
    struct tree_node *node;
    const int err = view_get(&r->view, r->path.text, PERMISSION_READ, ACCESS_CHILDREN, &node);
    if (err < 0) {
        return err;
    }
    char names[WIRE_MAX_PAYLOAD];
    if (tree_names_bytes(node) > sizeof(names)) {
        return -E2BIG;
    }
    return request_answer(r, names, tree_names(node, 0, names, sizeof(names)));
}

/* The generation, names from an offset on, and an empty one behind the last. */
static int handle_directory_part(struct request *r)
{
    uint32_t offset;
    struct tree_node *node;
    if (wire_number(r->string[1], UINT32_MAX, &offset) < 0) {
        return -EINVAL;
    }
    const int err = view_get(&r->view, r->path.text, PERMISSION_READ, ACCESS_CHILDREN, &node);
    if (err < 0) {
        return err;
    }
    char part[WIRE_MAX_PAYLOAD];
    size_t used = (size_t)snprintf(part, sizeof(part), "%" PRIu64, node->gen_children) + 1;
    const uint32_t names =
        tree_names(node, offset, part + used, (uint32_t)(sizeof(part) - used - 1));
    used += names;
    if (offset >= tree_names_bytes(node) || tree_names_bytes(node) - offset == names) {
        part[used++] = '\0';
    }
    return request_answer(r, part, used);
}

static int handle_read(struct request *r)
{
    struct tree_node *node;
    const int err = view_get(&r->view, r->path.text, PERMISSION_READ, ACCESS_VALUE, &node);
    if (err < 0) {
        return err;
    }
    return node->value == NULL ? request_answer(r, "", 0)
                               : request_answer(r, node->value->data, node->value->bytes);
}

/* The value is what is left of the payload, of any bytes. */
static int handle_write(struct request *r)
{
    const char *value = memchr(r->payload, '\0', r->header->bytes);
    if (value == NULL) {
        return -EINVAL;
    }
    const struct quota *quota = &r->x->quota;
    int err = path_decode(r->payload, r->client->subject.domid, quota->path_bytes, false, &r->path);
    if (err == 0) {
        value++;
        const size_t before = (size_t)(value - r->payload);
        err = view_write(&r->view, r->path.text, value, (uint32_t)(r->header->bytes - before));
    }
    return answer_or(r, err);
}

static int handle_mkdir(struct request *r)
{
    return answer_or(r, view_make(&r->view, r->path.text));
}

static int handle_rm(struct request *r)
{
    return answer_or(r, view_remove(&r->view, r->path.text));
}

static int handle_get_perms(struct request *r)
{
    const struct permissions *list;
    const enum special which = fire_special_of(r->path.text);
    if (which != SPECIAL_NR) {
        list = r->x->special[which];
        if ((permissions_of(list, &r->client->subject) & PERMISSION_READ) == 0) {
            return -EACCES;
        }
    } else {
        struct tree_node *node;
        if (path_is_special(r->path.text)) {
            return -EINVAL;
        }
        const int err =
            view_get(&r->view, r->path.text, PERMISSION_READ, ACCESS_PERMISSIONS, &node);
        if (err < 0) {
            return err;
        }
        list = node->permissions;
    }
    char words[WIRE_MAX_PAYLOAD];
    const size_t bytes = permissions_encode(list, words, sizeof(words));
    return bytes > sizeof(words) ? -E2BIG : request_answer(r, words, bytes);
}

/* Reads the words behind the path. A domain that they name is one that the store knows from now on:
 * what dies later with that number is that one. */
static int decode_permissions(struct request *r, struct permissions **out)
{
    struct xenstored *x = r->x;
    const unsigned nr = r->nr - 1;
    if (!r->client->subject.is_privileged && nr > x->quota.permissions) {
        return -ENOSPC;
    }
    struct permissions *list = permissions_create(nr, 0);
    if (list == NULL) {
        return -ENOMEM;
    }
    const char *word = r->string[0] + strlen(r->string[0]) + 1;
    int err = 0;
    for (unsigned i = 0; i < nr && err == 0; i++, word += strlen(word) + 1) {
        err = permission_decode(word, &list->entry[i]);
        if (err == 0) {
            err = domains_name(x, list->entry[i].domid);
        }
    }
    list->generation = ++x->tree.generation;
    if (err < 0) {
        permissions_put(list);
        return err;
    }
    *out = list;
    return 0;
}

static int handle_set_perms(struct request *r)
{
    struct permissions *list;
    int err = decode_permissions(r, &list);
    if (err < 0) {
        return err;
    }
    const enum special which = fire_special_of(r->path.text);
    if (which != SPECIAL_NR) {
        if (r->client->subject.is_privileged) {
            permissions_put(r->x->special[which]);
            r->x->special[which] = permissions_get(list);
        } else {
            err = -EACCES;
        }
    } else {
        err = path_is_special(r->path.text) ? -EINVAL
                                            : view_set_permissions(&r->view, r->path.text, list);
    }
    permissions_put(list);
    return answer_or(r, err);
}

/* A third string limits the depth. Of special events there is one level, their domains' numbers. */
static int handle_watch(struct request *r)
{
    uint32_t depth;
    int32_t levels = -1;
    if (r->nr == 3) {
        if (wire_number(r->string[2], INT32_MAX, &depth) < 0 ||
            (path_is_special(r->path.text) && depth != 1)) {
            return -EINVAL;
        }
        levels = (int32_t)depth;
    }
    return answer_or(r, watch_add(r->x, r->client, &r->path, r->string[1], levels));
}

static int handle_unwatch(struct request *r)
{
    return answer_or(r, watch_remove(r->x, r->client, &r->path, r->string[1]));
}

static int handle_reset_watches(struct request *r)
{
    watch_remove_all(r->x, r->client);
    transaction_end_all(r->x, r->client);
    return request_answer_ok(r);
}

static int handle_transaction_start(struct request *r)
{
    if (r->header->transaction != 0) {
        return -EBUSY;
    }
    uint32_t id;
    const int err = transaction_start(r->x, r->client, &id);
    if (err < 0) {
        return err;
    }
    char text[16];
    return request_answer(r, text, (size_t)snprintf(text, sizeof(text), "%" PRIu32, id) + 1);
}

static int handle_transaction_end(struct request *r)
{
    const bool is_commit = strcmp(r->string[0], "T") == 0;
    if (r->view.transaction == NULL) {
        return -ENOENT;
    }
    if (!is_commit && strcmp(r->string[0], "F") != 0) {
        return -EINVAL;
    }
    return answer_or(r, transaction_end(r->x, r->client, r->view.transaction, is_commit));
}

enum {
    IS_PRIVILEGED = 1,  /* dom0 only */
    TAKES_PATH = 2,     /* string[0] is one */
    MAY_BE_SPECIAL = 4, /* @introduceDomain */
    NO_TRANSACTION = 8, /* does not look at its id */
    LAST_IS_LOOSE = 16, /* strings or none, ended or not: the function looks itself */
};

static const struct row {
    int (*handle)(struct request *r);
    uint8_t flags;
    uint8_t least, most; /* strings */
} table[WIRE_NR_TYPES] = {
    [WIRE_CONTROL] = {request_control, IS_PRIVILEGED | NO_TRANSACTION, 1, 255},
    [WIRE_DIRECTORY] = {handle_directory, TAKES_PATH, 1, 1},
    [WIRE_READ] = {handle_read, TAKES_PATH, 1, 1},
    [WIRE_GET_PERMS] = {handle_get_perms, TAKES_PATH | MAY_BE_SPECIAL, 1, 1},
    [WIRE_WATCH] = {handle_watch, TAKES_PATH | MAY_BE_SPECIAL | NO_TRANSACTION, 2, 3},
    [WIRE_UNWATCH] = {handle_unwatch, TAKES_PATH | MAY_BE_SPECIAL | NO_TRANSACTION, 2, 2},
    [WIRE_TRANSACTION_START] = {handle_transaction_start, LAST_IS_LOOSE, 0, 0},
    [WIRE_TRANSACTION_END] = {handle_transaction_end, 0, 1, 1},
    [WIRE_INTRODUCE] = {request_introduce, IS_PRIVILEGED | NO_TRANSACTION, 3, 3},
    [WIRE_RELEASE] = {request_release, IS_PRIVILEGED | NO_TRANSACTION, 1, 1},
    [WIRE_GET_DOMAIN_PATH] = {request_domain_path, NO_TRANSACTION, 1, 1},
    [WIRE_WRITE] = {handle_write, LAST_IS_LOOSE, 0, 0},
    [WIRE_MKDIR] = {handle_mkdir, TAKES_PATH, 1, 1},
    [WIRE_RM] = {handle_rm, TAKES_PATH, 1, 1},
    [WIRE_SET_PERMS] = {handle_set_perms, TAKES_PATH | MAY_BE_SPECIAL, 2, 255},
    [WIRE_IS_DOMAIN_INTRODUCED] = {request_is_introduced, IS_PRIVILEGED | NO_TRANSACTION, 1, 1},
    [WIRE_RESUME] = {request_resume, IS_PRIVILEGED | NO_TRANSACTION, 1, 1},
    [WIRE_SET_TARGET] = {request_set_target, IS_PRIVILEGED | NO_TRANSACTION, 2, 2},
    [WIRE_RESET_WATCHES] = {handle_reset_watches, LAST_IS_LOOSE | NO_TRANSACTION, 0, 0},
    [WIRE_DIRECTORY_PART] = {handle_directory_part, TAKES_PATH, 2, 2},
};

static int handle(struct request *r)
{
    const struct wire_header *header = r->header;
    const struct row *row = header->type < WIRE_NR_TYPES ? &table[header->type] : NULL;
    if (row == NULL || row->handle == NULL) {
        return -ENOSYS;
    }
    if ((row->flags & IS_PRIVILEGED) != 0 && !r->client->subject.is_privileged) {
        return -EACCES;
    }
    if (header->transaction != 0 && (row->flags & NO_TRANSACTION) == 0) {
        r->view.transaction = transaction_find(r->client, header->transaction);
        if (r->view.transaction == NULL) {
            return -ENOENT;
        }
    }
    if ((row->flags & LAST_IS_LOOSE) == 0) {
        const int nr = wire_strings(r->payload, header->bytes, r->string, REQUEST_MAX_STRINGS);
        if (nr < row->least || (nr > row->most && row->most != 255)) {
            return -EINVAL;
        }
        r->nr = (unsigned)nr;
    }
    if ((row->flags & TAKES_PATH) != 0 &&
        path_decode(r->string[0], r->client->subject.domid, r->x->quota.path_bytes,
                    (row->flags & MAY_BE_SPECIAL) != 0, &r->path) < 0) {
        return -EINVAL;
    }
    return row->handle(r);
}

static void write_log(const struct request *r, int err)
{
    const struct wire_header *header = r->header;
    fprintf(r->x->log, "d%u tx%" PRIu32 " %s %.*s%s%s\n", r->client->subject.domid,
            header->transaction, wire_type_name(header->type),
            (int)strnlen(r->payload, header->bytes), r->payload, err < 0 ? " -> " : "",
            err < 0 ? wire_error(err) : "");
}

void request_handle(struct client *client, const struct wire_header *header, const char *payload)
{
    struct request r = {
        .x = client->x,
        .client = client,
        .header = header,
        .payload = payload,
        .view = {.x = client->x, .client = client},
    };
    client->x->nr_requests++;
    const int err = handle(&r);
    if (err < 0) {
        const char *name = wire_error(err);
        client_answer(client, header, WIRE_ERROR, name, strlen(name) + 1);
    }
    if (r.x->log != NULL) {
        write_log(&r, err);
    }
}
