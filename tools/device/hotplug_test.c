/* SPDX-License-Identifier: MIT */
/* The scripts with programs around them that only write down how they were called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char saved_path[4096];

static char *at(const char *name)
{
    static char path[4][192];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(at(name), mode);
}

/* Nodes are files whose names have "+" for "/". */
static const char reader[] =
    "#!/bin/sh\nf=$HERE/node+$(echo \"$1\" | tr / +)\n[ -e \"$f\" ] && cat \"$f\"\n";
static const char writer[] = "#!/bin/sh\nwhile [ $# -ge 2 ]; do echo \"$2\" >\"$HERE/node+$(echo "
                             "\"$1\" | tr / +)\"; shift 2; "
                             "done\n";
static const char logger[] = "#!/bin/sh\necho \"${0##*/} $*\" >>\"$HERE/calls\"\n"
                             "[ ! -e \"$HERE/fail-${0##*/}\" ] || { echo broken; exit 1; }\n";

static void node(const char *key, const char *value)
{
    char name[128];
    snprintf(name, sizeof name, "node+backend+vif+5+0+%s", key);
    put(name, value, 0644);
}

static int setup(void **state)
{
    strcpy(folder, "/tmp/kanso-hotplug-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(saved_path, sizeof saved_path, "%s", getenv("PATH"));
    char path[8192];
    snprintf(path, sizeof path, "%s:%s", folder, saved_path);
    setenv("PATH", path, 1);
    setenv("HERE", folder, 1);
    setenv("KANSO_BLOCK_LOCK", at("block.lock"), 1);
    setenv("XENBUS_PATH", "backend/vif/5/0", 1);
    setenv("XENBUS_BASE_PATH", "backend", 1);
    setenv("vif", "vif5.0", 1);
    put("xenstore-read", reader, 0755);
    put("xenstore-write", writer, 0755);
    put("ip", logger, 0755);
    put("ovs-vsctl", logger, 0755);
    put("nft", logger, 0755);
    put("calls", "", 0644);
    node("frontend-id", "5");
    node("mac", "00:16:3e:00:00:01");
    put("node++local+domain+5+vm", "/vm/u", 0644);
    put("node++vm+u+name", "g1", 0644);
    put("node++vm+u+uuid", "u", 0644);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    setenv("PATH", saved_path, 1);
    return system(command);
}

static int run(const char *script, const char *verb)
{
    char command[256];
    snprintf(command, sizeof command, "tools/hotplug/%s %s type_if=vif 2>/dev/null", script, verb);
    int status = system(command);
    return WEXITSTATUS(status);
}

static const char *text_of(const char *name)
{
    static char text[4096];
    FILE *f = fopen(at(name), "r");
    size_t n = f == NULL ? 0 : fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    if (f != NULL) {
        fclose(f);
    }
    return text;
}

static bool was_called(const char *words)
{
    return strstr(text_of("calls"), words) != NULL;
}

static void expect_error(const char *words)
{
    const char *said = text_of("node+backend+vif+5+0+hotplug-error");
    if (strstr(said, words) == NULL) {
        fail_msg("wanted \"%s\", said \"%s\"", words, said);
    }
    assert_string_equal(text_of("node+backend+vif+5+0+hotplug-status"), "error\n");
}

static void test_bridge_errors(void **state)
{
    assert_int_equal(run("vif-bridge", "online"), 1);
    expect_error("no bridge= is given");
    node("bridge", "nothere0");
    assert_int_equal(run("vif-bridge", "online"), 1);
    expect_error("there is no bridge nothere0");
    node("bridge", "lo");
    assert_int_equal(run("vif-bridge", "online"), 1);
    expect_error("lo is no bridge");
    assert_int_equal(run("vif-bridge", "sideways"), 1);
    expect_error("unknown verb sideways");
    assert_int_equal(run("vif-bridge", "offline"), 0); /* it has gone already: that is fine */
    assert_int_equal(run("vif-bridge", "add"), 0);
    unsetenv("XENBUS_PATH");
    assert_int_not_equal(run("vif-bridge", "online"), 0);
}

static void test_switch(void **state)
{
    static const struct {
        const char *bridge, *call;
    } table[] = {
        {"ovs0", "add-port ovs0 vif5.0 -- set"},
        {"ovs0.7", "add-port ovs0 vif5.0 tag=7 -- set"},
        {"ovs0:1:22:333", "add-port ovs0 vif5.0 trunks=1,22,333 -- set"},
        {"ovs0.7:8:9", "add-port ovs0 vif5.0 tag=7 trunks=8,9 -- set"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        put("calls", "", 0644);
        node("bridge", table[i].bridge);
        assert_int_equal(run("vif-openvswitch", "online"), 0);
        assert_true(was_called(table[i].call));
        assert_true(was_called("--if-exists del-port vif5.0 -- add-port"));
        assert_true(was_called("external-ids:xen-vm-name=\"g1\""));
        assert_true(was_called("external-ids:xen-vm-uuid=\"u\""));
        assert_true(was_called("external-ids:attached-mac=\"00:16:3e:00:00:01\""));
        assert_string_equal(text_of("node+backend+vif+5+0+hotplug-status"), "connected\n");
    }
    put("calls", "", 0644);
    assert_int_equal(run("vif-openvswitch", "offline"), 0);
    assert_true(was_called("--if-exists del-port vif5.0"));
}

static void test_switch_errors(void **state)
{
    static const char *const wrong[] = {"ovs0.x",     "ovs0.", "ovs0.4096", "ovs0:5:x",
                                        "ovs0:99999", ".5",    ":5"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("calls", "", 0644);
        node("bridge", wrong[i]);
        assert_int_equal(run("vif-openvswitch", "online"), 1);
        expect_error(wrong[i]);
        assert_false(was_called("add-port"));
    }
    node("bridge", "ovs0");
    put("fail-ovs-vsctl", "", 0644);
    assert_int_equal(run("vif-openvswitch", "online"), 1);
    expect_error("Open vSwitch has no bridge ovs0");
}

static void test_route(void **state)
{
    assert_int_equal(run("vif-route", "online"), 1);
    expect_error("no ip= is given");
    node("ip", "10.0.0.2/24 fd00::2,10.0.0.3");
    put("calls", "", 0644);
    assert_int_equal(run("vif-route", "offline"), 0);
    assert_true(was_called("ip -4 route del 10.0.0.2 dev vif5.0"));
    assert_true(was_called("ip -6 route del fd00::2 dev vif5.0"));
    assert_true(was_called("ip -4 route del 10.0.0.3 dev vif5.0"));
    node("gatewaydev", "eth9");
    put("calls", "", 0644);
    assert_int_equal(run("vif-route", "offline"), 0);
    assert_true(was_called("ip neigh del proxy 10.0.0.2 dev eth9"));
    assert_false(was_called("proxy fd00::2"));
    put("fail-ip", "", 0644);
    assert_int_equal(run("vif-route", "online"), 1);
    expect_error("failed: broken");
}

/* There is no such interface here, so it stops at proxy_arp; its addresses were made up before. */
static void test_nat(void **state)
{
    node("handle", "0");
    assert_int_equal(run("vif-nat", "online"), 1);
    expect_error("proxy_arp");
    assert_true(was_called("ip addr replace 10.0.5.128 dev vif5.0"));
    assert_true(was_called("ip route replace 10.0.5.1 dev vif5.0 src 10.0.5.128"));
    node("ip", "192.168.9.20");
    put("calls", "", 0644);
    assert_int_equal(run("vif-nat", "online"), 1);
    assert_true(was_called("ip route replace 192.168.9.20 dev vif5.0 src 192.168.9.147"));
    assert_int_equal(run("vif-nat", "offline"), 0);
    assert_true(was_called("nft delete table ip kanso-vif5.0"));
}

static void test_block(void **state)
{
    put("xenstore-list", "#!/bin/sh\n", 0755);
    node("params", "/nowhere/disk");
    assert_int_equal(run("block", "add"), 1);
    expect_error("/nowhere/disk");
    node("params", "/dev/null");
    assert_int_equal(run("block", "add"), 1);
    expect_error("neither a block device nor a file");
    put("losetup",
        "#!/bin/sh\necho \"losetup $*\" >>\"$HERE/calls\"\n[ \"$1\" != -f ] || echo /dev/zero\n",
        0755);
    put("disk", "x", 0644);
    node("params", at("disk"));
    node("mode", "r");
    assert_int_equal(run("block", "add"), 0);
    assert_true(was_called("losetup -r /dev/zero"));
    assert_string_equal(text_of("node+backend+vif+5+0+node"), "/dev/zero\n");
    assert_string_equal(text_of("node+backend+vif+5+0+physical-device"), "1:5\n");
    assert_int_equal(run("block", "remove"), 0);
    assert_true(was_called("losetup -d /dev/zero"));
}

/* Another guest has the file: under another name, or behind a loop device that only sysfs knows. */
static void test_block_sharing(void **state)
{
    char link_name[192];
    put("xenstore-list", "#!/bin/sh\ncase $1 in */vbd) echo 7 ;; */7) echo 51712 ;; esac\n", 0755);
    put("losetup", "#!/bin/sh\n[ \"$1\" != -f ] || echo /dev/zero\n", 0755);
    put("disk", "x", 0644);
    snprintf(link_name, sizeof link_name, "%s", at("hard-link"));
    assert_int_equal(link(at("disk"), link_name), 0);
    node("params", at("disk"));
    node("mode", "w");
    put("node+backend+vbd+7+51712+params", link_name, 0644);
    put("node+backend+vbd+7+51712+mode", "w", 0644);
    assert_int_equal(run("block", "add"), 1);
    expect_error("is in use by domain 7; a disk has one writer or only readers");
    node("mode", "w!");
    assert_int_equal(run("block", "add"), 0);
    unlink(at("node+backend+vif+5+0+physical-device"));
    node("mode", "r");
    assert_int_equal(run("block", "add"), 1);
    put("node+backend+vbd+7+51712+mode", "r", 0644);
    assert_int_equal(run("block", "add"), 0);
}

int main(void)
{
#define HOTPLUG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        HOTPLUG_TEST(test_bridge_errors), HOTPLUG_TEST(test_switch),
        HOTPLUG_TEST(test_switch_errors), HOTPLUG_TEST(test_route),
        HOTPLUG_TEST(test_nat),           HOTPLUG_TEST(test_block),
        HOTPLUG_TEST(test_block_sharing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
