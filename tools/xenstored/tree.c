// SPDX-License-Identifier: MIT
#include "xenstored/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t next_priority(struct tree *tree)
{
    tree->seed ^= tree->seed << 13;
    tree->seed ^= tree->seed >> 7;
    tree->seed ^= tree->seed << 17;
    return (uint32_t)(tree->seed >> 32);
}

static struct tree_value *value_create(const void *data, uint32_t bytes)
{
    struct tree_value *value = malloc(sizeof(*value) + bytes);
    if (value != NULL) {
        value->refs = 1;
        value->bytes = bytes;
        memcpy(value->data, data, bytes);
    }
    return value;
}

static void value_put(struct tree_value *value)
{
    if (value != NULL && --value->refs == 0) {
        free(value);
    }
}

static struct tree_node *node_create(struct tree *tree, const struct path_name *name,
                                     struct tree_value *value, struct permissions *permissions)
{
    struct tree_node *node = malloc(sizeof(*node) + name->length + 1);
    if (node == NULL) {
        return NULL;
    }
    *node = (struct tree_node){.refs = 1,
                               .priority = next_priority(tree),
                               .value = value,
                               .permissions = permissions_get(permissions),
                               .names_bytes = name->length + 1,
                               .name_length = (uint16_t)name->length,
                               .key = name->key};
    memcpy(node->name, name->text, name->length);
    node->name[name->length] = '\0';
    tree->nr_nodes++;
    tree->bytes += tree_bytes_of(node);
    return node;
}

struct tree_node *tree_plant(struct tree *tree, struct permissions *permissions)
{
    const struct path_name name = path_name_read("");
    struct tree_node *root = node_create(tree, &name, NULL, permissions);
    if (root != NULL) {
        const uint64_t gen = ++tree->generation;
        root->gen_value = root->gen_permissions = root->gen_children = root->gen_below = gen;
    }
    return root;
}

struct tree_node *tree_get(struct tree_node *node)
{
    node->refs++;
    return node;
}

void tree_put(struct tree *tree, struct tree_node *node)
{
    if (node == NULL || --node->refs > 0) {
        return;
    }
    /* left becomes the link of the list, so what it referred to hangs itself on first; that goes at
     * most once a level of the treap */
    while (node != NULL) {
        struct tree_node *left = node->left;
        node->left = tree->garbage;
        tree->garbage = node;
        node = left != NULL && --left->refs == 0 ? left : NULL;
    }
}

bool tree_collect(struct tree *tree, unsigned nr)
{
    for (; nr > 0 && tree->garbage != NULL; nr--) {
        struct tree_node *node = tree->garbage;
        tree->garbage = node->left;
        tree_put(tree, node->right);
        tree_put(tree, node->children);
        tree->nr_nodes--;
        tree->bytes -= tree_bytes_of(node);
        value_put(node->value);
        permissions_put(node->permissions);
        free(node);
    }
    return tree->garbage != NULL;
}

/* Names with one key. */
static int compare_long(const struct path_name *name, const struct tree_node *node)
{
    const int longer = (int)name->length - (int)node->name_length;
    if ((name->key & PATH_KEY_IS_NAME) == 0 && longer != 0) {
        return longer;
    }
    const int order = memcmp(name->text, node->name, longer < 0 ? name->length : node->name_length);
    return order != 0 ? order : longer;
}

static inline int compare(const struct path_name *name, const struct tree_node *node)
{
    if (name->key != node->key) {
        return name->key < node->key ? -1 : 1;
    }
    return compare_long(name, node);
}

