/* SPDX-License-Identifier: MIT */
#include "test/host/fake_domain.h"

#include "guestmem/exclusive_host.h"
#include "guestmem/guestmem.h"
#include "sync/spinlock.h"

#define GFN          0x40000ULL
#define LOSE_FOREVER ~0u

static struct domain *d, *other;
static struct gpage page;
static u32 nr_dirty, to_lose, tries;
static u32 held_at; /* tries at which the other vCPU was seen held first; 0 never */

static void note_dirty(struct frame *f)
{
    assert_ptr_equal(f, page.frame);
    nr_dirty++;
}

static bool lose(void *word)
{
    tries++;
    if (held_at == 0 && d->vcpu[1]->pauses != 0) {
        held_at = tries;
    }
    assert_int_equal(d->vcpu[0]->pauses, 0);
    if (to_lose == 0) {
        return false;
    }
    to_lose -= to_lose != LOSE_FOREVER;
    return true;
}

static u64 *words(void)
{
    return fake_at(d, (gaddr_t){GFN * PAGE_SIZE});
}

static int start(void **state)
{
    memset(words(), 0, PAGE_SIZE);
    assert_int_equal(gpage_get(d, (gfn_t){GFN}, true, &page), OK);
    nr_dirty = tries = to_lose = held_at = fake_crashes_logged = 0;
    guest_dirty_hook = note_dirty;
    fake_exclusive_lost = lose;
    fake_run_as(d);
    return 0;
}

static int end(void **state)
{
    assert_int_equal(page.frame->refs, FRAME_OWNED + 1);
    gpage_put(&page);
    assert_null(page.frame);
    gpage_put(&page);
    assert_int_equal(d->vcpu[1]->pauses, 0);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

static void test_get(void **state)
{
    struct gpage p;
    struct frame *f = page.frame;
    assert_ptr_equal(p2m_get_page(d->p2m, (gfn_t){GFN}, true, &f) == OK ? f : NULL, page.frame);
    frame_put(f);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 1}, false, &p), E_INVAL);
    assert_int_equal(gpage_get(d, (gfn_t){P2M_GFN_END}, false, &p), E_INVAL);
    /* Borrowed from another, the hypervisor's, a device's: no RAM of its own. */
    (void)fake_ram_for(other, (gfn_t){GFN}, 0);
    assert_int_equal(p2m_get_page(other->p2m, (gfn_t){GFN}, true, &f), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){GFN + 1}, frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 1}, false, &p), E_INVAL);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    assert_int_equal(p2m_map_shared(d->p2m, (gfn_t){GFN + 2}, d->shared_info), OK);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 2}, false, &p), E_INVAL);
    assert_int_equal(d->shared_info->refs, 1);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){GFN + 3}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 3}, false, &p), E_INVAL);
}

static void test_get_writable(void **state)
{
    struct gpage p;
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), OK);
    assert_int_equal(domain_add_pages(d, f, 0), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){GFN + 4}, frame_to_mfn(f), 0, P2M_RAM_RO), OK);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 4}, true, &p), E_INVAL);
    assert_int_equal(gpage_get(d, (gfn_t){GFN + 4}, false, &p), OK);
    assert_false(p.writable);
    expect_panic(gpage_write8(&p, 0, 1), "check failed");
    gpage_put(&p);
    assert_int_equal(f->refs, FRAME_OWNED);
}

static void test_from_frame(void **state)
{
    struct gpage p;
    gpage_from_frame(d, d->shared_info, &p);
    assert_int_equal(d->shared_info->refs, 1);
    assert_true(p.writable);
    assert_ptr_equal(p.domain, d);
    guest_dirty_hook = NULL;
    gpage_write32(&p, 8, 77);
    assert_int_equal(gpage_read32(&p, 8), 77);
    gpage_put(&p);
    assert_int_equal(d->shared_info->refs, 1);
}

static void test_plain(void **state)
{
    gpage_write8(&page, 1, 0x11);
    gpage_write8(&page, 2, 0x22);
    gpage_write8(&page, 3, 0x33);
    gpage_write32(&page, 4, 0x77665544);
    gpage_write64(&page, PAGE_SIZE - 8, 0x0123456789abcdefULL);
    assert_int_equal(words()[0], 0x7766554433221100ULL);
    assert_int_equal(words()[511], 0x0123456789abcdefULL);
    assert_int_equal(nr_dirty, 5);
    assert_int_equal(gpage_read8(&page, 7), 0x77);
    assert_int_equal(gpage_read8(&page, PAGE_SIZE - 1), 0x01);
    assert_int_equal(gpage_read32(&page, 0), 0x33221100);
    assert_int_equal(gpage_read64(&page, PAGE_SIZE - 8), 0x0123456789abcdefULL);
    u8 b[6];
    gpage_read(&page, 1, b, 6);
    assert_memory_equal(b, "\x11\x22\x33\x44\x55\x66", 6);
    assert_int_equal(nr_dirty, 5);
    gpage_write(&page, 3, "abc", 3);
    assert_int_equal(words()[0], 0x7766636261221100ULL);
    assert_int_equal(nr_dirty, 6);
    gpage_write(&page, 0, b, 0);
    gpage_write(&page, PAGE_SIZE - 1, b, 1);
}

static void test_nothing_leaves_the_page(void **state)
{
    u8 b[2];
    expect_panic((void)gpage_read64(&page, PAGE_SIZE - 4), "check failed");
    expect_panic((void)gpage_read32(&page, 2), "check failed");
    expect_panic((void)gpage_read8(&page, PAGE_SIZE), "check failed");
    expect_panic(gpage_read(&page, PAGE_SIZE - 1, b, 2), "check failed");
    expect_panic(gpage_write(&page, PAGE_SIZE - 1, b, 2), "check failed");
    expect_panic(gpage_write(&page, 0, b, PAGE_SIZE + 1), "check failed");
    expect_panic(gpage_read(&page, ~0u, b, 2), "check failed");
}

