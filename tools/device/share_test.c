/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "device/private.h"
#include "test/tools/fake_store.h"

#define VIF_BACK "/local/domain/0/backend/vif/5/0"

static struct fake_store *fake;
static struct store *store;
static char folder[64], path[3][96];

static int setup(void **state)
{
    strcpy(folder, "/tmp/kanso-share-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 3; i++) {
        snprintf(path[i], sizeof path[i], "%s/disk%zu", folder, i);
    }
    FILE *f = fopen(path[0], "w");
    assert_non_null(f);
    fclose(f);
    f = fopen(path[1], "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(symlink(path[0], path[2]), 0);
    fake = fake_start();
    return store_open_fd(fake->client_fd, &store);
}

static int teardown(void **state)
{
    char command[128];
    identity_sysfs = "/sys/dev/block";
    device_drivers = "/sys/bus/xen-backend/drivers";
    store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return fake_stop(fake) == 0 && system(command) == 0 ? 0 : 1;
}

static int check(const char *target, bool writable, uint32_t domid)
{
    char vdev[] = "xvda";
    struct guest_disk disk = {
        .target = (char *)target, .vdev = vdev, .number = 51712, .writable = writable};
    return device_check_disk(store, &disk, domid);
}

static void other_guest(const char *params, const char *mode)
{
    fake_write(fake, "/local/domain/7/name", "other");
    fake_write(fake, "/local/domain/0/backend/vbd/7/51712/params", params);
    fake_write(fake, "/local/domain/0/backend/vbd/7/51712/mode", mode);
    fake_write(fake, "/local/domain/0/backend/vbd/7/51712/dev", "xvda");
}

static void test_files(void **state)
{
    assert_int_equal(check(path[0], true, STORE_NOBODY), 0);
    other_guest(path[0], "w");
    assert_int_equal(check(path[0], true, STORE_NOBODY), -EBUSY);
    assert_int_equal(check(path[0], false, STORE_NOBODY), -EBUSY);
    assert_int_equal(check(path[2], false, STORE_NOBODY), -EBUSY); /* the same by another name */
    assert_int_equal(check(path[1], true, STORE_NOBODY), 0);
    assert_int_equal(check(path[0], true, 7), 0); /* its own */
    other_guest(path[0], "r");
    assert_int_equal(check(path[0], false, STORE_NOBODY), 0);
    assert_int_equal(check(path[0], true, STORE_NOBODY), -EBUSY);
    other_guest("/nowhere", "w");
    assert_int_equal(check(path[0], true, STORE_NOBODY), 0);
}

/* The same bytes under other names, as sysfs tells it. */
static void sys_put(const char *name, const char *text)
{
    char whole[256], command[512];
    snprintf(whole, sizeof whole, "%s/sys/%s", folder, name);
    snprintf(command, sizeof command, "mkdir -p $(dirname %s)", whole);
    assert_int_equal(system(command), 0);
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fprintf(f, "%s\n", text);
    fclose(f);
}

static char sys_root[96];

/* A volume (253:0) over two partitions of two disks, loop0 with path[0] behind it, its partition */
static void make_sysfs(void)
{
    char command[512];
    sys_put("vda/dev", "254:0");
    sys_put("vda/vda1/partition", "1");
    sys_put("vda/vda2/partition", "2");
    sys_put("vdb/dev", "254:16");
    sys_put("vdb/vdb1/partition", "1");
    sys_put("253:0/slaves/vda1/dev", "254:1");
    sys_put("253:0/slaves/vdb1/dev", "254:17");
    sys_put("253:1/slaves/vda1/dev", "254:1");
    sys_put("loop0/dev", "7:0");
    sys_put("loop0/loop/backing_file", path[0]);
    sys_put("loop0/loop0p1/partition", "1");
    sys_put("9:0/slaves/me/dev", "9:0"); /* no kernel makes such a one: it ends all the same */
    snprintf(command, sizeof command,
             "cd %s/sys && ln -s vda 254:0 && ln -s vda/vda1 254:1 && ln -s vda/vda2 254:2 && "
             "ln -s vdb 254:16 && ln -s vdb/vdb1 254:17 && ln -s loop0 7:0 && "
             "ln -s loop0/loop0p1 259:0",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(sys_root, sizeof sys_root, "%s/sys", folder);
    identity_sysfs = sys_root;
}

static void test_overlaps(void **state)
{
    static const struct {
        unsigned high_a, low_a, high_b, low_b;
        bool wanted;
    } table[] = {
        {254, 1, 254, 1, true},   {254, 0, 254, 1, true},   {254, 1, 254, 2, false},
        {254, 1, 254, 17, false}, {253, 0, 254, 1, true},   {253, 0, 254, 17, true},
        {253, 0, 254, 16, true},  {253, 0, 254, 2, false},  {253, 0, 253, 1, false},
        {7, 0, 259, 0, true},     {7, 0, 254, 0, false},    {9, 0, 254, 0, false},
        {253, 9, 253, 9, true},   {253, 9, 253, 10, false},
    };
    make_sysfs();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct identity a = identity_of_device(makedev(table[i].high_a, table[i].low_a));
        struct identity b = identity_of_device(makedev(table[i].high_b, table[i].low_b));
        assert_int_equal(identity_overlaps(&a, &b), table[i].wanted);
        assert_int_equal(identity_overlaps(&b, &a), table[i].wanted);
    }
    struct identity file, partition = identity_of_device(makedev(259, 0));
    assert_int_equal(identity_of_path(path[2], &file), 0);
    assert_true(identity_overlaps(&file, &partition));
    assert_int_equal(identity_of_path(path[1], &file), 0);
    assert_false(identity_overlaps(&file, &partition));
}

static void test_other_names(void **state)
{
    char hard[128];
    make_sysfs();
    snprintf(hard, sizeof hard, "%s/hard", folder);
    assert_int_equal(link(path[0], hard), 0);
    other_guest("/moved/away", "w");
    assert_int_equal(check(hard, true, STORE_NOBODY), 0);
    fake_write(fake, "/local/domain/0/backend/vbd/7/51712/physical-device", "7:0");
    assert_int_equal(check(hard, true, STORE_NOBODY), -EBUSY);
    assert_int_equal(check(path[1], true, STORE_NOBODY), 0);
    fake_write(fake, "/local/domain/0/backend/vbd/7/51712/physical-device", "103:0"); /* 259:0 */
    assert_int_equal(check(hard, false, STORE_NOBODY), -EBUSY);
}

/* Who says "w!" knows what he does; a script's target is looked at if it is a file. */
static void test_shared(void **state)
{
    char vdev[] = "xvda";
    char script[] = "/bin/true";
    struct guest_disk disk = {
        .target = path[0], .vdev = vdev, .number = 51712, .writable = true, .script = script};
    other_guest(path[0], "w");
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), -EBUSY);
    disk.shared = true;
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), 0);
    disk.script = NULL;
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), 0);
    struct device d;
    assert_int_equal(device_from_disk(store, 5, &disk, &d), 0);
    assert_string_equal(device_value(&d.back, "mode"), "w!");
    device_fini(&d);
    disk.shared = false;
    disk.script = script;
    char target[] = "iqn.2026-11.net.example:disk";
    disk.target = target;
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), 0);
}

