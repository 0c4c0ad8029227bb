/* SPDX-License-Identifier: MIT */
#define dom_next fake_dom_next /* of three; here there may be more */
#include "call/domctl_fake_test.h"
#undef dom_next
#include "log/console.h"

static u32 nr_more; /* domains 100, 101, ... */
static struct domain more[60];

struct domain *dom_next(domid_t from);
struct domain *dom_next(domid_t from)
{
    u32 n = from.id < 100 ? 0 : from.id - 100u;
    struct domain *d = from.id < 3 ? fake_dom_next(from) : NULL;
    if (d == NULL && n < nr_more) {
        more[n].id = (domid_t){(u16)(100 + n)};
        d = &more[n];
    }
    return d;
}

/* ---- a log that holds "0123...": the byte at position n is the last digit of n */

static u64 ring_start, ring_end;

u64 log_ring_start(void)
{
    return ring_start;
}

u64 log_ring_end(void)
{
    return ring_end;
}

u32 log_ring_read(u64 *pos, char *out, u32 bytes)
{
    u32 n = 0;
    assert_in_range(*pos, ring_start, ring_end);
    while (n < bytes && *pos < ring_end) {
        out[n++] = (char)('0' + *pos % 10);
        ++*pos;
    }
    return n;
}

void log_ring_clear(void)
{
    ring_start = ring_end;
}

static char keys[16];
void console_debug_key(char key)
{
    strncat(keys, &key, 1);
}

static void who_asks_and_how(void **state)
{
    struct call_args nowhere = {{GUEST_NOWHERE}};
    assert_int_equal(call_sysctl(vcpu_current(), &nowhere), E_FAULT);
    assert_int_equal(fake_sysctl(XEN_SYSCTL_sched_id), 0);
    assert_int_equal(sysctl_at()->u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
    sysctl_at()->interface_version--;
    struct call_args args = {{ARGUMENT}};
    assert_int_equal(call_sysctl(vcpu_current(), &args), E_ACCES);
    assert_int_equal(fake_sysctl(XEN_SYSCTL_pcitopoinfo), E_NOSYS);
    assert_int_equal(fake_sysctl(0), E_NOSYS);
    assert_int_equal(fake_sysctl(31), E_NOSYS);
    assert_int_equal(fake_sysctl(32 + XEN_SYSCTL_sched_id), E_NOSYS);
    fake_become(1, 0);
    assert_int_equal(fake_sysctl(XEN_SYSCTL_sched_id), E_PERM);
    assert_int_equal(fake_sysctl(XEN_SYSCTL_pcitopoinfo), E_PERM);
    /* Where the result has no place */
    fake_become(0, 0);
    *(struct xen_sysctl *)guest_at(GUEST_READONLY) = (struct xen_sysctl){
        .cmd = XEN_SYSCTL_sched_id, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    args.arg[0] = GUEST_READONLY;
    assert_int_equal(call_sysctl(vcpu_current(), &args), E_FAULT);
}

static struct xen_sysctl_readconsole *console(u32 index, u32 count, bool incremental, bool clear)
{
    struct xen_sysctl_readconsole *r = &sysctl_at()->u.readconsole;
    *r = (struct xen_sysctl_readconsole){.index = index,
                                         .count = count,
                                         .incremental = incremental,
                                         .clear = clear,
                                         .buffer = {BUFFER}};
    memset(guest_at(BUFFER), 0, 2048);
    assert_int_equal(fake_sysctl(XEN_SYSCTL_readconsole), 0);
    return r;
}

static void the_log_is_read(void **state)
{
    ring_start = 0x100000002ULL - 5; /* positions outgrow the ABI's 32 bits in the middle */
    ring_end = ring_start + 10;
    struct xen_sysctl_readconsole *r = console(0, 4, false, false);
    assert_int_equal(r->count, 4);
    assert_int_equal(r->index, 1);
    assert_string_equal(guest_at(BUFFER), "3456");
    r = console(r->index, 100, true, false);
    assert_int_equal(r->count, 6);
    assert_int_equal(r->index, 7);
    assert_string_equal(guest_at(BUFFER), "789012");
    r = console(r->index, 100, true, false);
    assert_int_equal(r->count, 0);
    assert_int_equal(r->index, 7);
    /* An index that is no more, or not yet: from the oldest. */
    r = console(8, 3, true, false);
    assert_string_equal(guest_at(BUFFER), "345");
    r = console((u32)ring_start - 1, 3, true, false);
    assert_string_equal(guest_at(BUFFER), "345");
    /* Without incremental the index counts nothing. */
    r = console(5, 3, false, true);
    assert_string_equal(guest_at(BUFFER), "345");
    assert_true(ring_start == ring_end);

    ring_end = ring_start + 1500; /* more than one piece */
    r = console(0, 1300, false, false);
    assert_int_equal(r->count, 1300);
    assert_int_equal(((char *)guest_at(BUFFER))[1299], '0' + (ring_start + 1299) % 10);
    sysctl_at()->u.readconsole.buffer.p = GUEST_NOWHERE;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_readconsole), E_FAULT);
}

