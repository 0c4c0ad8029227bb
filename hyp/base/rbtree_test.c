/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "base/rbtree.h"

struct item {
    struct rb_node node;
    int key;
    u32 serial;
};

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return container_of(a, struct item, node)->key < container_of(b, struct item, node)->key;
}

static const struct item *item_of(const struct rb_node *n)
{
    return container_of(n, struct item, node);
}

/* Cormen's five properties and the links; returns the black height. */
static u32 verify(const struct rb_node *n, u32 *nr)
{
    if (!n) {
        return 1;
    }
    (*nr)++;
    assert_true(n->linked);
    for (u32 i = 0; i < 2; i++) {
        const struct rb_node *child = i ? n->right : n->left;
        if (child) {
            assert_ptr_equal(child->parent, n);
            assert_false(n->red && child->red);
        }
    }
    u32 left = verify(n->left, nr), right = verify(n->right, nr);
    assert_int_equal(left, right);
    return left + !n->red;
}

static void verify_tree(const struct rb_tree *t, u32 expected)
{
    u32 nr = 0;
    if (t->root) {
        assert_null(t->root->parent);
        assert_false(t->root->red);
    }
    verify(t->root, &nr);
    assert_int_equal(nr, expected);
    const struct rb_node *n = t->root;
    while (n && n->left) {
        n = n->left;
    }
    assert_ptr_equal(t->first, n);
    /* In order, equal keys in the order of insertion. */
    u32 walked = 0;
    for (n = t->first; n; walked++) {
        const struct rb_node *next = rb_next(n);
        if (next) {
            assert_true(item_of(n)->key <= item_of(next)->key);
            if (item_of(n)->key == item_of(next)->key) {
                assert_true(item_of(n)->serial < item_of(next)->serial);
            }
        }
        n = next;
    }
    assert_int_equal(walked, expected);
}

static void test_empty(void **state)
{
    struct rb_tree t = {0};
    verify_tree(&t, 0);
    struct item i = {.key = 1};
    rb_insert(&t, &i.node, less);
    verify_tree(&t, 1);
    rb_remove(&t, &i.node);
    verify_tree(&t, 0);
    assert_null(t.root);
    assert_false(i.node.linked);
}

static void test_ascending_and_descending(void **state)
{
    for (int direction = -1; direction <= 1; direction += 2) {
        struct rb_tree t = {0};
        struct item items[64];
        for (u32 i = 0; i < 64; i++) {
            items[i] = (struct item){.key = direction * (int)i, .serial = i};
            rb_insert(&t, &items[i].node, less);
            verify_tree(&t, i + 1);
        }
        for (u32 i = 0; i < 64; i++) {
            rb_remove(&t, t.first);
            verify_tree(&t, 63 - i);
        }
    }
}

static void test_random_inserts_and_removes_keep_every_property(void **state)
{
    enum { N = 200 };
    static struct item items[N];
    struct rb_tree t = {0};
    u32 nr = 0, serial = 0, seed = 12345;
    for (u32 step = 0; step < 20000; step++) {
        seed = seed * 1103515245u + 12345u;
        struct item *i = &items[(seed >> 16) % N];
        if (i->node.linked) {
            rb_remove(&t, &i->node);
            assert_false(i->node.linked);
            nr--;
        } else {
            i->key = (int)((seed >> 8) % 50);
            i->serial = serial++;
            rb_insert(&t, &i->node, less);
            nr++;
        }
        verify_tree(&t, nr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_ascending_and_descending),
        cmocka_unit_test(test_random_inserts_and_removes_keep_every_property),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
