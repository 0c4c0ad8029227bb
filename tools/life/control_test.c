/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "abi/sched.h"
#include "life/private.h"
#include "test/tools/life_fixture.h"

static struct guest_config config;

static int setup(void **state)
{
    static const struct life_create_options options = {.no_supervisor = true, .quiet = true};
    uint32_t domid;
    fixture_setup(state);
    fixture_config(&config, "memory = 64\nmaxmem = 128\nvcpus = 2\nmaxvcpus = 4");
    return life_create(&fixture.life, &config, &options, &domid);
}

static int teardown(void **state)
{
    guest_config_fini(&config);
    if (xen_host_find(1) != NULL && life_destroy(&fixture.life, 1) != 0) {
        return 1;
    }
    return fixture_difference() == NULL ? fixture_teardown(state) : 1;
}

static void test_memory(void **state)
{
    struct fake_store *f = fixture.fake;
    assert_string_equal(fake_get(f, "/local/domain/1/memory/static-max"), "131072");
    assert_string_equal(fake_get(f, "/local/domain/1/memory/target"), "65536");
    assert_int_equal(life_set_memory(&fixture.life, 1, 100 * 1024), 0);
    assert_string_equal(fake_get(f, "/local/domain/1/memory/target"), "102400");
    assert_true(xen_host_find(1)->max_mem_kib >= 100 * 1024);
    assert_int_equal(life_set_memory(&fixture.life, 1, 129 * 1024), -EINVAL);
    assert_int_equal(life_set_memory(&fixture.life, 1, 10), -EINVAL);
    assert_int_equal(life_set_memory(&fixture.life, 9, 65536), -ESRCH);
    assert_string_equal(fake_get(f, "/local/domain/1/memory/target"), "102400");
    assert_int_equal(life_set_max_memory(&fixture.life, 1, 200 * 1024), 0);
    assert_string_equal(fake_get(f, "/local/domain/1/memory/static-max"), "204800");
    assert_true(xen_host_find(1)->max_mem_kib >= 200 * 1024);
    assert_int_equal(life_set_max_memory(&fixture.life, 1, 50 * 1024), -EINVAL);
    struct guest_config kept;
    assert_int_equal(life_config(&fixture.life, 1, &kept), 0);
    assert_int_equal(kept.maxmem_kib, 200 * 1024);
    guest_config_fini(&kept);
}

/* The hypervisor says no: neither target nor maximum change. */
static void test_memory_refused(void **state)
{
    xen_host_arm(2, ENOMEM);
    assert_int_equal(life_set_max_memory(&fixture.life, 1, 200 * 1024), -ENOMEM);
    assert_true(xen_host_disarm());
    assert_string_equal(fake_get(fixture.fake, "/local/domain/1/memory/static-max"), "131072");
}

static void test_vcpus(void **state)
{
    struct fake_store *f = fixture.fake;
    assert_string_equal(fake_get(f, "/local/domain/1/cpu/1/availability"), "online");
    assert_string_equal(fake_get(f, "/local/domain/1/cpu/2/availability"), "offline");
    assert_int_equal(life_set_vcpus(&fixture.life, 1, 3), 0);
    assert_string_equal(fake_get(f, "/local/domain/1/cpu/2/availability"), "online");
    assert_string_equal(fake_get(f, "/local/domain/1/cpu/3/availability"), "offline");
    assert_int_equal(life_set_vcpus(&fixture.life, 1, 0), -EINVAL);
    assert_int_equal(life_set_vcpus(&fixture.life, 1, 5), -EINVAL);
}

static void test_small_things(void **state)
{
    assert_int_equal(life_sysrq(&fixture.life, 1, 's'), 0);
    assert_string_equal(fake_get(fixture.fake, "/local/domain/1/control/sysrq"), "s");
    assert_int_equal(life_pause(&fixture.life, 1), 0);
    assert_int_equal(xen_host_find(1)->paused, 1);
    assert_int_equal(life_unpause(&fixture.life, 1), 0);
    assert_int_equal(xen_host_find(1)->paused, 0);
    assert_int_equal(life_pause(&fixture.life, 0), -EPERM);
    assert_int_equal(life_destroy(&fixture.life, 0), -EPERM);
    uint32_t *guests;
    size_t nr;
    assert_int_equal(life_guests(&fixture.life, &guests, &nr), 0);
    assert_int_equal(nr, 1);
    assert_int_equal(guests[0], 1);
    free(guests);
}

