/* SPDX-License-Identifier: MIT */
/* The UART between a guest and a daemon in domain 0; the interrupt's line is the test's. */
#include "test/host/domains.h"

#include "abi/arm.h"
#include "abi/console.h"
#include "dom/policy.h"
#include "evtchn/evtchn.h"
#include "vuart/vuart.h"

#define DR   0x00u
#define RSR  0x04u
#define FR   0x18u
#define IMSC 0x38u
#define RIS  0x3cu
#define MIS  0x40u
#define ICR  0x44u

#define BUSY 0x08u
#define RXFE 0x10u
#define TXFF 0x20u
#define RXFF 0x40u
#define TXFE 0x80u

#define RX 0x10u
#define TX 0x20u
#define RT 0x40u

#define PAGE     5u /* of the guest's RAM: the rings */
#define IN_SIZE  1024u
#define OUT_SIZE 2048u

static bool line;       /* SPI 32 */
static u32 nr_reserved; /* and how often it was asked for */
static enum err reserve_answer;
static port_t guest_port, daemon_port;

enum err vgic_reserve_irq(struct domain *d, virq_t virq)
{
    assert_int_equal(virq.virq, 32);
    nr_reserved++;
    return reserve_answer;
}

void vgic_set_level(struct domain *d, struct vcpu *v, virq_t virq, bool high)
{
    assert_ptr_equal(d, &world_domain[1]);
    assert_int_equal(virq.virq, 32);
    assert_int_equal(lock_nr_held(), 1); /* so that no older level overtakes */
    line = high;
}

static struct domain *guest(void)
{
    return &world_domain[1];
}

static struct xencons_interface *ring(void)
{
    return (struct xencons_interface *)world_ram(1, PAGE);
}

static enum err create(void)
{
    return vuart_create(guest(), world_gfn(PAGE), (domid_t){0}, &guest_port);
}

static bool access(u32 offset, u32 bytes, bool write, u64 *value)
{
    const struct mmio_handler *h = mmio_find(guest(), (gaddr_t){GUEST_PL011_BASE + offset});
    assert_non_null(h);
    struct mmio_access a = {.offset = offset, .bytes = bytes, .write = write, .value = *value};
    bool ok = h->access(&world_vcpu[1][0], &a, h->arg);
    *value = a.value;
    return ok;
}

static u32 read(u32 offset)
{
    u64 value = 0x5a5a5a5a;
    assert_true(access(offset, 4, false, &value));
    return (u32)value;
}

static void write(u32 offset, u32 bytes, u64 value)
{
    assert_true(access(offset, bytes, true, &value));
}

/* Has the daemon been told since it was last asked? */
static bool daemon_told(void)
{
    u64 *map = world_shared(0)->evtchn_pending;
    bool was = bitmap_test(map, daemon_port.port);
    bitmap_clear(map, daemon_port.port);
    return was;
}

static void daemon_tells(void)
{
    assert_int_equal(evtchn_send(&world_domain[0], daemon_port), OK);
}

static void daemon_puts(u32 nr)
{
    for (u32 i = 0; i < nr; i++) {
        ring()->in[ring()->in_prod++ % IN_SIZE] = (u8)(i + 1);
    }
    daemon_tells();
}

static void daemon_takes(u32 nr)
{
    ring()->out_cons += nr;
    daemon_tells();
}

static int start_without(void **state)
{
    world_start(state);
    domain_policy_open = false;
    line = false;
    nr_reserved = 0;
    reserve_answer = OK;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        assert_int_equal(evtchn_create(&world_domain[n], 4095), OK);
    }
    return 0;
}

static int start(void **state)
{
    start_without(state);
    assert_int_equal(create(), OK);
    assert_int_equal(nr_reserved, 1);
    assert_int_equal(evtchn_bind_interdomain(&world_domain[0], guest(), guest_port, &daemon_port),
                     OK);
    (void)daemon_told(); /* as it is born */
    return 0;
}

static int end(void **state)
{
    u64 cursor = 0;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = &world_domain[n];
        d->life = DOMAIN_DYING;
        cursor = 0;
        while (evtchn_relinquish(d, &cursor) == E_RESTART) {
        }
        assert_int_equal(evtchn_nr_ports_in_use(d), 0);
        assert_int_equal(vuart_relinquish(d, &cursor), OK);
    }
    world_rcu();
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = &world_domain[n];
        vuart_destroy(d);
        vuart_destroy(d); /* harmless */
        evtchn_destroy(d);
        if (d->mmio) {
            heap_free(d->mmio, d->nr_mmio * (u32)sizeof(*d->mmio));
        }
    }
    return world_end(state);
}

