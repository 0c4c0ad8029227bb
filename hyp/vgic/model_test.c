/* SPDX-License-Identifier: MIT */
/*
 * The core against a naive model: what a guest with the architecture's own controller would see.
 * Random operations, of guests, devices and of the scheduler that moves vCPUs over CPUs, for
 * several numbers of list registers; after each, every CPU does what it was told to, and then an
 * acknowledgement must give what the model says.
 */
#include "test/host/vgic_world.h"

#include "vgic/state.h"

#define D         (&world_domain)
#define VCPUS     4u
#define SPIS      32u
#define ROUTED    6u /* SPIs 32.. that are the host's 64..; even ones edges, odd ones levels */
#define HOST_SPI  64u
#define DEPTH_MAX 12u

static u64 random_state;
static bool has_batches;

static u32 rnd(u32 n)
{
    random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(random_state >> 33) % n;
}

struct model_irq {
    bool enabled, level, latch, line, active, hw_pending, hw_active;
    u32 priority, target, sources, active_source;
};

static struct {
    u32 version;
    bool forwards;
    struct model_irq private[VCPUS][NR_PRIVATE], spi[SPIS];
    bool host_latch[ROUTED], host_line[ROUTED];
    u32 mask[VCPUS], depth[VCPUS];
    u32 stack[VCPUS][DEPTH_MAX]; /* as acknowledged */
} m;

static struct model_irq *model(u32 vcpu, u32 intid)
{
    return intid < NR_PRIVATE ? &m.private[vcpu][intid] : &m.spi[intid - NR_PRIVATE];
}

static bool is_routed(u32 intid)
{
    return intid >= NR_PRIVATE && intid < NR_PRIVATE + ROUTED;
}

static bool has_sources(u32 intid)
{
    return m.version == 2 && intid < NR_SGIS;
}

static bool pending(const struct model_irq *i)
{
    return i->latch || i->sources || (i->level && i->line);
}

/* The host's interrupts reach the guest when they are enabled and the guest has ended the one
 * before. */
static void model_settle(void)
{
    for (u32 i = 0; i < ROUTED; i++) {
        struct model_irq *irq = &m.spi[i];
        if ((m.host_latch[i] || m.host_line[i]) && irq->enabled && !irq->hw_pending &&
            !irq->hw_active) {
            m.host_latch[i] = false;
            irq->latch = true;
            irq->hw_pending = true;
        }
    }
}

static u32 running(u32 vcpu)
{
    u32 depth = m.depth[vcpu];
    return depth ? model(vcpu, m.stack[vcpu][depth - 1] & 0x3ff)->priority : 0x100;
}

static bool deliverable(u32 vcpu, u32 intid)
{
    const struct model_irq *i = model(vcpu, intid);
    return m.forwards && i->enabled && pending(i) && !i->active &&
           (intid < NR_PRIVATE || i->target == vcpu) && i->priority < m.mask[vcpu] &&
           i->priority < running(vcpu);
}

static u32 best(u32 vcpu)
{
    u32 priority = 0x100;
    for (u32 i = 0; i < NR_PRIVATE + SPIS; i++) {
        if (deliverable(vcpu, i)) {
            priority = MIN(priority, model(vcpu, i)->priority);
        }
    }
    return priority;
}

/* ---- operations ---- */

static u32 some_intid(void)
{
    static const u32 private[] = {0, 1, 7, 15, 27, 30, 31};
    return rnd(3) == 0 ? private[rnd(ARRAY_LEN(private))] : NR_PRIVATE + rnd(SPIS);
}

static struct vgic_irq *real(u32 vcpu, u32 intid)
{
    return vgic_find(D, &world_vcpu[vcpu], intid);
}

