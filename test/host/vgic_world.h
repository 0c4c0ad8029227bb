/* SPDX-License-Identifier: MIT */
/*
 * One domain, its vCPUs and some CPUs around the fake GIC, for the tests of vgic/ and vtimer/. A
 * vCPU is loaded on a CPU by world_load() and runs there by the fake_guest_*() of irq/gic_host.h;
 * world_settle() lets every CPU take its interrupts and do the work that was raised, until all is
 * quiet. Include once in a test program.
 */
#ifndef TEST_HOST_VGIC_WORLD_H
#define TEST_HOST_VGIC_WORLD_H

#include "log/log.h"
#include "test/host/fake.h"

#include "cpu/atomic.h"
#include "dom/domain.h"
#include "irq/gic_host.h"
#include "p2m/p2m.h"
#include "vgic/vgic.h"

#define WORLD_CPUS  4u
#define WORLD_VCPUS 8u
#define WORLD_MIB   8u

static struct domain world_domain;
static struct vcpu world_vcpu[WORLD_VCPUS];
static struct vcpu *world_vcpus[WORLD_VCPUS];
static u32 world_woken[WORLD_VCPUS];
static u32 world_raised[WORLD_VCPUS];
static u32 world_warnings;
static struct fake_account world_before;

struct world_page {
    u64 gfn, mfn;
    enum p2m_type type;
};
static struct world_page world_pages[64];
static u32 world_nr_pages;

DEFINE_PER_CPU(struct vcpu *, current);
DEFINE_PER_CPU(struct vcpu *, loaded);

/* ---- neighbours ---- */

void vcpu_wake(struct vcpu *v)
{
    world_woken[v->id]++;
}

void vcpu_raise(struct vcpu *v, enum vcpu_work bit)
{
    atomic_or(&v->work, (u32)BIT(bit));
    world_raised[v->id]++;
}

void log_at(enum log_level level, const char *fmt, ...)
{
    world_warnings += level <= LOG_WARN;
}

static enum err world_p2m_answer;
enum err p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type)
{
    assert_int_equal(order, 0);
    if (world_p2m_answer == OK) {
        world_pages[world_nr_pages++] = (struct world_page){gfn.gfn, mfn.mfn, type};
    }
    return world_p2m_answer;
}

/* ---- CPUs ---- */

static inline u32 world_cpu_of(u32 vcpu)
{
    return world_vcpu[vcpu].loaded_on;
}

/* Beside vgic_save() and vgic_restore(); NULL: nothing. */
static void (*world_unload_hook)(struct vcpu *v);
static void (*world_load_hook)(struct vcpu *v);
/* In place of vgic_init() and vgic_init_cpu(). */
static void (*world_init_hook)(void);
static void (*world_init_cpu_hook)(void);

static inline void world_unload(u32 vcpu)
{
    struct vcpu *v = &world_vcpu[vcpu];
    if (v->loaded_on != VCPU_NOT_LOADED) {
        fake_cpu(v->loaded_on);
        vgic_save(v);
        if (world_unload_hook) {
            world_unload_hook(v);
        }
        this_cpu(loaded) = NULL;
        v->loaded_on = VCPU_NOT_LOADED;
    }
}

/* Leaves this thread on that CPU. */
static inline void world_load(u32 vcpu, u32 cpu)
{
    struct vcpu *v = &world_vcpu[vcpu];
    if (v->loaded_on == cpu) {
        fake_cpu(cpu);
        return;
    }
    world_unload(vcpu);
    if (per_cpu(loaded, cpu)) {
        world_unload(per_cpu(loaded, cpu)->id);
    }
    fake_cpu(cpu);
    if (world_load_hook) {
        world_load_hook(v);
    }
    vgic_restore(v);
    this_cpu(loaded) = v;
    v->loaded_on = cpu;
    v->unit.cpu = cpu;
}

/* To where the vCPU runs. */
static inline void world_run(u32 vcpu)
{
    assert_int_not_equal(world_vcpu[vcpu].loaded_on, VCPU_NOT_LOADED);
    fake_cpu(world_vcpu[vcpu].loaded_on);
}

static inline bool world_step(u32 cpu)
{
    bool any = false;
    fake_cpu(cpu);
    struct vcpu *v = this_cpu(loaded);
    if (fake_gic_signals()) {
        irq_handle();
        any = true;
    }
    if (v && (v->work & BIT(VCPU_WORK_VGIC))) {
        v->work &= ~(u32)BIT(VCPU_WORK_VGIC);
        vgic_work(v);
        any = true;
    }
    if (this_cpu(work) & BIT(WORK_CALL)) {
        ipi_serve();
        any = true;
    }
    return any;
}

