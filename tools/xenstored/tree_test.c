// SPDX-License-Identifier: MIT
#include "xenstored/tree.h"
#include "lib/failing.h"
#include "xenstored/path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tree tree;
static struct permissions *list;
static struct tree_node *root;

static int setup(void **state)
{
    tree = (struct tree){.seed = 12345};
    list = permissions_create(1, 0);
    list->entry[0] = (struct permission){0};
    root = tree_plant(&tree, list);
    return 0;
}

/* All memory comes back. */
static int teardown(void **state)
{
    tree_put(&tree, root);
    while (tree_collect(&tree, 100)) {
    }
    assert_int_equal(tree.nr_nodes, 0);
    assert_int_equal(tree.bytes, 0);
    assert_int_equal(list->refs, 1);
    permissions_put(list);
    return 0;
}

static void add(const char *path, const char *value)
{
    assert_int_equal(tree_add(&tree, &root, path, value, (uint32_t)strlen(value), list), 0);
}

static void drop(const char *path)
{
    struct tree_node *removed;
    assert_int_equal(tree_remove(&tree, &root, path, &removed), 0);
    tree_put(&tree, removed);
}

static void has(struct tree_node *from, const char *path, const char *value)
{
    const struct tree_node *node = tree_find(from, path);
    if (value == NULL) {
        assert_null(node);
        return;
    }
    assert_non_null(node);
    assert_int_equal(node->value == NULL ? 0 : node->value->bytes, strlen(value));
    if (node->value != NULL) {
        assert_memory_equal(node->value->data, value, strlen(value));
    }
}

static int append(const char *path, unsigned length, const struct tree_node *node, void *arg)
{
    assert_int_equal(length, strlen(path));
    strcat(strcat(arg, path), " ");
    return 0;
}

static void the_whole(struct tree_node *from, const char *expected)
{
    char path[PATH_ROOM] = "/";
    char text[4096] = "";
    assert_int_equal(tree_walk(from, path, 1, append, text), 0);
    assert_string_equal(text, expected);
    assert_string_equal(path, "/");
}

static void add_find_remove(void **state)
{
    add("/a", "1");
    add("/a/b", "");
    add("/a/b/c", "3");
    add("/c", "4");
    has(root, "/a/b/c", "3");
    has(root, "/a/x", NULL);
    unsigned missing;
    assert_ptr_equal(tree_find_nearest(root, "/a/x/b/c", &missing), tree_find(root, "/a"));
    assert_int_equal(missing, 3);
    assert_int_equal(tree_write(&tree, &root, "/a/b", "new", 3), 0);
    has(root, "/a/b", "new");
    assert_int_equal(tree_write(&tree, &root, "/", "r", 1), 0);
    has(root, "/", "r");
    the_whole(root, "/ /a /a/b /a/b/c /c ");
    drop("/a/b");
    the_whole(root, "/ /a /c ");
}

/* Numbers first, by value. */
static void order(void **state)
{
    static const char *const names[] = {"/z", "/10", "/b", "/9", "/1x", "/100", "/a", "/0"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        add(names[i], "");
    }
    char text[64];
    assert_int_equal(tree_names(root, 0, text, sizeof(text)), 20);
    assert_memory_equal(text,
                        "0\0"
                        "9\0"
                        "10\0"
                        "100\0"
                        "1x\0"
                        "a\0"
                        "b\0"
                        "z",
                        20);
    assert_int_equal(tree_names_bytes(root), 20);
    assert_int_equal(tree_names(root, 4, text, 8), 7); /* the next one does not fit */
    assert_memory_equal(text,
                        "10\0"
                        "100",
                        7);
    assert_int_equal(tree_names(root, 20, text, 8), 0);
    assert_int_equal(tree_names(root, 9999, text, 8), 0);
}

/* The order by its words, without keys. */
static bool is_before(const char *a, const char *b)
{
    const bool a_is_number = a[strspn(a, "0123456789")] == '\0';
    const bool b_is_number = b[strspn(b, "0123456789")] == '\0';
    if (a_is_number != b_is_number) {
        return a_is_number;
    }
    if (a_is_number && strlen(a) != strlen(b)) {
        return strlen(a) < strlen(b);
    }
    return strcmp(a, b) < 0;
}

/* Names that differ before, at and behind the end of what a key holds: each is found, all are in
 * order. */
static void order_by_keys(void **state)
{
    enum { LENGTHS = 12, VARIANTS = 6 };
    static const unsigned lengths[LENGTHS] = {1, 2, 7, 8, 9, 10, 11, 126, 127, 128, 129, 300};
    static const char bytes[VARIANTS] = {'0', '9', '-', 'A', 'z', '@'};
    char path[400] = "/";
    unsigned nr = 0;
    for (unsigned l = 0; l < LENGTHS; l++) {
        for (unsigned at = 0; at < lengths[l]; at += at == 12 ? 110 : 1) {
            for (unsigned v = 0; v < VARIANTS; v++) {
                for (unsigned fill = 0; fill < 2; fill++) {
                    memset(path + 1, fill == 0 ? '5' : 'n', lengths[l]);
                    path[1 + at] = bytes[v];
                    path[1 + lengths[l]] = '\0';
                    if (tree_find(root, path) == NULL) {
                        add(path, path);
                        nr++;
                    }
                }
            }
        }
    }
    static char names[1 << 20];
    const uint32_t used = tree_names(root, 0, names, sizeof(names));
    assert_int_equal(used, tree_names_bytes(root));
    const char *last = NULL;
    for (const char *name = names; name < names + used; name += strlen(name) + 1, nr--) {
        assert_true(last == NULL || is_before(last, name));
        memcpy(path + 1, name, strlen(name) + 1);
        has(root, path, path);
        last = name;
    }
    assert_int_equal(nr, 0);
}

