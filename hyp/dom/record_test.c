/* SPDX-License-Identifier: MIT */
/* Registers and the memory map written out and read into a fresh domain. */
#include "test/host/fake_domain.h"

#include "test/host/records.h"

static const struct record_room rooms[] = {
    {"memory", RECORD_MEMORY, 1, RECORD_OWN, true, sizeof(struct record_memory), memory_save,
     memory_load},
    {"vcpu", RECORD_VCPU, 1, RECORD_PER_VCPU, false, sizeof(struct record_vcpu), vcpu_save,
     vcpu_load},
    {.type = 0},
};
static struct records first, second;
static struct domain *old, *new;

static int begin(void **state)
{
    old = fake_domain(1, false, false, 4096);
    new = fake_domain(2, false, false, 4096);
    return 0;
}

static int end(void **state)
{
    fake_kill(old);
    fake_kill(new);
    return 0;
}

static struct kept *find(u32 type, u32 n)
{
    for (u32 i = 0; i < first.nr; i++) {
        if (first.kept[i].room->type == type && n-- == 0) {
            return &first.kept[i];
        }
    }
    fail();
    return NULL;
}

/* ---- registers ---- */

static void fill_bytes(void *p, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++) {
        ((u8 *)p)[i] = (u8)records_random(256);
    }
}

static void fill_vcpu(struct vcpu *v)
{
    fill_bytes(v->regs.x, sizeof(v->regs.x));
    fill_bytes(&v->regs.sp_el0, sizeof(u64));
    fill_bytes(&v->regs.pc, sizeof(u64));
    v->regs.pstate = 0x600003c5;
    const struct el1_regs was = v->el1;
    fill_bytes(&v->el1, sizeof(v->el1));
    v->el1.hcr = BIT(8) * records_random(2);
    /* What is the machine's or follows from the number. */
    v->el1.vmpidr = was.vmpidr;
    fill_bytes(v->fp, offsetof(struct fp_regs, fpcr) + 4);
    v->fp_used = true;
    v->initialised = true;
    spin_lock(&v->domain->lock);
    vcpu_set_online(v, true);
    spin_unlock(&v->domain->lock);
}

static void test_registers(void **state)
{
    assert_int_equal(domain_create_vcpu(old, 1), OK);
    assert_int_equal(domain_create_vcpu(new, 1), OK);
    for (u64 seed = 1; seed <= 10; seed++) {
        records_seed = seed;
        fill_vcpu(old->vcpu[0]);
        new->vcpu[0]->fp_on = 0; /* a copy in a CPU that must not be taken for it */
        records_save(rooms, old, &first);
        assert_int_equal(first.nr, 2);
        records_load(new, &first);
        records_save(rooms, new, &second);
        records_assert_same(&first, &second);
        const struct vcpu *a = old->vcpu[0], *b = new->vcpu[0];
        assert_memory_equal(&a->regs, &b->regs, offsetof(struct cpu_regs, reserved));
        assert_memory_equal(&a->el1, &b->el1, sizeof(a->el1));
        assert_memory_equal(a->fp, b->fp, offsetof(struct fp_regs, fpcr) + 4);
        assert_int_equal(b->fp_on, ~0u);
        assert_true(b->online && b->initialised && b->fp_used);
        assert_int_equal(b->unit.hold, new->pauses); /* held by the tools only */
        assert_true(!new->vcpu[1]->online && !new->vcpu[1]->initialised);
    }
}