static void at_rest(void **state)
{
    assert_int_equal(read(FR), RXFE | TXFE);
    for (u32 offset = 0; offset < GUEST_PL011_SIZE; offset += 4) {
        u64 value = 0;
        assert_int_equal(read(offset), offset == FR ? RXFE | TXFE : 0);
        assert_false(access(offset & ~7u, 8, false, &value));
        assert_false(access(offset & ~7u, 8, true, &value));
    }
    for (u32 offset = 0; offset < GUEST_PL011_SIZE; offset += 4) {
        write(offset, 4, ~0ULL);
    }
    assert_int_equal(read(FR), RXFE);
    assert_int_equal(read(RSR), 0);
    assert_int_equal(read(IMSC), 0x7ff);
    assert_int_equal(ring()->out_prod, 1); /* DR is the one that takes */
    assert_int_equal(ring()->out[0], 0xff);
    assert_int_equal(world_log_bytes, 0);
}

static void narrow_writes_leave_the_rest(void **state)
{
    write(IMSC, 2, 0x7ff);
    write(IMSC, 1, 0xffffff10);
    assert_int_equal(read(IMSC), 0x710);
    write(IMSC, 2, 0);
    assert_int_equal(read(IMSC), 0);
    write(DR, 4, 0x123456ab);
    write(DR, 1, 'b');
    write(DR, 2, 'c' | 0x700);
    assert_memory_equal(ring()->out,
                        "\xab"
                        "bc",
                        3);
    write(ICR, 1, 0xffffff20);
    assert_int_equal(read(RIS), 0);
}

static void what_the_guest_says(void **state)
{
    write(IMSC, 4, TX);
    assert_false(line); /* it is about a byte that has gone */
    write(DR, 4, 'a');
    assert_true(daemon_told());
    assert_int_equal(read(RIS), TX);
    assert_int_equal(read(MIS), TX);
    assert_true(line);
    assert_int_equal(read(FR), RXFE);
    write(ICR, 4, TX);
    assert_false(line);
    write(DR, 4, 'b');
    assert_true(line);
    write(IMSC, 4, RX | RT);
    assert_false(line);
    assert_int_equal(read(RIS), TX);
    assert_int_equal(read(MIS), 0);
    write(IMSC, 4, TX);

    u32 nr = 2;
    for (; nr < OUT_SIZE - 16; nr++) {
        assert_true(line);
        write(DR, 1, nr & 0xff);
    }
    assert_true(line);
    write(DR, 1, nr++ & 0xff); /* less room than half a FIFO */
    assert_false(line);
    for (; nr < OUT_SIZE; nr++) {
        assert_int_equal(read(FR), RXFE);
        write(DR, 1, nr & 0xff);
    }
    assert_int_equal(read(FR), RXFE | TXFF | BUSY);
    assert_true(daemon_told());
    write(DR, 1, '!'); /* lost */
    assert_false(daemon_told());
    assert_int_equal(ring()->out_prod, OUT_SIZE);
    assert_memory_equal(ring()->out, "ab\x02\x03", 4);
    daemon_takes(15);
    assert_int_equal(read(FR), RXFE);
    assert_false(line);
    daemon_takes(1);
    assert_true(line);
    daemon_takes(OUT_SIZE - 16);
    assert_int_equal(read(FR), RXFE | TXFE);
    write(DR, 1, '0'); /* round the end */
    assert_int_equal(ring()->out[0], '0');
}

