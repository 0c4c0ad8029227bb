/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "irq/irq.h"
#include "p2m/p2m.h"
#include "p2m/tlb_host.h"
#include "sync/spinlock.h"

#define CPUS 4u
#define NR   7u /* VMIDs of three bits, without the empty table's */

static struct p2m *p[NR + 4];
static struct fake_account before;
static u32 nr_calls;

void frame_up_release(struct frame *f)
{
}

void percpu_up_kick(u32 cpu)
{
}

void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg)
{
    u64 was = cpu_percpu_offset();
    assert_int_equal(lock_nr_held(), 0);
    nr_calls++;
    fake_cpu(cpu);
    fn(arg);
    cpu_set_percpu_offset(was);
}

static int start(void **state)
{
    before = fake_account();
    fake_tlb_reset();
    nr_calls = 0;
    for (u32 i = 0; i < ARRAY_LEN(p); i++) {
        assert_int_equal(p2m_create((domid_t){(u16)i}, &p[i]), OK);
    }
    return 0;
}

static int end(void **state)
{
    fake_cpu(0);
    for (u32 i = 0; i < ARRAY_LEN(p); i++) {
        if (p[i]) {
            u64 cursor = 0;
            while (p2m_relinquish(p[i], &cursor, 512) == E_RESTART) {
            }
            p2m_destroy(p[i]);
        }
    }
    assert_int_equal(p2m_nr_vmids_in_use(), 0);
    assert_no_leak(before);
    return 0;
}

static void activate_on(u32 cpu, u32 n)
{
    fake_cpu(cpu);
    p2m_activate(p[n]);
    assert_int_equal(fake_vttbr_root().m, frame_to_maddr(frame_of(p[n]->root)).m);
    assert_int_equal(fake_vttbr_vmid(), p[n]->vmid);
    fake_cpu(0);
}

static u16 loaded_vmid(u32 cpu)
{
    fake_cpu(cpu);
    u16 vmid = fake_vttbr_vmid();
    fake_cpu(0);
    return vmid;
}

static void test_one_each(void **state)
{
    bool seen[NR + 1] = {0};
    for (u32 i = 0; i < NR; i++) {
        activate_on(0, i);
        assert_in_range(p[i]->vmid, 1, NR);
        assert_false(seen[p[i]->vmid]);
        seen[p[i]->vmid] = true;
        assert_int_equal(p2m_nr_vmids_in_use(), i + 1);
    }
    u16 vmid = p[2]->vmid;
    activate_on(0, 2);
    activate_on(1, 2);
    assert_int_equal(p[2]->vmid, vmid);
    assert_int_equal(p2m_nr_vmids_in_use(), NR);
    assert_int_equal(fake_tlb.all, 0);
}

static void test_activating_what_is_loaded_costs_nothing(void **state)
{
    activate_on(0, 0);
    u64 loads = fake_tlb.loads;
    activate_on(0, 0);
    assert_int_equal(fake_tlb.loads, loads);
}

static void test_deactivate(void **state)
{
    activate_on(1, 0);
    fake_cpu(1);
    p2m_deactivate();
    assert_int_equal(fake_vttbr_vmid(), 0);
    assert_int_not_equal(fake_vttbr_root().m, frame_to_maddr(frame_of(p[0]->root)).m);
    fake_cpu(0);
    p2m_destroy(p[0]);
    p[0] = NULL;
    assert_int_equal(nr_calls, 0);
}

/* What other CPUs have loaded keeps its number, the rest is taken back, and everything is flushed
 * once. */
static void test_rollover(void **state)
{
    activate_on(1, 0);
    activate_on(2, 1);
    for (u32 i = 2; i < NR; i++) {
        activate_on(0, i);
    }
    u16 kept[2] = {p[0]->vmid, p[1]->vmid};
    u64 old = p[3]->vmid_generation;
    activate_on(3, NR);
    assert_int_equal(fake_tlb.all, 1);
    assert_int_equal(p[0]->vmid, kept[0]);
    assert_int_equal(p[1]->vmid, kept[1]);
    assert_int_equal(p[0]->vmid_generation, old + 1);
    assert_int_equal(p[NR]->vmid_generation, old + 1);
    assert_int_equal(p[3]->vmid_generation, old);
    assert_int_not_equal(p[NR]->vmid, kept[0]);
    assert_int_not_equal(p[NR]->vmid, kept[1]);
    /* CPU 0 kept the last it had, too. */
    assert_int_equal(p[NR - 1]->vmid_generation, old + 1);
    assert_int_equal(loaded_vmid(0), p[NR - 1]->vmid);
    assert_int_equal(p2m_nr_vmids_in_use(), 4);
    /* No flush of its own for a stale one, and the next generation serves three more. */
    for (u32 i = 2; i < 5; i++) {
        activate_on(0, i);
    }
    assert_int_equal(fake_tlb.all, 1);
    assert_int_equal(p2m_nr_vmids_in_use(), NR);
    activate_on(0, 5);
    assert_int_equal(fake_tlb.all, 2);
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(p[i]->vmid, kept[i]);
        assert_int_equal(loaded_vmid(i + 1), kept[i]);
    }
}