static void test_wrong_registers(void **state)
{
    records_seed = 3;
    fill_vcpu(old->vcpu[0]);
    records_save(rooms, old, &first);
    struct kept *k = find(RECORD_VCPU, 0);
    struct record_vcpu *b = (struct record_vcpu *)k->body;
    records_save(rooms, new, &second);
    const struct record_vcpu good = *b;
    b->pstate = 0x3c9; /* EL2h */
    assert_int_equal(records_load_one(new, k), E_INVAL);
    b->pstate = 0x1d3; /* AArch32 */
    assert_int_equal(records_load_one(new, k), E_INVAL);
    *b = good;
    b->flags |= 16;
    assert_int_equal(records_load_one(new, k), E_INVAL);
    b->flags = RECORD_VCPU_ONLINE;
    assert_int_equal(records_load_one(new, k), E_INVAL);
    k->instance = 1; /* not made */
    assert_int_equal(records_load_one(new, k), E_NOENT);
    k->instance = ~0u;
    assert_int_equal(records_load_one(new, k), E_NOENT);
    records_save(rooms, new, &first);
    records_assert_same(&first, &second);
    b->flags = 0;
    b->pstate = 0;
    k->instance = 0;
    k->room = &rooms[1];
    k->bytes = sizeof(*b);
    assert_int_equal(records_load_one(new, k), OK); /* one that has no registers needs none */
}

/* ---- memory ---- */

/* Blocks, pages alone, a hole that is larger than one record looks at, read-only ones. */
static void fill_memory(struct domain *d)
{
    fake_ram_for(d, (gfn_t){0x40000}, 9);
    for (u32 i = 0; i < 300; i++) {
        fake_ram_for(d, (gfn_t){0x40200 + i * 2}, 0);
    }
    fake_ram_for(d, (gfn_t){0x900000}, 4);
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    assert_int_equal(p2m_lookup(d->p2m, (gfn_t){0x900003}, &mfn, &type, &order), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){0x900003}, mfn, 0, P2M_RAM_RO), OK);
    assert_int_equal(p2m_map(d->p2m, (gfn_t){0x3000}, (mfn_t){0x3000}, 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_map_shared(d->p2m, (gfn_t){0x38000}, d->shared_info), OK);
}

static void test_memory(void **state)
{
    fill_memory(old);
    records_save(rooms, old, &first);
    u64 pages = 0;
    u64 at = 0;
    for (u32 i = 0; i < first.nr - 1; i++) { /* the last is the vCPU's */
        const struct record_memory *b = (const struct record_memory *)find(RECORD_MEMORY, i)->body;
        for (u32 n = 0; n < b->nr; n++) {
            assert_true(b->run[n].gfn >= at);
            at = b->run[n].gfn + b->run[n].nr_pages;
            pages += b->run[n].nr_pages;
            for (u32 p = 0; p < b->run[n].nr_pages; p++) {
                mfn_t mfn;
                enum p2m_type type;
                u32 order;
                gfn_t gfn = {b->run[n].gfn + p};
                assert_int_equal(p2m_lookup(old->p2m, gfn, &mfn, &type, &order), OK);
                assert_int_equal(type,
                                 b->run[n].flags == RECORD_RUN_READONLY ? P2M_RAM_RO : P2M_RAM_RW);
            }
        }
    }
    assert_int_equal(pages, 512 + 300 + 16);
    fill_memory(new);
    records_load(new, &first);
    records_save(rooms, new, &second);
    records_assert_same(&first, &second);
}

static void test_dirty_while_mapped(void **state)
{
    fake_ram_for(old, (gfn_t){0x40000}, 9);
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    assert_int_equal(p2m_lookup(old->p2m, (gfn_t){0x40005}, &mfn, &type, &order), OK);
    struct frame *f = mfn_to_frame(mfn);
    f->writable_maps = 1;
    records_save(rooms, old, &first);
    const struct record_memory *b = (const struct record_memory *)find(RECORD_MEMORY, 0)->body;
    assert_int_equal(b->nr, 3);
    assert_int_equal(b->run[0].flags, 0);
    assert_int_equal(b->run[1].gfn, 0x40005);
    assert_int_equal(b->run[1].nr_pages, 1);
    assert_int_equal(b->run[1].flags, RECORD_RUN_DIRTY);
    f->writable_maps = 0;
    fake_ram_for(new, (gfn_t){0x40000}, 9);
    records_load(new, &first); /* the mark is no property of the copy */
}

