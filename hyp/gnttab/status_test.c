/* SPDX-License-Identifier: MIT */
/*
 * The flags of an entry whose owner changes it at the worst moment: guest memory has a door of the
 * test's own here, with the owner behind it.
 */
#include "gnttab/fixture_test.h"

static void (*before_exchange)(struct xen_grant_entry_v1 *e);
static u32 exchanges;

void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out)
{
    *out = (struct gpage){.frame = f, .va = frame_map(f), .domain = d, .writable = true};
}

static void *reach(const struct gpage *p, u32 offset, u32 bytes)
{
    assert_true(offset <= PAGE_SIZE - bytes && offset % bytes == 0);
    return (u8 *)p->va + offset;
}

u32 gpage_read32(const struct gpage *p, u32 offset)
{
    return *(u32 *)reach(p, offset, 4);
}

u64 gpage_read64(const struct gpage *p, u32 offset)
{
    return *(u64 *)reach(p, offset, 8);
}

void gpage_write64(struct gpage *p, u32 offset, u64 value)
{
    *(u64 *)reach(p, offset, 8) = value;
}

void gpage_copy(struct gpage *to, u32 to_offset, const struct gpage *from, u32 from_offset,
                u32 bytes)
{
}

bool gpage_cmpxchg32(struct gpage *p, u32 offset, u32 *expected, u32 value)
{
    u32 *word = reach(p, offset, 4);
    exchanges++;
    if (before_exchange != NULL) {
        before_exchange((struct xen_grant_entry_v1 *)word);
    }
    if (*word != *expected) {
        *expected = *word;
        return false;
    }
    *word = value;
    return true;
}

bool gpage_test_and_clear_bit(struct gpage *p, u32 offset, u32 bit)
{
    u64 *word = reach(p, offset, 8);
    bool was = bitmap_test(word, bit);
    bitmap_clear(word, bit);
    return was;
}

static u32 changes_left;

static void flip(struct xen_grant_entry_v1 *e)
{
    if (changes_left > 0) {
        changes_left--;
        e->flags ^= 1 << 15;
    }
}

static void five_tries(void **state)
{
    for (u32 changes = 0; changes < 8; changes++) {
        grant(1, 8, 0, 3, 0);
        changes_left = changes;
        before_exchange = flip;
        exchanges = 0;
        struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, HOST);
        before_exchange = NULL;
        if (changes < 5) {
            assert_int_equal(op.status, GNTST_okay);
            assert_int_equal(exchanges, changes + 1);
            assert_int_equal(entry_of(1, 8)->flags & 0x7fff,
                             GTF_permit_access | GTF_reading | GTF_writing);
            assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
        } else {
            assert_int_equal(op.status, GNTST_general_error);
            assert_int_equal(exchanges, 5);
            assert_int_equal(entry_of(1, 8)->flags & 0x7fff, GTF_permit_access);
            assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
        }
    }
}

static void take_back(struct xen_grant_entry_v1 *e)
{
    e->flags = 0;
}

static void give_to_another(struct xen_grant_entry_v1 *e)
{
    e->domid = 2;
}

static void make_readonly(struct xen_grant_entry_v1 *e)
{
    e->flags |= GTF_readonly;
}

/* What is checked is what is replaced. */
static void a_change_after_the_check(void **state)
{
    static void (*const change[])(struct xen_grant_entry_v1 *) = {take_back, give_to_another,
                                                                  make_readonly};
    for (u32 i = 0; i < ARRAY_LEN(change); i++) {
        grant(1, 8, 0, 3, 0);
        before_exchange = change[i];
        struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, HOST);
        before_exchange = NULL;
        assert_int_equal(op.status, GNTST_general_error);
        assert_int_equal(entry_of(1, 8)->flags & (GTF_reading | GTF_writing), 0);
        assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
        assert_int_equal(dom(1)->gnttab->frames[0].active[0][8].writers, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(five_tries),
        TEST(a_change_after_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
