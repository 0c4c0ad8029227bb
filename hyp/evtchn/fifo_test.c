/* SPDX-License-Identifier: MIT */
/*
 * FIFO delivery. Guest memory has a door of the test's own here, which lets the guest, and other
 * senders, run between any two accesses of the hypervisor's.
 */
#include "evtchn/linux_guest_test.h"

/* --- locks: one thread, so that they are only noted --- */

static u32 locks_held;

void spin_init(struct spinlock *l, enum lock_rank rank, const char *name)
{
    *l = (struct spinlock){.rank = (u8)rank, .name = name};
}

void spin_lock(struct spinlock *l)
{
    assert_int_equal(l->owner, 0);
    l->owner = 1;
    locks_held++;
}

bool spin_try_lock(struct spinlock *l)
{
    spin_lock(l);
    return true;
}

void spin_unlock(struct spinlock *l)
{
    assert_int_equal(l->owner, 1);
    l->owner = 0;
    locks_held--;
}

bool spin_is_locked(const struct spinlock *l)
{
    return l->owner != 0;
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_lock(a);
    if (a != b) {
        spin_lock(b);
    }
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_unlock(a);
    if (a != b) {
        spin_unlock(b);
    }
}

void lock_note_taken(u8 rank, const char *name, bool same_rank_too)
{
}

void lock_note_released(u8 rank, const char *name)
{
}

u32 lock_nr_held(void)
{
    return locks_held;
}

/* --- the door --- */

static void (*between)(void);
static void (*on_pending)(u32 port); /* at the very moment that its PENDING is set */
static u32 accesses;

static void *reach(const struct gpage *p, u32 offset, u32 bytes)
{
    assert_true(offset <= PAGE_SIZE - bytes && offset % bytes == 0);
    accesses++;
    if (between != NULL) {
        between();
    }
    return (u8 *)p->va + offset;
}

enum err gpage_get(struct domain *d, gfn_t gfn, bool writable, struct gpage *out)
{
    struct frame *f;
    if (p2m_get_page(d->p2m, gfn, writable, &f) != OK) {
        return E_INVAL;
    }
    assert_true(writable);
    *out = (struct gpage){.frame = f, .va = frame_map(f), .domain = d, .writable = true};
    return OK;
}

void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out)
{
    *out = (struct gpage){.frame = f, .va = frame_map(f), .domain = d, .writable = true};
}

void gpage_put(struct gpage *p)
{
    frame_put(p->frame);
}

u8 gpage_read8(const struct gpage *p, u32 offset)
{
    return *(u8 *)reach(p, offset, 1);
}

u32 gpage_read32(const struct gpage *p, u32 offset)
{
    return *(u32 *)reach(p, offset, 4);
}

u64 gpage_read64(const struct gpage *p, u32 offset)
{
    return *(u64 *)reach(p, offset, 8);
}

void gpage_read(const struct gpage *p, u32 offset, void *to, u32 bytes)
{
    memcpy(to, (u8 *)p->va + offset, bytes);
}

void gpage_write32(struct gpage *p, u32 offset, u32 value)
{
    *(u32 *)reach(p, offset, 4) = value;
}

void gpage_write64(struct gpage *p, u32 offset, u64 value)
{
    *(u64 *)reach(p, offset, 8) = value;
}

void gpage_write(struct gpage *p, u32 offset, const void *from, u32 bytes)
{
    memcpy((u8 *)p->va + offset, from, bytes);
}

bool gpage_test_and_set_bit(struct gpage *p, u32 offset, u32 bit)
{
    u64 *word = reach(p, offset + bit / 64 * 8, 8);
    bool was = bitmap_test(word, bit % 64);
    bitmap_set(word, bit % 64);
    if (on_pending != NULL && p->va == world_ram(1, ARRAY_PAGE) && bit % 32 == 31) {
        on_pending(offset / 4 + bit / 32);
    }
    return was;
}

bool gpage_test_and_clear_bit(struct gpage *p, u32 offset, u32 bit)
{
    u64 *word = reach(p, offset + bit / 64 * 8, 8);
    bool was = bitmap_test(word, bit % 64);
    bitmap_clear(word, bit % 64);
    return was;
}