static void test_somebody_else_s_page(void **state)
{
    fake_ram_for(old, (gfn_t){0x40000}, 0);
    fake_ram_for(new, (gfn_t){0x40000}, 0);
    struct frame *f;
    assert_int_equal(p2m_get_page(new->p2m, (gfn_t){0x40000}, true, &f), OK);
    assert_int_equal(p2m_map(old->p2m, (gfn_t){0x50000}, frame_to_mfn(f), 0, P2M_GRANT_RW), OK);
    assert_int_equal(records_try_save(rooms, old, &first), E_BUSY);
}

static enum err try_runs(u32 instance, u32 nr, const struct record_run *run)
{
    static struct kept k;
    memset(&k, 0, sizeof(k));
    struct record_memory *b = (struct record_memory *)k.body;
    b->nr = nr;
    memcpy(b->run, run, nr * sizeof(*run));
    k.room = &rooms[0];
    k.instance = instance;
    k.bytes = (u32)(offsetof(struct record_memory, run) + nr * sizeof(*run));
    return records_load_one(new, &k);
}

static void test_wrong_runs(void **state)
{
    fake_ram_for(new, (gfn_t){0x40000}, 4);
    const struct record_run good[] = {{.gfn = 0x40000, .nr_pages = 8},
                                      {.gfn = 0x40008, .nr_pages = 8, .flags = RECORD_RUN_DIRTY}};
    assert_int_equal(try_runs(0, 2, good), OK);
    assert_int_equal(try_runs(0x40000, 2, good), OK);
    assert_int_equal(try_runs(0x40001, 2, good), E_INVAL); /* before the record */
    const struct {
        struct record_run run;
        enum err e;
    } bad[] = {
        {{.gfn = 0x40000, .nr_pages = 0}, E_INVAL},
        {{.gfn = 0x40000, .nr_pages = RECORD_RUNS + 1}, E_INVAL},
        {{.gfn = 0x40000, .nr_pages = ~0u}, E_INVAL},
        {{.gfn = 0x40000, .nr_pages = 1, .flags = 4}, E_INVAL},
        {{.gfn = 0x40000, .nr_pages = 1, .zero = 1}, E_INVAL},
        {{.gfn = ~0u, .nr_pages = 1}, E_INVAL},
        {{.gfn = 0x40000, .nr_pages = 17}, E_NOENT},
        {{.gfn = 0x3ffff, .nr_pages = 2}, E_NOENT},
        {{.gfn = 0x50000, .nr_pages = 1}, E_NOENT},
        {{.gfn = 0x40000, .nr_pages = 1, .flags = RECORD_RUN_READONLY}, E_NOENT},
    };
    for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(try_runs(0, 1, &bad[i].run), bad[i].e);
    }
    const struct record_run crossed[] = {good[1], good[0]};
    assert_int_equal(try_runs(0, 2, crossed), E_INVAL);
    static struct kept k = {.room = &rooms[0], .bytes = 8};
    ((struct record_memory *)k.body)->nr = 1;
    assert_int_equal(records_load_one(new, &k), E_INVAL);
    k.bytes = 0;
    assert_int_equal(records_load_one(new, &k), E_INVAL);
}

static void test_hostile_records(void **state)
{
    fill_memory(old);
    fill_memory(new);
    records_seed = 1;
    fill_vcpu(old->vcpu[0]);
    records_save(rooms, old, &first);
    assert_true(records_attack(rooms, new, &first, 1000) > 100);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

static int machine(void **state)
{
    fake_domains_init(64);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registers),          TEST(test_wrong_registers),      TEST(test_memory),
        TEST(test_dirty_while_mapped), TEST(test_somebody_else_s_page), TEST(test_wrong_runs),
        TEST(test_hostile_records),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
