/* SPDX-License-Identifier: MIT */
#include "test/host/fake_domain.h"

#include "guestmem/guestmem.h"
#include "p2m/p2m.h"
#include "sync/spinlock.h"

#define RAM \
    0x40000000ULL /* 16 pages from here; the one after is read-only, then a hole, then a device */
#define RO     (RAM + 16 * PAGE_SIZE)
#define HOLE   (RAM + 17 * PAGE_SIZE)
#define DEVICE (RAM + 18 * PAGE_SIZE)

static struct domain *d;
static bool
    between_break_and_make; /* another CPU, in the entry that is wanted: not under the lock */

/* As translate_host.c: the MMU is off. */
enum err guest_translate_machine(gva_t va, bool write, maddr_t *out)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    assert_int_equal(this_cpu(p2m_window) & 1, 1);
    if (between_break_and_make && lock_nr_held() == 0) {
        return E_FAULT;
    }
    enum err e =
        p2m_lookup_locked(domain_current()->p2m, (gfn_t){va.v >> PAGE_SHIFT}, &mfn, &type, &order);
    if (e != OK || (write && !p2m_type_is_writable(type))) {
        return E_FAULT;
    }
    out->m = mfn_to_maddr(mfn).m | (va.v & PAGE_MASK);
    return OK;
}

enum err guest_translate_stage1(gva_t va, bool write, gaddr_t *out)
{
    if (between_break_and_make && lock_nr_held() == 0) {
        return E_FAULT;
    }
    out->g = va.v;
    return OK;
}
static struct frame *dirty[16];
static u32 nr_dirty;

static void note_dirty(struct frame *f)
{
    assert_true(nr_dirty < ARRAY_LEN(dirty));
    dirty[nr_dirty++] = f;
}

static struct frame *frame_at(u64 at)
{
    return frame_of(fake_at(d, (gaddr_t){at}));
}

static int start(void **state)
{
    nr_dirty = 0;
    guest_dirty_hook = note_dirty;
    for (u64 i = 0; i < 16; i++) {
        memset(fake_at(d, (gaddr_t){RAM + i * PAGE_SIZE}), (int)i + 1, PAGE_SIZE);
    }
    memset(fake_at(d, (gaddr_t){RO}), 0x77, PAGE_SIZE);
    fake_run_as(d);
    return 0;
}

static int end(void **state)
{
    guest_dirty_hook = NULL;
    assert_int_equal(this_cpu(p2m_window) % 2, 0);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

static void test_in(void **state)
{
    u8 b[16];
    assert_int_equal(copy_in(b, (gva_t){RAM + 2 * PAGE_SIZE - 4}, 8), OK);
    assert_memory_equal(b, "\2\2\2\2\3\3\3\3", 8);
    assert_int_equal(copy_in(b, (gva_t){RO}, 4), OK);
    assert_memory_equal(b, "\x77\x77\x77\x77", 4);
    assert_int_equal(nr_dirty, 0);
}

static void test_in_faults(void **state)
{
    u8 b[16];
    assert_int_equal(copy_in(b, (gva_t){HOLE}, 1), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){HOLE - 4}, 8), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){HOLE - 8}, 8), OK);
    assert_int_equal(copy_in(b, (gva_t){RAM - 1}, 1), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){DEVICE}, 1), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){~0ULL}, 1), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){~0ULL - 3}, 8), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){0x8000000000000000ULL}, 8), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){HOLE}, 0), OK);
    assert_int_equal(copy_in(b, (gva_t){~0ULL}, 0), OK);
}

/* A change of the tables that is under way is no fault of the guest's pointer. */
static void test_in_while_tables_change(void **state)
{
    u8 b[8];
    gaddr_t at;
    between_break_and_make = true;
    assert_int_equal(copy_in(b, (gva_t){RAM + 2 * PAGE_SIZE - 4}, 8), OK);
    assert_memory_equal(b, "\2\2\2\2\3\3\3\3", 8);
    assert_int_equal(copy_out((gva_t){RAM + PAGE_SIZE}, "kanso", 5), OK);
    assert_memory_equal(fake_at(d, (gaddr_t){RAM + PAGE_SIZE}), "kanso", 5);
    assert_int_equal(copy_out((gva_t){RO}, "kanso", 5), E_FAULT);
    assert_int_equal(copy_in(b, (gva_t){HOLE}, 1), E_FAULT);
    assert_int_equal(guest_translate((gva_t){RAM + 7}, true, &at), OK);
    assert_int_equal(at.g, RAM + 7);
    assert_int_equal(guest_translate((gva_t){HOLE}, false, &at), E_FAULT);
    between_break_and_make = false;
}