static void acknowledge(u32 vcpu)
{
    if (m.depth[vcpu] == DEPTH_MAX || world_cpu_of(vcpu) == VCPU_NOT_LOADED) {
        return;
    }
    world_run(vcpu);
    u32 want = best(vcpu);
    assert_int_equal(vgic_has_pending(&world_vcpu[vcpu]) && fake_guest_signals(), want != 0x100);
    u32 raw = fake_guest_acknowledge(), intid = raw & 0x3ff;
    if (want == 0x100) {
        assert_int_equal(raw, FAKE_SPURIOUS);
        return;
    }
    assert_int_not_equal(raw, FAKE_SPURIOUS);
    assert_true(deliverable(vcpu, intid));
    struct model_irq *i = model(vcpu, intid);
    assert_int_equal(i->priority, want);
    if (has_sources(intid)) {
        assert_true(i->sources >> (raw >> 10) & 1);
        i->sources &= ~(1u << (raw >> 10));
        i->active_source = raw >> 10;
    }
    i->latch = false;
    i->active = true;
    i->hw_active = i->hw_pending;
    i->hw_pending = false;
    m.stack[vcpu][m.depth[vcpu]++] = raw;
}

static void end(u32 vcpu)
{
    if (m.depth[vcpu] == 0 || world_cpu_of(vcpu) == VCPU_NOT_LOADED) {
        return;
    }
    world_run(vcpu);
    u32 raw = m.stack[vcpu][--m.depth[vcpu]];
    struct model_irq *i = model(vcpu, raw & 0x3ff);
    if (is_routed(raw & 0x3ff) && rnd(4)) {
        u32 n = (raw & 0x3ff) - NR_PRIVATE; /* the driver made its device quiet */
        m.host_line[n] = false;
        if (n & 1) {
            fake_gic_line(0, HOST_SPI + n, false);
        }
    }
    i->active = false;
    i->hw_active = false;
    fake_guest_end(raw);
}

static void inject(u32 vcpu, u32 intid)
{
    struct model_irq *i = model(vcpu, intid);
    if (intid < NR_SGIS) {
        u32 from = rnd(VCPUS);
        vgic_send_sgi(&world_vcpu[vcpu], intid, from);
        if (has_sources(intid)) {
            i->sources |= 1u << from;
        } else {
            i->latch = true;
        }
    } else if (!is_routed(intid)) {
        vgic_inject(D, &world_vcpu[vcpu], (virq_t){intid});
        i->latch = true;
    }
}

static void line(u32 vcpu, u32 intid)
{
    if (intid < NR_SGIS || is_routed(intid)) {
        return;
    }
    struct model_irq *i = model(vcpu, intid);
    bool high = rnd(2);
    vgic_set_level(D, &world_vcpu[vcpu], (virq_t){intid}, high);
    i->latch |= high && !i->line && !i->level;
    i->line = high;
}

static void device(void)
{
    u32 n = rnd(ROUTED);
    if (n & 1) {
        m.host_line[n] = !m.host_line[n];
        fake_gic_line(0, HOST_SPI + n, m.host_line[n]);
        if (!m.host_line[n]) {
            return;
        }
    } else {
        m.host_latch[n] = true;
        fake_gic_pulse(0, HOST_SPI + n);
    }
}

static void software_pending(u32 vcpu, u32 intid)
{
    struct model_irq *i = model(vcpu, intid);
    bool set = rnd(2);
    if (has_sources(intid)) {
        u32 mask = rnd(1u << VCPUS);
        vgic_change(real(vcpu, intid), set ? OP_SET_SOURCES : OP_CLEAR_SOURCES, mask);
        i->sources = set ? i->sources | mask : i->sources & ~mask;
    } else if (set && !is_routed(intid)) {
        vgic_change(real(vcpu, intid), OP_SET_PENDING, 0);
        i->latch = true;
    } else if (!set) {
        vgic_change(real(vcpu, intid), OP_CLEAR_PENDING, 0);
        i->latch = false;
        i->hw_pending = false;
    }
}