/* A reference keeps the whole tree as it was, whatever happens to the other. */
static void snapshots(void **state)
{
    add("/a", "1");
    add("/a/b", "2");
    add("/c", "3");
    struct tree_node *kept = tree_get(root);
    const size_t before = tree.nr_nodes;
    assert_int_equal(tree_write(&tree, &root, "/a/b", "new", 3), 0);
    assert_int_equal(tree.nr_nodes, before + 3); /* the way to it, /c only if it lies on it */
    has(kept, "/a/b", "2");
    has(root, "/a/b", "new");
    add("/a/d", "4");
    drop("/c");
    the_whole(kept, "/ /a /a/b /c ");
    the_whole(root, "/ /a /a/b /a/d ");
    const struct tree_node *then = tree_find(kept, "/a");
    const struct tree_node *now = tree_find(root, "/a");
    assert_int_equal(then->gen_value, now->gen_value);
    assert_int_not_equal(then->gen_children, now->gen_children);
    assert_int_not_equal(then->gen_below, now->gen_below);
    tree_put(&tree, kept);
}

/* Without a reference nothing is copied. */
static void in_place(void **state)
{
    add("/a", "1");
    add("/a/b", "2");
    const struct tree_node *node = tree_find(root, "/a/b");
    assert_int_equal(tree_write(&tree, &root, "/a/b", "other", 5), 0);
    assert_ptr_equal(tree_find(root, "/a/b"), node);
    assert_int_equal(tree.nr_nodes, 3);
}

/* Thousands of siblings, added and removed at random, with a snapshot now and then. */
static void many(void **state)
{
    enum { NAMES = 500 };
    bool is_there[NAMES] = {false};
    bool was_there[NAMES];
    struct tree_node *kept = NULL;
    unsigned seed = 1;
    for (unsigned i = 0; i < 20000; i++) {
        char path[32];
        seed = seed * 1103515245 + 12345;
        const unsigned k = seed / 65536 % NAMES;
        snprintf(path, sizeof(path), "/n%u", k);
        if (i % 1000 == 0) {
            tree_put(&tree, kept);
            kept = tree_get(root);
            memcpy(was_there, is_there, sizeof(is_there));
        }
        if (is_there[k]) {
            drop(path);
        } else {
            add(path, path);
        }
        is_there[k] = !is_there[k];
    }
    uint32_t bytes = 0;
    for (unsigned k = 0; k < NAMES; k++) {
        char path[32];
        bytes += is_there[k] ? (uint32_t)snprintf(path, sizeof(path), "n%u", k) + 1 : 0;
        snprintf(path, sizeof(path), "/n%u", k);
        has(root, path, is_there[k] ? path : NULL);
        has(kept, path, was_there[k] ? path : NULL);
    }
    assert_int_equal(tree_names_bytes(root), bytes);
    tree_put(&tree, kept);
}

static int change(unsigned which)
{
    struct tree_node *removed;
    int err;
    switch (which) {
    case 0:
        return tree_add(&tree, &root, "/a/b/new", "x", 1, list);
    case 1:
        return tree_write(&tree, &root, "/a/b/c", "long", 4);
    case 2:
        return tree_set_permissions(&tree, &root, "/a/b/c", list);
    default:
        err = tree_remove(&tree, &root, "/a/b", &removed);
        if (err == 0) {
            tree_put(&tree, removed);
        }
        return err;
    }
}

/* Whichever allocation fails: nothing has changed, and the next try does it. */
static void no_memory(void **state)
{
    add("/a", "");
    for (unsigned i = 0; i < 20; i++) {
        char path[16];
        snprintf(path, sizeof(path), "/a/%u", i);
        add(path, "");
    }
    add("/a/b", "");
    add("/a/b/c", "1");
    char before[4096] = "";
    char after[4096];
    char path[PATH_ROOM] = "/";
    tree_walk(root, path, 1, append, before);
    for (unsigned which = 0; which < 4; which++) {
        struct tree_node *kept = tree_get(root);
        size_t k = 1;
        for (failing_arm(k); change(which) == -ENOMEM; failing_arm(++k)) {
            assert_true(failing_disarm());
            after[0] = '\0';
            tree_walk(root, path, 1, append, after);
            assert_string_equal(after, before);
            has(root, "/a/b/c", "1");
            tree_put(&tree, root);
            root = tree_get(kept);
        }
        assert_false(failing_disarm());
        assert_true(k > 3);
        tree_put(&tree, root);
        root = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(add_find_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(order, setup, teardown),
        cmocka_unit_test_setup_teardown(order_by_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(snapshots, setup, teardown),
        cmocka_unit_test_setup_teardown(in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(many, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
