/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "device/private.h"
#include "life/private.h"
#include "test/tools/life_fixture.h"

#define DISK_AND_VIF \
    "disk = ['%s/disk,raw,xvda,w']\nvif = ['mac=00:16:3e:00:00:01,script=vif-test,ip=10.0.0.2']"

/* The machine's loop devices are not for tests. The node must exist and be called so. */
int disk_loop_attach(const char *file, bool writable, bool is_direct, char **node)
{
    *node = strdup("/dev/loop-control");
    fixture.nr_attached++;
    return 0;
}

int disk_loop_detach(const char *node)
{
    assert_true(fixture.nr_attached > 0);
    fixture.nr_attached--;
    return 0;
}

static const struct life_create_options quiet = {.no_supervisor = true, .quiet = true};

static void test_whole_life(void **state)
{
    struct guest_config config;
    uint32_t domid = 0;
    fixture_config(&config, DISK_AND_VIF);
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), 0);
    assert_int_equal(domid, 1);
    assert_int_equal(xen_host_find(1)->paused, 0);
    struct fake_store *f = fixture.fake;
    assert_string_equal(fake_get(f, "/local/domain/1/name"), "g1");
    assert_string_equal(fake_permissions(f, "/local/domain/1/name"), "n0 r1");
    assert_string_equal(fake_get(f, "/local/domain/1/memory/target"), "16384");
    assert_string_equal(fake_get(f, "/local/domain/1/cpu/0/availability"), "online");
    assert_string_equal(fake_permissions(f, "/local/domain/1/control/shutdown"), "n1");
    assert_string_equal(fake_permissions(f, "/local/domain/1/console/tty"), "n0 r1");
    assert_string_equal(fake_get(f, "/local/domain/1/console/type"), "xenconsoled");
    assert_string_equal(fake_permissions(f, "/local/domain/1/device/vbd/51712/state"), "n1 r0");
    assert_string_equal(fake_get(f, "/local/domain/0/backend/vbd/1/51712/mode"), "w");
    assert_non_null(fake_get(f, "/local/domain/0/backend/vbd/1/51712/physical-device"));
    assert_string_equal(fake_permissions(f, "/local/domain/0/backend/vbd/1/51712"), "n0 r1");
    assert_string_equal(fake_get(f, "/local/domain/0/backend/vif/1/0/mac"), "00:16:3e:00:00:01");
    assert_string_equal(fake_permissions(f, "/libxl/1/device/vif/0/script"), "n0");
    assert_string_equal(fake_get(f, "/libxl/1/type"), "pvh");
    assert_int_equal(fixture.nr_attached, 1);
    assert_int_equal(fixture_files("state"), 1);

    struct state kept;
    assert_int_equal(state_of(&fixture.life, 1, &kept), 0);
    assert_string_equal(kept.config.name, "g1");
    assert_int_equal(kept.config.nr_disks, 1);
    assert_int_equal(kept.config.nr_vifs, 1);
    assert_false(kept.is_supervised);
    state_fini(&kept);

    assert_int_equal(life_destroy(&fixture.life, 1), 0);
    assert_null(fixture_difference());
    char log[512] = "";
    FILE *file = fopen(fixture_path("vif-test.log"), "r");
    assert_non_null(file);
    assert_true(fread(log, 1, sizeof log - 1, file) > 0);
    fclose(file);
    assert_string_equal(log, "online type_if=vif vif1.0 backend/vif/1/0 vif\n"
                             "offline type_if=vif vif1.0 backend/vif/1/0 vif\n");
    assert_int_equal(life_destroy(&fixture.life, 1), -ESRCH);
    guest_config_fini(&config);
}

static void expect_undone(const struct guest_config *config)
{
    const char *difference = fixture_difference();
    if (difference != NULL) {
        fail_msg("%s", difference);
    }
}

/* Every request to the store fails once; what was made before it is gone afterwards. Requests of
 * the undo itself do not fail here: a store that fails for good leaves what it leaves. */
static void test_store_fails_anywhere(void **state)
{
    size_t failures = 0;
    fixture.may_leave_watch = true;
    for (size_t k = 1;; k++) {
        struct guest_config config;
        uint32_t domid;
        fixture_config(&config, DISK_AND_VIF);
        fixture.fake->fail_at = fixture.fake->nr_requests + k;
        size_t last = fixture.fake->fail_at;
        int error = life_create(&fixture.life, &config, &quiet, &domid);
        bool was_reached = fixture.fake->nr_requests >= last;
        fixture.fake->fail_at = 0;
        if (error == 0) {
            assert_int_equal(life_destroy(&fixture.life, domid), 0);
        } else {
            failures++;
        }
        expect_undone(&config);
        guest_config_fini(&config);
        if (!was_reached) {
            break;
        }
    }
    assert_true(failures > 60);
}

