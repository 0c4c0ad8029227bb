/* SPDX-License-Identifier: MIT */
/* Whether each vCPU may run, under a seeded random driver: after each operation the specification
 * (test/spec) is asked. And it is shown to see. */
#include "dom/life_test.h"
#include "test/spec/spec.h"

#define DOMAINS 3u
#define VCPUS   3u

static struct domain *all[DOMAINS];
static u32 own_pauses[DOMAINS][VCPUS], pauses[DOMAINS];
static u64 seed;
static jmp_buf seen;
static bool expected;
static char wrong[256];

void spec_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(wrong, sizeof(wrong), fmt, args);
    va_end(args);
    if (expected) {
        longjmp(seen, 1);
    }
    fail_msg("seed %llu: %s", seed, wrong);
    abort();
}

static void check_all(void)
{
    const struct spec_world w = {all, DOMAINS};
    spec_vcpus_check(&w);
}

static u32 rnd(u32 n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(seed >> 33) % n;
}

static void pause_vcpu(u32 n, u32 i, bool more)
{
    struct vcpu *v = all[n]->vcpu[i];
    if (more) {
        vcpu_pause_nowait(v);
        own_pauses[n][i]++;
    } else if (own_pauses[n][i] > 0) {
        own_pauses[n][i]--;
        vcpu_unpause(v);
    }
}

static void pause_domain(u32 n, bool more)
{
    if (more) {
        domain_pause_nowait(all[n]);
        pauses[n]++;
    } else if (pauses[n] > 0) {
        pauses[n]--;
        domain_unpause(all[n]);
    }
}

static void set_online(struct vcpu *v, bool online)
{
    if (online && !v->online) {
        vcpu_reset(v, 0x1000, 0, false);
    }
    spin_lock(&v->domain->lock);
    vcpu_set_online(v, online);
    spin_unlock(&v->domain->lock);
}

static void one_step(void)
{
    u32 n = rnd(DOMAINS);
    u32 i = rnd(VCPUS);
    struct domain *d = all[n];
    become(rnd(NR_CPUS));
    if (!d->vcpu[i]) {
        assert_int_equal(domain_create_vcpu(d, i), OK);
        return;
    }
    switch (rnd(9)) {
    case 0:
        pause_vcpu(n, i, rnd(2));
        break;
    case 1:
        pause_domain(n, rnd(2));
        break;
    case 2:
        err_ignore(domain_pause_by_tools(d)); /* the 256th time: E_OVERFLOW */
        break;
    case 3:
        err_ignore(domain_unpause_by_tools(d)); /* when it is not: E_INVAL */
        break;
    case 4:
        domain_shutdown(d, (u8)rnd(4));
        break;
    case 5:
        err_ignore(domain_resume(d));
        break;
    case 6:
        set_online(d->vcpu[i], rnd(4));
        break;
    case 7:
        vcpu_sync_lazy(d->vcpu[i]);
        break;
    default:
        vcpu_wake(d->vcpu[i]);
        break;
    }
}

static void build(void)
{
    memset(own_pauses, 0, sizeof(own_pauses));
    memset(pauses, 0, sizeof(pauses));
    for (u32 n = 0; n < DOMAINS; n++) {
        const struct domain_config c = config(VCPUS);
        assert_int_equal(domain_create(&c, &all[n]), OK);
    }
}

static void test_under_a_random_driver(void **state)
{
    build();
    seed = 1;
    for (u32 i = 0; i < 5000; i++) {
        one_step();
        check_all();
        if (rnd(2)) {
            leave_all();
            check_all();
        }
    }
}

#define must_see(what, other, words)              \
    do {                                          \
        __typeof__(what) was_ = (what);           \
        (what) = (other);                         \
        expected = true;                          \
        if (setjmp(seen) == 0) {                  \
            check_all();                          \
            fail_msg("nobody saw: %s", #what);    \
        }                                         \
        expected = false;                         \
        (what) = was_;                            \
        assert_true(fake_contains(wrong, words)); \
        check_all();                              \
    } while (0)

static void test_that_it_sees(void **state)
{
    build();
    assert_int_equal(domain_create_vcpu(all[0], 1), OK);
    struct vcpu *v = all[0]->vcpu[1];
    check_all();
    must_see(v->unit.hold, 1, "held 1 times");
    must_see(v->pauses, 1, "should be 3");
    must_see(v->unit.state, UNIT_RUNNABLE, "in state 1");
    must_see(all[0]->pauses, 0, "paused 0 times");
    must_see(all[0]->shut_down, true, "shut down 1");
    must_see(v->loaded_on, 1, "loaded on CPU 1");
    must_see(per_cpu(loaded, 2), v, "CPU 2 says here");
    set_online(v, true);
    must_see(v->initialised, false, "without registers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_under_a_random_driver),
        TEST(test_that_it_sees),
    };
    return RUN_TESTS(tests);
}
