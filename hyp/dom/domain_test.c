/* SPDX-License-Identifier: MIT */
/* Creation, pausing, the end of a domain. */
#include "dom/life_test.h"

/* ---- creation ---- */

static void test_a_new_domain(void **state)
{
    struct domain_config c = config(3);
    c.privileged = true;
    c.direct_mapped = true;
    c.flags = 5;
    c.ssidref = 6;
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), OK);
    assert_int_equal(t.up_creates, 1);
    assert_true(d->privileged && d->direct_mapped && d->paused_by_tools);
    assert_false(d->shut_down || d->is_32bit);
    assert_int_equal(d->life, DOMAIN_ALIVE);
    assert_int_equal(d->shutdown_code, 0xff);
    assert_int_equal(d->create_flags, 5);
    assert_int_equal(d->ssidref, 6);
    assert_int_equal(d->handle[2], 3);
    assert_int_equal(d->max_vcpus, 3);
    assert_null(d->vcpu[0]);
    assert_int_equal(d->page_list, FRAME_NIL);
    assert_int_equal(d->refs.count, 1);
    assert_true(list_is_empty(&d->io_ranges));
}

static void test_numbers_of_vcpus_are_checked(void **state)
{
    struct domain_config c = config(0);
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), E_INVAL);
    c.max_vcpus = DOMAIN_MAX_VCPUS + 1;
    assert_int_equal(domain_create(&c, &d), E_INVAL);
    c.max_vcpus = DOMAIN_MAX_VCPUS;
    assert_int_equal(domain_create(&c, &d), OK);
    assert_int_equal(domain_create_vcpu(d, DOMAIN_MAX_VCPUS), E_INVAL);
    assert_int_equal(domain_create_vcpu(d, DOMAIN_MAX_VCPUS - 1), OK);
    assert_int_equal(domain_create_vcpu(d, DOMAIN_MAX_VCPUS - 1), E_EXIST);
}

static void test_creation_fails_whole(void **state)
{
    struct domain_config c = config(2);
    struct domain *d;
    struct fake_account before = fake_account();
    u32 failures = 0;
    for (u32 n = 0;; n++) {
        fake_fail_after(n);
        enum err e = domain_create(&c, &d);
        fake_fail_never();
        if (e == OK) {
            break;
        }
        assert_int_equal(e, E_NOMEM);
        assert_null(dom_next((domid_t){0}));
        grace_period();
        assert_no_leak(before);
        failures++;
    }
    assert_true(failures >= 3);
    kill(d);
    grace_period();
    t.up_create_result = E_BUSY;
    assert_int_equal(domain_create(&c, &d), E_BUSY);
    grace_period();
    assert_null(dom_next((domid_t){0}));
    assert_true(t.up_destroys >= 3);
    assert_no_leak(before);
}

static void test_vcpu_creation_fails_whole(void **state)
{
    struct domain_config c = config(1);
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), OK);
    struct fake_account before = fake_account();
    u32 failures = 0;
    for (u32 n = 0; n < 2; n++) {
        fake_fail_after(n);
        assert_int_equal(domain_create_vcpu(d, 0), E_NOMEM);
        fake_fail_never();
        failures++;
        assert_int_equal(fake_account().objects, before.objects);
        assert_null(d->vcpu[0]);
    }
    t.vcpu_create_result = E_NODEV;
    assert_int_equal(domain_create_vcpu(d, 0), E_NODEV);
    assert_null(d->vcpu[0]);
    assert_int_equal(t.vcpu_destroys, 1);
    assert_int_equal(fake_account().objects, before.objects);
}

static void test_a_new_vcpu_is_offline_and_held(void **state)
{
    struct domain *d = make(3);
    struct vcpu *v = d->vcpu[2];
    assert_ptr_equal(v->domain, d);
    assert_int_equal(v->id, 2);
    assert_false(v->online || v->initialised || v->fp_used);
    assert_int_equal(v->loaded_on, VCPU_NOT_LOADED);
    assert_int_equal(v->unit.hold, 2); /* offline, and the tools' pause */
    assert_int_equal(v->el1.sctlr, 64);
    assert_int_equal(v->unit.state, UNIT_OFFLINE);
}

/* ---- running and pausing ---- */