static void test_hypervisor_fails_anywhere(void **state)
{
    size_t failures = 0;
    for (unsigned k = 1;; k++) {
        struct guest_config config;
        uint32_t domid;
        fixture_config(&config, DISK_AND_VIF);
        xen_host_arm(k, ENOMEM);
        int error = life_create(&fixture.life, &config, &quiet, &domid);
        bool was_reached = xen_host_disarm();
        if (error == 0) {
            assert_int_equal(life_destroy(&fixture.life, domid), 0);
        } else {
            failures++;
        }
        expect_undone(&config);
        assert_int_equal(xen_host.free_pages, fixture.free_pages);
        guest_config_fini(&config);
        if (!was_reached) {
            break;
        }
    }
    assert_true(failures > 15);
}

static void test_interrupted(void **state)
{
    struct guest_config config;
    uint32_t domid;
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    fixture_config(&config, DISK_AND_VIF);
    fixture.life.cancel_fd = pair[0];
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), -EINTR);
    fixture.life.cancel_fd = -1;
    expect_undone(&config);
    close(pair[0]);
    close(pair[1]);
    guest_config_fini(&config);
}

/* The interruption comes while a backend is waited for that never will be there. */
static void interrupt(struct fake_store *f, const char *path, const char *value)
{
    int *fd = f->hook_arg;
    if (value != NULL && strcmp(path, "/local/domain/0/backend/vif/1/0/state") == 0 &&
        strcmp(value, "1") == 0) {
        assert_int_equal(write(*fd, "x", 1), 1);
    }
}

static void test_interrupted_at_devices(void **state)
{
    struct guest_config config;
    uint32_t domid;
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    fixture_config(&config, DISK_AND_VIF);
    fixture.fake->hook_arg = &pair[1];
    fixture.fake->hook = interrupt;
    fixture.life.cancel_fd = pair[0];
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), -EINTR);
    fixture.life.cancel_fd = -1;
    expect_undone(&config);
    close(pair[0]);
    close(pair[1]);
    guest_config_fini(&config);
}

static void test_script_fails(void **state)
{
    struct guest_config config;
    uint32_t domid;
    fixture_file("vif-test.fail", "", 0, 0644);
    fixture_config(&config, DISK_AND_VIF);
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), -EIO);
    expect_undone(&config);
    guest_config_fini(&config);
}

/* The daemon's words about a channel are not the guest's to change. */
static void test_channels(void **state)
{
    struct guest_config config;
    uint32_t domid;
    fixture_config(&config, "channel = ['name=one,connection=pty', 'name=org.two,connection=pty']");
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), 0);
    struct fake_store *f = fixture.fake;
    assert_string_equal(fake_get(f, "/local/domain/1/device/console/1/name"), "one");
    assert_string_equal(fake_get(f, "/local/domain/1/device/console/2/name"), "org.two");
    assert_string_equal(fake_get(f, "/local/domain/1/device/console/2/type"), "xenconsoled");
    assert_string_equal(fake_permissions(f, "/local/domain/1/device/console/2"), "n1 r0");
    assert_string_equal(fake_permissions(f, "/local/domain/1/device/console/2/state"), "n1 r0");
    assert_string_equal(fake_permissions(f, "/local/domain/1/device/console/2/tty"), "n0 r1");
    assert_string_equal(fake_get(f, "/local/domain/0/backend/console/1/2/connection"), "pty");
    assert_string_equal(fake_permissions(f, "/local/domain/1/console/tty"), "n0 r1");
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone(&config);
    guest_config_fini(&config);
}

/* All that a check finds is found before a domain exists. */
static void test_refused(void **state)
{
    static const struct {
        const char *extra;
        int error;
    } table[] = {
        {"memory = 4096", -ENOMEM},
        {"disk = ['%s/nothing,raw,xvda,w']", -ENOENT},
        {"vif = ['bridge=nothere0,script=vif-bridge']", -ENODEV},
        {"vif = ['script=vif-none']", -ENOENT},
        {"cpus = '700'", -EINVAL},
        {"pool = 'Pool-none'", -ENOENT},
        {"ramdisk = '%s/nothing'", -ENOENT},
        {"channel = ['name=one,connection=socket,path=/tmp/s']", -EOPNOTSUPP},
        {"channel = ['name=one,connection=pty,backend=g7']", -EOPNOTSUPP},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct guest_config config;
        uint32_t domid;
        fixture_config(&config, table[i].extra);
        int error = life_create(&fixture.life, &config, &quiet, &domid);
        if (error != table[i].error) {
            fail_msg("%s: %d", table[i].extra, error);
        }
        assert_int_equal(domid, 0);
        expect_undone(&config);
        guest_config_fini(&config);
    }
}

