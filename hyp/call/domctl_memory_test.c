/* SPDX-License-Identifier: MIT */
#include "call/domctl_fake_test.h"
#include "call/io_access.h"

static int end(void **state)
{
    for (u32 i = 0; i < 3; i++) {
        io_access_release(&fake_domain[i]);
        assert_true(list_is_empty(&fake_domain[i].io_ranges));
    }
    return fake_teardown(state);
}
#define MEMORY_TEST(fn) cmocka_unit_test_setup_teardown(fn, fake_control_setup, end)

static void max_mem(void **state)
{
    domctl_at()->u.max_mem.max_memkb = 1027;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_mem, 1), 0);
    assert_int_equal(fake_domain[1].max_pages, 256);
    domctl_at()->u.max_mem.max_memkb = ~0ULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_max_mem, 1), 0);
    assert_true(fake_domain[1].max_pages == 0xffffffff);
}

static void mempool(void **state)
{
    fake_p2m.max_tables = ~0ULL;
    domctl_at()->u.paging_mempool.size = 5;
    assert_int_equal(fake_domctl(XEN_DOMCTL_get_paging_mempool_size, 1), 0);
    assert_int_equal(domctl_at()->u.paging_mempool.size, 0);
    domctl_at()->u.paging_mempool.size = 400 * PAGE_SIZE + 1;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_paging_mempool_size, 1), E_INVAL);
    domctl_at()->u.paging_mempool.size = 400 * PAGE_SIZE;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_paging_mempool_size, 0), E_INVAL);
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_paging_mempool_size, 1), 0);
    assert_int_equal(fake_p2m.max_tables, 400);
    domctl_at()->u.paging_mempool.size = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_get_paging_mempool_size, 1), 0);
    assert_int_equal(domctl_at()->u.paging_mempool.size, 400 * PAGE_SIZE);
    fake_answer = E_BUSY;
    domctl_at()->u.paging_mempool.size = PAGE_SIZE;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_paging_mempool_size, 1), E_NOMEM);
    fake_answer = OK;
    fake_domain[1].life = DOMAIN_DYING;
    assert_int_equal(fake_domctl(XEN_DOMCTL_set_paging_mempool_size, 1), E_INVAL);
}

static void cache_flush(void **state)
{
    struct xen_domctl_cacheflush *f = &domctl_at()->u.cacheflush;
    *f = (struct xen_domctl_cacheflush){100, 20};
    fake_answer = E_RESTART;
    assert_int_equal(fake_domctl(XEN_DOMCTL_cacheflush, 1), E_RESTART);
    assert_int_equal(f->start_pfn, 105);
    assert_int_equal(f->nr_pfns, 15);
    fake_answer = OK;
    assert_int_equal(fake_domctl(XEN_DOMCTL_cacheflush, 1), 0);
    assert_string_equal(fake_calls, "flush(100-120) flush(105-120) ");
    *f = (struct xen_domctl_cacheflush){0, (1u << 18) + 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_cacheflush, 1), E_INVAL);
    f->nr_pfns = 1u << 18;
    assert_int_equal(fake_domctl(XEN_DOMCTL_cacheflush, 1), 0);
    *f = (struct xen_domctl_cacheflush){~0ULL, 2};
    assert_int_equal(fake_domctl(XEN_DOMCTL_cacheflush, 1), E_INVAL);
}

/* ---- permissions as ranges */

#define MAY(first, last) io_access_permitted(&fake_domain[1], IO_MEMORY, first, last)

