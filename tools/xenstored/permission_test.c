// SPDX-License-Identifier: MIT
#include "xenstored/permission.h"
#include "lib/failing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "n1 r2 w3", made at a generation. */
static struct permissions *list_of(const char *words, uint64_t generation)
{
    char text[64];
    struct permissions *list = permissions_create(8, generation);
    unsigned nr = 0;
    strcpy(text, words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_int_equal(permission_decode(word, &list->entry[nr++]), 0);
    }
    list->nr = nr;
    return list;
}

static unsigned rights(const char *words, uint64_t generation, struct subject subject)
{
    struct permissions *list = list_of(words, generation);
    const unsigned answer = permissions_of(list, &subject);
    permissions_put(list);
    return answer;
}

static struct subject guest(uint16_t domid, uint64_t since)
{
    return (struct subject){.domid = domid, .since = since, .target = PERMISSION_NOBODY};
}

static void words(void **state)
{
    struct permission p;
    static const char *const wrong[] = {"", "n", "x1", "n-1", "n1x", "n65536", "1", "N1", "n 1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(permission_decode(wrong[i], &p), -EINVAL);
    }
    struct permissions *list = list_of("n1 r2 w3 b65535", 1);
    char text[32];
    assert_int_equal(permissions_encode(list, text, sizeof(text)), 16);
    assert_memory_equal(text, "n1\0r2\0w3\0b65535", 16);
    assert_int_equal(permissions_encode(list, text, 4), 16);
    permissions_put(list);
}

static void who_may_what(void **state)
{
    assert_int_equal(rights("n1", 5, (struct subject){.is_privileged = true}), PERMISSION_ALL);
    assert_int_equal(rights("n1", 5, guest(1, 0)), PERMISSION_ALL);
    assert_int_equal(rights("n1", 5, guest(2, 0)), 0);
    assert_int_equal(rights("r1", 5, guest(2, 0)), PERMISSION_READ);
    assert_int_equal(rights("r1 n2", 5, guest(2, 0)), 0);
    assert_int_equal(rights("n1 w2 b2", 5, guest(2, 0)), PERMISSION_WRITE);
    assert_int_equal(rights("n1 b2", 5, guest(2, 0)), PERMISSION_READ | PERMISSION_WRITE);
    struct subject stub = guest(9, 0);
    stub.target = 1;
    assert_int_equal(rights("n1", 5, stub), PERMISSION_ALL);
    assert_int_equal(rights("n0 r1", 5, stub), PERMISSION_READ);
}

/* A domain with the number of one that has died has none of its rights. */
static void numbers_are_used_again(void **state)
{
    assert_int_equal(rights("n0 b2", 5, guest(2, 5)), PERMISSION_READ | PERMISSION_WRITE);
    assert_int_equal(rights("n0 b2", 5, guest(2, 6)), 0);
    assert_int_equal(rights("r2", 5, guest(2, 6)), PERMISSION_READ);
    struct subject stub = guest(9, 0);
    stub.target = 1;
    stub.target_since = 6;
    assert_int_equal(rights("n1", 5, stub), 0);
}

static void inherited(void **state)
{
    struct permissions *parent = list_of("n1 r2 b0", 5);
    struct subject dom0 = {.is_privileged = true};
    struct permissions *child = permissions_inherit(parent, &dom0);
    assert_ptr_equal(child, parent);
    permissions_put(child);
    struct subject second = guest(2, 3);
    child = permissions_inherit(parent, &second);
    assert_int_equal(permissions_owner(child), 2);
    assert_int_equal(child->nr, 3);
    assert_int_equal(permissions_of(child, &second), PERMISSION_ALL);
    permissions_put(child);
    /* Younger than the list: whom that named may not be who has the number now */
    struct subject young = guest(2, 8);
    child = permissions_inherit(parent, &young);
    assert_int_equal(permissions_of(child, &young), PERMISSION_ALL);
    assert_int_equal(child->nr, 2);
    assert_int_equal(child->entry[1].domid, 0);
    permissions_put(child);
    failing_arm(1);
    assert_null(permissions_inherit(parent, &second));
    assert_true(failing_disarm());
    permissions_put(parent);
    permissions_put(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(who_may_what),
        cmocka_unit_test(numbers_are_used_again),
        cmocka_unit_test(inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
