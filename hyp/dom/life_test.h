/* SPDX-License-Identifier: MIT */
/*
 * Domains and vCPUs from creation to the last reference, over the real scheduler: what is below and
 * above dom/, faked. One thread is all CPUs. Include once in a test program.
 */
#ifndef DOM_LIFE_TEST_H
#define DOM_LIFE_TEST_H

#include "test/host/fake.h"

#include "cpu/atomic.h"
#include "dom/domain.h"
#include "cpu/arch.h"
#include "irq/irq.h"
#include "log/console.h"
#include "log/log.h"
#include "time/clock_host.h"
#include "time/time.h"

#define NR_CPUS 3u

static struct {
    u32 exceptions, hardware_shutdowns, loads, unloads, calls, resets;
    bool reset_locked; /* against tools that read the registers */
    u8 hardware_code;
    u32 up_creates, up_destroys, up_destroy_steps, vcpu_creates, vcpu_destroys;
    enum err up_create_result, vcpu_create_result;
    bool has_event;
    struct vcpu *woken_after; /* an event comes just after somebody has looked and seen none */
    struct rcu_head *deferred[16];
    u32 nr_deferred;
    char said[4096];
    char steps[256]; /* names of relinquish steps as they ran */
    u32 restarts_left;
    enum err step_result;
    jmp_buf idle, stop;
    bool idles[NR_CPUS];
    bool in_run;
    void (*in_call)(void); /* done on the CPU that is called */
} t;

/* ---- what is below and above ---- */

void frame_up_release(struct frame *f)
{
    fail();
}

void percpu_up_kick(u32 cpu)
{
}

void log_guest(enum log_level level, domid_t d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t at = strlen(t.said);
    vsnprintf(t.said + at, sizeof(t.said) - at, fmt, args);
    va_end(args);
}

static const struct debug_key *dump_key;

void console_register_key(const struct debug_key *key)
{
    dump_key = key;
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t at = strlen(t.said);
    vsnprintf(t.said + at, sizeof(t.said) - at, fmt, args);
    va_end(args);
}

void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
    head->fn = fn;
    t.deferred[t.nr_deferred++] = head;
}

static inline bool said(const char *what)
{
    for (const char *s = t.said; *s; s++) {
        if (strncmp(s, what, strlen(what)) == 0) {
            return true;
        }
    }
    return false;
}

static inline void grace_period(void)
{
    while (t.nr_deferred > 0) {
        struct rcu_head *head = t.deferred[--t.nr_deferred];
        head->fn(head);
    }
}

enum err dom_up_create(struct domain *d, const struct domain_config *c)
{
    t.up_creates++;
    assert_null(dom_find(d->id)); /* a guest that looked would find it without its rooms */
    return t.up_create_result;
}

enum err dom_up_destroy(struct domain *d)
{
    if (t.up_destroy_steps > 0) {
        t.up_destroy_steps--;
        return E_RESTART;
    }
    t.up_destroys++;
    return OK;
}

enum err dom_up_vcpu_create(struct vcpu *v)
{
    t.vcpu_creates++;
    return t.vcpu_create_result;
}

void dom_up_vcpu_destroy(struct vcpu *v)
{
    assert_int_equal(v->loaded_on, VCPU_NOT_LOADED);
    t.vcpu_destroys++;
}

void dom_up_vcpu_reset(struct vcpu *v)
{
    t.resets++;
}

void dom_up_exception(void)
{
    t.exceptions++;
}

__noreturn void dom_up_hardware_shutdown(u8 code)
{
    t.hardware_shutdowns++;
    t.hardware_code = code;
    longjmp(t.stop, 1);
}

bool vcpu_up_has_event(struct vcpu *v)
{
    struct vcpu *late = t.woken_after;
    t.woken_after = NULL;
    if (late) {
        vcpu_wake(late);
    }
    return t.has_event;
}

void vcpu_up_reset_el1(struct vcpu *v, bool aarch32)
{
    memset(&v->el1, 0, sizeof(v->el1));
    v->el1.sctlr = aarch32 ? 32 : 64;
    t.reset_locked = spin_is_locked(&v->domain->lock);
}

void vcpu_up_unload(struct vcpu *v)
{
    assert_ptr_equal(this_cpu(loaded), v);
    t.unloads++;
    v->el1.ttbr0 = 0x1000 + cpu_current();
    this_cpu(loaded) = NULL;
    this_cpu(current) = &vcpu_nobody;
    store_release(&v->loaded_on, VCPU_NOT_LOADED);
}

void sched_up_switch(struct sched_unit *next)
{
    struct vcpu *v = container_of(next, struct vcpu, unit);
    if (this_cpu(loaded) != v) {
        if (this_cpu(loaded)) {
            vcpu_up_unload(this_cpu(loaded));
        }
        vcpu_sync_lazy(v);
        t.loads++;
        this_cpu(loaded) = v;
        v->loaded_on = cpu_current();
    }
    this_cpu(current) = v;
}

void sched_up_state(struct sched_unit *u)
{
}

void sched_up_idle_interrupt(void)
{
}

