// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same devices. */
#include "xl/machine_test.h"

#include "device/device.h"

static struct device_node disk_back[] = {{"params", "/tmp/d.img"}};
static struct device_node vif_back[] = {{"mac", "00:16:3e:00:00:01"}};
static struct device_node disk_front[] = {{"event-channel", "7"}, {"ring-ref0", "8"}};
static struct device_node vif_front[] = {
    {"tx-ring-ref", "768"}, {"rx-ring-ref", "769"}, {"event-channel-tx", "5"}};
static bool connected;

int device_list(struct store *s, uint32_t domid, struct device **out, size_t *nr)
{
    *nr = domid == 1 ? 2 : 0;
    *out = calloc(3, sizeof(**out));
    (*out)[0] =
        (struct device){.class = DEVICE_VBD, .domid = 1, .id = 51712, .back = {disk_back, 1, 0}};
    (*out)[1] = (struct device){.class = DEVICE_VIF, .domid = 1, .id = 0, .back = {vif_back, 1, 0}};
    if (connected) {
        (*out)[0].front = (struct device_nodes){disk_front, 2, 0};
        (*out)[1].front = (struct device_nodes){vif_front, 3, 0};
    }
    return 0;
}

void device_list_free(struct device *d, size_t nr)
{
    free(d);
}

int device_find(struct store *s, uint32_t domid, enum device_class class, uint32_t id,
                struct device *out)
{
    *out = (struct device){0};
    return domid == 1 && id == (class == DEVICE_VBD ? 51712u : 0u) ? 0 : -ENOENT;
}

void device_fini(struct device *d)
{
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

enum device_state device_state(struct store *s, const struct device *d, bool of_backend)
{
    return connected ? DEVICE_CONNECTED : DEVICE_INITIALISING;
}

static void lists(void **state)
{
    connected = false;
    assert_int_equal(machine_run("block-list", "one", NULL), XL_OK);
    assert_string_equal(
        machine_out,
        "Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
        "51712 0   1      1     -1     -1       /local/domain/0/backend/vbd/1/51712\n");
    assert_int_equal(machine_run("network-list", "one", NULL), XL_OK);
    assert_string_equal(
        machine_out,
        "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                   "
        "    \n"
        "0   0  00:16:3e:00:00:01     0     1     -1    -1/-1          "
        "/local/domain/0/backend/vif/1/0\n");
    assert_int_equal(machine_run("channel-list", "one", NULL), XL_OK);
    assert_string_equal(machine_out,
                        "Idx BE state evt-ch ring-ref connection                               \n");
    connected = true;
    assert_int_equal(machine_run("block-list", "one", "two", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "51712 0   1      4     7      8        /local"));
    assert_int_equal(machine_run("network-list", "one", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "    0     4      5   768/769         /local"));
    assert_int_equal(machine_run("block-list", "one", "nobody", NULL), XL_FAILURE);
    assert_string_equal(machine_out, "");
    assert_int_equal(machine_run("block-list", NULL), XL_USAGE);
}

static void attach(void **state)
{
    assert_int_equal(machine_run("block-attach", "one", "phy:/dev/sda,xvdb,w", NULL), XL_OK);
    assert_string_equal(machine_done(), "disk 1 xvdb=/dev/sda; ");
    assert_int_equal(machine_run("block-attach", "1", "vdev=xvdb", "access=rw", "target=/x", NULL),
                     XL_OK);
    assert_string_equal(machine_done(), "disk 1 xvdb=/x; ");
    assert_int_equal(machine_run("block-attach", "nobody", "phy:/dev/sda,xvdb,w", NULL),
                     XL_FAILURE);
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("network-attach", "two", "bridge=br0", NULL), XL_OK);
    assert_string_equal(machine_done(), "vif 2 br0; ");
    assert_int_equal(machine_run("network-attach", "two", NULL), XL_OK);
    assert_string_equal(machine_done(), "vif 2 -; ");
    assert_int_equal(machine_run("network-attach", "two", "brigde=br0", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("-N", "block-attach", "one", "phy:/dev/sda,xvdb,w", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "\"pdev_path\": \"/dev/sda\""));
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("-N", "network-attach", "one", "bridge=br0", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "\"bridge\": \"br0\""));
}

static void detach(void **state)
{
    connected = true;
    assert_int_equal(machine_run("block-detach", "one", "xvda", NULL), XL_OK);
    assert_string_equal(machine_done(), "detach 1 0 51712; ");
    assert_int_equal(machine_run("block-detach", "--force", "one", "51712", NULL), XL_OK);
    assert_string_equal(machine_done(), "detach 1 0 51712 forced; ");
    assert_int_equal(machine_run("block-detach", "one", "xvdz", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: domain 'one' has no disk 'xvdz'\n");
    assert_int_equal(machine_run("network-detach", "one", "0", NULL), XL_OK);
    assert_string_equal(machine_done(), "detach 1 1 0; ");
    assert_int_equal(machine_run("network-detach", "one", "00:16:3E:00:00:01", NULL), XL_OK);
    assert_string_equal(machine_done(), "detach 1 1 0; ");
    assert_int_equal(machine_run("network-detach", "one", "00:16:3e:00:00:09", NULL), XL_FAILURE);
    assert_int_equal(machine_run("network-detach", "one", "9", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: domain 'one' has no network interface '9'\n");
    assert_string_equal(machine_done(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists, machine_start),
        cmocka_unit_test_setup(attach, machine_start),
        cmocka_unit_test_setup(detach, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
