/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "device/private.h"
#include "test/tools/fake_store.h"

static struct fake_store *fake;
static struct store *store;
static char folder[64];

static int setup(void **state)
{
    strcpy(folder, "/tmp/kanso-script-XXXXXX");
    assert_non_null(mkdtemp(folder));
    fake = fake_start();
    return store_open_fd(fake->client_fd, &store);
}

static int teardown(void **state)
{
    char command[128];
    store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return fake_stop(fake) == 0 && system(command) == 0 ? 0 : 1;
}

/* A device whose script is that text. */
static struct device device_of(uint32_t id, const char *text)
{
    struct device d = {.class = DEVICE_VIF, .domid = 5, .id = id};
    assert_true(asprintf(&d.script, "%s/script%u", folder, id) > 0);
    assert_true(asprintf(&d.label, "network interface %u", id) > 0);
    FILE *f = fopen(d.script, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", text);
    fclose(f);
    chmod(d.script, 0755);
    return d;
}

static int run_one(struct device d, bool is_removal, int cancel_fd)
{
    struct script_run run = {.device = &d, .is_removal = is_removal};
    int error = script_run_all(store, &run, 1, cancel_fd);
    device_fini(&d);
    return error;
}

static void test_environment(void **state)
{
    char text[512], out[512] = "";
    snprintf(text, sizeof text,
             "echo \"$# $1 $2 $script $XENBUS_TYPE $XENBUS_PATH $XENBUS_BASE_PATH $vif <$netdev>\" "
             ">%s/out",
             folder);
    assert_int_equal(run_one(device_of(3, text), false, -1), 0);
    snprintf(text, sizeof text, "%s/out", folder);
    FILE *f = fopen(text, "r");
    assert_non_null(f);
    assert_non_null(fgets(out, sizeof out, f));
    fclose(f);
    snprintf(text, sizeof text,
             "2 online type_if=vif %s/script3 vif backend/vif/5/3 backend vif5.3 <>\n", folder);
    assert_string_equal(out, text);
}

static void test_verdicts(void **state)
{
    assert_int_equal(run_one(device_of(0, "exit 0"), false, -1), 0);
    assert_int_equal(run_one(device_of(0, "echo no; exit 1"), false, -1), -EIO);
    assert_int_equal(run_one(device_of(0, "kill -9 $$"), false, -1), -EIO);
    fake_write(fake, "/local/domain/0/backend/vif/5/0/hotplug-error", "the bridge is gone");
    assert_int_equal(run_one(device_of(0, "exit 0"), false, -1), -EIO);
    /* an old error of the addition says nothing about the removal */
    assert_int_equal(run_one(device_of(0, "exit 0"), true, -1), 0);
    struct device none = device_of(1, "");
    unlink(none.script);
    assert_int_equal(run_one(none, false, -1), -ENOENT);
}

/* More than is kept, and a child that holds the pipe for ever: neither blocks us. */
static void test_noise(void **state)
{
    assert_int_equal(
        run_one(device_of(0, "i=0; while [ $i -lt 3000 ]; do echo 0123456789 0123456789; "
                             "i=$((i + 1)); done; exit 0"),
                false, -1),
        0);
    char text[256];
    snprintf(text, sizeof text, "mkfifo %s/fifo; (read -r x <>%s/fifo) & echo $! >%s/pid; exit 0",
             folder, folder, folder);
    assert_int_equal(run_one(device_of(1, text), false, -1), 0);
    snprintf(text, sizeof text, "kill $(cat %s/pid)", folder);
    assert_int_equal(system(text), 0);
}

/* Each waits for the other: one after the other they would never end. */
static void test_side_by_side(void **state)
{
    char text[256];
    snprintf(text, sizeof text, "mkfifo %s/a 2>/dev/null; echo x >%s/a", folder, folder);
    struct device one = device_of(0, text);
    snprintf(text, sizeof text, "mkfifo %s/a 2>/dev/null; read -r y <%s/a", folder, folder);
    struct device other = device_of(1, text);
    struct script_run run[] = {{.device = &one}, {.device = &other}};
    assert_int_equal(script_run_all(store, run, 2, -1), 0);
    device_fini(&one);
    device_fini(&other);
    assert_int_equal(script_run_all(store, NULL, 0, -1), 0);
}

/* A script that ends soon after the interruption has done its work; that we were interrupted counts
 * all the same. */
static void test_cancelled(void **state)
{
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(run_one(device_of(0, "exit 0"), false, pair[0]), -EINTR);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
#define SCRIPT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRIPT_TEST(test_environment),  SCRIPT_TEST(test_verdicts),  SCRIPT_TEST(test_noise),
        SCRIPT_TEST(test_side_by_side), SCRIPT_TEST(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
