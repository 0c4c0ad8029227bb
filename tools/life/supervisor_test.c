/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "abi/sched.h"
#include "life/private.h"
#include "test/tools/life_shared.h"

/* What the worker does is tested elsewhere; here, that it is started for the right guest. */
int ending_handle(uint32_t domid, const uint8_t uuid[16])
{
    char name[32];
    snprintf(name, sizeof name, "ended-%u", domid);
    fixture_file(name, "", 0, 0644);
    return 0;
}

/* One look of a supervisor in a process of its own; the signal that ends it waits for it from the
 * start. It shares the connection, so it takes its watch back. */
static int look_once(void)
{
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t pid = fork();
    if (pid == 0) {
        int status = life_supervise(true);
        while (waitpid(-1, NULL, 0) > 0) {
        }
        (void)store_unwatch(fixture.life.store, "end", "@releaseDomain");
        _exit(status);
    }
    kill(pid, SIGTERM);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint32_t create(const char *extra, bool no_supervisor, struct guest_config *config)
{
    struct life_create_options options = {.quiet = true, .no_supervisor = no_supervisor};
    uint32_t domid;
    fixture_config(config, extra);
    assert_int_equal(life_create(&fixture.life, config, &options, &domid), 0);
    return domid;
}

static bool was_handled(uint32_t domid)
{
    char name[32];
    snprintf(name, sizeof name, "ended-%u", domid);
    return access(fixture_path(name), F_OK) == 0;
}

static void end(uint32_t domid, unsigned reason)
{
    xen_host_find((uint16_t)domid)->is_shut_down = true;
    xen_host_find((uint16_t)domid)->shutdown_reason = reason;
}

static void test_one_look(void **state)
{
    struct guest_config config[4];
    struct state stale = {.domid = 99};
    int lock = life_lock("supervisor", false); /* so that create starts none */
    uint32_t runs = create("name = 'runs'", false, &config[0]);
    uint32_t ended = create("name = 'ended'", false, &config[1]);
    uint32_t left_alone = create("name = 'alone'", true, &config[2]);
    uint32_t suspended = create("name = 'suspended'", false, &config[3]);
    assert_int_equal(state_copy_config(&config[0], &stale.config), 0);
    stale.config.uuid[0] ^= 1;
    assert_int_equal(state_write(&stale), 0);
    assert_int_equal(fixture_files("state"), 5);
    end(ended, SHUTDOWN_crash);
    end(left_alone, SHUTDOWN_crash);
    end(suspended, SHUTDOWN_suspend);

    assert_int_equal(look_once(), 0); /* another one has the lock: this one goes at once */
    assert_false(was_handled(ended));
    assert_int_equal(fixture_files("state"), 5);
    life_unlock("supervisor", lock);

    assert_int_equal(look_once(), 0);
    assert_true(was_handled(ended));
    assert_false(was_handled(runs));
    assert_false(was_handled(left_alone));
    assert_false(was_handled(suspended));
    assert_int_equal(fixture_files("state"), 4);
    assert_false(state_exists(stale.config.uuid));

    /* one that was killed is replaced by one that knows as much */
    assert_int_equal(unlink(fixture_path("ended-2")), 0);
    assert_int_equal(look_once(), 0);
    assert_true(was_handled(ended));
    state_fini(&stale);
    for (size_t i = 0; i < 4; i++) {
        guest_config_fini(&config[i]);
    }
    for (uint32_t domid = 1; domid <= 4; domid++) {
        assert_int_equal(life_destroy(&fixture.life, domid), 0);
    }
}

/* A destroy was killed after the domain went: the next supervisor does the rest. */
static void test_sweep(void **state)
{
    struct guest_config config;
    uint32_t domid = create("vif = ['script=vif-test']", true, &config);
    fake_write(fixture.fake, "/local/domain/77/name", "long gone");
    assert_int_equal(hv_destroy_domain(fixture.life.hv, (uint16_t)domid), 0);
    assert_int_equal(look_once(), 0);
    if (fixture_difference() != NULL) {
        fail_msg("%s", fixture_difference());
    }
    guest_config_fini(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_look, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, fixture_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