bool gpage_cmpxchg32(struct gpage *p, u32 offset, u32 *expected, u32 value)
{
    u32 *word = reach(p, offset, 4);
    if (*word != *expected) {
        *expected = *word;
        return false;
    }
    *word = value;
    return true;
}

/* --- the guest --- */

static struct taker taker[WORLD_VCPUS];
static u32 order[64]; /* ports as they came */
static u32 nr_order;

static void note(struct taker *t, u32 port)
{
    if (nr_order < ARRAY_LEN(order)) {
        order[nr_order++] = port;
    }
}

static int begin(void **state)
{
    between = NULL;
    on_pending = NULL;
    locks_held = accesses = nr_order = 0;
    start(state);
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        taker[v] = (struct taker){.vcpu = v, .handle = note};
    }
    return 0;
}

static int finish(void **state)
{
    between = NULL;
    assert_int_equal(locks_held, 0);
    return end(state);
}

#define FIFO_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, finish)

static void take_all(u32 vcpu)
{
    while (taker_step(&taker[vcpu])) {
    }
}

static void send(u32 port)
{
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
}

static void set_priority(u32 port, u32 priority)
{
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){port}, priority), OK);
}

/* A port on vcpu that may be moved: one end of a channel to itself; sending on it raises port. */
static u32 new_movable(u32 vcpu, u32 *sender)
{
    u32 port = new_unbound(dom(1), 1);
    *sender = new_joined(dom(1), dom(1), port);
    *word_at(*sender) |= WORD_MASKED;
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){port}, vcpu), OK);
    return port;
}

/* --- setting up --- */

static void control_blocks(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits = 0;
    assert_int_equal(evtchn_init_control(d, WORLD_VCPUS, world_gfn(0), 0, &link_bits), E_NOENT);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 4096 - 72 + 8, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), ~7u, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 4, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, (gfn_t){WORLD_NOWHERE}, 0, &link_bits), E_INVAL);
    for (u32 allocations = 0; allocations < 2; allocations++) {
        world_fail_after(allocations);
        assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), E_NOMEM);
        world_fail_after(~0u);
        assert_ptr_equal(d->evtchn->abi, &evtchn_two_level);
        assert_null(d->evtchn->fifo);
    }
    assert_int_equal(evtchn_init_control(d, 1, world_gfn(0), 4096 - 72, &link_bits), OK);
    assert_int_equal(link_bits, 17);
    assert_ptr_equal(d->evtchn->abi, &evtchn_fifo_abi);
    assert_int_equal(evtchn_init_control(d, 1, world_gfn(1), 0, &link_bits), E_INVAL); /* once */
    world_fail_after(0);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), E_NOMEM);
    world_fail_after(~0u);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    assert_int_equal(world_frame(1, 0)->refs, FRAME_OWNED + 2);
    assert_int_equal(world_frame(1, 1)->refs, FRAME_OWNED);
}

static void the_array_grows(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    world_fail_after(0);
    assert_int_equal(evtchn_expand_array(d, world_gfn(2), &cursor), E_NOMEM);
    world_fail_after(~0u);
    cursor = 0;
    assert_int_equal(evtchn_expand_array(d, (gfn_t){WORLD_NOWHERE}, &cursor), E_INVAL);
    for (u32 i = 0; i < 128; i++) {
        cursor = 0;
        assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + i), &cursor), OK);
    }
    cursor = 0;
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + 128), &cursor), E_NOSPC);
    assert_int_equal(world_frame(1, ARRAY_PAGE + 127)->refs, FRAME_OWNED + 1);
    assert_int_equal(world_frame(1, ARRAY_PAGE + 128)->refs, FRAME_OWNED);
}

static void all_131071_ports(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    guest_boot(1, 128);
    for (u32 i = 1; i < 131072; i++) {
        assert_int_equal(evtchn_bind_ipi(d, 0, &p), OK);
        assert_int_equal(p.port, i);
    }
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    static const u32 some[] = {1, 1023, 1024, 8191, 8192, 65536, 131070, 131071};
    for (u32 i = 0; i < ARRAY_LEN(some); i++) {
        send(some[i]);
        assert_true(evtchn_is_port_pending(d, (port_t){some[i]}));
        assert_int_equal(*word_at(some[i]) & ~WORD_LINK, WORD_PENDING | WORD_LINKED);
    }
    take_all(0);
    assert_int_equal(nr_order, ARRAY_LEN(some));
    assert_memory_equal(order, some, sizeof(some));
    world_log_bytes = 0;
}