static inline void world_settle(void)
{
    u64 here = cpu_percpu_offset();
    bool any = true;
    for (u32 round = 0; any; round++) {
        assert_true(round < 100); /* an interrupt that never ends */
        any = false;
        for (u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
            any |= world_step(cpu);
        }
    }
    cpu_set_percpu_offset(here);
}

/* A CPU that waits lets the others serve it. */
static void world_relax(void)
{
    u64 here = cpu_percpu_offset();
    for (u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
        fake_cpu(cpu);
        if (this_cpu(work) & BIT(WORK_CALL)) {
            ipi_serve();
        }
    }
    cpu_set_percpu_offset(here);
}

/* ---- life ---- */

/* For cmocka's group setup. */
static int world_machine(void **state)
{
    fake_machine_init(WORLD_MIB, WORLD_CPUS);
    host_relax_hook = world_relax;
    return 0;
}

static inline void world_init(void)
{
    if (world_init_hook) {
        world_init_hook();
    } else {
        assert_int_equal(vgic_init(), OK);
    }
    for (u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
        fake_cpu(cpu);
        irq_init_cpu();
        if (world_init_cpu_hook) {
            world_init_cpu_hook();
        } else {
            vgic_init_cpu();
        }
    }
    fake_cpu(0);
}

static inline void world_start(u32 version, u32 nr_lrs, u32 nr_vcpus, u32 nr_spis)
{
    fake_gic_setup(version, 128, nr_lrs);
    assert_int_equal(irq_init(), OK);
    world_init();
    world_before = fake_account();
    memset(&world_domain, 0, sizeof(world_domain));
    memset(world_vcpu, 0, sizeof(world_vcpu));
    memset(world_woken, 0, sizeof(world_woken));
    memset(world_raised, 0, sizeof(world_raised));
    world_warnings = 0;
    world_nr_pages = 0;
    world_p2m_answer = OK;
    world_domain.vcpu = world_vcpus;
    world_domain.max_vcpus = nr_vcpus;
    spin_init(&world_domain.lock, RANK_DOMAIN, "domain");
    memset(world_vcpus, 0, sizeof(world_vcpus));
    assert_int_equal(vgic_create(&world_domain, version, nr_spis), OK);
    for (u32 i = 0; i < nr_vcpus; i++) {
        world_vcpu[i].domain = &world_domain;
        world_vcpu[i].id = i;
        world_vcpu[i].loaded_on = VCPU_NOT_LOADED;
        assert_int_equal(vgic_create_vcpu(&world_vcpu[i]), OK);
        vgic_reset_vcpu(&world_vcpu[i]);
        world_vcpus[i] = &world_vcpu[i];
    }
}

static inline void world_end(void)
{
    for (u32 i = 0; i < world_domain.max_vcpus; i++) {
        world_unload(i);
    }
    u64 cursor = 0;
    while (vgic_relinquish(&world_domain, &cursor) == E_RESTART) {
    }
    for (u32 i = 0; i < world_domain.max_vcpus; i++) {
        vgic_destroy_vcpu(&world_vcpu[i]);
    }
    vgic_destroy(&world_domain);
    assert_no_leak(world_before);
    irq_release(gic_info.maintenance);
    assert_int_equal(lock_nr_held(), 0);
}

/* ---- registers, as the guest reaches them ---- */

static inline bool world_access(u32 vcpu, u64 at, u32 bytes, bool write, u64 *value)
{
    const struct mmio_handler *h = mmio_find(&world_domain, (gaddr_t){at});
    assert_non_null(h);
    struct mmio_access a = {
        .offset = at - h->base.g, .bytes = bytes, .write = write, .value = write ? *value : 0x5a5a};
    bool ok = h->access(&world_vcpu[vcpu], &a, h->arg);
    *value = a.value;
    return ok;
}

static inline u64 world_read(u32 vcpu, u64 at, u32 bytes)
{
    u64 value = 0;
    assert_true(world_access(vcpu, at, bytes, false, &value));
    return value;
}

static inline void world_write(u32 vcpu, u64 at, u32 bytes, u64 value)
{
    assert_true(world_access(vcpu, at, bytes, true, &value));
}

static inline bool world_takes(u32 vcpu, u64 at, u32 bytes, bool write)
{
    u64 value = 0;
    return world_access(vcpu, at, bytes, write, &value);
}

#endif