/* A guest's driver: takes the request and powers off. */
static void obey(struct fake_store *f, const char *path, const char *value)
{
    if (value != NULL && strcmp(path, "/local/domain/1/control/shutdown") == 0 && *value != 0) {
        *(bool *)f->hook_arg = strcmp(value, "poweroff") == 0;
        fake_set(f, path, "");
        xen_host_find(1)->is_shut_down = true;
        xen_host_find(1)->shutdown_reason = SHUTDOWN_poweroff;
        fake_set(f, "@releaseDomain", "");
    }
}

static void test_shutdown(void **state)
{
    static const uint32_t one[] = {1}, none[] = {7}, zero[] = {0};
    bool was_poweroff = false;
    fixture.fake->hook_arg = &was_poweroff;
    fixture.fake->hook = obey;
    assert_int_equal(life_shutdown(&fixture.life, none, 1, LIFE_POWEROFF, true), -ESRCH);
    assert_int_equal(life_shutdown(&fixture.life, zero, 1, LIFE_POWEROFF, true), -EPERM);
    assert_int_equal(life_shutdown(&fixture.life, one, 1, LIFE_POWEROFF, true), 0);
    assert_true(was_poweroff);
    assert_int_equal(life_shutdown(&fixture.life, NULL, 0, LIFE_POWEROFF, true), 0);
    fixture.fake->hook_arg = NULL;
    fixture.fake->hook = fake_drivers;
    assert_int_equal(life_destroy(&fixture.life, 1), 0);
    fake_write(fixture.fake, "@releaseDomain", "");
    pthread_mutex_lock(&fixture.fake->lock);
    fake_tree_remove(&fixture.fake->tree, "@releaseDomain");
    pthread_mutex_unlock(&fixture.fake->lock);
}

static void test_shutdown_interrupted(void **state)
{
    static const uint32_t one[] = {1};
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    fixture.life.cancel_fd = pair[0];
    assert_int_equal(life_shutdown(&fixture.life, one, 1, LIFE_REBOOT, false), -EINTR);
    fixture.life.cancel_fd = -1;
    close(pair[0]);
    close(pair[1]);
}

static void read_core(const char *file, unsigned char *bytes, size_t room, size_t *len)
{
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    *len = fread(bytes, 1, room, f);
    fclose(f);
}

static void test_core(void **state)
{
    static unsigned char core[129 * 1024 * 1024];
    size_t len;
    const char *file = fixture_path("core");
    assert_int_equal(life_dump_core(&fixture.life, 1, file), 0);
    assert_int_equal(xen_host_find(1)->paused, 0);
    read_core(file, core, sizeof core, &len);
    assert_memory_equal(core, "\177ELF\2\1\1", 7);
    assert_int_equal(core[16], 4);   /* ET_CORE */
    assert_int_equal(core[18], 183); /* AArch64 */
    assert_int_equal(core[60], 6);   /* sections */
    uint64_t notes, pages, nr_bytes, frames;
    memcpy(&notes, core + 64 + 2 * 64 + 24, 8);
    memcpy(&pages, core + 64 + 4 * 64 + 24, 8);
    memcpy(&nr_bytes, core + 64 + 4 * 64 + 32, 8);
    memcpy(&frames, core + 64 + 5 * 64 + 24, 8);
    assert_int_equal(pages % 4096, 0);
    assert_true(nr_bytes >= 128 * 1024 * 1024); /* maxmem: nobody has given back any */
    assert_true(frames + nr_bytes / 4096 * 8 <= len);
    uint64_t first, magic;
    memcpy(&first, core + frames, 8);
    assert_int_equal(first, 0x40000);
    memcpy(&magic, core + notes + 16 + 16, 8);
    assert_int_equal(magic, 0xf00febee);
    assert_memory_equal(core + pages + 56, "ARM\x64", 4); /* the kernel at the start of RAM */
    assert_int_equal(life_dump_core(&fixture.life, 1, "/nowhere/core"), -ENOENT);
}

/* A dump that fails leaves no file and no paused guest. */
static void test_core_fails(void **state)
{
    const char *file = fixture_path("core");
    unsigned failures = 0;
    for (unsigned k = 1;; k++) {
        xen_host_arm(k, EIO);
        int error = life_dump_core(&fixture.life, 1, file);
        bool was_reached = xen_host_disarm();
        failures += error != 0;
        assert_int_equal(access(file, F_OK) == 0, error == 0);
        xen_host_find(1)->paused = 0; /* the call that unpauses may be the one that failed */
        if (!was_reached) {
            break;
        }
    }
    assert_true(failures > 5);
}

int main(void)
{
#define LIFE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        LIFE_TEST(test_memory),   LIFE_TEST(test_memory_refused),
        LIFE_TEST(test_vcpus),    LIFE_TEST(test_small_things),
        LIFE_TEST(test_shutdown), LIFE_TEST(test_shutdown_interrupted),
        LIFE_TEST(test_core),     LIFE_TEST(test_core_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
