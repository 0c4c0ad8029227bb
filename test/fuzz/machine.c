/* SPDX-License-Identifier: MIT */
#include "test/fuzz/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "call/call.h"
#include "call/version.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "fw/firmware.h"
#include "irq/gic_host.h"
#include "log/log_host.h"
#include "log/log_up.h"
#include "mem/frame.h"
#include "mem/ram_host.h"
#include "mem/slab.h"
#include "p2m/p2m.h"
#include "p2m/tlb_host.h"
#include "sched/sched.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/memory.h"
#include "time/clock_host.h"
#include "trap/leave.h"
#include "trap/trap.h"
#include "vgic/vgic.h"
#include "vpsci/vpsci.h"
#include "vtimer/hw.h"
#include "vtimer/hw_host.h"
#include "vtimer/vtimer.h"

#define VTIMER_PPI 27u
#define FAR_TICKS  (625000000ULL * 10) /* 100 s: nobody waits longer for a timer */
#define NR_IRQS    64u
#define NR_LRS     4u
#define PATIENCE   10000u
#define EXIT_TICKS 40u

u32 machine_nr_cpus;
void (*machine_guest)(struct vcpu *v);
void (*machine_print_repeat)(void);
bool machine_is_off;
static bool ending;                        /* [a] */
static DEFINE_PER_CPU(bool, waits_for_go); /* in its guest, until machine_go_on() */

DEFINE_PER_CPU(u64, trap_stack);
static jmp_buf outs[MACHINE_CPUS_MAX + 1];

/* ---- findings ---- */

void machine_finding(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "fuzz: error: finding: ");
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\n");
    if (machine_print_repeat) {
        machine_print_repeat();
    }
    abort();
}

static void panicked(const char *text)
{
    machine_finding("panic: %s", text);
}

/* ---- interrupts and time of the CPU that asks ---- */

static void drive_lines(void)
{
    fake_gic_line(cpu_current(), VTIMER_PPI, fake_vtimer_line());
}

/* WORK_VCPU comes with an interrupt; without, it is of a vCPU that has moved on, and waits for the
 * next way out. */
bool machine_is_due(void)
{
    drive_lines();
    return (this_cpu(waits_for_go) && !load_relaxed(&ending)) ||
           (load_relaxed(&this_cpu(work)) & ~(u32)BIT(WORK_VCPU)) != 0 ||
           cpu_counter_ticks() >= host_timer_armed_ticks() || fake_gic_signals();
}

static void take_interrupts(void)
{
    while (host_timer_interrupt()) {
    }
    drive_lines();
    irq_handle();
}

u64 machine_deadline(void)
{
    u64 at = host_timer_armed_ticks();
    const struct fake_vtimer *t = &this_cpu(fake_vtimer);
    if ((t->ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE) {
        u64 due = t->cval + t->offset;
        at = due > host_counter_ticks && due < at ? due : at;
    }
    return at;
}

bool machine_wait_for_time(void)
{
    const u64 at = cpus_next_deadline();
    if (load_relaxed(&ending) || at > host_counter_ticks + FAR_TICKS) {
        return false;
    }
    store_relaxed(&host_counter_ticks, at > host_counter_ticks ? at : host_counter_ticks + 1);
    return true;
}

/* cpu_relax(): a CPU waits for another one, or for a lock, which nobody holds at a yield but where
 * CPUs are preempted. */
ONE_THREAD static void relax(void)
{
    static u32 spins;
    if (cpus_preempted || lock_nr_held() == 0) {
        spins = 0;
        cpus_yield();
    } else if (++spins > PATIENCE * 100) {
        machine_finding("cpu %u waits for a lock for ever", cpu_current());
    }
}

/* cpu_wait(): idle in place. */
static void wait(void)
{
    if (!machine_is_due()) {
        cpus_rest();
    }
    while (host_timer_interrupt()) {
    }
    drive_lines();
}

/* ---- the way in and out: what trap/entry_arm64.S does ---- */

void machine_hvc(struct vcpu *v, u32 immediate)
{
    u64 *x = v->regs.x;
    v->regs.pc += 4;
    const s64 answer = v->regs.pstate & PSTATE_AARCH32 ? E_RESTART
                       : immediate == 0                ? vpsci_frameless(x[0])
                                                       : call_frameless(x[0], x[16]);
    if (answer >= 0) {
        x[0] = (u64)answer;
    } else if (immediate == 0) {
        vpsci_call(v);
    } else if (v->regs.pstate & PSTATE_AARCH32) {
        call_dispatch_32bit(v);
    } else {
        call_answer(v, call_dispatch(v));
    }
}

bool machine_mmio(struct vcpu *v, u64 at, u32 bytes, bool write, u64 *value)
{
    const struct mmio_handler *h = mmio_find(v->domain, (gaddr_t){at});
    /* As trap/mmio_arm64.c: aligned, and within. */
    if (!h || (at - h->base.g) % bytes != 0 || at - h->base.g + bytes > h->bytes) {
        return false;
    }
    if (write) {
        *value = *value << (64 - 8 * bytes) >> (64 - 8 * bytes);
    }
    struct mmio_access a = {
        .offset = at - h->base.g, .bytes = bytes, .write = write, .value = *value};
    bool done = h->access(v, &a, h->arg);
    *value = a.value;
    return done;
}

/* What must be true of whoever is entered. */
static void check_entry(const struct vcpu *v)
{
    const struct domain *d = v->domain;
    if (this_cpu(loaded) != v || v->loaded_on != cpu_current()) {
        machine_finding("d%u vcpu %u is entered, but not loaded", d->id.id, v->id);
    }
    if (fake_vttbr_root().m != frame_to_maddr(frame_of(d->p2m->root)).m) {
        machine_finding("d%u vcpu %u is entered on tables of another", d->id.id, v->id);
    }
    if (lock_nr_held() != 0 || (this_cpu(p2m_window) & 1)) {
        machine_finding("d%u vcpu %u is entered with a lock or a window", d->id.id, v->id);
    }
    if (!cpus_preempted && (v->unit.hold != 0 || !v->online)) {
        machine_finding("d%u vcpu %u is entered, but held", d->id.id, v->id);
    }
}

static void in_guest(struct vcpu *v)
{
    if (machine_is_due()) {
        take_interrupts();
        return;
    }
    check_entry(v);
    if (load_relaxed(&ending)) {
        this_cpu(waits_for_go) = true;
        cpus_rest();
        this_cpu(waits_for_go) = false;
    } else {
        machine_guest(v);
        atomic_add_relaxed(&host_counter_ticks, (u64)machine_choose(EXIT_TICKS) + 1);
    }
}

void trap_start_leave(void)
{
    setjmp(outs[cpu_current()]);
    for (struct vcpu *v = trap_leave_slow();;) {
        in_guest(v);
        v = load_relaxed(&this_cpu(work)) != 0 ? trap_leave_slow() : vcpu_current();
    }
}

/* boot/power.c would end the process. This CPU leaves the exit where it is: no lock is held. */
void dom_up_hardware_shutdown(u8 code)
{
    store_relaxed(&machine_is_off, true);
    machine_end();
    if (cpu_current() >= machine_nr_cpus) {
        machine_finding("dom0 is shut down by nobody (%u)", code);
    }
    longjmp(outs[cpu_current()], 1);
}

/* ---- running ---- */

void machine_end(void)
{
    store_release(&ending, true);
}

void machine_go_on(void)
{
    store_relaxed(&machine_is_off, false);
    store_release(&ending, false);
}

bool machine_is_ending(void)
{
    return load_relaxed(&ending);
}

bool machine_run(void)
{
    cpus_settle();
    return load_relaxed(&ending);
}

void *machine_memory(struct domain *d, u64 at, bool write)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    /* The MMU's walk and the access after it are one: nobody comes in between. */
    atomic_add_relaxed(&host_hw_busy, 1);
    bool found =
        d->p2m && p2m_lookup_locked(d->p2m, gaddr_to_gfn((gaddr_t){at}), &mfn, &type, &order) == OK;
    atomic_add_relaxed(&host_hw_busy, ~0u);
    if (!found || p2m_type_is_device(type) || (write && !p2m_type_is_writable(type))) {
        return NULL;
    }
    return (char *)fake_ram(mfn_to_maddr(mfn)) + (at & PAGE_MASK);
}