/* Never two p2ms with one number of one generation. */
static void test_numbers_stay_apart(void **state)
{
    u32 seed = 99;
    for (u32 round = 0; round < 3000; round++) {
        seed = seed * 1664525 + 1013904223;
        activate_on((seed >> 8) % CPUS, (seed >> 16) % ARRAY_LEN(p));
        u64 newest = 0;
        for (u32 i = 0; i < ARRAY_LEN(p); i++) {
            newest = MAX(newest, p[i]->vmid_generation);
        }
        for (u32 i = 0; i < ARRAY_LEN(p); i++) {
            for (u32 j = 0; j < i; j++) {
                if (p[i]->vmid_generation == newest && p[j]->vmid_generation == newest) {
                    assert_int_not_equal(p[i]->vmid, p[j]->vmid);
                }
            }
        }
    }
    assert_true(fake_tlb.all > 100);
}

static void test_destroy_lets_cpus_go(void **state)
{
    activate_on(0, 0);
    activate_on(1, 0);
    activate_on(2, 1);
    activate_on(3, 0);
    fake_tlb_reset();
    p2m_destroy(p[0]);
    p[0] = NULL;
    assert_int_equal(nr_calls, 2);
    assert_int_equal(loaded_vmid(0), 0);
    assert_int_equal(loaded_vmid(1), 0);
    assert_int_equal(loaded_vmid(2), p[1]->vmid);
    assert_int_equal(loaded_vmid(3), 0);
    assert_int_equal(fake_tlb.vmid, 1);
    assert_int_equal(p2m_nr_vmids_in_use(), 1);
}

static void test_flushes_by_state(void **state)
{
    const gfn_t gfn = {5};
    const mfn_t mfn = {0x9000};
    /* Never loaded: no TLB can know. */
    assert_int_equal(p2m_map(p[0], gfn, mfn, 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p[0], gfn, MFN_INVALID, 0), OK);
    assert_int_equal(fake_tlb.ipa + fake_tlb.vmid + fake_tlb.all, 0);
    /* Loaded somewhere, some time in this generation. */
    activate_on(1, 0);
    activate_on(1, 1);
    assert_int_equal(p2m_map(p[0], gfn, mfn, 0, P2M_DEVICE), OK);
    fake_tlb_touch(p[0], gfn);
    fake_tlb_touch(p[1], gfn);
    assert_int_equal(p2m_unmap(p[0], gfn, MFN_INVALID, 0), OK);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_false(fake_tlb_has(p[0], gfn));
    /* Of an older generation: the rollover flushed it. */
    for (u32 i = 1; i < NR + 2; i++) {
        activate_on(2, i);
    }
    assert_int_equal(fake_tlb.all, 1);
    assert_int_equal(p2m_map(p[0], gfn, mfn, 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p[0], gfn, MFN_INVALID, 0), OK);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_int_equal(fake_tlb.vmid, 0);
}

static void test_flush_of_many_is_by_vmid(void **state)
{
    activate_on(0, 0);
    assert_int_equal(p2m_map(p[0], (gfn_t){0x20}, (mfn_t){0x9020}, 4, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p[0], (gfn_t){0x20}, MFN_INVALID, 4), OK);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_int_equal(fake_tlb.pages, 16);
    assert_int_equal(p2m_map(p[0], (gfn_t){0x20}, (mfn_t){0x9020}, 5, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p[0], (gfn_t){0x20}, MFN_INVALID, 5), OK);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_int_equal(fake_tlb.vmid, 1);
}

/* --- windows: a page is let go only when no CPU can still be using what it translated --- */

static struct frame *mapped;
static u32 relaxed;

static u32 *window;

static void close_window(void)
{
    relaxed++;
    assert_int_equal(mapped->refs, FRAME_OWNED + 1);
    assert_int_equal(fake_tlb.ipa, 1);
    if (relaxed == 3) {
        fake_cpu(2);
        p2m_window_close(window);
        window = p2m_window_open(); /* another one: not waited for */
        fake_cpu(0);
    }
}

static void test_unmap_waits_for_windows(void **state)
{
    const gfn_t gfn = {5};
    activate_on(2, 0);
    assert_int_equal(frame_alloc(0, &mapped), OK);
    frame_assign_run(mapped, 1, (domid_t){9});
    assert_true(frame_get(mapped, (domid_t){9}));
    assert_int_equal(p2m_map(p[0], gfn, frame_to_mfn(mapped), 0, P2M_FOREIGN_RO), OK);
    fake_cpu(2);
    window = p2m_window_open();
    fake_cpu(0);
    relaxed = 0;
    host_relax_hook = close_window;
    assert_int_equal(p2m_unmap(p[0], gfn, MFN_INVALID, 0), OK);
    host_relax_hook = NULL;
    assert_int_equal(relaxed, 3);
    assert_int_equal(mapped->refs, FRAME_OWNED);
    fake_cpu(2);
    p2m_window_close(window);
    fake_cpu(0);
    assert_int_equal(per_cpu(p2m_window, 2) % 2, 0);
    assert_int_equal(frame_drop_owner(mapped), DROP_LAST);
    frame_set_state(mapped, FRAME_HEAP, FRAME_NO_OWNER);
    frame_free(mapped, 0);
}

static int start_group(void **state)
{
    fake_vmid_bits = 3;
    fake_machine_init(32, CPUS);
    p2m_init();
    for (u32 cpu = 1; cpu < CPUS; cpu++) {
        fake_cpu(cpu);
        p2m_init_cpu();
    }
    fake_cpu(0);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_each),
        TEST(test_activating_what_is_loaded_costs_nothing),
        TEST(test_deactivate),
        TEST(test_rollover),
        TEST(test_numbers_stay_apart),
        TEST(test_destroy_lets_cpus_go),
        TEST(test_flushes_by_state),
        TEST(test_unmap_waits_for_windows),
        TEST(test_flush_of_many_is_by_vmid),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