/* Something that is mounted here lies on it: any device that is mounted now stands for its loop. */
static void test_mounted(void **state)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    char line[4096], name[64];
    unsigned high = 0, low = 0;
    assert_non_null(mounts);
    while (high == 0 && fgets(line, sizeof line, mounts) != NULL) {
        assert_int_equal(sscanf(line, "%*u %*u %u:%u", &high, &low), 2);
    }
    fclose(mounts);
    if (high == 0) {
        skip(); /* nothing but file systems without a device */
    }
    make_sysfs();
    assert_int_equal(check(path[0], true, STORE_NOBODY), 0);
    snprintf(name, sizeof name, "%u:%u/loop/backing_file", high, low);
    sys_put(name, path[0]);
    assert_int_equal(check(path[0], true, STORE_NOBODY), -EBUSY);
    assert_int_equal(check(path[1], true, STORE_NOBODY), 0);
}

static void test_wrong_targets(void **state)
{
    assert_int_equal(check("/nowhere", true, STORE_NOBODY), -ENOENT);
    assert_int_equal(check(folder, true, STORE_NOBODY), -ENOTBLK);
    assert_int_equal(check("/dev/null", true, STORE_NOBODY), -ENOTBLK);
    assert_int_equal(check(NULL, true, STORE_NOBODY), -EOPNOTSUPP);
    struct guest_disk disk = {.target = path[0], .vdev = path[0], .format = DISK_QCOW2};
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), -EOPNOTSUPP);
    disk.format = DISK_RAW;
    disk.backend = DISK_QDISK;
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), -EOPNOTSUPP);
    disk.backend = DISK_PHY;
    char script[] = "block-nothing";
    disk.script = script;
    assert_int_equal(device_check_disk(store, &disk, STORE_NOBODY), -ENOENT);
}

