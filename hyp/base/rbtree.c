/* SPDX-License-Identifier: MIT */
/*
 * NULL counts as black. Names as in Cormen et al., chapter 13, with left and right folded by
 * child[]-like access through side(): each case is written once.
 */
#include "base/rbtree.h"

#include "base/panic.h"

static struct rb_node **side(struct rb_node *n, bool right)
{
    return right ? &n->right : &n->left;
}

static bool is_red(const struct rb_node *n)
{
    return n && n->red;
}

/* Puts by where old hangs. */
static void replace_child(struct rb_tree *tree, struct rb_node *old, struct rb_node *by)
{
    if (!old->parent) {
        tree->root = by;
    } else {
        *side(old->parent, old->parent->right == old) = by;
    }
    if (by) {
        by->parent = old->parent;
    }
}

/* x goes down to the given side; its child of the other side takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *x, bool to_right)
{
    struct rb_node *y = *side(x, !to_right);
    struct rb_node *between = *side(y, to_right);
    replace_child(tree, x, y);
    *side(x, !to_right) = between;
    if (between) {
        between->parent = x;
    }
    *side(y, to_right) = x;
    x->parent = y;
}

static void fix_insert(struct rb_tree *tree, struct rb_node *z)
{
    while (is_red(z->parent)) {
        struct rb_node *parent = z->parent;
        struct rb_node *grand = parent->parent;
        bool right = grand->right == parent;
        struct rb_node *uncle = *side(grand, !right);
        if (is_red(uncle)) {
            parent->red = false;
            uncle->red = false;
            grand->red = true;
            z = grand;
            continue;
        }
        if (*side(parent, !right) == z) {
            z = parent;
            rotate(tree, z, right);
            parent = z->parent;
        }
        parent->red = false;
        grand->red = true;
        rotate(tree, grand, !right);
    }
    tree->root->red = false;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node,
               bool (*less)(const struct rb_node *, const struct rb_node *))
{
    struct rb_node **at = &tree->root;
    struct rb_node *parent = NULL;
    bool leftmost = true;
    while (*at) {
        parent = *at;
        if (less(node, parent)) {
            at = &parent->left;
        } else {
            at = &parent->right;
            leftmost = false;
        }
    }
    *node = (struct rb_node){.parent = parent, .red = true, .linked = true};
    *at = node;
    if (leftmost) {
        tree->first = node;
    }
    fix_insert(tree, node);
}

/* x (may be NULL, below parent) lacks one black. */
static void fix_remove(struct rb_tree *tree, struct rb_node *x, struct rb_node *parent)
{
    while (x != tree->root && !is_red(x)) {
        bool right = parent->right == x;
        struct rb_node *sibling = *side(parent, !right);
        check(sibling); /* x's side lacks a black, so there is one on the other */
        if (sibling->red) {
            sibling->red = false;
            parent->red = true;
            rotate(tree, parent, right);
            sibling = *side(parent, !right);
        }
        struct rb_node *near = *side(sibling, right);
        struct rb_node *far = *side(sibling, !right);
        if (!is_red(near) && !is_red(far)) {
            sibling->red = true;
            x = parent;
            parent = x->parent;
            continue;
        }
        if (!is_red(far)) {
            near->red = false;
            sibling->red = true;
            rotate(tree, sibling, !right);
            far = sibling;
            sibling = near;
        }
        sibling->red = parent->red;
        parent->red = false;
        far->red = false;
        rotate(tree, parent, right);
        break;
    }
    /* The loop ends at the root, at a red node, which takes the black, or mended. */
    if (x) {
        x->red = false;
    }
}

void rb_remove(struct rb_tree *tree, struct rb_node *z)
{
    if (tree->first == z) {
        tree->first = rb_next(z);
    }
    struct rb_node *x;
    struct rb_node *x_parent;
    bool black_left = !z->red;
    if (!z->left || !z->right) {
        x = z->left ? z->left : z->right;
        x_parent = z->parent;
        replace_child(tree, z, x);
    } else {
        struct rb_node *y = z->right; /* the successor takes z's place and colour */
        while (y->left) {
            y = y->left;
        }
        black_left = !y->red;
        x = y->right;
        if (y->parent == z) {
            x_parent = y;
        } else {
            x_parent = y->parent;
            replace_child(tree, y, x);
            y->right = z->right;
            y->right->parent = y;
        }
        replace_child(tree, z, y);
        y->left = z->left;
        y->left->parent = y;
        y->red = z->red;
    }
    if (black_left && tree->root) {
        fix_remove(tree, x, x_parent);
    }
    *z = (struct rb_node){0};
}

struct rb_node *rb_next(const struct rb_node *node)
{
    if (node->right) {
        struct rb_node *n = node->right;
        while (n->left) {
            n = n->left;
        }
        return n;
    }
    while (node->parent && node->parent->right == node) {
        node = node->parent;
    }
    return node->parent;
}