static void test_a_vcpu_runs_when_online_and_unpaused(void **state)
{
    struct domain *d = make(1);
    struct vcpu *v = d->vcpu[0];
    assert_int_equal(domain_pause_by_tools(d), OK); /* beside the one it was made with */
    assert_int_equal(domain_unpause_by_tools(d), OK);
    assert_false(d->has_run);
    assert_int_equal(domain_unpause_by_tools(d), OK);
    assert_true(d->has_run);
    assert_int_equal(domain_unpause_by_tools(d), E_INVAL);
    leave_all();
    assert_false(sched_is_running(&v->unit, NULL));
    start(v);
    leave_all();
    assert_true(sched_is_running(&v->unit, NULL));
    spin_lock(&d->lock);
    vcpu_set_online(v, true); /* twice is once */
    vcpu_set_online(v, false);
    vcpu_set_online(v, false);
    spin_unlock(&d->lock);
    leave_all();
    assert_false(sched_is_running(&v->unit, NULL));
    assert_int_equal(v->unit.hold, 1);
}

static void test_pausing_waits_for_the_others(void **state)
{
    struct domain *d = make_running(3);
    assert_true(sched_is_running(&d->vcpu[0]->unit, NULL) &&
                sched_is_running(&d->vcpu[1]->unit, NULL));
    /* by one of its own: the caller goes on */
    u32 mine;
    assert_true(sched_is_running(&d->vcpu[1]->unit, &mine));
    become(mine);
    domain_pause(d);
    assert_true(sched_is_running(&d->vcpu[1]->unit, NULL));
    assert_false(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_false(sched_is_running(&d->vcpu[2]->unit, NULL));
    assert_int_equal(t.calls, 2);
    leave_all();
    assert_false(sched_is_running(&d->vcpu[1]->unit, NULL));
    domain_pause(d);
    domain_unpause(d);
    leave_all();
    assert_false(sched_is_running(&d->vcpu[0]->unit, NULL)); /* it counts */
    domain_unpause(d);
    leave_all();
    assert_true(sched_is_running(&d->vcpu[0]->unit, NULL));
    become(0);
}

static void test_the_tools_pause_once(void **state)
{
    struct domain *d = make_running(1);
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[0]->unit, &cpu));
    become((cpu + 1) % NR_CPUS);
    for (u32 i = 0; i < 255; i++) {
        assert_int_equal(domain_pause_by_tools(d), OK);
        assert_false(sched_is_running(&d->vcpu[0]->unit, NULL));
    }
    assert_int_equal(domain_pause_by_tools(d), E_OVERFLOW);
    for (u32 i = 0; i < 255; i++) {
        leave_all();
        assert_false(sched_is_running(&d->vcpu[0]->unit, NULL));
        assert_int_equal(domain_unpause_by_tools(d), OK);
    }
    leave_all();
    assert_true(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_int_equal(domain_unpause_by_tools(d), E_INVAL);
}

static void test_a_vcpu_made_under_a_pause_is_under_it(void **state)
{
    struct domain_config c = config(2);
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), OK);
    domain_pause_nowait(d);
    assert_int_equal(domain_create_vcpu(d, 0), OK);
    assert_int_equal(d->vcpu[0]->unit.hold, 3);
    start(d->vcpu[0]);
    domain_unpause(d);
    assert_int_equal(domain_unpause_by_tools(d), OK);
    assert_int_equal(d->vcpu[0]->unit.hold, 0);
}

static void test_pausing_one_vcpu(void **state)
{
    struct domain *d = make_running(2);
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[0]->unit, &cpu));
    become((cpu + 1) % NR_CPUS);
    vcpu_pause(d->vcpu[0]);
    assert_int_equal(d->vcpu[0]->pauses, 1);
    assert_false(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_true(sched_is_running(&d->vcpu[1]->unit, NULL));
    vcpu_unpause(d->vcpu[0]);
    leave_all();
    assert_true(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_int_equal(d->vcpu[0]->pauses, 0);
    expect_panic(vcpu_unpause(d->vcpu[0]), "check failed");
    vcpu_pause_nowait(d->vcpu[0]); /* the failed one counted down */
    d->vcpu[0]->pauses = 0;
    sched_release(&d->vcpu[0]->unit);
}

static void stays_at_el2(void)
{
}

static void test_waiting_for_a_cpu_that_itself_waits_ends(void **state)
{
    struct domain *d = make_running(1);
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[0]->unit, &cpu));
    become((cpu + 1) % NR_CPUS);
    t.in_call = stays_at_el2;
    vcpu_pause(d->vcpu[0]);
    assert_int_equal(t.calls, 64);
    /* It can't be unloaded under its CPU's feet either. */
    assert_false(vcpu_sync_lazy(d->vcpu[0]));
    assert_int_equal(t.unloads, 0);
    /* Nor is a domain taken apart around it. */
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(domain_kill(d), E_RESTART);
    }
    assert_int_equal(d->life, DOMAIN_DYING);
    assert_int_equal(d->pauses, 1);
    assert_string_equal(t.steps, "");
    t.in_call = NULL;
    assert_true(vcpu_sync_lazy(d->vcpu[0]));
    assert_int_equal(t.unloads, 1);
    vcpu_unpause(d->vcpu[0]);
}

