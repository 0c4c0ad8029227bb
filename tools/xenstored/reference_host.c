// SPDX-License-Identifier: MIT
#include "xenstored/reference_host.h"
#include "xenstored/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ref_node *find(struct ref_map *map, const char *path)
{
    for (int i = 0; i < map->nr; i++) {
        if (strcmp(map->node[i].path, path) == 0) {
            return &map->node[i];
        }
    }
    return NULL;
}

static bool is_below(const char *path, const char *above)
{
    const size_t n = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(path, above, n) == 0 && path[n] == '/' && path[n + 1] != '\0';
}

static const char *above(const char *path, char *out)
{
    memmove(out, path, strlen(path) + 1);
    char *slash = strrchr(out, '/');
    slash[slash == out] = '\0';
    return out;
}

static unsigned rights(const struct ref_node *node, int domid)
{
    if (domid == 0 || node->perm_domid[0] == domid) {
        return PERMISSION_ALL;
    }
    for (int i = 1; i < node->nr_perms; i++) {
        if (node->perm_domid[i] == domid) {
            return (unsigned)node->perm_access[i];
        }
    }
    return (unsigned)node->perm_access[0];
}

static void note(struct ref_transaction *t, const char *path, unsigned what)
{
    int i = 0;
    while (t != NULL && i < t->nr_notes && strcmp(t->note[i].path, path) != 0) {
        i++;
    }
    if (t != NULL) {
        strcpy(t->note[i].path, path);
        t->note[i].what |= what;
        t->nr_notes += i == t->nr_notes;
    }
}

static int owned(const struct ref_map *map, int domid)
{
    int nr = 0;
    for (int i = 0; i < map->nr; i++) {
        nr += map->node[i].perm_domid[0] == domid;
    }
    return nr;
}

static void add_event(struct reference *r, const struct ref_watch *w, const char *path)
{
    char prefix[32];
    const int skip =
        snprintf(prefix, sizeof(prefix), "/local/domain/%d/", r->client_domid[w->client]);
    struct ref_event *event = &r->event[r->nr_events++];
    event->client = w->client;
    strcpy(event->text, path + (w->is_relative ? skip : 0));
    strcat(strcat(event->text, " "), w->token);
}

static void tell(struct reference *r, const char *path, bool exact, const struct ref_node *a,
                 const struct ref_node *b, const struct ref_node *c)
{
    for (int i = 0; i < r->nr_watches; i++) {
        const struct ref_watch *w = &r->watch[i];
        const int domid = r->client_domid[w->client];
        if ((strcmp(w->path, path) == 0 || (!exact && is_below(path, w->path))) &&
            ((a && rights(a, domid) & 1) || (b && rights(b, domid) & 1) ||
             (c && rights(c, domid) & 1))) {
            add_event(r, w, path);
        }
    }
}

static void tell_change(struct reference *r, const char *path, const struct ref_node *old)
{
    char up[48];
    tell(r, path, false, find(&r->map, path), find(&r->map, above(path, up)), old);
}

static void tell_gone(struct reference *r, struct ref_map *before, const char *path)
{
    char up[48];
    for (int i = 0; i < before->nr; i++) {
        if (is_below(before->node[i].path, path)) {
            tell(r, before->node[i].path, true, &before->node[i], NULL, NULL);
        }
    }
    tell(r, path, false, find(before, path), find(&r->map, above(path, up)), NULL);
}

void ref_init(struct reference *r)
{
    memset(r, 0, sizeof(*r));
    for (const char *const *p = (const char *const[]){"/", "/tool", "/tool/xenstored", NULL};
         *p != NULL; p++) {
        strcpy(r->map.node[r->map.nr].path, *p);
        r->map.node[r->map.nr++].nr_perms = 1;
    }
}

static struct ref_map *map_of(struct reference *r, struct ref_transaction *t)
{
    return t != NULL ? &t->now : &r->map;
}