static inline void become(u32 cpu)
{
    cpu_set_percpu_offset(percpu_offset[cpu]);
}

static inline void cpu_waits(void)
{
    if (t.in_run && !(this_cpu(work) & BIT(WORK_SCHED))) {
        t.idles[cpu_current()] = true;
        longjmp(t.idle, 1);
    }
}

/* This CPU's way out. */
static inline void leave(void)
{
    bool outer = t.in_run;
    t.in_run = true;
    if (setjmp(t.idle) == 0) {
        /* or it idles, and a waker has put somebody on */
        while ((this_cpu(work) & BIT(WORK_SCHED)) || (t.idles[cpu_current()] && sched_current())) {
            t.idles[cpu_current()] = false;
            sched_run();
        }
    }
    t.in_run = outer;
}

static inline void leave_all(void)
{
    u64 here = cpu_percpu_offset();
    for (u32 i = 0; i < 2 * NR_CPUS; i++) {
        become(i % NR_CPUS);
        leave();
    }
    cpu_set_percpu_offset(here);
}

void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg)
{
    assert_int_not_equal(cpu, cpu_current());
    u64 here = cpu_percpu_offset();
    t.calls++;
    become(cpu);
    fn(arg);
    if (t.in_call) {
        t.in_call();
    } else {
        leave();
    }
    cpu_set_percpu_offset(here);
}

static inline enum err step(struct domain *d, u64 *cursor, const char *name)
{
    assert_int_equal(d->life, DOMAIN_DYING);
    if (*cursor == 0 && strlen(t.steps) < sizeof(t.steps) - 2) {
        memcpy(t.steps + strlen(t.steps), name, 2);
    }
    if (t.step_result != OK) {
        return t.step_result;
    }
    if (*cursor < t.restarts_left) {
        ++*cursor;
        return E_RESTART;
    }
    return OK;
}

static inline enum err step_a(struct domain *d, u64 *cursor)
{
    return step(d, cursor, "a");
}

static inline enum err step_b(struct domain *d, u64 *cursor)
{
    return step(d, cursor, "b");
}

const struct relinquish domain_relinquish[] = {{"a", step_a}, {"b", step_b}, {NULL, NULL}};

/* ---- the machine ---- */

static struct fake_account account;

static inline int machine(void **state)
{
    if (time_init() != OK) {
        return -1;
    }
    sched_init();
    domain_init();
    host_wait_hook = cpu_waits;
    for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
        become(cpu);
        time_init_cpu();
        sched_init_cpu();
        this_cpu(current) = &vcpu_nobody;
        percpu_raise(cpu, WORK_SCHED);
    }
    leave_all();
    become(0);
    return 0;
}

static inline int begin(void **state)
{
    memset(&t, 0, sizeof(t));
    account = fake_account();
    return 0;
}

static inline struct domain_config config(u32 max_vcpus)
{
    return (struct domain_config){.id = DOMID_INVALID, .max_vcpus = max_vcpus, .handle = {1, 2, 3}};
}

static inline struct domain *make(u32 nr_vcpus)
{
    struct domain_config c = config(nr_vcpus);
    struct domain *d;
    assert_int_equal(domain_create(&c, &d), OK);
    for (u32 i = 0; i < nr_vcpus; i++) {
        assert_int_equal(domain_create_vcpu(d, i), OK);
    }
    return d;
}

static inline void start(struct vcpu *v)
{
    vcpu_reset(v, 0x1000, 7, false);
    spin_lock(&v->domain->lock);
    vcpu_set_online(v, true);
    spin_unlock(&v->domain->lock);
}

/* A domain whose vCPUs all want to run; the tools have let go. */
static inline struct domain *make_running(u32 nr_vcpus)
{
    struct domain *d = make(nr_vcpus);
    for (u32 i = 0; i < nr_vcpus; i++) {
        start(d->vcpu[i]);
    }
    assert_int_equal(domain_unpause_by_tools(d), OK);
    leave_all();
    return d;
}

/* By somebody else's hand, whoever runs where. */
static inline void kill(struct domain *d)
{
    become(0);
    domain_pause_nowait(d);
    leave_all();
    for (u32 i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i]) {
            vcpu_sync_lazy(d->vcpu[i]);
        }
    }
    u32 calls = 0;
    enum err e;
    do {
        e = domain_kill(d);
        assert_true(++calls < 100);
    } while (e == E_RESTART);
    assert_int_equal(e, OK);
}

static inline int end(void **state)
{
    t.step_result = OK;
    t.restarts_left = 0;
    t.in_call = NULL;
    domain_hardware = NULL;
    become(0);
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_next((domid_t){0})) {
        if (d->life != DOMAIN_DEAD) {
            kill(d);
        } else {
            domain_put(d);
        }
        grace_period();
        leave_all();
    }
    grace_period();
    struct fake_account now = fake_account();
    return now.objects == account.objects && now.pages == account.pages ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define RUN_TESTS(tests) \
    (fake_machine_init(64, NR_CPUS), cmocka_run_group_tests(tests, machine, NULL))

#endif
