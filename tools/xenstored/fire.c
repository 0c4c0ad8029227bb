// SPDX-License-Identifier: MIT
#include "xenstored/fire.h"
#include "xenstored/path.h"
#include "xenstored/watch.h"
#include "xenstored/xenstored.h"

#include <stdio.h>
#include <string.h>

static const char *const special_name[SPECIAL_NR] = {"@introduceDomain", "@releaseDomain"};

enum special fire_special_of(const char *path)
{
    unsigned i = 0;
    while (i < SPECIAL_NR && strcmp(path, special_name[i]) != 0) {
        i++;
    }
    return (enum special)i;
}

void fire_special(struct xenstored *x, enum special which, uint16_t domid)
{
    char path[32];
    const int length = snprintf(path, sizeof(path), "%s/%u", special_name[which], domid);
    watch_fire(x, path, (unsigned)length, (struct watch_rights){{x->special[which]}}, false);
}

static const struct permissions *rights_above(struct xenstored *x, const char *path,
                                              unsigned length)
{
    char parent[PATH_ROOM];
    const unsigned above = path_parent(path, length);
    memcpy(parent, path, above);
    parent[above] = '\0';
    const struct tree_node *node = tree_find(x->root, parent);
    return node != NULL ? node->permissions : NULL;
}

void fire_change(struct xenstored *x, const char *path, const struct permissions *old)
{
    if (x->watches.nr == 0) {
        return;
    }
    const unsigned length = (unsigned)strlen(path);
    const struct tree_node *node = tree_find(x->root, path);
    watch_fire(x, path, length,
               (struct watch_rights){{node->permissions, rights_above(x, path, length), old}},
               false);
}

struct gone {
    struct xenstored *x;
    unsigned length; /* of the path that was removed */
};

static int tell_gone(const char *path, unsigned length, const struct tree_node *node, void *arg)
{
    const struct gone *gone = arg;
    const bool is_top = length == gone->length;
    watch_fire(gone->x, path, length,
               (struct watch_rights){
                   {node->permissions, is_top ? rights_above(gone->x, path, length) : NULL}},
               !is_top);
    return 0;
}

void fire_gone(struct xenstored *x, const struct tree_node *removed, const char *path)
{
    if (x->watches.nr == 0) {
        return;
    }
    char at[PATH_ROOM];
    struct gone gone = {.x = x, .length = (unsigned)strlen(path)};
    memcpy(at, path, gone.length + 1);
    tree_walk(removed, at, gone.length, tell_gone, &gone);
}

void fire_commit(struct xenstored *x, struct tree_node *before, const char *path, bool removed)
{
    const struct tree_node *old = tree_find(before, path);
    if (removed && old != NULL) {
        fire_gone(x, old, path);
    } else if (tree_find(x->root, path) != NULL) {
        fire_change(x, path, old != NULL ? old->permissions : NULL);
    }
}