/* --- one event --- */

static void the_words_of_one_event(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    u32 c = new_ipi(dom(1), 0);
    struct xen_evtchn_fifo_control_block *block = control_of(0);
    send(b);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
    assert_int_equal(block->head[7], b);
    assert_int_equal(block->ready, 1 << 7);
    assert_int_equal(info_of(0)->evtchn_upcall_pending, 1);
    assert_int_equal(world_injected[1][0], 1);
    send(a);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED | a);
    assert_int_equal(block->head[7], b);
    send(b); /* pending already */
    send(c);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED | a);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED | c);
    assert_int_equal(*word_at(c), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 1);
    take_all(0);
    assert_int_equal(nr_order, 3);
    assert_int_equal(order[0], b);
    assert_int_equal(order[1], a);
    assert_int_equal(order[2], c);
    for (u32 i = 1; i < 1024; i++) {
        assert_int_equal(*word_at(i), 0);
    }
    assert_int_equal(block->ready, 0);
    /* The tail has left the queue: the next event is a new head, also for the tail itself. */
    send(c);
    assert_int_equal(block->head[7], c);
    assert_int_equal(*word_at(c), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 2);
    take_all(0);
    send(a);
    assert_int_equal(block->head[7], a);
    assert_int_equal(*word_at(c), 0);
    take_all(0);
    assert_int_equal(nr_order, 5);
}

static void sending_again_costs_little(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    send(a);
    accesses = 0;
    send(a);
    assert_int_equal(accesses, 1); /* a look at the word */
}

static void priorities_come_in_order(void **state)
{
    guest_boot(1, 1);
    u32 port[16];
    for (u32 i = 0; i < 16; i++) {
        port[i] = new_ipi(dom(1), 0);
        set_priority(port[i], 15 - i);
    }
    for (u32 i = 0; i < 16; i++) {
        send(port[i]);
        assert_int_equal(control_of(0)->head[15 - i], port[i]);
    }
    assert_int_equal(control_of(0)->ready, 0xffff);
    take_all(0);
    assert_int_equal(nr_order, 16);
    for (u32 i = 0; i < 16; i++) {
        assert_int_equal(order[i], port[15 - i]);
    }
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){port[0]}, 16), E_INVAL);
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){100}, 1), E_ACCES);
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){500}, 1), E_INVAL);
    /* A new user starts at 7. */
    assert_int_equal(evtchn_close(dom(1), (port_t){port[0]}), OK);
    assert_int_equal(new_ipi(dom(1), 0), port[0]);
    send(port[0]);
    assert_int_equal(control_of(0)->head[7], port[0]);
    take_all(0);
}

static void masked_ports_wait(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    *word_at(a) = WORD_MASKED;
    send(a);
    assert_int_equal(*word_at(a), WORD_MASKED | WORD_PENDING);
    assert_int_equal(injected(1), 0);
    assert_true(evtchn_fifo_abi.is_masked(dom(1), a));
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK);
    assert_int_equal(*word_at(a), WORD_LINKED | WORD_PENDING);
    assert_false(evtchn_fifo_abi.is_masked(dom(1), a));
    assert_int_equal(injected(1), 1);
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK); /* is linked already */
    take_all(0);
    assert_int_equal(nr_order, 1);
    *word_at(a) = WORD_MASKED;
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK);
    assert_int_equal(*word_at(a), 0);
    assert_int_equal(injected(1), 1);
    /* No word yet. */
    assert_true(evtchn_fifo_abi.is_masked(dom(1), 5000));
    assert_false(evtchn_fifo_abi.is_busy(dom(1), 5000));
}

static void pollers_wake(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    *word_at(a) = WORD_MASKED;
    evtchn_poll_begin(&world_vcpu[1][0], a);
    send(a);
    assert_true(evtchn_poll_end(&world_vcpu[1][0]));
    evtchn_poll_begin(&world_vcpu[1][0], a);
    send(a); /* was pending */
    assert_false(evtchn_poll_end(&world_vcpu[1][0]));
}