static void one_stay_reads_so_much(void **state)
{
    ring_start = 0;
    ring_end = 100000;
    struct xen_sysctl_readconsole *r = &sysctl_at()->u.readconsole;
    /* The fake guest's memory is smaller than what we would read: it ends in a fault, behind the
     * limit it does not. */
    *r = (struct xen_sysctl_readconsole){.count = 100000, .buffer = {GUEST_BASE + 0x200}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_readconsole), E_FAULT);
    assert_int_equal(fake_copies, 1 + (2 * PAGE_SIZE - 0x200) / 512 + 1);
}

static void debug_keys(void **state)
{
    keys[0] = '\0';
    memcpy(guest_at(BUFFER), "hqx", 3);
    sysctl_at()->u.debug_keys = (struct xen_sysctl_debug_keys){{BUFFER}, 2};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_debug_keys), 0);
    assert_string_equal(keys, "hq");
    sysctl_at()->u.debug_keys.keys.p = GUEST_END - 1;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_debug_keys), E_FAULT);
}

static void the_machine(void **state)
{
    memset(&sysctl_at()->u, 0xff, sizeof(sysctl_at()->u));
    assert_int_equal(fake_sysctl(XEN_SYSCTL_physinfo), 0);
    const struct xen_sysctl_physinfo *p = &sysctl_at()->u.physinfo;
    assert_int_equal(p->threads_per_core, 1);
    assert_int_equal(p->cores_per_socket, 1);
    assert_int_equal(p->nr_cpus, 2);
    assert_int_equal(p->max_cpu_id, 1);
    assert_int_equal(p->nr_nodes, 1);
    assert_int_equal(p->max_node_id, 0);
    assert_int_equal(p->cpu_khz, 62500);
    assert_int_equal(p->capabilities, XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                                          XEN_SYSCTL_PHYSCAP_gnttab_v1);
    assert_int_equal(p->arch_capabilities, 0);
    assert_int_equal(p->total_pages, 0x40000);
    assert_int_equal(p->free_pages, 1000);
    assert_int_equal(p->scrub_pages | p->outstanding_pages, 0);
    assert_int_equal(p->max_mfn, 2 * FAKE_RAM_FIRST - 1);

    for (s32 node = -1; node <= 1; node++) {
        sysctl_at()->u.availheap.node = node;
        assert_int_equal(fake_sysctl(XEN_SYSCTL_availheap), 0);
        assert_int_equal(sysctl_at()->u.availheap.avail_bytes, node == 1 ? 0 : 1000 * PAGE_SIZE);
    }
}