static void test_sizes(void **state)
{
    static u8 b[0x10001];
    assert_int_equal(copy_in(b, (gva_t){RAM}, 0x10000), OK);
    for (u32 i = 0; i < 16; i++) {
        assert_int_equal(b[i * PAGE_SIZE], i + 1);
        assert_int_equal(b[i * PAGE_SIZE + PAGE_SIZE - 1], i + 1);
    }
    assert_int_equal(copy_in(b, (gva_t){RAM}, 0x10001), E_FAULT);
}

static void test_out(void **state)
{
    const gva_t to = {RAM + PAGE_SIZE - 2};
    assert_int_equal(copy_out(to, "wxyz", 4), OK);
    assert_memory_equal(fake_at(d, (gaddr_t){RAM + PAGE_SIZE - 3}), "\1wx", 3);
    assert_memory_equal(fake_at(d, (gaddr_t){RAM + PAGE_SIZE}), "yz\2", 3);
    assert_int_equal(nr_dirty, 2);
    assert_ptr_equal(dirty[0], frame_at(RAM));
    assert_ptr_equal(dirty[1], frame_at(RAM + PAGE_SIZE));
    assert_int_equal(copy_out((gva_t){RO}, "x", 1), E_FAULT);
    assert_int_equal(*(u8 *)fake_at(d, (gaddr_t){RO}), 0x77);
    assert_int_equal(copy_out((gva_t){DEVICE}, "x", 1), E_FAULT);
    assert_int_equal(nr_dirty, 2);
}

static void test_out_zero(void **state)
{
    assert_int_equal(copy_out_zero((gva_t){RAM + PAGE_SIZE - 2}, 5), OK);
    assert_memory_equal(fake_at(d, (gaddr_t){RAM + PAGE_SIZE - 3}), "\1\0\0", 3);
    assert_memory_equal(fake_at(d, (gaddr_t){RAM + PAGE_SIZE}), "\0\0\0\2", 4);
    assert_int_equal(nr_dirty, 2);
    assert_int_equal(copy_out_zero((gva_t){RO - 1}, 2), E_FAULT);
}

static void test_nth(void **state)
{
    u64 v = 0x1122334455667788ULL, w = 0;
    assert_int_equal(copy_out_nth((gva_t){RAM}, 511, &v, 8), OK);
    assert_int_equal(copy_in_nth(&w, (gva_t){RAM + 8}, 510, 8), OK);
    assert_int_equal(v, w);
    assert_int_equal(copy_in(&w, (gva_t){RAM + 511 * 8}, 8), OK);
    assert_int_equal(v, w);
    assert_int_equal(copy_in_nth(&w, (gva_t){RAM}, 0x2000000000000000ULL, 8), E_FAULT);
    assert_int_equal(copy_in_nth(&w, (gva_t){RAM}, 0x1fffffffffffffffULL, 8), E_FAULT);
    assert_int_equal(copy_out_nth((gva_t){RAM}, 0x1fffffffffffffffULL, &v, 8), E_FAULT);
    assert_int_equal(copy_out_nth((gva_t){~0ULL - 7}, 1, &v, 8), E_FAULT);
}

static void test_translate(void **state)
{
    gaddr_t at;
    assert_int_equal(guest_translate((gva_t){RAM + 5}, true, &at), OK);
    assert_int_equal(at.g, RAM + 5);
    assert_int_equal(guest_translate((gva_t){RO + 5}, false, &at), OK);
    assert_int_equal(guest_translate((gva_t){RO + 5}, true, &at), E_FAULT);
    assert_int_equal(guest_translate((gva_t){HOLE}, false, &at), E_FAULT);
}

static int start_group(void **state)
{
    fake_domains_init(32);
    d = fake_domain(1, false, false, 100);
    (void)fake_ram_for(d, (gfn_t){RAM / PAGE_SIZE}, 4);
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), OK);
    assert_int_equal(domain_add_pages(d, f, 0), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){RO / PAGE_SIZE}, frame_to_mfn(f), 0, P2M_RAM_RO), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){DEVICE / PAGE_SIZE}, (mfn_t){0x9000}, 0, P2M_DEVICE),
                     OK);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_while_tables_change),
        TEST(test_in),
        TEST(test_in_faults),
        TEST(test_sizes),
        TEST(test_out),
        TEST(test_out_zero),
        TEST(test_nth),
        TEST(test_translate),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