static void without_a_control_block_nothing_is_linked(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 1);
    send(a);
    assert_int_equal(*word_at(a), WORD_PENDING);
    assert_int_equal(injected(1), 0);
    world_vcpus[1][0] = NULL;
    u32 b = new_ipi(dom(1), 1);
    port_set_word(port_find(dom(1)->evtchn, b), word_make(PORT_IPI, 7, 0, 0, (domid_t){1}));
    send(b);
    world_vcpus[1][0] = &world_vcpu[1][0];
    assert_int_equal(*word_at(b), WORD_PENDING);
}

/* --- changes of queue --- */

static void a_queue_forgets_a_tail_that_moved(void **state)
{
    guest_boot(2, 1);
    u32 to_a;
    u32 a = new_movable(0, &to_a);
    u32 b = new_ipi(dom(1), 0);
    send(to_a);
    take_all(0);
    assert_int_equal(nr_order, 1);
    /* a is the tail that queue 7 of vCPU 0 remembers. Linked in another one it must not be appended
     * to. */
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){a}, 1), OK);
    send(to_a);
    assert_int_equal(control_of(1)->head[7], a);
    assert_int_equal(world_injected[1][1], 1);
    send(b);
    assert_int_equal(control_of(0)->head[7], b);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 2);
    take_all(1);
    take_all(0);
    assert_int_equal(nr_order, 3);
    assert_int_equal(order[1], a);
    assert_int_equal(order[2], b);
    /* The same between two priorities of one vCPU. */
    set_priority(b, 3);
    send(b);
    u32 c = new_ipi(dom(1), 0);
    send(c);
    assert_int_equal(control_of(0)->head[3], b);
    assert_int_equal(control_of(0)->head[7], c);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
    take_all(0);
    assert_int_equal(nr_order, 5);
}

static void a_linked_port_stays_where_it_is(void **state)
{
    guest_boot(2, 1);
    u32 to_a;
    u32 a = new_movable(0, &to_a);
    send(to_a);
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){a}, 1), OK);
    set_priority(a, 1);
    send(to_a);
    assert_int_equal(control_of(1)->ready, 0);
    assert_int_equal(world_injected[1][1], 0);
    take_all(0);
    assert_int_equal(nr_order, 1);
    send(to_a);
    assert_int_equal(control_of(1)->head[1], a);
    take_all(1);
    assert_int_equal(nr_order, 2);
}

static void a_port_that_is_still_linked_is_not_given_again(void **state)
{
    struct domain *d = dom(1);
    guest_boot(1, 1);
    u32 a = new_ipi(d, 0);
    u32 b = new_ipi(d, 0);
    send(a);
    assert_int_equal(evtchn_close(d, (port_t){a}), OK);
    assert_int_equal(*word_at(a), WORD_LINKED);
    assert_true(evtchn_fifo_abi.is_busy(d, a));
    u32 c = new_ipi(d, 0);
    assert_int_equal(c, 3);
    assert_int_equal(b, 2);
    take_all(0);
    assert_int_equal(nr_order, 0);
    assert_false(evtchn_fifo_abi.is_busy(d, a));
    u32 e = new_ipi(d, 0);
    assert_int_equal(e, 4); /* the search is past it ... */
    for (u32 i = 5; i < 128; i++) {
        assert_int_equal(new_ipi(d, 0), i);
    }
    d->evtchn->max_port = 127;
    assert_int_equal(new_ipi(d, 0), a); /* ... and comes back at the end */
    send(a);
    take_all(0);
    assert_int_equal(nr_order, 1);
}

static void with_all_of_them_linked_there_is_no_port(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    guest_boot(1, 1);
    d->evtchn->max_port = 20;
    for (u32 i = 1; i <= 20; i++) {
        (void)new_ipi(d, 0);
        *word_at(i) = WORD_LINKED;
        if (i % 2 == 0) {
            assert_int_equal(evtchn_close(d, (port_t){i}), OK);
        }
    }
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    }
    *word_at(8) = 0;
    assert_int_equal(new_ipi(d, 0), 8);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    *word_at(4) = 0;
    *word_at(2) = 0;
    assert_int_equal(new_ipi(d, 0), 2);
    assert_int_equal(new_ipi(d, 0), 4);
}

