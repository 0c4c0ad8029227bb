/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/xen.h"
#include "life/private.h"
#include "test/tools/life_shared.h"

/* What the worker does is tested elsewhere; here, that it is started for the right guest. */
static bool preserves;

int ending_handle(uint32_t domid, const uint8_t uuid[16])
{
    char name[32];
    struct state state;
    if (preserves && state_read(uuid, &state) == 0) {
        state.is_supervised = false;
        assert_int_equal(state_write(&state), 0);
        state_fini(&state);
    }
    snprintf(name, sizeof name, "ended-%u", domid);
    fixture_file(name, "", 0, 0644);
    return 0;
}

static void take_watches_back(void)
{
    (void)store_unwatch(fixture.life.store, "end", "@releaseDomain");
    (void)store_unwatch(fixture.life.store, "begin", "@introduceDomain");
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
        take_watches_back();
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

/* ---- one that stays: a thread, for it sees what happens to the domains. Meanwhile the store's
 * connection is its own; what a test does to domains it does by hand. */

static void *supervise(void *arg)
{
    *(int *)arg = life_supervise(true);
    return NULL;
}

struct running {
    pthread_t thread;
    struct hv *hv; /* the test's */
    int status;
};

static bool comes_true(bool (*is_so)(const void *), const void *arg)
{
    for (unsigned i = 0; i < 2000 && !is_so(arg); i++) {
        usleep(10000);
    }
    return is_so(arg);
}

static bool is_handled(const void *domid)
{
    return was_handled(*(const uint32_t *)domid);
}

static bool has_no_state(const void *uuid)
{
    return !state_exists(uuid);
}

static unsigned nr_lists(void)
{
    return xen_host_count(__HYPERVISOR_sysctl, XEN_SYSCTL_getdomaininfolist);
}

static bool has_listed(const void *before)
{
    return nr_lists() > *(const unsigned *)before;
}

static void start(struct running *r)
{
    unsigned lists = nr_lists() + 1;
    assert_int_equal(hv_open(&r->hv), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, supervise, &r->status), 0);
    assert_true(comes_true(has_listed, &lists)); /* at the start, and at its watch's first event */
}

static void stop(struct running *r)
{
    kill(getpid(), SIGTERM);
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    assert_int_equal(r->status, 0);
    hv_close(r->hv);
    take_watches_back();
}

static void replace(struct hv *hv, uint16_t domid, uint8_t first_of_uuid)
{
    struct xen_domctl_createdomain plain = {.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                            .max_vcpus = 1,
                                            .max_grant_frames = -1,
                                            .max_maptrack_frames = -1,
                                            .grant_opts = 1,
                                            .handle = {first_of_uuid}};
    assert_int_equal(hv_destroy_domain(hv, domid), 0);
    assert_int_equal(hv_create_domain(hv, &plain, &domid), 0);
}

static void make_guests(struct guest_config *config, uint32_t *domid, size_t nr)
{
    int lock = life_lock("supervisor", false);
    for (size_t i = 0; i < nr; i++) {
        char name[32];
        snprintf(name, sizeof name, "name = 'g%zu'", i);
        domid[i] = create(name, false, &config[i]);
    }
    life_unlock("supervisor", lock);
}

/* With the number in the event nobody else is looked at, nor any list read. */
static void test_who_ended(void **state)
{
    struct guest_config config[5];
    uint32_t domid[5];
    struct running r;
    make_guests(config, domid, 5);
    preserves = true;
    start(&r);
    end(domid[1], SHUTDOWN_crash);
    fake_special(fixture.fake, "@releaseDomain/2");
    assert_true(comes_true(is_handled, &domid[1]));
    const unsigned lists = nr_lists();

    end(domid[0], SHUTDOWN_crash);
    end(domid[2], SHUTDOWN_crash); /* its event comes later */
    fake_special(fixture.fake, "@introduceDomain/4");
    fake_special(fixture.fake, "@releaseDomain/1");
    assert_true(comes_true(is_handled, &domid[0]));
    assert_false(was_handled(domid[2]));
    /* Another tool destroyed it, once before we look and once with another guest in its place. */
    assert_int_equal(hv_destroy_domain(r.hv, (uint16_t)domid[1]), 0);
    fake_special(fixture.fake, "@releaseDomain/2");
    assert_true(comes_true(has_no_state, config[1].uuid));
    replace(r.hv, (uint16_t)domid[3], 0x77);
    fake_special(fixture.fake, "@introduceDomain/4");
    assert_true(comes_true(has_no_state, config[3].uuid));
    /* Dead, and waiting for somebody who maps its pages. */
    xen_host_find((uint16_t)domid[4])->is_dead = true;
    fake_special(fixture.fake, "@releaseDomain/5");
    assert_true(comes_true(has_no_state, config[4].uuid));
    assert_int_equal(nr_lists(), lists);
    assert_true(state_exists(config[0].uuid));

    /* Too many to be named: all are looked at. */
    fake_special(fixture.fake, "@introduceDomain");
    assert_true(comes_true(is_handled, &domid[2]));
    assert_int_not_equal(nr_lists(), lists);
    stop(&r);
    preserves = false;
    for (size_t i = 0; i < 5; i++) {
        guest_config_fini(&config[i]);
    }
}

/* A file of the guest's that came again is not taken for its predecessor's. */
static void test_who_came_again(void **state)
{
    struct guest_config config[2];
    struct state now;
    uint32_t domid[2];
    struct running r;
    make_guests(config, domid, 2);
    preserves = true;
    start(&r);
    end(domid[1], SHUTDOWN_crash);
    fake_special(fixture.fake, "@releaseDomain/2");
    assert_true(comes_true(is_handled, &domid[1]));
    assert_int_equal(state_read(config[0].uuid, &now), 0);
    now.domid = 77;
    assert_int_equal(state_write(&now), 0);
    assert_int_equal(hv_destroy_domain(r.hv, (uint16_t)domid[0]), 0);
    fake_special(fixture.fake, "@releaseDomain/1");
    assert_int_equal(hv_destroy_domain(r.hv, (uint16_t)domid[1]), 0);
    fake_special(fixture.fake, "@releaseDomain/2");
    assert_true(comes_true(has_no_state, config[1].uuid));
    assert_true(state_exists(config[0].uuid));
    stop(&r);
    preserves = false;
    state_fini(&now);
    guest_config_fini(&config[0]);
    guest_config_fini(&config[1]);
}

/* Debian's store: each end is a look at all, no coming is. */
static void test_a_store_that_does_not_say(void **state)
{
    struct guest_config config[2];
    uint32_t domid[2];
    struct running r;
    make_guests(config, domid, 2);
    preserves = true;
    fixture.fake->has_no_depth = true;
    start(&r);
    for (size_t i = 0; i < 2; i++) {
        end(domid[i], SHUTDOWN_crash);
        fake_special(fixture.fake, "@introduceDomain");
        fake_special(fixture.fake, "@releaseDomain");
        assert_true(comes_true(is_handled, &domid[i]));
    }
    unsigned before = nr_lists();
    assert_int_equal(hv_destroy_domain(r.hv, (uint16_t)domid[0]), 0);
    fake_special(fixture.fake, "@releaseDomain");
    assert_true(comes_true(has_listed, &before));
    assert_true(comes_true(has_no_state, config[0].uuid));
    assert_true(state_exists(config[1].uuid));
    stop(&r);
    preserves = false;
    guest_config_fini(&config[0]);
    guest_config_fini(&config[1]);
}

int main(void)
{
    /* For who waits for them by a descriptor: no thread takes them. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_look, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_ended, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_came_again, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_store_that_does_not_say, fixture_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