static int get(struct reference *r, int client, struct ref_transaction *t, const char *path,
               unsigned need, unsigned what, struct ref_node **out)
{
    const int domid = r->client_domid[client];
    char up[48];
    struct ref_map *map = map_of(r, t);
    struct ref_node *node = find(map, path);
    const bool is_there = node != NULL;
    strcpy(up, path);
    for (; node == NULL; node = find(map, up)) {
        above(up, up);
    }
    note(t, path, is_there ? what : 0);
    if (domid != 0) {
        note(t, node->path, ACCESS_PERMISSIONS);
    }
    *out = node;
    return (rights(node, domid) & need) != need ? -EACCES : is_there ? 0 : -ENOENT;
}

int ref_read(struct reference *r, int client, struct ref_transaction *t, const char *path,
             const char **value)
{
    struct ref_node *node;
    const int err = get(r, client, t, path, PERMISSION_READ, ACCESS_VALUE, &node);
    *value = node->value;
    return err;
}

static int order(const void *a, const void *b)
{
    const char *x = *(char *const *)a;
    const char *y = *(char *const *)b;
    const bool p = x[strspn(x, "0123456789")] == '\0';
    const bool q = y[strspn(y, "0123456789")] == '\0';
    return p != q                        ? q - p
           : p && strlen(x) != strlen(y) ? (int)(strlen(x) - strlen(y))
                                         : strcmp(x, y);
}

int ref_list(struct reference *r, int client, struct ref_transaction *t, const char *path,
             char *names)
{
    struct ref_node *node;
    char up[48];
    const char *name[REF_NODES];
    size_t nr = 0;
    const int err = get(r, client, t, path, PERMISSION_READ, ACCESS_CHILDREN, &node);
    struct ref_map *map = map_of(r, t);
    for (int i = 0; i < map->nr; i++) {
        if (is_below(map->node[i].path, path) && strcmp(above(map->node[i].path, up), path) == 0) {
            name[nr++] = strrchr(map->node[i].path, '/') + 1;
        }
    }
    qsort(name, nr, sizeof(name[0]), order);
    names[0] = '\0';
    for (size_t i = 0; i < nr; i++) {
        strcat(strcat(names, name[i]), " ");
    }
    return err;
}

static int change(struct reference *r, int client, struct ref_transaction *t, const char *path,
                  const char *value, bool make)
{
    const int domid = r->client_domid[client];
    struct ref_node *node;
    int err = get(r, client, t, path, PERMISSION_WRITE, make ? 0 : ACCESS_VALUE, &node);
    if (err == -EACCES || (err == 0 && make)) {
        return err;
    }
    struct ref_map *map = map_of(r, t);
    if (err == 0) {
        strcpy(node->value, value);
        node->value_gen = ++r->gen;
    } else {
        char at[48];
        int lacks = 0;
        for (strcpy(at, path); find(map, at) == NULL; above(at, at)) {
            lacks++;
        }
        const int have = owned(&r->map, domid) +
                         (t != NULL ? owned(&t->now, domid) - owned(&t->base, domid) : 0);
        if (domid != 0 && have + lacks > r->max_nodes) {
            return -ENOSPC;
        }
        note(t, node->path, ACCESS_PERMISSIONS);
        const struct ref_node model = *node;
        node->children_gen = ++r->gen;
        for (size_t end = strlen(model.path) + (model.path[1] != '\0'); lacks > 0; lacks--) {
            end += strcspn(path + end + (path[end] == '/'), "/") + (path[end] == '/');
            struct ref_node *made = &map->node[map->nr++];
            *made = model;
            sprintf(made->path, "%.*s", (int)end, path);
            strcpy(made->value, lacks == 1 ? value : "");
            made->perm_domid[0] = domid != 0 ? domid : model.perm_domid[0];
            made->value_gen = made->perms_gen = made->children_gen = ++r->gen;
            note(t, made->path, CHANGED_VALUE);
        }
    }
    note(t, path, CHANGED_VALUE | CHANGED_FIRE);
    if (t == NULL) {
        tell_change(r, path, NULL);
    }
    return 0;
}