/* --- from 2-level, and before there is a page --- */

static void pending_bits_move_over(void **state)
{
    struct domain *d = dom(1);
    for (u32 i = 1; i <= 1300; i++) {
        (void)new_ipi(d, 0);
    }
    u8 link_bits;
    send(3);
    send(1200);
    bitmap_set(world_shared(1)->evtchn_pending, 1301); /* nobody's */
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][0], world_gfn(1), 0), OK);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    send(5); /* no word for it yet */
    send(1300);
    assert_true(evtchn_is_port_pending(d, (port_t){5}));
    assert_true(evtchn_is_port_pending(d, (port_t){1300}));
    assert_int_equal(evtchn_unmask(d, (port_t){5}), OK);
    assert_int_equal(control_of(0)->ready, 0);
    u32 cursor = 0;
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor), E_RESTART);
    do {
        assert_in_range(cursor, 1, 1023);
    } while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor) == E_RESTART);
    assert_int_equal(control_of(0)->head[7], 3);
    assert_int_equal(*word_at(3), WORD_PENDING | WORD_LINKED | 5);
    assert_int_equal(*word_at(5), WORD_PENDING | WORD_LINKED);
    cursor = 0;
    while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE + 1), &cursor) == E_RESTART) {
        assert_in_range(cursor, 1025, 2047);
    }
    assert_int_equal(d->evtchn->fifo == NULL, false);
    take_all(0);
    assert_int_equal(nr_order, 4);
    assert_int_equal(order[2], 1200);
    assert_int_equal(order[3], 1300);
    assert_int_equal(*word_at(1301), 0);
}

static void closing_forgets_an_early_event(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    u32 a = new_ipi(d, 0);
    send(a);
    assert_int_equal(evtchn_close(d, (port_t){a}), OK);
    assert_int_equal(new_ipi(d, 0), a);
    assert_false(evtchn_is_port_pending(d, (port_t){a}));
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor), OK);
    assert_int_equal(*word_at(a), 0);
}

static void many_early_events_take_several_stays(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0, stays = 1;
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][0], world_gfn(1), 0), OK);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    for (u32 i = 1; i < 1024; i++) {
        (void)new_ipi(d, 0);
        send(i);
    }
    while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor) == E_RESTART) {
        stays++;
        accesses = 0;
    }
    assert_int_equal(stays, 1023 / 31); /* 31 raised in each */
    for (u32 i = 1; i < 1024; i++) {
        assert_int_equal(*word_at(i), WORD_PENDING | WORD_LINKED | (i == 1023 ? 0 : i + 1));
    }
}

/* --- a guest that does not keep to the rules --- */

static u32 flap_port, flaps_left;

static void flap(void)
{
    if (flaps_left > 0) {
        flaps_left--;
        *word_at(flap_port) ^= WORD_MASKED;
    }
}

static void a_word_that_keeps_changing(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    /* For a while: BUSY tells the guest to stop, and it is linked. */
    static const u32 durations[] = {5, 12, 40};
    for (u32 i = 0; i < ARRAY_LEN(durations); i++) {
        send(a);
        flap_port = a;
        flaps_left = durations[i];
        between = flap;
        send(b);
        between = NULL;
        assert_int_equal(flaps_left, 0);
        assert_int_equal(*word_at(a) & ~WORD_MASKED, WORD_PENDING | WORD_LINKED | b);
        *word_at(a) &= ~WORD_MASKED;
        take_all(0);
        assert_int_equal(*word_at(a), 0);
        assert_int_equal(*word_at(b), 0);
    }
    assert_int_equal(nr_order, 6);
    /* For ever: the event is lost, nobody else's is. */
    send(a);
    flaps_left = ~0u;
    between = flap;
    accesses = 0;
    send(b);
    between = NULL;
    assert_in_range(accesses, 60, 120);
    assert_int_equal(*word_at(a) & ~WORD_MASKED, WORD_PENDING | WORD_LINKED);
    assert_true(world_said("port 2 not linked"));
    *word_at(a) &= ~WORD_MASKED;
    take_all(0);
    assert_int_equal(nr_order, 7);
    assert_int_equal(*word_at(a), 0);
}