static void what_the_guest_is_told(void **state)
{
    write(IMSC, 4, RT);
    daemon_puts(3);
    assert_true(line);
    assert_int_equal(read(RIS) & (RT | RX), RT);
    assert_int_equal(read(FR), TXFE);
    assert_int_equal(read(DR), 1);
    assert_true(daemon_told());
    assert_int_equal(read(DR), 2);
    assert_true(line);
    assert_int_equal(read(DR), 3);
    assert_false(line);
    assert_int_equal(ring()->in_cons, 3);
    assert_true(daemon_told());
    assert_int_equal(read(DR), 0); /* nothing is there */
    assert_false(daemon_told());
    assert_int_equal(ring()->in_cons, 3);

    daemon_puts(IN_SIZE - 17);
    assert_int_equal(read(RIS) & RX, 0);
    daemon_puts(1);
    assert_int_equal(read(RIS) & RX, RX);
    write(IMSC, 4, RX);
    assert_true(line);
    daemon_puts(16);
    assert_int_equal(read(FR), TXFE | RXFF);
    for (u32 i = 0; i < 16; i++) {
        assert_true(line);
        (void)read(DR);
    }
    assert_true(line);
    (void)read(DR); /* now fewer than the level */
    assert_false(line);
    assert_int_equal(read(RIS) & (RT | RX), RT);
    write(ICR, 4, RT); /* until the next news, though bytes are there */
    assert_int_equal(read(RIS) & RT, 0);
    (void)read(DR);
    assert_int_equal(read(RIS) & RT, 0);
    daemon_puts(1);
    assert_int_equal(read(RIS) & RT, RT);
    /* All is read before the news comes. */
    ring()->in_cons = ring()->in_prod;
    daemon_tells();
    write(ICR, 4, RT);
    daemon_tells();
    assert_int_equal(read(RIS) & RT, 0);
}

/* Nothing written but the one byte and the one index; both in their places. */
static void one_access(u32 offset, bool is_write)
{
    struct xencons_interface before = *ring();
    u64 value = 'x';
    assert_true(access(offset, 4, is_write, &value));
    struct xencons_interface *r = ring();
    if (r->out_prod != before.out_prod) {
        assert_true(is_write && r->out_prod == before.out_prod + 1);
        assert_in_range(before.out_prod - before.out_cons, 0, OUT_SIZE - 1);
        assert_int_equal(r->out[before.out_prod % OUT_SIZE], 'x');
        before.out[before.out_prod % OUT_SIZE] = 'x';
        before.out_prod++;
    }
    if (r->in_cons != before.in_cons) {
        assert_true(!is_write && r->in_cons == before.in_cons + 1);
        assert_in_range(before.in_prod - before.in_cons, 1, IN_SIZE);
        assert_int_equal(value, before.in[before.in_cons % IN_SIZE]);
        before.in_cons++;
    }
    assert_memory_equal(r, &before, sizeof(before));
}

static void rings_of_any_indices(void **state)
{
    static const u32 some[] = {0,    1,    15,   16,         17,         1007,       1008,
                               1009, 1023, 1024, 1025,       2031,       2032,       2033,
                               2047, 2048, 2049, 0x7fffffff, 0x80000000, 0xfffffbff, 0xffffffff};
    u32 seed = 1;
    for (u32 i = 0; i < sizeof(struct xencons_interface); i++) {
        world_ram(1, PAGE)[i] = (u8)(i * 7);
    }
    memset(world_ram(1, PAGE + 1), 0x5a, PAGE_SIZE);
    for (u32 n = 0; n < 20000; n++) {
        u32 *index[] = {&ring()->in_cons, &ring()->in_prod, &ring()->out_cons, &ring()->out_prod};
        for (u32 i = 0; i < ARRAY_LEN(index); i++) {
            seed = seed * 1103515245 + 12345;
            *index[i] = seed >> 31 ? some[(seed >> 8) % ARRAY_LEN(some)]
                                   : *index[i & ~1u] + some[(seed >> 8) % ARRAY_LEN(some)];
        }
        daemon_tells();
        u32 flags = read(FR);
        assert_false((flags & RXFE && flags & RXFF) || (flags & TXFE && flags & TXFF));
        one_access(DR, true);
        one_access(DR, false);
        daemon_tells();
    }
    for (u32 i = sizeof(struct xencons_interface); i < PAGE_SIZE; i++) {
        assert_int_equal(world_ram(1, PAGE)[i], 0);
    }
    assert_int_equal(world_ram(1, PAGE + 1)[0], 0x5a);
    assert_int_equal(world_crashes, 0);
    assert_int_equal(world_log_bytes, 0);
}

static void spoilt_rings_stand_still(void **state)
{
    ring()->in_prod = IN_SIZE + 1;
    ring()->out_prod = OUT_SIZE + 1;
    daemon_tells();
    assert_int_equal(read(FR), RXFE | TXFF | BUSY);
    assert_int_equal(read(RIS), 0);
    assert_int_equal(read(DR), 0);
    write(DR, 4, 'x');
    assert_int_equal(ring()->in_cons, 0);
    assert_int_equal(ring()->out_prod, OUT_SIZE + 1);
    assert_false(daemon_told());
}

