/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>
#include "abi/sched.h"
#include "life/private.h"
#include "test/tools/life_shared.h"

static unsigned nr_supervisors;

int supervisor_start(void)
{
    nr_supervisors++;
    return 0;
}

/* Creates g1 with an on_* word and lets it end; returns its uuid in config. */
static void create_and_end(struct guest_config *config, const char *extra, unsigned reason)
{
    static const struct life_create_options options = {.quiet = true};
    uint32_t domid;
    fixture_config(config, extra);
    assert_int_equal(life_create(&fixture.life, config, &options, &domid), 0);
    assert_int_equal(domid, 1);
    assert_int_equal(nr_supervisors, 1);
    xen_host_find(1)->is_shut_down = true;
    xen_host_find(1)->shutdown_reason = reason;
}

/* What the worker says goes into the log, not into this test's output. */
static int handle(const struct guest_config *config)
{
    int saved = dup(2);
    int status = ending_handle(1, config->uuid);
    dup2(saved, 2);
    close(saved);
    return status;
}

static bool log_has(const char *words)
{
    char text[4096] = "";
    FILE *f = fopen(fixture_path("log/xl-g1.log"), "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return strstr(text, words) != NULL;
}

static void end(struct guest_config *config)
{
    for (uint32_t domid = 1; domid < 8; domid++) {
        if (xen_host_find((uint16_t)domid) != NULL) {
            assert_int_equal(life_destroy(&fixture.life, domid), 0);
        }
    }
    if (fixture_difference() != NULL) {
        fail_msg("%s", fixture_difference());
    }
    guest_config_fini(config);
    nr_supervisors = 0;
}

static void test_destroy(void **state)
{
    struct guest_config config;
    create_and_end(&config, "on_poweroff = 'destroy'", SHUTDOWN_poweroff);
    assert_int_equal(handle(&config), 0);
    assert_null(xen_host_find(1));
    assert_true(log_has("powered off: destroy"));
    end(&config);
}

/* The fake gives a number again that became free. */
static void test_restart(void **state)
{
    struct guest_config config;
    struct state again;
    create_and_end(&config, "vcpus = 2\non_reboot = 'restart'", SHUTDOWN_reboot);
    assert_int_equal(handle(&config), 0);
    assert_non_null(xen_host_find(1));
    assert_false(xen_host_find(1)->is_shut_down);
    assert_int_equal(xen_host_find(1)->paused, 0);
    assert_int_equal(xen_host_find(1)->max_vcpus, 2);
    assert_string_equal(fake_get(fixture.fake, "/local/domain/1/name"), "g1");
    assert_int_equal(state_of(&fixture.life, 1, &again), 0);
    assert_int_equal(again.nr_restarts, 1);
    assert_memory_equal(again.config.uuid, config.uuid, 16);
    assert_true(again.is_supervised);
    state_fini(&again);
    end(&config);
}

static void test_rename_restart(void **state)
{
    struct guest_config config;
    create_and_end(&config, "on_crash = 'rename-restart'\nvif = ['script=vif-test']",
                   SHUTDOWN_crash);
    assert_int_equal(handle(&config), 0);
    assert_string_equal(fake_get(fixture.fake, "/local/domain/1/name"), "g1-1");
    assert_string_equal(fake_get(fixture.fake, "/local/domain/2/name"), "g1");
    assert_memory_not_equal(xen_host_find(1)->config.handle, config.uuid, 16);
    assert_memory_equal(xen_host_find(2)->config.handle, config.uuid, 16);
    assert_null(fake_get(fixture.fake, "/libxl/1/device/vif/0"));
    assert_non_null(fake_get(fixture.fake, "/libxl/2/device/vif/0"));
    assert_true(log_has("kept as \"g1-1\""));
    end(&config);
}

static void test_preserve(void **state)
{
    struct guest_config config;
    struct state kept;
    create_and_end(&config, "on_crash = 'preserve'", SHUTDOWN_crash);
    assert_int_equal(handle(&config), 0);
    assert_non_null(xen_host_find(1));
    assert_int_equal(state_of(&fixture.life, 1, &kept), 0);
    assert_false(kept.is_supervised);
    state_fini(&kept);
    end(&config);
}

static void test_coredump(void **state)
{
    struct guest_config config;
    create_and_end(&config, "on_crash = 'coredump-restart'", SHUTDOWN_crash);
    assert_int_equal(handle(&config), 0);
    assert_false(xen_host_find(1)->is_shut_down);
    assert_int_equal(fixture_files("dump"), 1);
    assert_true(log_has("its memory is in"));
    end(&config);
}

static void test_too_fast(void **state)
{
    struct guest_config config;
    struct state kept;
    create_and_end(&config, "on_reboot = 'restart'", SHUTDOWN_reboot);
    assert_int_equal(state_of(&fixture.life, 1, &kept), 0);
    for (size_t i = 0; i < 5; i++) {
        kept.restart_s[kept.nr_restarts++] = (uint64_t)time(NULL);
    }
    assert_int_equal(state_write(&kept), 0);
    state_fini(&kept);
    assert_int_equal(handle(&config), 0);
    assert_null(xen_host_find(1));
    assert_true(log_has("not started again"));
    end(&config);
}

/* A user's `xl destroy` begins while the old domain is taken away for the restart. */
static void destroy_meanwhile(struct fake_store *f, const char *path, const char *value)
{
    if (value == NULL && strcmp(path, "/local/domain/1/name") == 0) {
        state_remove(f->hook_arg);
    }
}

static void test_destroyed_meanwhile(void **state)
{
    struct guest_config config;
    create_and_end(&config, "on_reboot = 'restart'", SHUTDOWN_reboot);
    fixture.fake->hook = destroy_meanwhile;
    fixture.fake->hook_arg = config.uuid;
    assert_int_equal(handle(&config), 0);
    fixture.fake->hook = fake_drivers;
    fixture.fake->hook_arg = NULL;
    assert_null(xen_host_find(1));
    assert_true(log_has("destroyed meanwhile"));
    end(&config);
}

/* What it needs is gone: the guest is, too, and the log says why. */
static void test_restart_fails(void **state)
{
    struct guest_config config;
    create_and_end(&config, "on_reboot = 'restart'", SHUTDOWN_reboot);
    assert_int_equal(unlink(fixture_path("kernel")), 0);
    assert_int_equal(handle(&config), 1);
    assert_null(xen_host_find(1));
    assert_true(log_has("could not be started again"));
    end(&config);
}

static void test_state_files(void **state)
{
    static const uint8_t uuid[16] = {1, 2, 3};
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{\"version\": 2}",
        "{\"version\": 1, \"domid\": 70000}",
        "{\"version\": 1, \"domid\": 1, \"begin\": 1, \"config\": 3}",
        "{\"version\": 1, \"domid\": 1, \"begin\": 1, \"config\": {}}",
    };
    struct state read;
    assert_int_equal(state_read(uuid, &read), -ENOENT);
    assert_int_equal(mkdir(fixture_path("state"), 0700), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fixture_file("state/01020300-0000-0000-0000-000000000000.json", wrong[i], strlen(wrong[i]),
                     0600);
        assert_int_equal(state_read(uuid, &read), -EINVAL);
    }
    state_remove(uuid);
    assert_int_equal(state_read(uuid, &read), -ENOENT);
}

int main(void)
{
#define LIFE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)
    const struct CMUnitTest tests[] = {
        LIFE_TEST(test_destroy),        LIFE_TEST(test_restart),
        LIFE_TEST(test_rename_restart), LIFE_TEST(test_preserve),
        LIFE_TEST(test_coredump),       LIFE_TEST(test_too_fast),
        LIFE_TEST(test_restart_fails),  LIFE_TEST(test_destroyed_meanwhile),
        LIFE_TEST(test_state_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