static void test_two_guests(void **state)
{
    struct guest_config one, other;
    uint32_t domid, second;
    fixture_config(&one, DISK_AND_VIF);
    assert_int_equal(life_create(&fixture.life, &one, &quiet, &domid), 0);
    fixture_config(&other, "");
    assert_int_equal(life_create(&fixture.life, &other, &quiet, &second), -EEXIST);
    guest_config_fini(&other);
    fixture_config(&other, "name = 'g2'\ndisk = ['%s/disk,raw,xvda,r']");
    assert_int_equal(life_create(&fixture.life, &other, &quiet, &second), -EBUSY);
    guest_config_fini(&other);
    fixture_config(&other, "name = 'g2'");
    assert_int_equal(life_create(&fixture.life, &other, &quiet, &second), 0);
    uint32_t found;
    assert_int_equal(life_find(&fixture.life, "g2", &found), 0);
    assert_int_equal(found, second);
    assert_int_equal(life_find(&fixture.life, "g3", &found), -ESRCH);
    assert_int_equal(life_rename(&fixture.life, second, "g1"), -EEXIST);
    assert_int_equal(life_rename(&fixture.life, second, "77"), -EINVAL);
    assert_int_equal(life_rename(&fixture.life, second, "g3"), 0);
    assert_int_equal(life_find(&fixture.life, "g3", &found), 0);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    assert_int_equal(life_destroy(&fixture.life, second), 0);
    expect_undone(&one);
    guest_config_fini(&one);
    guest_config_fini(&other);
}

/* Debian's store does not say who has a name. */
static void test_two_guests_read_by_us(void **state)
{
    fixture.fake->has_no_names = true;
    test_two_guests(state);
}

static void test_attach_and_detach(void **state)
{
    struct guest_config config;
    struct guest_disk disk;
    struct guest_vif vif;
    uint32_t domid;
    char word[160];
    fixture_config(&config, "");
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), 0);
    snprintf(word, sizeof word, "%s/disk,raw,xvdb,w", fixture.folder);
    const char *words[] = {word}, *vif_words[] = {"script=vif-test"};
    assert_int_equal(config_read_disk(words, 1, &disk), 0);
    assert_int_equal(config_read_vif(vif_words, 1, &vif), 0);
    assert_int_equal(life_attach_disk(&fixture.life, domid, &disk), 0);
    assert_int_equal(life_attach_disk(&fixture.life, domid, &disk), -EBUSY);
    assert_int_equal(life_attach_vif(&fixture.life, domid, &vif), 0);
    const char *mac = fake_get(fixture.fake, "/local/domain/1/device/vif/0/mac");
    assert_memory_equal(mac, "00:16:3e:", 9);
    struct guest_vif same;
    snprintf(word, sizeof word, "mac=%s", mac);
    const char *same_words[] = {word, "script=vif-test"};
    assert_int_equal(config_read_vif(same_words, 2, &same), 0);
    assert_int_equal(life_attach_vif(&fixture.life, domid, &same), -EEXIST);
    guest_vif_fini(&same);
    struct state kept;
    assert_int_equal(state_of(&fixture.life, domid, &kept), 0);
    assert_int_equal(kept.config.nr_disks, 1);
    assert_int_equal(kept.config.nr_vifs, 1);
    state_fini(&kept);
    assert_int_equal(life_detach(&fixture.life, domid, DEVICE_VBD, disk.number, false), 0);
    assert_int_equal(life_detach(&fixture.life, domid, DEVICE_VBD, disk.number, false), -ENOENT);
    assert_int_equal(life_detach(&fixture.life, domid, DEVICE_VIF, 0, false), 0);
    assert_int_equal(state_of(&fixture.life, domid, &kept), 0);
    assert_int_equal(kept.config.nr_disks, 0);
    assert_int_equal(kept.config.nr_vifs, 0);
    state_fini(&kept);
    assert_int_equal(fixture.nr_attached, 0);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone(&config);
    guest_disk_fini(&disk);
    guest_vif_fini(&vif);
    guest_config_fini(&config);
}

int main(void)
{
#define LIFE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        LIFE_TEST(test_whole_life),
        LIFE_TEST(test_store_fails_anywhere),
        LIFE_TEST(test_hypervisor_fails_anywhere),
        LIFE_TEST(test_interrupted),
        LIFE_TEST(test_interrupted_at_devices),
        LIFE_TEST(test_script_fails),
        LIFE_TEST(test_channels),
        LIFE_TEST(test_refused),
        LIFE_TEST(test_two_guests),
        LIFE_TEST(test_two_guests_read_by_us),
        LIFE_TEST(test_attach_and_detach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