static void configure(u32 vcpu, u32 intid)
{
    struct model_irq *i = model(vcpu, intid);
    u32 value;
    switch (rnd(4)) {
    case 0:
        i->enabled = !i->enabled;
        vgic_change(real(vcpu, intid), i->enabled ? OP_ENABLE : OP_DISABLE, 0);
        break;
    case 1:
        if (!i->active) { /* the order of what is active is that of its priorities */
            i->priority = rnd(24) * 8;
            vgic_change(real(vcpu, intid), OP_SET_PRIORITY, i->priority + rnd(8));
        }
        break;
    case 2:
        value = rnd(2);
        if (intid >= NR_SGIS && !is_routed(intid) && !i->line) {
            i->level = value;
            vgic_change(real(vcpu, intid), OP_SET_LEVEL_CONFIG, value);
        }
        break;
    default:
        if (intid >= NR_PRIVATE) {
            i->target = rnd(VCPUS);
            vgic_change(real(vcpu, intid), OP_SET_TARGET, i->target | 1u << i->target << 16);
        }
        break;
    }
}

static void schedule(u32 vcpu)
{
    if (rnd(3) == 0) {
        world_unload(vcpu);
    } else {
        world_load(vcpu, rnd(WORLD_CPUS));
    }
}

static void set_mask(u32 vcpu)
{
    if (world_cpu_of(vcpu) != VCPU_NOT_LOADED) {
        world_run(vcpu);
        m.mask[vcpu] = rnd(3) ? 0xf8 : rnd(32) * 8;
        fake_guest_enable(m.mask[vcpu]);
    }
}

static void compare(u32 vcpu, u32 intid)
{
    const struct model_irq *i = model(vcpu, intid);
    struct vgic_irq *r = real(vcpu, intid);
    assert_int_equal(vgic_change(r, OP_IS_PENDING, 0), pending(i));
    assert_int_equal(vgic_change(r, OP_IS_ACTIVE, 0), i->active);
    assert_int_equal(vgic_change(r, OP_SOURCES, 0), i->sources);
    assert_int_equal(r->enabled, i->enabled);
    assert_int_equal(r->priority, i->priority);
    if (is_routed(intid)) {
        assert_int_equal(fake_gic_is_active(0, HOST_SPI + intid - NR_PRIVATE),
                         i->hw_pending || i->hw_active);
    }
}

/* What must hold of the real thing at any quiet moment. */
static void check_queues(void)
{
    for (u32 v = 0; v < VCPUS; v++) {
        const struct vgic_cpu *vc = world_vcpu[v].vgic;
        const struct vgic_irq *irq;
        u32 priority = 0, used = 0;
        assert_int_equal(vc->lr_stale, 0);
        list_for_each(irq, &vc->queue, node)
        {
            assert_ptr_equal(irq->home, &world_vcpu[v]);
            assert_true(irq->priority >= priority);
            priority = irq->priority;
            if (irq->lr != LR_NONE) {
                assert_ptr_equal(vc->lr[irq->lr], irq);
                used |= 1u << irq->lr;
            }
        }
        assert_int_equal(used, vc->lr_used);
    }
    assert_int_equal(lock_nr_held(), 0);
}

/* What several CPUs do before the vCPUs' look at their work: all but what only a guest that runs
 * does, which could not while its CPU has work. Not in every run: so much at once leaves hardly an
 * interrupt that is not pending, and that hides what else goes wrong (test/planted/58). */
static void batch(void)
{
    for (u32 n = rnd(6); n; n--) {
        u32 vcpu = rnd(VCPUS), intid = some_intid();
        fake_cpu(rnd(WORLD_CPUS));
        if (is_routed(intid)) {
            continue;
        }
        switch (rnd(5)) {
        case 0:
            inject(vcpu, intid);
            break;
        case 1:
            line(vcpu, intid);
            break;
        case 2:
            software_pending(vcpu, intid);
            break;
        case 3:
            configure(vcpu, intid);
            break;
        default:
            m.forwards ^= rnd(4) == 0;
            vgic_forward(D, m.forwards);
            break;
        }
    }
    model_settle();
    world_settle();
}

