/* SPDX-License-Identifier: MIT */
/*
 * FIFO on real threads: two CPUs that send, one that moves ports between vCPUs and priorities, one
 * that is the guest. Whatever the interleaving: after the last send of a port the guest has been
 * told of it once more.
 */
#include "evtchn/linux_guest_test.h"

#include <threads.h> /* not pthread.h, whose sched_yield() is another one */

#define PORTS   16u
#define SENDERS 2u
#define ROUNDS  40000u

static u32 port_of[PORTS], sender_of[PORTS];
static u64 ticks;          /* a clock that both sides read */
static u64 sent_at[PORTS]; /* before the last send began */
static u64 handled_at[PORTS];
static u64 handled, sent;
static bool stop;
static struct taker taker[WORLD_VCPUS];

/* Each thread is a CPU: it has its own per-CPU area. */
extern char __start_percpu[], __stop_percpu[];
static _Alignas(64) char area[SENDERS + 2][65536];
static u32 nr_areas;

static void become_cpu(void)
{
    u32 n = atomic_add(&nr_areas, 1);
    check(n < ARRAY_LEN(area) && __stop_percpu - __start_percpu <= (long)sizeof(area[n]));
    cpu_set_percpu_offset((u64)area[n] - (u64)__start_percpu);
    world_become(1, 0);
}

static u32 next_random(u64 *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(*seed >> 33);
}

static int sender(void *arg)
{
    u64 seed = (u64)arg + 1;
    become_cpu();
    for (u32 n = 0; n < ROUNDS; n++) {
        u32 i = next_random(&seed) % PORTS;
        store_release(&sent_at[i], atomic_add(&ticks, 1));
        check(evtchn_send(dom(1), (port_t){sender_of[i]}) == OK);
        atomic_add(&sent, 1);
    }
    return 0;
}

static int mover(void *arg)
{
    u64 seed = 99;
    become_cpu();
    while (!load_acquire(&stop)) {
        u32 r = next_random(&seed);
        port_t port = {port_of[r % PORTS]};
        if ((r & 0x100) != 0) {
            check(evtchn_set_priority(dom(1), port, 6 + (r >> 9) % 3) == OK);
        } else {
            check(evtchn_bind_vcpu(dom(1), port, (r >> 9) % WORLD_VCPUS) == OK);
        }
    }
    return 0;
}

static void handle(struct taker *t, u32 port)
{
    for (u32 i = 0; i < PORTS; i++) {
        if (port_of[i] == port) {
            store_release(&handled_at[i], atomic_add(&ticks, 1));
            handled++;
            return;
        }
    }
    check(false);
}

static int guest(void *arg)
{
    become_cpu();
    for (;;) {
        bool last = load_acquire(&stop);
        bool any = false;
        for (u32 v = 0; v < WORLD_VCPUS; v++) {
            for (u32 n = 0; n < 7; n++) {
                any |= taker_step(&taker[v]);
            }
        }
        if (last && !any) {
            break;
        }
    }
    return 0;
}

static void no_event_is_lost(void **state)
{
    thrd_t senders[SENDERS], moves, takes;
    guest_boot(WORLD_VCPUS, 1);
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        taker[v] = (struct taker){.vcpu = v, .handle = handle};
    }
    for (u32 i = 0; i < PORTS; i++) {
        port_of[i] = new_unbound(dom(1), 1);
        sender_of[i] = new_joined(dom(1), dom(1), port_of[i]);
        *word_at(sender_of[i]) |= WORD_MASKED;
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        world_injected[1][v] = 0;
        info_of(v)->evtchn_upcall_pending = 0;
        memset(control_of(v), 0, sizeof(*control_of(v)));
    }
    for (u32 i = 0; i < PORTS; i++) {
        *word_at(sender_of[i]) =
            WORD_MASKED; /* new ends start with an event that is not counted here */
    }
    assert_int_equal(thrd_create(&moves, mover, NULL), thrd_success);
    assert_int_equal(thrd_create(&takes, guest, NULL), thrd_success);
    for (u64 i = 0; i < SENDERS; i++) {
        assert_int_equal(thrd_create(&senders[i], sender, (void *)i), thrd_success);
    }
    for (u64 i = 0; i < SENDERS; i++) {
        assert_int_equal(thrd_join(senders[i], NULL), thrd_success);
    }
    store_release(&stop, true);
    assert_int_equal(thrd_join(moves, NULL), thrd_success);
    assert_int_equal(thrd_join(takes, NULL), thrd_success);
    for (u32 i = 0; i < PORTS; i++) {
        assert_true(handled_at[i] > sent_at[i]);
        assert_int_equal(*word_at(port_of[i]), 0);
    }
    assert_int_equal(sent, SENDERS * ROUNDS);
    assert_in_range(handled, PORTS, sent);
    assert_false(world_said("not linked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(no_event_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