static void each_cpu(void **state)
{
    u64 *idle = guest_at(BUFFER);
    sysctl_at()->u.getcpuinfo = (struct xen_sysctl_getcpuinfo){.max_cpus = 9, .info = {BUFFER}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getcpuinfo), 0);
    assert_int_equal(sysctl_at()->u.getcpuinfo.nr_cpus, 2);
    assert_int_equal(idle[0], 1000);
    assert_int_equal(idle[1], 1001);
    idle[1] = 5;
    sysctl_at()->u.getcpuinfo.max_cpus = 1;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getcpuinfo), 0);
    assert_int_equal(sysctl_at()->u.getcpuinfo.nr_cpus, 1);
    assert_int_equal(idle[1], 5);
    sysctl_at()->u.getcpuinfo.info.p = GUEST_NOWHERE;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getcpuinfo), E_FAULT);

    struct xen_sysctl_cputopo *topology = guest_at(BUFFER);
    memset(topology, 0xff, 3 * sizeof(*topology));
    sysctl_at()->u.cputopoinfo = (struct xen_sysctl_cputopoinfo){.num_cpus = 7};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(sysctl_at()->u.cputopoinfo.num_cpus, 2);
    sysctl_at()->u.cputopoinfo = (struct xen_sysctl_cputopoinfo){7, {BUFFER}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(sysctl_at()->u.cputopoinfo.num_cpus, 2);
    assert_int_equal(topology[1].core | topology[1].socket | topology[1].node, 0);
    assert_int_equal(topology[2].core, ~0u);
    sysctl_at()->u.cputopoinfo.num_cpus = 1;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(sysctl_at()->u.cputopoinfo.num_cpus, 1);
    sysctl_at()->u.cputopoinfo.cputopo.p = GUEST_NOWHERE;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cputopoinfo), E_FAULT);
}

static void nodes(void **state)
{
    struct xen_sysctl_numainfo *n = &sysctl_at()->u.numainfo;
    struct xen_sysctl_meminfo *memory = guest_at(BUFFER);
    u32 *distance = guest_at(BUFFER + 64);
    *n = (struct xen_sysctl_numainfo){.num_nodes = 0};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_numainfo), 0);
    assert_int_equal(n->num_nodes, 1);
    *n = (struct xen_sysctl_numainfo){0, {BUFFER}, {BUFFER + 64}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_numainfo), 0);
    assert_int_equal(n->num_nodes, 0);
    assert_int_equal(distance[0], 0);
    n->num_nodes = 5;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_numainfo), 0);
    assert_int_equal(n->num_nodes, 1);
    assert_int_equal(memory->memsize, 0x40000 * PAGE_SIZE);
    assert_int_equal(memory->memfree, 1000 * PAGE_SIZE);
    assert_int_equal(distance[0], 20);
    n->meminfo.p = GUEST_NOWHERE;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_numainfo), E_FAULT);
    n->meminfo.p = 0;
    n->distance.p = GUEST_NOWHERE;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_numainfo), E_FAULT);
}

/* ---- the list of domains; the fake ones are 0, 1, 2 */

static void the_list(void **state)
{
    struct xen_sysctl_getdomaininfolist *l = &sysctl_at()->u.getdomaininfolist;
    const struct xen_domctl_getdomaininfo *info = guest_at(BUFFER);
    *l = (struct xen_sysctl_getdomaininfolist){
        .max_domains = 10, .buffer = {BUFFER}, .num_domains = 999};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(l->num_domains, 3);
    assert_int_equal(info[0].domain, 0);
    assert_int_equal(info[2].domain, 2);
    *l = (struct xen_sysctl_getdomaininfolist){
        .first_domain = 1, .max_domains = 1, .buffer = {BUFFER}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(l->num_domains, 1);
    assert_int_equal(info[0].domain, 1);
    assert_int_equal(sysctl_at()->cmd, XEN_SYSCTL_getdomaininfolist);
    *l = (struct xen_sysctl_getdomaininfolist){.max_domains = 3, .buffer = {GUEST_NOWHERE}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getdomaininfolist), E_FAULT);
    /* One that was interrupted after two goes on with the count and the place it had. */
    *l = (struct xen_sysctl_getdomaininfolist){
        .first_domain = 2, .max_domains = 8, .buffer = {BUFFER}, .num_domains = 2};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getdomaininfolist | 1u << 31), 0);
    assert_int_equal(l->num_domains, 3);
    assert_int_equal(sysctl_at()->cmd, XEN_SYSCTL_getdomaininfolist);
}

/* A long list comes in parts: the structure carries the place, and in the end looks as if nothing
 * had happened. */