/* What is written of a disk, key by key as blkback and Debian's tools read it. */
static void test_nodes(void **state)
{
    struct device d;
    char vdev[] = "xvdb";
    struct guest_disk disk = {.target = path[2], .vdev = vdev, .number = 51728};
    assert_int_equal(device_from_disk(store, 5, &disk, &d), 0);
    assert_true(d.is_built_in);
    assert_string_equal(device_value(&d.back, "params"), path[2]);
    assert_string_equal(device_value(&d.back, "mode"), "r");
    assert_string_equal(device_value(&d.back, "dev"), "xvdb");
    assert_null(device_value(&d.back, "physical-device")); /* its loop device comes later */
    assert_string_equal(device_value(&d.front, "backend"), "/local/domain/0/backend/vbd/5/51728");
    assert_string_equal(device_value(&d.front, "virtual-device"), "51728");
    struct store_txn t;
    store_txn_init(&t);
    device_txn_add(&t, &d);
    assert_int_equal(store_txn_commit(store, &t), 0);
    store_txn_fini(&t);
    device_fini(&d);

    struct device *list;
    size_t nr;
    assert_int_equal(device_list(store, 5, &list, &nr), 0);
    assert_int_equal(nr, 1);
    assert_string_equal(list[0].label, "disk xvdb");
    assert_true(list[0].is_built_in);
    assert_int_equal(list[0].id, 51728);
    device_list_free(list, nr);
    assert_int_equal(device_find(store, 5, DEVICE_VBD, 51712, &d), -ENOENT);
    assert_int_equal(device_list(store, 6, &list, &nr), 0);
    assert_int_equal(nr, 0);

    /* its guest has gone without a destroy */
    assert_int_equal(device_sweep(store, STORE_NOBODY), 0);
    assert_non_null(fake_get(fake, "/local/domain/0/backend/vbd/5/51728/mode"));
    assert_int_equal(store_remove(store, "/local/domain/5"), 0);
    assert_int_equal(device_sweep(store, STORE_NOBODY), 0);
    assert_null(fake_get(fake, "/local/domain/0/backend/vbd/5/51728/mode"));
}

/* A backend whose driver refuses: its own words come out, and the nodes can be taken away. */
static void refuse(struct fake_store *f, const char *path, const char *value)
{
    if (value != NULL && strcmp(path, VIF_BACK "/state") == 0 && strcmp(value, "1") == 0) {
        fake_set(f, "/local/domain/0/error/backend/vif/5/0/error", "22 no such thing");
        fake_set(f, path, "5");
    } else if (value == NULL && strcmp(path, "/local/domain/5/device/vif/0/state") == 0) {
        fake_set(f, VIF_BACK "/state", "6");
    }
}