static void test_bits(void **state)
{
    assert_false(gpage_test_and_set_bit(&page, 0, 3));
    assert_true(gpage_test_and_set_bit(&page, 0, 3));
    assert_false(gpage_test_and_set_bit(&page, 8, 63));
    assert_false(gpage_test_and_set_bit(&page, 8, 64));
    assert_false(gpage_test_and_set_bit(&page, 8, 64 * 3 + 5));
    assert_int_equal(words()[0], 8);
    assert_int_equal(words()[1], 1ULL << 63);
    assert_int_equal(words()[2], 1);
    assert_int_equal(words()[4], 32);
    assert_int_equal(nr_dirty, 5);
    words()[0] = 0xff;
    assert_true(gpage_test_and_clear_bit(&page, 0, 3));
    assert_int_equal(words()[0], 0xf7);
    assert_false(gpage_test_and_clear_bit(&page, 0, 3));
    assert_int_equal(words()[0], 0xf7);
    assert_true(gpage_test_and_clear_bit(&page, 0, 64 + 63));
    assert_int_equal(words()[1], 0);
}

static void test_cmpxchg(void **state)
{
    words()[0] = 0x1111222233334444ULL;
    u16 e16 = 0x3333;
    assert_true(gpage_cmpxchg16(&page, 2, &e16, 0xabcd));
    assert_int_equal(words()[0], 0x11112222abcd4444ULL);
    assert_int_equal(e16, 0x3333);
    e16 = 0x3333;
    assert_false(gpage_cmpxchg16(&page, 2, &e16, 0));
    assert_int_equal(e16, 0xabcd);
    u32 e32 = 0x11112222;
    assert_true(gpage_cmpxchg32(&page, 4, &e32, 7));
    assert_false(gpage_cmpxchg32(&page, 4, &e32, 8));
    assert_int_equal(e32, 7);
    u64 e64 = 0x7abcd4444ULL;
    assert_true(gpage_cmpxchg64(&page, 0, &e64, 9));
    assert_false(gpage_cmpxchg64(&page, 0, &e64, 10));
    assert_int_equal(e64, 9);
    assert_int_equal(words()[0], 9);
    assert_int_equal(nr_dirty, 3);
    assert_int_equal(tries, 6);
}

/* --- a guest that disturbs --- */

static void test_lost_exclusives_are_tried_again(void **state)
{
    to_lose = 63;
    assert_false(gpage_test_and_set_bit(&page, 0, 1));
    assert_int_equal(words()[0], 2);
    assert_int_equal(tries, 64);
    assert_int_equal(held_at, 0);
    u16 e = 0;
    to_lose = 10;
    assert_true(gpage_cmpxchg16(&page, 8, &e, 4));
    assert_int_equal(words()[1], 4);
}

static void test_then_others_are_held(void **state)
{
    to_lose = 64;
    assert_false(gpage_test_and_set_bit(&page, 0, 1));
    assert_int_equal(words()[0], 2);
    assert_int_equal(held_at, 65);
    assert_int_equal(d->vcpu[1]->pauses, 0);
    assert_int_equal(fake_crashes_logged, 0);
}

static void test_then_the_domain_is_crashed(void **state)
{
    struct spinlock l;
    spin_init(&l, RANK_EVTCHN, "held by the caller");
    to_lose = LOSE_FOREVER;
    spin_lock(&l);
    (void)gpage_test_and_set_bit(&page, 0, 1);
    spin_unlock(&l);
    assert_int_equal(words()[0], 0);
    assert_int_equal(nr_dirty, 0);
    assert_int_equal(fake_crashes_logged, 1);
    assert_int_equal(d->vcpu[0]->work, 1u << VCPU_WORK_CRASH);
    assert_in_range(tries, 1000, 4000);
    tries = 0;
    u32 e = 0;
    assert_false(gpage_cmpxchg32(&page, 0, &e, 1));
    assert_int_equal(e, 0);
    assert_int_equal(fake_crashes_logged, 2);
    assert_int_equal(words()[0], 0);
}

/* The word changes under us: what is returned is what was replaced. */
static bool write_and_lose(void *word)
{
    tries++;
    if (tries <= 3) {
        *(u64 *)word = tries << 8;
        return true;
    }
    return false;
}

static void test_change_between(void **state)
{
    fake_exclusive_lost = write_and_lose;
    assert_false(gpage_test_and_set_bit(&page, 0, 0));
    assert_int_equal(words()[0], 0x301);
    tries = 0;
    u64 e = 0x301;
    assert_false(gpage_cmpxchg64(&page, 0, &e, 7));
    assert_int_equal(e, 0x100);
    assert_int_equal(tries, 1);
}

static int start_group(void **state)
{
    fake_domains_init(32);
    d = fake_domain(1, false, false, 100);
    other = fake_domain(2, false, false, 100);
    assert_int_equal(domain_create_vcpu(d, 1), OK);
    (void)fake_ram_for(d, (gfn_t){GFN}, 0);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get),
        TEST(test_get_writable),
        TEST(test_from_frame),
        TEST(test_plain),
        TEST(test_nothing_leaves_the_page),
        TEST(test_bits),
        TEST(test_cmpxchg),
        TEST(test_lost_exclusives_are_tried_again),
        TEST(test_then_others_are_held),
        TEST(test_then_the_domain_is_crashed),
        TEST(test_change_between),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
