/* SPDX-License-Identifier: MIT */
/* On top of call/fake_test.h: what the control interfaces ask of dom/, sched/, p2m/, vgic/ and
 * mem/, noted and answered as a test sets it. */
#ifndef CALL_DOMCTL_FAKE_TEST_H
#define CALL_DOMCTL_FAKE_TEST_H

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "call/control.h"
#include "call/wallclock.h"
#include "call/fake_test.h"
#include "dom/record.h"
#include "irq/irq.h"
#include "p2m/p2m.h"
#include "sched/sched.h"
#include "time/time.h"
#include "vgic/vgic.h"
#include "vuart/vuart.h"

#define ARGUMENT (GUEST_BASE + 0x40)
#define BUFFER   (GUEST_BASE + 0x400)

/* ---- what was called, in order: "name(domain.vcpu)" each */
static char fake_calls[512];
static enum err fake_answer; /* of the next functions that can fail */

static void fake_note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t at = strlen(fake_calls);
    vsnprintf(fake_calls + at, sizeof(fake_calls) - at, fmt, args);
    va_end(args);
}

enum err domain_pause_by_tools(struct domain *d)
{
    d->paused_by_tools = true;
    fake_note("pause(%u) ", d->id.id);
    return fake_answer;
}

enum err domain_unpause_by_tools(struct domain *d)
{
    bool was = d->paused_by_tools;
    d->paused_by_tools = false;
    return was ? OK : E_INVAL;
}

void domain_pause(struct domain *d)
{
    fake_note("hold(%u) ", d->id.id);
}

void domain_unpause(struct domain *d)
{
    fake_note("release(%u) ", d->id.id);
}

void vcpu_pause(struct vcpu *v)
{
    fake_note("hold(%u.%u) ", v->domain->id.id, v->id);
}

void vcpu_unpause(struct vcpu *v)
{
    fake_note("release(%u.%u) ", v->domain->id.id, v->id);
}

static bool fake_stays; /* at EL2, in a call */
bool vcpu_sync_lazy(struct vcpu *v)
{
    fake_note("sync(%u.%u) ", v->domain->id.id, v->id);
    return !fake_stays;
}

void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32)
{
    fake_note("reset(%u.%u,%#llx,%d) ", v->domain->id.id, v->id, pc, aarch32);
    v->regs.pc = pc;
    v->el1.vbar = 0x77; /* what a context does not name */
}

void vcpu_set_online(struct vcpu *v, bool online)
{
    assert_int_equal(fake_locks_held, 1);
    v->online = online;
}

bool vcpu_pstate_is_valid(const struct vcpu *v, u64 pstate)
{
    return pstate != 0xbad;
}

enum err domain_resume(struct domain *d)
{
    fake_note("resume(%u) ", d->id.id);
    return d->shut_down ? OK : E_INVAL;
}

enum err domain_kill(struct domain *d)
{
    fake_note("kill(%u) ", d->id.id);
    return fake_answer;
}

static struct domain_config fake_config;
enum err domain_create(const struct domain_config *c, struct domain **out)
{
    fake_config = *c;
    fake_note("create(%u) ", c->id.id);
    fake_domain[2].id = c->id.id == XEN_DOMID_INVALID ? (domid_t){77} : c->id;
    *out = &fake_domain[2];
    return fake_answer;
}

enum err domain_create_vcpu(struct domain *d, u32 id)
{
    fake_note("vcpu(%u.%u) ", d->id.id, id);
    fake_vcpus[d->id.id][id] = &fake_vcpu[d->id.id][id];
    return fake_answer;
}

/* Domains that changed, the last one first. */
static domid_t fake_changed[4];
static u32 fake_nr_changed;
bool dom_take_changed(domid_t *id)
{
    if (fake_nr_changed == 0) {
        return false;
    }
    *id = fake_changed[--fake_nr_changed];
    return true;
}

void wallclock_update(struct domain *d)
{
    fake_note("wallclock(%u) ", d->id.id);
}

/* dom/record.c, without vCPUs. */
enum err record_save(const struct record_room *room, struct domain *d, struct record *r)
{
    r->next = r->instance + 1;
    return room->scope == RECORD_ONE && r->instance != 0 ? E_NOENT : room->save(d, r);
}

enum err record_load(const struct record_room *room, struct domain *d, struct record *r)
{
    return room->load(d, r);
}

/* ---- scheduler: two CPUs */

u32 percpu_nr_cpus = 2;
static u64 fake_now_ns;
u64 clock_ns(void)
{
    return fake_now_ns;
}

u32 clock_frequency_hz(void)
{
    return 62500000;
}

struct cpumask cpumask_online(void)
{
    return (struct cpumask){{3}};
}

static const struct sched_policy fake_policy = {.name = "fake", .abi_id = XEN_SCHEDULER_CREDIT2};
const struct sched_policy *sched_policy(void)
{
    return &fake_policy;
}

void sched_read_times(struct sched_unit *u, struct sched_times *out)
{
    *out = (struct sched_times){.state = u->state, .since_ns = u->since_ns};
    memcpy(out->time_ns, u->time_ns, sizeof(out->time_ns));
}

enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard,
                            const struct cpumask *soft)
{
    if (hard && (hard->bits[0] & 3) == 0) {
        return E_INVAL;
    }
    u->hard = hard ? *hard : u->hard;
    u->soft = soft ? *soft : u->soft;
    return OK;
}

void sched_get_affinity(struct sched_unit *u, struct cpumask *hard, struct cpumask *soft)
{
    *hard = u->hard;
    *soft = u->soft;
}

enum err sched_group_set(struct sched_group *g, u64 weight, u64 cap_percent)
{
    if (cap_percent > 200) {
        return E_INVAL;
    }
    g->weight = weight;
    g->cap_percent = cap_percent;
    return OK;
}

void sched_unit_update(struct sched_unit *u)
{
    const struct vcpu *v = container_of(u, struct vcpu, unit);
    fake_note("update(%u.%u) ", v->domain->id.id, v->id);
}

u64 sched_idle_ns(u32 cpu)
{
    return 1000 + cpu;
}

/* ---- memory and interrupts */

static struct p2m fake_p2m;
struct gic_ops gic_table = {.version = 3};
struct gic_info gic_info = {.nr_irqs = 288};
#define FAKE_RAM_FIRST 0x40000u /* machine frames below are devices */
struct frame_bank frame_bank[FRAME_BANKS_MAX] = {{FAKE_RAM_FIRST, FAKE_RAM_FIRST}};
struct frame *frame_table = (struct frame *)0x1000; /* nobody looks into a record */

bool frame_is_ram_elsewhere(u64 index)
{
    return false;
}

u64 frame_nr_free(void)
{
    return 1000;
}

u64 frame_nr_total(void)
{
    return 0x40000;
}

mfn_t frame_end(void)
{
    return (mfn_t){2 * FAKE_RAM_FIRST};
}

enum err p2m_set_max_tables(struct p2m *p2m, u64 max)
{
    p2m->max_tables = fake_answer == OK ? max : p2m->max_tables;
    return fake_answer;
}

enum err p2m_cache_flush(struct p2m *p2m, gfn_t *start, gfn_t end, u32 budget_pages)
{
    assert_in_range(budget_pages, 1, 64);
    fake_note("flush(%llu-%llu) ", start->gfn, end.gfn);
    start->gfn += 5;
    return fake_answer;
}

enum err p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type)
{
    fake_note("map(%llx=%llx,%u,%d) ", gfn.gfn, mfn.mfn, order, type == P2M_DEVICE);
    return fake_answer;
}

enum err p2m_unmap(struct p2m *p2m, gfn_t gfn, mfn_t expect, u32 order)
{
    fake_note("unmap(%llx=%llx,%u) ", gfn.gfn, expect.mfn, order);
    return fake_answer;
}

enum err vgic_route_irq(struct domain *d, virq_t virq, hwirq_t hwirq, enum irq_trigger trigger)
{
    fake_note("route(%u:%u=%u) ", d->id.id, virq.virq, hwirq.hw);
    return fake_answer;
}

enum err vgic_unroute_irq(struct domain *d, virq_t virq)
{
    fake_note("unroute(%u:%u) ", d->id.id, virq.virq);
    return fake_answer;
}

enum err vuart_create(struct domain *d, gfn_t gfn, domid_t console, port_t *port)
{
    fake_note("vuart(%u:%llx,%u) ", d->id.id, gfn.gfn, console.id);
    port->port = 77;
    return fake_answer;
}

static int fake_control_setup(void **state)
{
    fake_setup(state);
    fake_become(0, 0);
    fake_calls[0] = '\0';
    fake_stays = false;
    fake_answer = OK;
    fake_now_ns = 0;
    gic_table.version = 3;
    memset(&fake_p2m, 0, sizeof(fake_p2m));
    for (u32 n = 0; n < ARRAY_LEN(fake_domain); n++) {
        fake_domain[n].p2m = &fake_p2m;
        list_init(&fake_domain[n].io_ranges);
        for (u32 i = 0; i < 2; i++) {
            fake_vcpu[n][i].unit.hard = fake_vcpu[n][i].unit.soft =
                (struct cpumask){{~0ULL, ~0ULL}};
            fake_vcpu[n][i].unit.weight = SCHED_DEFAULT_WEIGHT;
        }
    }
    return 0;
}

#define CONTROL_TEST(fn) cmocka_unit_test_setup_teardown(fn, fake_control_setup, fake_teardown)

static inline struct xen_domctl *domctl_at(void)
{
    return guest_at(ARGUMENT);
}

static inline s64 fake_domctl(u32 cmd, u32 domain)
{
    struct xen_domctl *op = domctl_at();
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (u16)domain;
    struct call_args args = {{ARGUMENT}};
    return call_domctl(vcpu_current(), &args);
}

static inline struct xen_sysctl *sysctl_at(void)
{
    return guest_at(ARGUMENT);
}

static inline s64 fake_sysctl(u32 cmd)
{
    struct xen_sysctl *op = sysctl_at();
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    struct call_args args = {{ARGUMENT}};
    return call_sysctl(vcpu_current(), &args);
}

#endif