static void test_backend_refuses(void **state)
{
    struct device d;
    struct store_txn t;
    char script[] = "/bin/true";
    struct guest_vif vif = {.script = script, .has_mac = true};
    fake->hook = refuse;
    assert_int_equal(device_from_vif(store, 5, &vif, 0, &d), 0);
    store_txn_init(&t);
    device_txn_add(&t, &d);
    assert_int_equal(store_txn_commit(store, &t), 0);
    store_txn_fini(&t);
    assert_int_equal(device_plug(store, &d, 1, -1), -EIO);
    assert_int_equal(device_unplug(store, &d, 1, true, -1), 0);
    assert_null(fake_get(fake, VIF_BACK "/mac"));
    assert_null(fake_get(fake, "/local/domain/5/device/vif/0/mac"));
    assert_null(fake_get(fake, "/libxl/5/device/vif/0/mac"));
    device_fini(&d);
}

/* A driver in the middle of its look at a new device: when it is waited for, or else when
 * everything has gone, it writes what it has to say. */
static atomic_bool is_unplugged;

static bool is_awaited(void)
{
    pthread_mutex_lock(&fake->lock);
    bool found = false;
    for (size_t i = 0; i < FAKE_MAX_WATCHES; i++) {
        found = found || (fake->watch[i].path != NULL &&
                          strcmp(fake->watch[i].path, VIF_BACK "/state") == 0);
    }
    pthread_mutex_unlock(&fake->lock);
    return found;
}

static void *look(void *arg)
{
    while (!is_awaited() && !is_unplugged) {
        sched_yield();
    }
    fake_write(fake, VIF_BACK "/feature-ctrl-ring", "1");
    fake_write(fake, VIF_BACK "/state", "2");
    return NULL;
}

static void test_driver_is_let_begin(void **state)
{
    struct device d;
    struct store_txn t;
    pthread_t driver;
    char script[] = "/bin/true";
    char name[128];
    struct guest_vif vif = {.script = script, .has_mac = true};
    snprintf(name, sizeof name, "%s/vif", folder);
    assert_int_equal(mkdir(name, 0755), 0);
    device_drivers = folder;
    fake->hook = fake_drivers;
    fake->hook_arg = "vif"; /* comes when we say, not at once */
    assert_int_equal(device_from_vif(store, 5, &vif, 0, &d), 0);
    store_txn_init(&t);
    device_txn_add(&t, &d);
    assert_int_equal(store_txn_commit(store, &t), 0);
    store_txn_fini(&t);
    is_unplugged = false;
    assert_int_equal(pthread_create(&driver, NULL, look, NULL), 0);
    assert_int_equal(device_unplug(store, &d, 1, true, -1), 0);
    is_unplugged = true;
    pthread_join(driver, NULL);
    assert_null(fake_get(fake, VIF_BACK "/feature-ctrl-ring"));
    assert_null(fake_get(fake, VIF_BACK "/mac"));
    device_fini(&d);
}

static void test_backend_domains(void **state)
{
    uint32_t domid;
    fake_write(fake, "/local/domain/9/name", "storage");
    assert_int_equal(device_backend_domain(store, NULL, &domid), 0);
    assert_int_equal(domid, 0);
    assert_int_equal(device_backend_domain(store, "storage", &domid), 0);
    assert_int_equal(domid, 9);
    assert_int_equal(device_backend_domain(store, "12", &domid), 0);
    assert_int_equal(domid, 12);
    assert_int_equal(device_backend_domain(store, "none", &domid), -ESRCH);
}

int main(void)
{
#define SHARE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SHARE_TEST(test_files),
        SHARE_TEST(test_wrong_targets),
        SHARE_TEST(test_nodes),
        SHARE_TEST(test_backend_refuses),
        SHARE_TEST(test_driver_is_let_begin),
        SHARE_TEST(test_backend_domains),
        SHARE_TEST(test_overlaps),
        SHARE_TEST(test_other_names),
        SHARE_TEST(test_shared),
        SHARE_TEST(test_mounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