/* ---- boot: boot/main.c's list without what reads a device tree ---- */

static void init_cpu(void)
{
    irq_init_cpu();
    time_init_cpu();
    sched_init_cpu();
    vtimer_init_cpu();
    this_cpu(current) = &vcpu_nobody;
    this_cpu(loaded) = NULL;
    p2m_init_cpu();
}

void switch_start_cpu(void)
{
}

void machine_boot(const struct machine_config *c)
{
    const struct fake_bank bank = {FAKE_RAM, c->ram_bytes};
    fake_ram_init(&bank, 1);
    machine_nr_cpus = c->nr_cpus;
    host_panic = panicked;
    host_relax_hook = relax;
    host_wait_hook = wait;
    host_log_input = log_up_input;
    host_log_ring = log_up_ring;
    percpu_nr_cpus = c->nr_cpus;
    for (u32 cpu = 1; cpu <= c->nr_cpus; cpu++) {
        if (percpu_create(cpu) != OK) {
            machine_finding("boot: no memory for cpu %u", cpu);
        }
    }
    fake_gic_setup(c->gic_version, NR_IRQS, NR_LRS);
    fake_tlb_watches_frames = true;
    rcu_init();
    if (irq_init() != OK || time_init() != OK || vtimer_init() != OK) {
        machine_finding("boot: no GIC or timer");
    }
    sched_init();
    sched_register_key();
    domain_init();
    p2m_init();
    version_init(true);
    for (u32 cpu = 0; cpu <= c->nr_cpus; cpu++) {
        cpu_set_percpu_offset(percpu_offset[cpu]);
        init_cpu();
    }
    cpus_start(c->nr_cpus, trap_start);
}

/* ---- the end of a domain ---- */

void machine_kill(struct domain *d)
{
    const domid_t id = d->id;
    enum err e;
    u32 steps = 0;
    while ((e = domain_kill(d)) == E_RESTART) {
        if (++steps > PATIENCE) {
            machine_finding("d%u: its destruction makes no progress", id.id);
        }
    }
    if (e != OK) {
        machine_finding("d%u: its destruction answers %d", id.id, e);
    }
    cpus_settle();
}

static void count(const struct slab_cache *c, void *arg)
{
    struct machine_account *a = arg;
    a->objects += c->nr_live;
    a->pages -= c->nr_pages;
}

struct machine_account machine_account(void)
{
    struct machine_account a = {.objects = memory_objects(),
                                .pages = frame_nr_total() - frame_nr_free(),
                                .vmids = p2m_nr_vmids_in_use()};
    slab_for_each(count, &a);
    return a;
}