static u32 unlink_after;

static void unlink(void)
{
    if (unlink_after-- == 0) {
        *word_at(flap_port) &= ~(WORD_LINKED | WORD_LINK);
    } else {
        *word_at(flap_port) ^= WORD_MASKED;
    }
}

/* The tail leaves the queue while it is BUSY: the queue is empty, BUSY goes. */
static void a_tail_that_leaves_while_busy(void **state)
{
    u32 busy_seen = 0;
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    for (u32 after = 0; after < 20; after++) {
        memset(world_ram(1, ARRAY_PAGE), 0, PAGE_SIZE);
        send(a);
        flap_port = a;
        unlink_after = after;
        between = unlink;
        send(b);
        between = NULL;
        u32 word = *word_at(a);
        assert_int_equal(word & (WORD_BUSY | WORD_LINKED | WORD_LINK), 0);
        assert_int_equal(control_of(0)->head[7], b);
        assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
        busy_seen++;
    }
    assert_int_equal(busy_seen, 20);
}

static u32 set_at;

static void set_linked(void)
{
    if (set_at-- == 0) {
        *word_at(flap_port) |= WORD_LINKED;
    }
}

static void a_guest_that_links_by_itself_loses_its_own(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    flap_port = a;
    set_at = 3; /* before LINKED is set, after the last look */
    between = set_linked;
    send(a);
    between = NULL;
    assert_int_equal(control_of(0)->ready, 0);
    assert_int_equal(control_of(0)->head[7], 0);
    *word_at(a) = 0;
    send(a);
    assert_int_equal(control_of(0)->head[7], a);
}

/* --- two senders --- */

static u32 other_sender;
static u32 when;
static bool other_sent;

static void other_sends(void)
{
    if (when-- == 0 && locks_held == 0) {
        other_sent = true;
        between = NULL;
        send(other_sender);
    }
}

/* Another CPU sends the same event, or another one, at each point where no lock is held. */
static void two_senders(void **state)
{
    guest_boot(1, 1);
    u32 to_a, points = 0;
    u32 a = new_movable(0, &to_a);
    u32 b = new_ipi(dom(1), 0);
    for (u32 i = 0; i < 24; i++) {
        nr_order = 0;
        other_sender = i % 2 != 0 ? to_a : b;
        other_sent = false;
        when = i / 2;
        between = other_sends;
        send(to_a);
        between = NULL;
        take_all(0);
        points += other_sent;
        assert_int_equal(nr_order, other_sent && other_sender == b ? 2 : 1);
        assert_int_equal(*word_at(a), 0);
        assert_int_equal(*word_at(b), 0);
        assert_int_equal(control_of(0)->ready, 0);
    }
    assert_true(points >= 6);
}

/* --- all at random --- */

#define PORTS 12u

static u64 seed;
static u32 port_of[PORTS], sender_of[PORTS];
static bool outstanding[PORTS];
static u32 handled[PORTS], sent[PORTS], set[PORTS];
static bool to_unmask[PORTS];
static bool nested;

static u32 random_below(u32 n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)((seed >> 33) % n);
}

static u32 index_of(u32 port)
{
    for (u32 i = 0; i < PORTS; i++) {
        if (port_of[i] == port) {
            return i;
        }
    }
    fail();
    return 0;
}

static void count(struct taker *t, u32 port)
{
    u32 i = index_of(port);
    assert_true(outstanding[i]); /* else an event that nobody sent */
    outstanding[i] = false;
    handled[i]++;
    if (random_below(4) == 0) {
        (void)atomic_or(word_at(port), WORD_MASKED);
        to_unmask[i] = true;
    }
}

static void now_pending(u32 port)
{
    u32 i = index_of(port);
    outstanding[i] = true;
    set[i]++;
}

static void send_random(void)
{
    u32 i = random_below(PORTS);
    sent[i]++;
    send(sender_of[i]);
}

static void change_random(void)
{
    u32 i = random_below(PORTS);
    switch (random_below(3)) {
    case 0:
        set_priority(port_of[i], 6 + random_below(3));
        break;
    case 1:
        assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){port_of[i]}, random_below(WORLD_VCPUS)),
                         OK);
        break;
    default:
        if (to_unmask[i]) {
            to_unmask[i] = false;
            if (!guest_try_unmask(port_of[i])) {
                assert_int_equal(evtchn_unmask(dom(1), (port_t){port_of[i]}), OK);
            }
        }
        break;
    }
}