int ref_write(struct reference *r, int client, struct ref_transaction *t, const char *path,
              const char *value)
{
    return change(r, client, t, path, value, false);
}

int ref_make(struct reference *r, int client, struct ref_transaction *t, const char *path)
{
    return change(r, client, t, path, "", true);
}

static void take(struct reference *r, struct ref_map *map, const char *path)
{
    char up[48];
    find(map, above(path, up))->children_gen = ++r->gen;
    for (int i = map->nr - 1; i >= 0; i--) {
        if (strcmp(map->node[i].path, path) == 0 || is_below(map->node[i].path, path)) {
            map->node[i] = map->node[--map->nr];
        }
    }
}

int ref_remove(struct reference *r, int client, struct ref_transaction *t, const char *path)
{
    struct ref_node *node;
    char up[48];
    const int err = get(r, client, t, path, PERMISSION_WRITE, ACCESS_BELOW, &node);
    if (err == -ENOENT && strcmp(node->path, above(path, up)) == 0) {
        note(t, up, 0);
        return 0;
    }
    if (err < 0 || path[1] == '\0') {
        return err < 0 ? err : -EINVAL;
    }
    struct ref_map *map = map_of(r, t);
    static struct ref_map before;
    before = *map;
    take(r, map, path);
    note(t, path, CHANGED_REMOVED | CHANGED_FIRE);
    if (t == NULL) {
        tell_gone(r, &before, path);
    }
    return 0;
}

int ref_permit(struct reference *r, int client, struct ref_transaction *t, const char *path, int nr,
               const int *domid, const int *access)
{
    struct ref_node *node;
    const int err = get(r, client, t, path, PERMISSION_OWNER, ACCESS_PERMISSIONS, &node);
    if (err < 0 || (r->client_domid[client] != 0 && node->perm_domid[0] != domid[0])) {
        return err < 0 ? err : -EPERM;
    }
    const struct ref_node old = *node;
    node->nr_perms = nr;
    memcpy(node->perm_domid, domid, (size_t)nr * sizeof(int));
    memcpy(node->perm_access, access, (size_t)nr * sizeof(int));
    node->perms_gen = ++r->gen;
    note(t, path, CHANGED_PERMISSIONS | CHANGED_FIRE);
    if (t == NULL) {
        tell_change(r, path, &old);
    }
    return 0;
}

void ref_start(struct reference *r, int client, struct ref_transaction *t)
{
    *t = (struct ref_transaction){
        .is_open = true, .domid = r->client_domid[client], .base = r->map, .now = r->map};
}

static bool differ(const struct ref_node *a, const struct ref_node *b, unsigned what)
{
    return (a == NULL) != (b == NULL) ||
           (a != NULL && ((what & ACCESS_VALUE && a->value_gen != b->value_gen) ||
                          (what & ACCESS_PERMISSIONS && a->perms_gen != b->perms_gen) ||
                          (what & ACCESS_CHILDREN && a->children_gen != b->children_gen)));
}

/* Is there a node at or below path that is not the same in the other map? */
static bool differ_below(struct ref_map *a, struct ref_map *b, const char *path)
{
    for (int i = 0; i < a->nr; i++) {
        struct ref_node *node = &a->node[i];
        if ((strcmp(node->path, path) == 0 || is_below(node->path, path)) &&
            differ(node, find(b, node->path),
                   ACCESS_VALUE | ACCESS_PERMISSIONS | ACCESS_CHILDREN)) {
            return true;
        }
    }
    return false;
}