static void ranges_grow_and_shrink(void **state)
{
    struct domain *d = &fake_domain[1];
    assert_false(MAY(10, 10));
    assert_int_equal(io_access_permit(d, IO_MEMORY, 10, 19), OK);
    assert_true(MAY(10, 19));
    assert_false(MAY(9, 10));
    assert_false(MAY(19, 20));
    assert_false(io_access_permitted(d, IO_INTERRUPT, 10, 10));
    assert_false(io_access_permitted(&fake_domain[2], IO_MEMORY, 10, 10));
    /* Adjoining ones become one; a gap does not. */
    assert_int_equal(io_access_permit(d, IO_MEMORY, 20, 29), OK);
    assert_true(MAY(10, 29));
    assert_int_equal(io_access_permit(d, IO_MEMORY, 31, 40), OK);
    assert_false(MAY(29, 31));
    assert_int_equal(io_access_permit(d, IO_MEMORY, 5, 35), OK);
    assert_true(MAY(5, 40));
    assert_int_equal(fake_heap_live, 1);
    assert_int_equal(io_access_permit(d, IO_MEMORY, 42, 42), OK);
    assert_int_equal(io_access_permit(d, IO_MEMORY, 41, 41), OK); /* joins both its neighbours */
    assert_true(MAY(5, 42));
    assert_int_equal(fake_heap_live, 1);
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 41, 42), OK);
    /* Cut in two, at both ends, in whole; of what is not there nothing. */
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 20, 25), OK);
    assert_true(MAY(5, 19) && MAY(26, 40));
    assert_false(MAY(19, 20) || MAY(25, 26) || MAY(20, 20));
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 18, 27), OK);
    assert_true(MAY(5, 17) && MAY(28, 40));
    assert_false(MAY(18, 18) || MAY(27, 27));
    assert_int_equal(io_access_revoke(d, IO_INTERRUPT, 0, 100), OK);
    assert_true(MAY(5, 17));
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 0, 17), OK);
    assert_false(MAY(5, 5));
    assert_true(MAY(28, 40));
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 50, 60), OK);
    assert_int_equal(fake_heap_live, 1);
    /* The ends of the number line. */
    assert_int_equal(io_access_permit(d, IO_MEMORY, 0, 1), OK);
    assert_int_equal(io_access_permit(d, IO_MEMORY, ~0ULL - 1, ~0ULL), OK);
    assert_true(MAY(0, 1) && MAY(~0ULL, ~0ULL));

    fake_heap_empty = true;
    assert_int_equal(io_access_permit(d, IO_MEMORY, 100, 100), E_NOMEM);
    assert_int_equal(io_access_revoke(d, IO_MEMORY, 30, 30), E_NOMEM);
    assert_true(MAY(28, 40));
    fake_heap_empty = false;
    u64 at = 1000;
    while (io_access_permit(d, IO_MEMORY, at, at) == OK) {
        at += 2;
    }
    assert_int_equal(at, 1000 + 2 * (256 - 3));
    assert_int_equal(io_access_permit(d, IO_MEMORY, at, at), E_NOSPC);
}

static void what_the_control_domain_may(void **state)
{
    struct domain *d = &fake_domain[0];
    assert_true(io_access_permitted(d, IO_INTERRUPT, 32, 287));
    assert_false(io_access_permitted(d, IO_INTERRUPT, 32, 288));
    assert_false(io_access_permitted(d, IO_INTERRUPT, 31, 287)); /* each CPU's own */
    assert_true(io_access_permitted(d, IO_MEMORY, FAKE_RAM_FIRST - 5, FAKE_RAM_FIRST - 1));
    assert_false(io_access_permitted(d, IO_MEMORY, FAKE_RAM_FIRST - 5, FAKE_RAM_FIRST));
    assert_true(
        io_access_permitted(d, IO_MEMORY, 0, ~0ULL >> 1)); /* each page is asked for again */
}

static void permission_calls(void **state)
{
    struct xen_domctl_iomem_permission *m = &domctl_at()->u.iomem_permission;
    *m = (struct xen_domctl_iomem_permission){.first_mfn = 0x100, .nr_mfns = 4, .allow_access = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_iomem_permission, 1), 0);
    assert_true(MAY(0x100, 0x103));
    assert_false(MAY(0x100, 0x104));
    m->allow_access = 0;
    m->nr_mfns = 1;
    assert_int_equal(fake_domctl(XEN_DOMCTL_iomem_permission, 1), 0);
    assert_false(MAY(0x100, 0x100));
    m->nr_mfns = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_iomem_permission, 1), E_INVAL);
    m->nr_mfns = ~0ULL;
    assert_int_equal(fake_domctl(XEN_DOMCTL_iomem_permission, 1), E_INVAL);
    *m = (struct xen_domctl_iomem_permission){
        .first_mfn = FAKE_RAM_FIRST, .nr_mfns = 1, .allow_access = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_iomem_permission, 1), E_PERM);

    struct xen_domctl_irq_permission *i = &domctl_at()->u.irq_permission;
    *i = (struct xen_domctl_irq_permission){.pirq = 40, .allow_access = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_irq_permission, 1), 0);
    assert_true(io_access_permitted(&fake_domain[1], IO_INTERRUPT, 40, 40));
    i->allow_access = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_irq_permission, 1), 0);
    assert_false(io_access_permitted(&fake_domain[1], IO_INTERRUPT, 40, 40));
    i->pirq = 27;
    assert_int_equal(fake_domctl(XEN_DOMCTL_irq_permission, 1), E_PERM);
    i->pirq = 288;
    assert_int_equal(fake_domctl(XEN_DOMCTL_irq_permission, 1), E_INVAL);
}

