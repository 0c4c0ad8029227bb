/* SPDX-License-Identifier: MIT */
/*
 * Real threads, a CPU each, with a vCPU loaded that now and then moves away and back. Messages: a
 * sender sets a flag and injects, the receiver's handler clears the flags it was sent; who finds
 * his flag still set does not send again. At the end every flag is clear: no interrupt was lost
 * between CPUs, and nobody waits for ever.
 */
#define sched_yield libc_sched_yield /* its name is ours, too */
#include <pthread.h>
#undef sched_yield
#include <sys/syscall.h>
#include <unistd.h>

#include "test/host/vgic_world.h"

#include "vgic/state.h"

#define D         (&world_domain)
#define V(n)      (&world_vcpu[n])
#define ROUNDS    6000u
#define SPIS      8u
#define FIRST_SGI 4u
#define PATIENCE  1000000u

static u32 sgi_flag[WORLD_CPUS][WORLD_CPUS]; /* [to][from] */
static u32 spi_flag[SPIS];
static u32 running;
static u32 received[WORLD_CPUS];

static u32 next(u64 *state, u32 n)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(*state >> 33) % n;
}

/* The way out of this CPU. */
static void leave(void)
{
    struct vcpu *v = this_cpu(loaded);
    irq_handle(); /* maintenance */
    if (this_cpu(work) & BIT(WORK_CALL)) {
        ipi_serve();
    }
    if (atomic_and(&v->work, ~(u32)BIT(VCPU_WORK_VGIC)) & BIT(VCPU_WORK_VGIC)) {
        vgic_work(v);
    }
}

static void relax(void)
{
    syscall(SYS_sched_yield);
}

static void handle(u32 raw)
{
    u32 me = this_cpu(loaded)->id, intid = raw & 0x3ff;
    received[me]++;
    if (intid >= NR_PRIVATE) {
        atomic_xchg(&spi_flag[intid - NR_PRIVATE], 0);
    } else {
        u32 from = gic->version == 2 ? raw >> 10 : intid - FIRST_SGI;
        atomic_xchg(&sgi_flag[me][from], 0);
    }
}

static void guest(void)
{
    u32 raw = fake_guest_acknowledge();
    if (raw != FAKE_SPURIOUS) {
        handle(raw);
        leave();
        fake_guest_end(raw);
    }
    leave();
}

static void act(u32 me, u64 *state)
{
    u32 to = next(state, WORLD_CPUS), spi = next(state, SPIS);
    struct vgic_irq *irq = vgic_find(D, NULL, NR_PRIVATE + spi);
    switch (next(state, 8)) {
    case 0:
    case 1:
        if (atomic_xchg(&sgi_flag[to][me], 1) == 0) {
            vgic_send_sgi(V(to), FIRST_SGI + (gic->version == 3 ? me : 0), me);
        }
        break;
    case 2:
    case 3:
        if (atomic_xchg(&spi_flag[spi], 1) == 0) {
            vgic_inject(D, NULL, (virq_t){NR_PRIVATE + spi});
        }
        break;
    case 4:
        vgic_change(irq, OP_SET_TARGET, to | 1u << to << 16);
        break;
    case 5:
        vgic_change(irq, OP_SET_PRIORITY, next(state, 31) * 8);
        break;
    case 6:
        vgic_change(irq, OP_IS_PENDING, 0);
        vgic_change(vgic_find(D, V(to), FIRST_SGI), OP_IS_ACTIVE, 0);
        break;
    default:
        vgic_change(irq, OP_DISABLE, 0);
        vgic_change(irq, OP_ENABLE, 0);
        break;
    }
    if (next(state, 16) == 0) {
        vgic_save(V(me));
        vgic_restore(V(me));
    }
}

static bool is_quiet(void)
{
    u32 waiting = 0;
    for (u32 i = 0; i < WORLD_CPUS; i++) {
        for (u32 j = 0; j < WORLD_CPUS; j++) {
            waiting += load_acquire(&sgi_flag[i][j]);
        }
    }
    for (u32 i = 0; i < SPIS; i++) {
        waiting += load_acquire(&spi_flag[i]);
    }
    return waiting == 0;
}

static void *cpu_thread(void *arg)
{
    u32 me = (u32)(uintptr_t)arg;
    u64 state = me + 1;
    fake_cpu(me);
    for (u32 i = 0; i < ROUNDS; i++) {
        act(me, &state);
        guest();
        guest();
    }
    atomic_sub(&running, 1);
    for (u32 i = 0; i < PATIENCE && (load_acquire(&running) != 0 || !is_quiet()); i++) {
        guest(); /* the others still send to us, or wait for what we have */
        relax();
    }
    return NULL;
}

static void run(u32 version)
{
    pthread_t thread[WORLD_CPUS];
    world_start(version, 3, WORLD_CPUS, 32);
    vgic_forward(D, true);
    host_relax_hook = relax;
    for (u32 i = 0; i < SPIS; i++) {
        vgic_change(vgic_find(D, NULL, NR_PRIVATE + i), OP_ENABLE, 0);
    }
    for (u32 i = 0; i < WORLD_CPUS; i++) {
        world_load(i, i);
        fake_guest_enable(0xf8);
        received[i] = 0;
    }
    running = WORLD_CPUS;
    for (u32 i = 0; i < WORLD_CPUS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, cpu_thread, (void *)(uintptr_t)i), 0);
    }
    for (u32 i = 0; i < WORLD_CPUS; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_true(is_quiet());
    for (u32 i = 0; i < WORLD_CPUS; i++) {
        assert_true(received[i] > ROUNDS / 16);
    }
    host_relax_hook = world_relax;
    world_end();
}

static void test_nothing_is_lost_between_cpus(void **state)
{
    run(2);
    run(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost_between_cpus),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