static void nothing_happens_after_the_end(void **state)
{
    write(IMSC, 4, RT);
    guest()->life = DOMAIN_DYING;
    u64 cursor = 0;
    assert_int_equal(vuart_relinquish(guest(), &cursor), OK);
    assert_int_equal(vuart_relinquish(guest(), &cursor), OK);
    daemon_puts(5); /* its port is closed only now */
    assert_false(line);
    guest()->life = DOMAIN_ALIVE;
}

/* The guest gives the page away while the UART has it. */
static void the_page_stays(void **state)
{
    struct frame *f = world_frame(1, PAGE);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    u64 cursor = 0;
    assert_int_equal(vuart_relinquish(guest(), &cursor), OK);
    assert_int_equal(f->refs, FRAME_OWNED);
}

/* Given away before, it ends with the UART. */
static void the_page_goes(void **state)
{
    struct frame *f = world_frame(1, PAGE);
    const u64 before = guest()->nr_pages;
    assert_int_equal(p2m_unmap(guest()->p2m, world_gfn(PAGE), MFN_INVALID, 0), OK);
    assert_int_equal(frame_drop_owner(f), DROP_HELD);
    u64 cursor = 0;
    assert_int_equal(vuart_relinquish(guest(), &cursor), OK);
    assert_int_equal(f->state, FRAME_FREE);
    assert_int_equal(guest()->nr_pages, before - 1);
}

static void what_create_refuses(void **state)
{
    assert_int_equal(vuart_create(guest(), (gfn_t){WORLD_NOWHERE}, (domid_t){0}, &guest_port),
                     E_INVAL);
    assert_int_equal(vuart_create(guest(), world_gfn(PAGE), (domid_t){9}, &guest_port), E_SRCH);
    assert_int_equal(vuart_create(guest(), world_gfn(PAGE), (domid_t){2}, &guest_port), E_PERM);
    reserve_answer = E_BUSY;
    assert_int_equal(create(), E_BUSY);
    reserve_answer = OK;
    guest()->life = DOMAIN_DYING;
    assert_int_equal(create(), E_INVAL);
    guest()->life = DOMAIN_ALIVE;
    assert_int_equal(guest()->nr_mmio, 0);
    assert_int_equal(mmio_register(guest(), (gaddr_t){GUEST_PL011_BASE + 8}, 8, NULL, NULL), OK);
    assert_int_equal(create(), E_EXIST);
    assert_int_equal(evtchn_nr_ports_in_use(guest()), 0);
    assert_int_equal(world_frame(1, PAGE)->refs, FRAME_OWNED);
    assert_null(guest()->vuart);
    heap_free(guest()->mmio, sizeof(*guest()->mmio));
    guest()->mmio = NULL;
    guest()->nr_mmio = 0;
    assert_int_equal(create(), OK);
    assert_int_equal(create(), E_INVAL);
}

static void memory_runs_out(void **state)
{
    enum err e = E_NOMEM;
    u32 failed = 0;
    for (u32 pages = 0; e != OK; pages++) {
        world_fail_after(pages);
        e = create();
        world_fail_after(~0u);
        if (e != OK) {
            failed++;
            assert_int_equal(e, E_NOMEM);
            assert_null(guest()->vuart);
            assert_int_equal(guest()->nr_mmio, 0);
            assert_int_equal(evtchn_nr_ports_in_use(guest()), 0);
            assert_int_equal(world_frame(1, PAGE)->refs, FRAME_OWNED);
        }
    }
    assert_in_range(failed, 2, 4);
}

/* A daemon that guesses the port and sends before it is told of it. */
static void an_event_before_there_is_a_uart(void **state)
{
    port_t port;
    assert_int_equal(evtchn_alloc_device(guest(), (domid_t){0}, &port), OK);
    assert_int_equal(evtchn_bind_interdomain(&world_domain[0], guest(), port, &daemon_port), OK);
    daemon_tells();
    assert_false(line);
}

int main(void)
{
#define WITH(f)    cmocka_unit_test_setup_teardown(f, start, end)
#define WITHOUT(f) cmocka_unit_test_setup_teardown(f, start_without, end)
    const struct CMUnitTest tests[] = {
        WITH(at_rest),
        WITH(narrow_writes_leave_the_rest),
        WITH(what_the_guest_says),
        WITH(what_the_guest_is_told),
        WITH(rings_of_any_indices),
        WITH(spoilt_rings_stand_still),
        WITH(nothing_happens_after_the_end),
        WITH(the_page_stays),
        WITH(the_page_goes),
        WITHOUT(what_create_refuses),
        WITHOUT(memory_runs_out),
        WITHOUT(an_event_before_there_is_a_uart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