static void the_list_in_parts(void **state)
{
    struct xen_sysctl_getdomaininfolist *l = &sysctl_at()->u.getdomaininfolist;
    const struct xen_domctl_getdomaininfo *info = guest_at(BUFFER);
    nr_more = 40;
    fake_restart = true;
    fake_restart_after = 23;
    *l = (struct xen_sysctl_getdomaininfolist){
        .max_domains = 50, .buffer = {BUFFER}, .num_domains = 7};
    struct call_args args = {{ARGUMENT}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_getdomaininfolist), E_RESTART);
    assert_int_equal(l->num_domains, 24);
    assert_int_equal(l->max_domains, 26);
    assert_int_equal(l->first_domain, 121);
    assert_int_equal(l->buffer.p, BUFFER + 24 * sizeof(*info));
    fake_restart = false;
    assert_int_equal(call_sysctl(vcpu_current(), &args), 0);
    nr_more = 0;
    assert_int_equal(l->num_domains, 43);
    assert_int_equal(sysctl_at()->cmd, XEN_SYSCTL_getdomaininfolist);
    for (u32 i = 0; i < 43; i++) {
        assert_int_equal(info[i].domain, i < 3 ? i : 97 + i);
    }
}

static void pools(void **state)
{
    struct xen_sysctl_cpupool_op *p = &sysctl_at()->u.cpupool_op;
    u8 *map = guest_at(BUFFER);
    *p = (struct xen_sysctl_cpupool_op){.op = XEN_SYSCTL_CPUPOOL_OP_INFO, .cpumap = {{BUFFER}, 8}};
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), 0);
    assert_int_equal(p->cpupool_id, 0);
    assert_int_equal(p->sched_id, XEN_SCHEDULER_CREDIT2);
    assert_int_equal(p->n_dom, 3);
    assert_int_equal(map[0], 3);
    p->cpupool_id = 1;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), E_NOENT);
    p->op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), 0);
    assert_int_equal(map[0], 0);
    p->op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), E_NOENT);
    p->cpupool_id = 0;
    p->domid = 2;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), 0);
    p->domid = 3;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), E_SRCH);
    const u32 refused[] = {XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_OP_DESTROY,
                           XEN_SYSCTL_CPUPOOL_OP_ADDCPU, XEN_SYSCTL_CPUPOOL_OP_RMCPU};
    for (u32 i = 0; i < ARRAY_LEN(refused); i++) {
        p->op = refused[i];
        assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), E_OPNOTSUPP);
    }
    p->op = 99;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_cpupool_op), E_NOSYS);
}

u64 sched_ratelimit_ns = SCHED_RATELIMIT_NS;

static s64 scheduler(u32 cmd, u32 ratelimit_us)
{
    sysctl_at()->u.scheduler_op =
        (struct xen_sysctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT2,
                                         .cmd = cmd,
                                         .u.sched_credit2.ratelimit_us = ratelimit_us};
    return fake_sysctl(XEN_SYSCTL_scheduler_op);
}

static void the_scheduler(void **state)
{
    const u32 *us = &sysctl_at()->u.scheduler_op.u.sched_credit2.ratelimit_us;
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_getinfo, 5), 0);
    assert_int_equal(*us, 1000);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 99), E_INVAL);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 500001), E_INVAL);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 100), 0);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_getinfo, 0), 0);
    assert_int_equal(*us, 100);
    assert_int_equal(sched_ratelimit_ns, 100000);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 500000), 0);
    assert_int_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 0), 0);
    assert_int_equal(*us, 0);
    assert_int_equal(scheduler(2, 0), E_INVAL);
    sysctl_at()->u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    sysctl_at()->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_scheduler_op), E_INVAL);
    sysctl_at()->u.scheduler_op.cpupool_id = 1;
    assert_int_equal(fake_sysctl(XEN_SYSCTL_scheduler_op), E_SRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(who_asks_and_how),
        CONTROL_TEST(the_log_is_read),
        CONTROL_TEST(one_stay_reads_so_much),
        CONTROL_TEST(debug_keys),
        CONTROL_TEST(the_machine),
        CONTROL_TEST(each_cpu),
        CONTROL_TEST(nodes),
        CONTROL_TEST(the_list),
        CONTROL_TEST(the_list_in_parts),
        CONTROL_TEST(pools),
        CONTROL_TEST(the_scheduler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