/* Between two accesses of the hypervisor's: the guest takes some steps; another CPU sends or
 * changes something. */
static void anything(void)
{
    for (u32 n = random_below(4); n > 0; n--) {
        (void)taker_step(&taker[random_below(WORLD_VCPUS)]);
    }
    if (locks_held == 0 && !nested && random_below(3) == 0) {
        nested = true;
        if (random_below(3) == 0) {
            change_random();
        } else {
            send_random();
        }
        nested = false;
    }
}

static void run_random(u64 with_seed)
{
    seed = with_seed;
    memset(to_unmask, 0, sizeof(to_unmask));
    between = anything;
    for (u32 n = 0; n < 600; n++) {
        if (random_below(4) == 0) {
            change_random();
        } else {
            send_random();
        }
        for (u32 k = random_below(12); k > 0; k--) {
            (void)taker_step(&taker[random_below(WORLD_VCPUS)]);
        }
    }
    between = NULL;
    /* All that was sent comes, with nothing but the interrupts that were injected. */
    for (u32 round = 0; round < 4; round++) {
        for (u32 v = 0; v < WORLD_VCPUS; v++) {
            take_all(v);
        }
        for (u32 i = 0; i < PORTS; i++) {
            to_unmask[i] = false;
            if (!guest_try_unmask(port_of[i])) {
                assert_int_equal(evtchn_unmask(dom(1), (port_t){port_of[i]}), OK);
            }
            take_all(0), take_all(1), take_all(2), take_all(3);
        }
    }
    for (u32 i = 0; i < PORTS; i++) {
        (void)guest_try_unmask(port_of[i]);
        assert_false(outstanding[i]);
        assert_int_equal(*word_at(port_of[i]) & ~WORD_MASKED, 0);
        assert_true(handled[i] <= set[i] && set[i] <= sent[i]);
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        assert_int_equal(control_of(v)->ready, 0);
        assert_int_equal(taker[v].phase, TAKER_IDLE);
    }
}

static void each_event_exactly_once(void **state)
{
    guest_boot(WORLD_VCPUS, 1);
    memset(handled, 0, sizeof(handled));
    memset(sent, 0, sizeof(sent));
    memset(set, 0, sizeof(set));
    memset(outstanding, 0, sizeof(outstanding));
    for (u32 i = 0; i < PORTS; i++) {
        port_of[i] = new_movable(i % WORLD_VCPUS, &sender_of[i]);
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        taker[v].handle = count;
    }
    on_pending = now_pending;
    for (u64 s = 1; s <= 400; s++) {
        run_random(s);
    }
    u32 all = 0;
    for (u32 i = 0; i < PORTS; i++) {
        all += handled[i];
    }
    assert_true(all > 50000);
    assert_false(world_said("not linked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIFO_TEST(control_blocks),
        FIFO_TEST(the_array_grows),
        FIFO_TEST(all_131071_ports),
        FIFO_TEST(the_words_of_one_event),
        FIFO_TEST(sending_again_costs_little),
        FIFO_TEST(priorities_come_in_order),
        FIFO_TEST(masked_ports_wait),
        FIFO_TEST(pollers_wake),
        FIFO_TEST(without_a_control_block_nothing_is_linked),
        FIFO_TEST(a_queue_forgets_a_tail_that_moved),
        FIFO_TEST(a_linked_port_stays_where_it_is),
        FIFO_TEST(a_port_that_is_still_linked_is_not_given_again),
        FIFO_TEST(with_all_of_them_linked_there_is_no_port),
        FIFO_TEST(pending_bits_move_over),
        FIFO_TEST(closing_forgets_an_early_event),
        FIFO_TEST(many_early_events_take_several_stays),
        FIFO_TEST(a_word_that_keeps_changing),
        FIFO_TEST(a_tail_that_leaves_while_busy),
        FIFO_TEST(a_guest_that_links_by_itself_loses_its_own),
        FIFO_TEST(two_senders),
        FIFO_TEST(each_event_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
