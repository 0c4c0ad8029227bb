// SPDX-License-Identifier: MIT
/* xl list -l: the structure of Debian's xl 4.17, its key names, and numbers as they are now. */
#include <json-c/json.h>

#include "xl/machine_test.h"

static struct json_object *parsed(void)
{
    struct json_object *root = json_tokener_parse(machine_out);
    assert_non_null(root);
    return root;
}

/* The value at a path of keys, "config/b_info/max_memkb". */
static const char *at(struct json_object *o, const char *path)
{
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", path);
    char *rest = copy;
    for (char *key = strsep(&rest, "/"); key != NULL; key = strsep(&rest, "/")) {
        if (!json_object_object_get_ex(o, key, &o)) {
            return "(none)";
        }
    }
    return json_object_get_string(o);
}

static void control(void **state)
{
    machine.node[0] = (struct machine_node){"/local/domain/0/memory/target", "786431"};
    machine.node[1] = (struct machine_node){"/local/domain/0/memory/static-max", "786432"};
    machine.nr_nodes = 2;
    assert_int_equal(machine_run("list", "-l", "0", NULL), XL_OK);
    assert_string_equal(machine_out, "[\n"
                                     "    {\n"
                                     "        \"domid\": 0,\n"
                                     "        \"config\": {\n"
                                     "            \"c_info\": {\n"
                                     "                \"type\": \"pvh\",\n"
                                     "                \"name\": \"Domain-0\"\n"
                                     "            },\n"
                                     "            \"b_info\": {\n"
                                     "                \"max_memkb\": 786432,\n"
                                     "                \"target_memkb\": 786431,\n"
                                     "                \"sched_params\": {\n"
                                     "                    \"sched\": \"credit2\",\n"
                                     "                    \"weight\": 256,\n"
                                     "                    \"cap\": 0\n"
                                     "                },\n"
                                     "                \"type.pvh\": {\n"
                                     "\n"
                                     "                },\n"
                                     "                \"arch_arm\": {\n"
                                     "\n"
                                     "                }\n"
                                     "            }\n"
                                     "        }\n"
                                     "    }\n"
                                     "]\n\n");
}

static void guests(void **state)
{
    machine.node[0] = (struct machine_node){"/local/domain/1/memory/target", "4096"};
    machine.nr_nodes = 1;
    machine.domain[1].weight = 300;
    assert_int_equal(machine_run("list", "-l", NULL), XL_OK);
    struct json_object *root = parsed();
    assert_int_equal(json_object_array_length(root), 3);
    struct json_object *one = json_object_array_get_idx(root, 1);
    assert_string_equal(at(one, "domid"), "1");
    assert_string_equal(at(one, "config/c_info/name"), "one");
    assert_string_equal(at(one, "config/c_info/uuid"), "12345678-1234-1234-1234-123456789abc");
    assert_string_equal(at(one, "config/b_info/target_memkb"), "4096");
    assert_string_equal(at(one, "config/b_info/max_memkb"), "9216");
    assert_string_equal(at(one, "config/b_info/sched_params/weight"), "300");
    assert_string_equal(at(json_object_array_get_idx(root, 2), "config/c_info/name"), "two");
    json_object_put(root);
}

/* Whatever a guest is called, it is JSON. */
static void names(void **state)
{
    machine.domain[1].name = "a\"b\\\n\xff";
    assert_int_equal(machine_run("list", "-l", "1", NULL), XL_OK);
    struct json_object *root = parsed();
    assert_string_equal(at(json_object_array_get_idx(root, 0), "config/c_info/name"),
                        "a\"b\\\n\xef\xbf\xbd");
    json_object_put(root);
    machine.domain[1].name = NULL;
    assert_int_equal(machine_run("list", "-l", "1", NULL), XL_OK);
    root = parsed();
    assert_string_equal(at(json_object_array_get_idx(root, 0), "config/c_info/name"), "(none)");
    json_object_put(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(control, machine_start),
        cmocka_unit_test_setup(guests, machine_start),
        cmocka_unit_test_setup(names, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