static void mappings(void **state)
{
    struct xen_domctl_memory_mapping *m = &domctl_at()->u.memory_mapping;
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 0x500, .first_mfn = 0x100, .nr_mfns = 2, .add_mapping = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_PERM); /* not given yet */
    assert_int_equal(io_access_permit(&fake_domain[1], IO_MEMORY, 0x100, 0x13f), OK);
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), 0);
    assert_string_equal(fake_calls, "map(500=100,0,1) map(501=101,0,1) ");
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 0x500, .first_mfn = 0x100, .nr_mfns = 2, .add_mapping = 1};
    fake_restart = true; /* it goes on where it was */
    fake_calls[0] = '\0';
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_RESTART);
    assert_int_equal(m->first_gfn, 0x501);
    assert_int_equal(m->first_mfn, 0x101);
    assert_int_equal(m->nr_mfns, 1);
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), 0);
    assert_string_equal(fake_calls, "map(500=100,0,1) map(501=101,0,1) ");
    fake_restart = false;
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 0x500, .first_mfn = 0x100, .nr_mfns = 2, .add_mapping = 1};
    m->add_mapping = DPCI_REMOVE_MAPPING;
    fake_calls[0] = '\0';
    fake_answer = E_NOENT; /* what is not mapped so, stays */
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), 0);
    assert_string_equal(fake_calls, "unmap(500=100,0) unmap(501=101,0) ");
    fake_answer = E_NOMEM;
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_NOMEM);
    m->add_mapping = DPCI_ADD_MAPPING;
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_NOMEM);
    fake_answer = OK;
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 0x500, .first_mfn = 0x100, .nr_mfns = 64, .add_mapping = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), 0);
    m->first_mfn = 0x100;
    m->nr_mfns = 65;
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_2BIG);
    m->nr_mfns = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_INVAL);
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = ~0ULL, .first_mfn = 0x100, .nr_mfns = 2, .add_mapping = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_INVAL);
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 1, .first_mfn = 1ULL << 36, .nr_mfns = 1, .add_mapping = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_INVAL);
    m->first_mfn = ~0ULL;
    m->nr_mfns = 2;
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_INVAL);
    /* RAM is nobody's to map this way, whatever the list says. */
    assert_int_equal(io_access_permit(&fake_domain[1], IO_MEMORY, FAKE_RAM_FIRST, FAKE_RAM_FIRST),
                     OK);
    *m = (struct xen_domctl_memory_mapping){
        .first_gfn = 1, .first_mfn = FAKE_RAM_FIRST, .nr_mfns = 1, .add_mapping = 1};
    assert_int_equal(fake_domctl(XEN_DOMCTL_memory_mapping, 1), E_PERM);
}

static void interrupts(void **state)
{
    struct xen_domctl_bind_pt_irq *b = &domctl_at()->u.bind_pt_irq;
    *b = (struct xen_domctl_bind_pt_irq){
        .machine_irq = 40, .irq_type = PT_IRQ_TYPE_SPI, .u.spi.spi = 40};
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_PERM);
    assert_int_equal(io_access_permit(&fake_domain[1], IO_INTERRUPT, 20, 300), OK);
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), 0);
    assert_int_equal(fake_domctl(XEN_DOMCTL_unbind_pt_irq, 1), 0);
    assert_string_equal(fake_calls, "route(1:40=40) unroute(1:40) ");
    fake_answer = E_BUSY;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_BUSY);
    /* Its teardown may be past the interrupts: one bound now would never be given back. */
    fake_domain[1].life = DOMAIN_DYING;
    fake_answer = OK;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_INVAL);
    fake_domain[1].life = DOMAIN_ALIVE;
    assert_string_equal(fake_calls, "route(1:40=40) unroute(1:40) route(1:40=40) ");
    b->irq_type = 0;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_OPNOTSUPP);
    assert_int_equal(fake_domctl(XEN_DOMCTL_unbind_pt_irq, 1), E_OPNOTSUPP);
    b->irq_type = PT_IRQ_TYPE_SPI;
    b->u.spi.spi = 41;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_INVAL);
    b->u.spi.spi = 31;
    b->machine_irq = 31;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_INVAL);
    b->u.spi.spi = 288;
    b->machine_irq = 288;
    assert_int_equal(fake_domctl(XEN_DOMCTL_bind_pt_irq, 1), E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(max_mem),
        MEMORY_TEST(mempool),
        MEMORY_TEST(cache_flush),
        MEMORY_TEST(ranges_grow_and_shrink),
        MEMORY_TEST(what_the_control_domain_may),
        MEMORY_TEST(permission_calls),
        MEMORY_TEST(mappings),
        MEMORY_TEST(interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