/* ---- the end ---- */

static void test_shutdown_stops_and_tells_once(void **state)
{
    struct domain *d = make_running(2);
    domain_shutdown(d, 1);
    assert_true(d->shut_down);
    assert_int_equal(d->shutdown_code, 1);
    assert_int_equal(t.exceptions, 1);
    domain_shutdown(d, 3);
    assert_int_equal(d->shutdown_code, 1);
    assert_int_equal(t.exceptions, 1);
    leave_all();
    assert_false(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_int_equal(domain_resume(d), OK);
    assert_int_equal(domain_resume(d), E_INVAL);
    assert_int_equal(d->shutdown_code, 0xff);
    leave_all();
    assert_true(sched_is_running(&d->vcpu[0]->unit, NULL));
    assert_true(sched_is_running(&d->vcpu[1]->unit, NULL));
}

static void test_a_code_said_before_wins(void **state)
{
    struct domain *d = make_running(1);
    d->shutdown_code = 2;
    domain_shutdown(d, 3);
    assert_int_equal(d->shutdown_code, 2);
}

static void test_the_control_domain_takes_the_machine_along(void **state)
{
    struct domain *d = make_running(1);
    domain_hardware = d;
    if (setjmp(t.stop) == 0) {
        domain_shutdown(d, 1);
        fail();
    }
    assert_int_equal(t.hardware_code, 1);
    assert_false(spin_is_locked(&d->lock));
    domain_hardware = NULL;
}

static void test_a_crash_of_ones_own_waits_for_the_way_out(void **state)
{
    struct domain *d = make_running(1);
    struct vcpu *v = d->vcpu[0];
    u32 cpu;
    assert_true(sched_is_running(&v->unit, &cpu));
    become(cpu);
    v->regs.pc = 0xabcdef;
    spin_lock(&d->lock); /* whoever calls may hold locks */
    domain_crash(d, "bad %s %d", "thing", 7);
    spin_unlock(&d->lock);
    assert_false(d->shut_down);
    assert_int_equal(v->work, BIT(VCPU_WORK_CRASH));
    assert_true(said("crashed: bad thing 7"));
    assert_true(said("abcdef"));
    v->work = 0;
    become(0);
}

static void test_a_crash_of_another_waits_for_its_way_in(void **state)
{
    struct domain *d = make(2);
    domain_crash(d, "early");
    assert_int_equal(d->vcpu[0]->work | d->vcpu[1]->work, 0); /* none may run */
    start(d->vcpu[1]);
    assert_int_equal(domain_unpause_by_tools(d), OK);
    leave_all();
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[1]->unit, &cpu));
    become((cpu + 1) % NR_CPUS);
    spin_lock(&d->lock);
    domain_crash(d, "from afar");
    spin_unlock(&d->lock);
    assert_int_equal(d->vcpu[1]->work, BIT(VCPU_WORK_CRASH));
    assert_int_equal(per_cpu(work, cpu), BIT(WORK_VCPU));
    assert_true(said("crashed: from afar"));
    d->vcpu[1]->work = 0;
    per_cpu(work, cpu) = 0;
    become(0);
}