static void step(void)
{
    if (has_batches) {
        batch();
    }
    u32 vcpu = rnd(VCPUS), intid = some_intid();
    fake_cpu(rnd(WORLD_CPUS)); /* whoever does it */
    switch (rnd(12)) {
    case 0:
    case 1:
        acknowledge(vcpu);
        break;
    case 2:
    case 3:
        end(vcpu);
        break;
    case 4:
    case 5:
        inject(vcpu, intid);
        break;
    case 6:
        line(vcpu, intid);
        break;
    case 7:
        device();
        break;
    case 8:
        software_pending(vcpu, intid);
        break;
    case 9:
        configure(vcpu, intid);
        break;
    case 10:
        schedule(vcpu);
        break;
    default:
        if (rnd(16) == 0) {
            m.forwards = !m.forwards;
            vgic_forward(D, m.forwards);
        } else {
            set_mask(vcpu);
        }
        break;
    }
    model_settle();
    world_settle();
    fake_cpu(rnd(WORLD_CPUS));
    compare(vcpu, rnd(2) ? intid : some_intid()); /* which brings it up to date */
    world_settle();
    check_queues();
}

/* Everything that is pending reaches its vCPU in the end, and nothing else. */
static void drain(void)
{
    m.forwards = true;
    vgic_forward(D, true);
    for (u32 n = 0; n < ROUTED; n++) {
        m.host_line[n] = false;
        fake_gic_line(0, HOST_SPI + n, false);
    }
    for (u32 v = 0; v < VCPUS; v++) {
        world_load(v, v);
        while (m.depth[v]) {
            world_settle();
            end(v);
        }
        m.mask[v] = 0xf8;
        fake_guest_enable(0xf8);
        for (u32 i = NR_SGIS; i < NR_PRIVATE + SPIS; i++) {
            if (!is_routed(i)) {
                vgic_set_level(D, &world_vcpu[v], (virq_t){i}, false);
                model(v, i)->line = false;
            }
        }
    }
    for (u32 v = 0; v < VCPUS; v++) {
        do {
            model_settle();
            world_settle();
            acknowledge(v);
            world_settle();
            if (m.depth[v] == 0) {
                break;
            }
            end(v);
        } while (true);
        model_settle();
        world_settle();
        assert_int_equal(best(v), 0x100);
        world_run(v);
        assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    }
    check_queues();
}

static void run(u32 version, u32 nr_lrs, u64 seed, u32 steps)
{
    random_state = seed * 7919 + version * 31 + nr_lrs;
    has_batches = seed & 1;
    memset(&m, 0, sizeof(m));
    m.version = version;
    m.forwards = true;
    world_start(version, nr_lrs, VCPUS, SPIS);
    vgic_forward(D, true);
    for (u32 v = 0; v < VCPUS; v++) {
        for (u32 i = 0; i < NR_PRIVATE; i++) {
            m.private[v][i].enabled = i < NR_SGIS;
            m.private[v][i].level = i >= NR_SGIS;
        }
        world_load(v, v);
        fake_guest_enable(0xf8);
        m.mask[v] = 0xf8;
    }
    for (u32 i = 0; i < SPIS; i++) {
        m.spi[i].level = true;
    }
    for (u32 i = 0; i < ROUTED; i++) {
        enum irq_trigger trigger = i & 1 ? IRQ_LEVEL_HIGH : IRQ_EDGE_RISING;
        m.spi[i].level = i & 1;
        assert_int_equal(
            vgic_route_irq(D, (virq_t){NR_PRIVATE + i}, (hwirq_t){HOST_SPI + i}, trigger), OK);
    }
    for (u32 i = 0; i < steps; i++) {
        step();
    }
    drain();
    world_end();
}

static void test_random_operations(void **state)
{
    static const u32 lrs[] = {1, 2, 3, 4, 16};
    const char *steps = getenv("STEPS"), *seeds = getenv("SEEDS");
    for (u32 seed = 0; seed < (seeds ? (u32)atoi(seeds) : 4); seed++) {
        for (u32 i = 0; i < ARRAY_LEN(lrs); i++) {
            for (u32 version = 2; version <= 3; version++) {
                printf("version %u, %u list registers, seed %u\n", version, lrs[i], seed);
                run(version, lrs[i], seed, steps ? (u32)atoi(steps) : 1500);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