/* Puts a node of the transaction's map into the store's, its parents first. */
static void put(struct reference *r, struct ref_transaction *t, const char *path, unsigned what)
{
    const struct ref_node *from = find(&t->now, path);
    struct ref_node *to = find(&r->map, path);
    char up[48];
    if (to == NULL) {
        above(path, up);
        put(r, t, up, 0);
        find(&r->map, up)->children_gen = ++r->gen;
        to = &r->map.node[r->map.nr++];
        *to = *from;
        what = ACCESS_CHILDREN | CHANGED_VALUE | CHANGED_PERMISSIONS;
    }
    if (what & CHANGED_VALUE) {
        strcpy(to->value, from->value);
        to->value_gen = ++r->gen;
    }
    if (what & CHANGED_PERMISSIONS) {
        to->nr_perms = from->nr_perms;
        memcpy(to->perm_domid, from->perm_domid, sizeof(to->perm_domid));
        memcpy(to->perm_access, from->perm_access, sizeof(to->perm_access));
        to->perms_gen = ++r->gen;
    }
    to->children_gen = what & ACCESS_CHILDREN ? ++r->gen : to->children_gen;
}

int ref_commit(struct reference *r, int client, struct ref_transaction *t)
{
    static struct ref_map before;
    t->is_open = false;
    for (int i = 0; i < t->nr_notes; i++) {
        const char *path = t->note[i].path;
        const unsigned what = t->note[i].what;
        if (differ(find(&t->base, path), find(&r->map, path), what) ||
            (what & ACCESS_BELOW &&
             (differ_below(&t->base, &r->map, path) || differ_below(&r->map, &t->base, path)))) {
            return -EAGAIN;
        }
    }
    const int more = owned(&t->now, t->domid) - owned(&t->base, t->domid);
    if (t->domid != 0 && more > 0 && owned(&r->map, t->domid) + more > r->max_nodes) {
        return -ENOSPC;
    }
    before = r->map;
    for (int i = 0; i < t->nr_notes; i++) {
        if (t->note[i].what & CHANGED_REMOVED && find(&r->map, t->note[i].path)) {
            take(r, &r->map, t->note[i].path);
        }
    }
    for (int i = 0; i < t->nr_notes; i++) {
        if (t->note[i].what & (CHANGED_VALUE | CHANGED_PERMISSIONS) &&
            find(&t->now, t->note[i].path)) {
            put(r, t, t->note[i].path, t->note[i].what);
        }
    }
    for (int i = 0; i < t->nr_notes; i++) {
        if (t->note[i].what & CHANGED_FIRE) {
            const char *path = t->note[i].path;
            if (t->note[i].what & CHANGED_REMOVED && find(&before, path)) {
                tell_gone(r, &before, path);
            } else if (find(&r->map, path)) {
                tell_change(r, path, find(&before, path));
            }
        }
    }
    return 0;
}

int ref_watch(struct reference *r, int client, const char *path, bool is_relative,
              const char *token)
{
    for (int i = 0; i < r->nr_watches; i++) {
        const struct ref_watch *w = &r->watch[i];
        if (w->client == client && strcmp(w->path, path) == 0 && strcmp(w->token, token) == 0 &&
            w->is_relative == is_relative) {
            return -EEXIST;
        }
    }
    struct ref_watch *w = &r->watch[r->nr_watches++];
    *w = (struct ref_watch){.client = client, .is_relative = is_relative};
    strcpy(w->path, path);
    strcpy(w->token, token);
    add_event(r, w, path);
    return 0;
}

int ref_unwatch(struct reference *r, int client, const char *path, bool is_relative,
                const char *token)
{
    for (int i = 0; i < r->nr_watches; i++) {
        const struct ref_watch *w = &r->watch[i];
        if (w->client == client && strcmp(w->path, path) == 0 && strcmp(w->token, token) == 0 &&
            w->is_relative == is_relative) {
            r->watch[i] = r->watch[--r->nr_watches];
            return 0;
        }
    }
    return -ENOENT;
}