static void test_destroying_walks_the_table(void **state)
{
    struct domain *d = make_running(2);
    domid_t id = d->id;
    t.restarts_left = 2;
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[0]->unit, &cpu));
    become(cpu);
    assert_int_equal(domain_kill(d), E_INVAL); /* not by itself */
    assert_int_equal(d->life, DOMAIN_ALIVE);
    become(2);
    assert_int_equal(domain_kill(d), E_RESTART);
    assert_int_equal(d->life, DOMAIN_DYING);
    assert_false(sched_is_running(&d->vcpu[0]->unit, NULL) ||
                 sched_is_running(&d->vcpu[1]->unit, NULL));
    assert_int_equal(d->vcpu[0]->loaded_on, VCPU_NOT_LOADED);
    assert_int_equal(d->vcpu[1]->loaded_on, VCPU_NOT_LOADED);
    t.step_result = E_BUSY;
    assert_int_equal(domain_kill(d), E_BUSY); /* what a step can't do is said, and tried again */
    t.step_result = OK;
    t.steps[0] = 0;
    u32 restarts = 0;
    while (domain_kill(d) == E_RESTART) {
        restarts++;
        assert_ptr_equal(dom_find(id), d);
    }
    assert_int_equal(restarts, 6);
    assert_string_equal(t.steps, "ab");
    assert_int_equal(d->life, DOMAIN_DEAD);
    assert_null(dom_find(id));
    assert_int_equal(t.up_destroys, 0); /* others may still look at it */
    assert_int_equal(t.exceptions, 1);
    assert_int_equal(t.nr_deferred, 1);
    grace_period();
    assert_int_equal(t.up_destroys, 1);
    assert_int_equal(t.vcpu_destroys, 2);
    assert_int_equal(t.exceptions, 2);
    assert_no_leak(account);
}

/* What a domain's end frees is no bounded amount: it goes by steps, one a callback. */
static void test_the_end_is_taken_in_steps(void **state)
{
    struct domain *d = make(20);
    for (u32 i = 0; i < 20; i++) {
        if (!d->vcpu[i]) {
            assert_int_equal(domain_create_vcpu(d, i), OK);
        }
    }
    kill(d);
    t.up_destroy_steps = 3;
    u32 callbacks = 0;
    while (t.nr_deferred > 0) {
        u32 was = t.vcpu_destroys;
        struct rcu_head *head = t.deferred[--t.nr_deferred];
        head->fn(head);
        assert_true(t.vcpu_destroys - was <= 8);
        callbacks++;
    }
    assert_int_equal(t.vcpu_destroys, 20);
    assert_int_equal(t.up_destroys, 1);
    assert_int_equal(callbacks, 2 + 3 + 1);
    assert_no_leak(account);
}

static void test_a_referenced_domain_stays_dead_but_found(void **state)
{
    struct domain *d = make(1);
    domid_t id = d->id;
    assert_true(domain_get(d));
    kill(d);
    assert_int_equal(d->life, DOMAIN_DEAD);
    assert_ptr_equal(dom_find(id), d);
    assert_int_equal(domain_kill(d), OK); /* again: as Xen answers */
    domain_put(d);
    assert_null(dom_find(id));
    assert_false(domain_get(d));
}

static void test_the_debug_key_names_all(void **state)
{
    struct domain *d = make_running(2);
    assert_int_equal(dump_key->key, 'q');
    d->vcpu[0]->regs.pc = 0xfeed;
    dump_key->run();
    assert_true(said("alive, refs 1, pauses 0"));
    assert_true(said("running on cpu"));
    assert_true(said("feed"));
}

static void test_shutdown_of_a_dying_domain_tells_nobody(void **state)
{
    struct domain *d = make(1);
    assert_int_equal(domain_kill(d), E_RESTART);
    domain_shutdown(d, 0);
    assert_int_equal(t.exceptions, 0);
    assert_false(d->shut_down);
    kill(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_domain),
        TEST(test_numbers_of_vcpus_are_checked),
        TEST(test_creation_fails_whole),
        TEST(test_vcpu_creation_fails_whole),
        TEST(test_a_new_vcpu_is_offline_and_held),
        TEST(test_a_vcpu_runs_when_online_and_unpaused),
        TEST(test_pausing_waits_for_the_others),
        TEST(test_the_tools_pause_once),
        TEST(test_a_vcpu_made_under_a_pause_is_under_it),
        TEST(test_pausing_one_vcpu),
        TEST(test_waiting_for_a_cpu_that_itself_waits_ends),
        TEST(test_shutdown_stops_and_tells_once),
        TEST(test_a_code_said_before_wins),
        TEST(test_the_control_domain_takes_the_machine_along),
        TEST(test_a_crash_of_ones_own_waits_for_the_way_out),
        TEST(test_a_crash_of_another_waits_for_its_way_in),
        TEST(test_destroying_walks_the_table),
        TEST(test_the_end_is_taken_in_steps),
        TEST(test_a_referenced_domain_stays_dead_but_found),
        TEST(test_the_debug_key_names_all),
        TEST(test_shutdown_of_a_dying_domain_tells_nobody),
    };
    return RUN_TESTS(tests);
}