struct tree_node *tree_find_child(const struct tree_node *parent, const struct path_name *name)
{
    struct tree_node *node = parent->children;
    while (node != NULL) {
        const int order = compare(name, node);
        if (order == 0) {
            return node;
        }
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

struct tree_node *tree_find_nearest(struct tree_node *root, const char *path, unsigned *missing)
{
    struct path_name name;
    struct tree_node *node = root;
    unsigned left = 0;
    while (path_next(&path, &name)) {
        struct tree_node *child = left > 0 ? NULL : tree_find_child(node, &name);
        if (child == NULL) {
            left++;
        } else {
            node = child;
        }
    }
    if (missing != NULL) {
        *missing = left;
    }
    return node;
}

struct tree_node *tree_find(struct tree_node *root, const char *path)
{
    unsigned missing;
    struct tree_node *node = tree_find_nearest(root, path, &missing);
    return missing == 0 ? node : NULL;
}

/* Makes the node that slot refers to one that only slot refers to. The slot's owner is such
 * already. NULL: no memory. */
static struct tree_node *own(struct tree *tree, struct tree_node **slot)
{
    struct tree_node *old = *slot;
    if (old->refs == 1) {
        return old;
    }
    const size_t bytes = sizeof(*old) + old->name_length + 1;
    struct tree_node *copy = malloc(bytes);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, old, bytes);
    copy->refs = 1;
    struct tree_node *const shared[] = {copy->left, copy->right, copy->children};
    for (unsigned i = 0; i < 3; i++) {
        if (shared[i] != NULL) {
            shared[i]->refs++;
        }
    }
    if (copy->value != NULL) {
        copy->value->refs++;
    }
    copy->permissions->refs++;
    tree->nr_nodes++;
    tree->bytes += tree_bytes_of(copy);
    old->refs--;
    *slot = copy;
    return copy;
}

/* The way to a name among siblings, all of it owned. *found is the slot of the name, or the empty
 * one where it would be a leaf. */
static int own_sibling(struct tree *tree, struct tree_node **slot, const struct path_name *name,
                       struct tree_node ***found)
{
    while (*slot != NULL) {
        struct tree_node *node = own(tree, slot);
        if (node == NULL) {
            return -ENOMEM;
        }
        const int order = compare(name, node);
        if (order == 0) {
            break;
        }
        slot = order < 0 ? &node->left : &node->right;
    }
    *found = slot;
    return 0;
}

/* Owns the nodes from the root down to the one at the first length bytes of path, which exists. */
static struct tree_node *own_path(struct tree *tree, struct tree_node **root, const char *path,
                                  unsigned length)
{
    const char *const end = path + length;
    struct path_name name;
    struct tree_node *node = own(tree, root);
    while (node != NULL && path + 1 < end && path_next(&path, &name)) {
        struct tree_node **slot;
        if (own_sibling(tree, &node->children, &name, &slot) < 0) {
            return NULL;
        }
        node = *slot;
    }
    return node;
}

/* The change of this generation is here: all above know. Everything on the way is owned. */
static void mark_path(struct tree_node *root, const char *path, unsigned length, uint64_t gen)
{
    const char *const end = path + length;
    struct path_name name;
    struct tree_node *node = root;
    node->gen_below = gen;
    while (path + 1 < end && path_next(&path, &name)) {
        node = tree_find_child(node, &name);
        node->gen_below = gen;
    }
}

int tree_write(struct tree *tree, struct tree_node **root, const char *path, const void *data,
               uint32_t bytes)
{
    struct tree_value *value = NULL;
    if (bytes > 0) {
        value = value_create(data, bytes);
        if (value == NULL) {
            return -ENOMEM;
        }
    }
    const unsigned length = (unsigned)strlen(path);
    struct tree_node *node = own_path(tree, root, path, length);
    if (node == NULL) {
        value_put(value);
        return -ENOMEM;
    }
    tree->bytes -= tree_bytes_of(node);
    value_put(node->value);
    node->value = value;
    tree->bytes += tree_bytes_of(node);
    node->gen_value = ++tree->generation;
    mark_path(*root, path, length, tree->generation);
    return 0;
}

int tree_set_permissions(struct tree *tree, struct tree_node **root, const char *path,
                         struct permissions *permissions)
{
    const unsigned length = (unsigned)strlen(path);
    struct tree_node *node = own_path(tree, root, path, length);
    if (node == NULL) {
        return -ENOMEM;
    }
    permissions_get(permissions);
    permissions_put(node->permissions);
    node->permissions = permissions;
    node->gen_permissions = ++tree->generation;
    mark_path(*root, path, length, tree->generation);
    return 0;
}

static void pull(struct tree_node *node)
{
    node->names_bytes = node->name_length + 1U + (node->left ? node->left->names_bytes : 0) +
                        (node->right ? node->right->names_bytes : 0);
}

/* What is before the name goes to *left, the rest to *right. The way is owned; as deep as a treap.
 */
static void split(struct tree_node *node, const struct path_name *name, struct tree_node **left,
                  struct tree_node **right)
{
    if (node == NULL) {
        *left = *right = NULL;
    } else if (compare(name, node) < 0) {
        *right = node;
        split(node->left, name, left, &node->left);
        pull(node);
    } else {
        *left = node;
        split(node->right, name, &node->right, right);
        pull(node);
    }
}

/* Both sides' inner edges are owned. */
static struct tree_node *merge(struct tree_node *left, struct tree_node *right)
{
    if (left == NULL || right == NULL) {
        return left != NULL ? left : right;
    }
    if (left->priority > right->priority) {
        left->right = merge(left->right, right);
        pull(left);
        return left;
    }
    right->left = merge(left, right->left);
    pull(right);
    return right;
}

int tree_add(struct tree *tree, struct tree_node **root, const char *path, const void *data,
             uint32_t bytes, struct permissions *permissions)
{
    const unsigned above = path_parent(path, (unsigned)strlen(path));
    const struct path_name name = path_name_read(path + (above > 1 ? above + 1 : 1));
    struct tree_node *parent = own_path(tree, root, path, above);
    struct tree_node **slot;
    if (parent == NULL || own_sibling(tree, &parent->children, &name, &slot) < 0) {
        return -ENOMEM;
    }
    struct tree_value *value = bytes > 0 ? value_create(data, bytes) : NULL;
    if (bytes > 0 && value == NULL) {
        return -ENOMEM;
    }
    struct tree_node *node = node_create(tree, &name, value, permissions);
    if (node == NULL) {
        value_put(value);
        return -ENOMEM;
    }
    const uint64_t gen = ++tree->generation;
    node->gen_value = node->gen_permissions = node->gen_children = node->gen_below = gen;
    slot = &parent->children;
    while (*slot != NULL && (*slot)->priority >= node->priority) {
        (*slot)->names_bytes += name.length + 1;
        slot = compare(&name, *slot) < 0 ? &(*slot)->left : &(*slot)->right;
    }
    split(*slot, &name, &node->left, &node->right);
    pull(node);
    *slot = node;
    parent->gen_children = gen;
    mark_path(*root, path, above, gen);
    return 0;
}

/* Owns the edges of a node's left and right that a merge of the two changes. */
static int own_edges(struct tree *tree, struct tree_node *node)
{
    for (struct tree_node **slot = &node->left; *slot != NULL; slot = &(*slot)->right) {
        if (own(tree, slot) == NULL) {
            return -ENOMEM;
        }
    }
    for (struct tree_node **slot = &node->right; *slot != NULL; slot = &(*slot)->left) {
        if (own(tree, slot) == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

int tree_remove(struct tree *tree, struct tree_node **root, const char *path,
                struct tree_node **removed)
{
    const unsigned above = path_parent(path, (unsigned)strlen(path));
    const struct path_name name = path_name_read(path + (above > 1 ? above + 1 : 1));
    struct tree_node *parent = own_path(tree, root, path, above);
    struct tree_node **slot;
    if (parent == NULL || own_sibling(tree, &parent->children, &name, &slot) < 0 ||
        (*slot != NULL && own_edges(tree, *slot) < 0)) {
        return -ENOMEM;
    }
    struct tree_node *node = *slot;
    if (node == NULL) {
        return -ENOENT;
    }
    for (struct tree_node *on = parent->children; on != node;) {
        on->names_bytes -= name.length + 1;
        on = compare(&name, on) < 0 ? on->left : on->right;
    }
    *slot = merge(node->left, node->right);
    node->left = node->right = NULL;
    *removed = node;
    parent->gen_children = ++tree->generation;
    mark_path(*root, path, above, tree->generation);
    return 0;
}

/* One node's siblings, each with what is below it. */
static int walk_children(const struct tree_node *node, char *path, unsigned length,
                         tree_visit *visit, void *arg)
{
    for (; node != NULL; node = node->right) {
        int result = walk_children(node->left, path, length, visit, arg);
        if (result == 0 && length + node->name_length + 2 <= PATH_ROOM) {
            const unsigned slash = length > 1 ? length : 0;
            path[slash] = '/';
            memcpy(path + slash + 1, node->name, node->name_length + 1U);
            result = tree_walk(node, path, slash + 1 + node->name_length, visit, arg);
            path[length] = '\0';
        }
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

int tree_walk(const struct tree_node *node, char *path, unsigned length, tree_visit *visit,
              void *arg)
{
    const int result = visit(path, length, node, arg);
    return result != 0 ? result : walk_children(node->children, path, length, visit, arg);
}

/* Names of a part of the siblings, in order; false when the next one does not fit. */
static bool collect_names(const struct tree_node *node, uint32_t *skip, char *out, uint32_t room,
                          uint32_t *used)
{
    while (node != NULL) {
        if (*skip >= node->names_bytes) {
            *skip -= node->names_bytes;
            return true;
        }
        if (!collect_names(node->left, skip, out, room, used)) {
            return false;
        }
        const uint32_t bytes = node->name_length + 1U;
        if (*skip >= bytes) {
            *skip -= bytes;
        } else if (bytes - *skip > room - *used) {
            return false;
        } else {
            memcpy(out + *used, node->name + *skip, bytes - *skip);
            *used += bytes - *skip;
            *skip = 0;
        }
        node = node->right;
    }
    return true;
}

uint32_t tree_names(const struct tree_node *node, uint32_t offset, char *out, uint32_t room)
{
    uint32_t used = 0;
    collect_names(node->children, &offset, out, room, &used);
    return used;
}
