/* SPDX-License-Identifier: MIT */
/* From bytes to what guests do: plausible values mostly, wild ones now and then. */
#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/grant.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "dom/record_format.h"
#include "irq/gic_host.h"
#include "log/console.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "time/time.h"
#include "vgic/vgic.h"
#include "vtimer/hw.h"
#include "vtimer/hw_host.h"
#include "vtimer/vtimer.h"

#define STRUCT_MAX 256u
#define VERSION_AT 4u /* of S_CONTROL */
#define LIST_MAX   24u

static const u64 edges[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    63,
    64,
    127,
    4040,
    4088,
    4095,
    4096,
    0xf001,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xfffffffe,
    0xffffffff,
    0x100000000,
    0xfffffff000,
    0x10000000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfffffffffffff000,
    ~0ULL - 7,
    ~0ULL,
};

static u64 any(void)
{
    return input_one_in(4) ? input_u64() : edges[input_below(ARRAY_LEN(edges))];
}

static u64 domain_id(bool other)
{
    u32 n = input_below(16);
    if (!other && n < 5) {
        return DOMID_SELF.id;
    }
    if (n < 14) {
        return guest_id[n % GUESTS + (other || n & 1 ? 1 : 0)].id;
    }
    return n == 14 ? guest_id[GUESTS].id + 1u + input_below(3) : any();
}

/* ---- offers: what one domain has ready for another, so that two calls fit together */

#define OFFERS 16u
static struct offer {
    u16 from, to;
    u32 what; /* a port, a reference */
} ports[OFFERS], refs[OFFERS];
static u32 next_port, next_ref;
static u32 offered;

ONE_THREAD static void remember(struct offer *list, u32 *next, u64 from, u64 to, u32 what)
{
    u32 n = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED) % OFFERS;
    list[n] = (struct offer){(u16)from, (u16)to, what};
}

void generate_offer_port(domid_t from, domid_t to, u32 port)
{
    remember(ports, &next_port, from.id, to.id, port);
}

/* The domain that offers something to us; any other one when nobody does. */
ONE_THREAD static u64 offerer(const struct offer *list, domid_t us)
{
    u32 first = input_below(OFFERS);
    offered = ~0u;
    for (u32 i = 0; i < OFFERS && !input_one_in(8); i++) {
        const struct offer *o = &list[(first + i) % OFFERS];
        if (o->what != 0 && o->to == us.id) {
            offered = o->what;
            return o->from;
        }
    }
    return domain_id(false);
}

static struct mapped {
    u16 by;
    u32 handle;
    u64 at;
} maps[OFFERS];
static u32 next_map;
static u64 mapped_at;

ONE_THREAD void generate_mapped(domid_t by, u32 handle, u64 at)
{
    u32 n = __atomic_fetch_add(&next_map, 1, __ATOMIC_RELAXED) % OFFERS;
    maps[n] = (struct mapped){by.id, handle, at};
}

ONE_THREAD static u64 handle_of(domid_t us)
{
    u32 first = input_below(OFFERS);
    mapped_at = ~0ULL;
    for (u32 i = 0; i < OFFERS && !input_one_in(8); i++) {
        const struct mapped *m = &maps[(first + i) % OFFERS];
        if (m->at != 0 && m->by == us.id) {
            mapped_at = input_one_in(8) ? 0 : m->at;
            return m->handle;
        }
    }
    return input_one_in(16) ? any() : input_below(8);
}

static u64 place(const struct domain *d)
{
    u32 n = input_below(16);
    if (n < 6) {
        return guest_ram(d) + input_below(RAM_PAGES);
    }
    if (n < 14) {
        return guest_hole(d) + input_below(NR_HOLES);
    }
    return n == 14 ? (input_one_in(2) ? GUEST_INFO : GUEST_GNT + input_below(NR_FRAMES)) : any();
}

static u64 pick(u64 list)
{
    u32 n = 8;
    while (n > 1 && list >> (n - 1) * 8 == 0xff) {
        n--;
        list &= ~(0xffULL << n * 8);
    }
    return list >> input_below(n) * 8 & 0xff;
}

/* An address with this many bytes, mostly of RAM. */
static u64 buffer(const struct domain *d, u32 bytes)
{
    if (input_one_in(32)) {
        return input_one_in(2) ? 0 : any();
    }
    u64 at = (guest_ram(d) + input_below(8)) << PAGE_SHIFT;
    /* Now and then across two pages. */
    return at + (input_one_in(8) ? 0xff8 : input_below((u32)PAGE_SIZE - MIN(bytes, 4000u)) & ~7u);
}

static u64 scalar(struct vcpu *v, u32 kind, u64 a);

static u64 list(struct vcpu *v, u32 element_bytes, u32 kind)
{
    u64 element[LIST_MAX];
    u32 n = 1 + input_below(LIST_MAX);
    u64 at = buffer(v->domain, n * element_bytes);
    u64 first = scalar(v, kind, 0);
    for (u32 i = 0; i < n; i++) {
        /* Runs, as tools make them. */
        u64 value = input_one_in(4) ? scalar(v, kind, 0) : first + i;
        memcpy((u8 *)element + i * element_bytes, &value, element_bytes);
    }
    guest_write(v->domain, at, element, n * element_bytes);
    return at;
}

static u64 context(struct vcpu *v)
{
    struct xen_vcpu_guest_context c;
    if (input_one_in(8)) {
        return 0;
    }
    memset(&c, 0, sizeof(c));
    c.user_regs.cpsr = input_one_in(8) ? (u32)any() : PSTATE_EL1H | PSTATE_DAIF;
    c.user_regs.pc64 = GUEST_RAM << PAGE_SHIFT;
    c.flags = input_one_in(4) ? 0 : VGCF_online;
    u64 at = buffer(v->domain, sizeof(c));
    guest_write(v->domain, at, &c, sizeof(c));
    return at;
}

/* ---- records (dom/record_format.h), in three pages of dom0's that are used for nothing else */

#define RECORD_PAGE 44u
#define RECORD_ROOM (3u << PAGE_SHIFT)

static struct record_header *record_of(struct domain *d)
{
    u8 *at = machine_memory(d, (guest_ram(d) + RECORD_PAGE) << PAGE_SHIFT, true);
    for (u32 i = 1; i < RECORD_ROOM >> PAGE_SHIFT; i++) {
        u8 *next = machine_memory(d, (guest_ram(d) + RECORD_PAGE + i) << PAGE_SHIFT, true);
        if (!at || next != at + (i << PAGE_SHIFT)) {
            return NULL;
        }
    }
    return (struct record_header *)at;
}

bool generate_wrote_records;

static u64 guest_record(struct vcpu *v, bool change)
{
    struct record_header *h = v->domain->privileged ? record_of(v->domain) : NULL;
    if (change) {
        __atomic_store_n(&generate_wrote_records, true, __ATOMIC_RELAXED);
    }
    if (change && h && h->bytes <= RECORD_ROOM - sizeof(*h) && h->bytes >= 8) {
        for (u32 i = input_below(3); i != 0; i--) {
            u64 value = any();
            u32 words = input_one_in(2) ? MIN(h->bytes / 4, 16u) : h->bytes / 4;
            memcpy((u8 *)(h + 1) + input_below(words - 1) * 4, &value, input_one_in(2) ? 4 : 8);
        }
        h->instance = input_one_in(8) ? (u32)any() : h->instance;
        h->sum = record_sum(h, h + 1);
    }
    return (guest_ram(v->domain) + RECORD_PAGE) << PAGE_SHIFT;
}

static u64 record_bytes(struct vcpu *v)
{
    const struct record_header *h = v->domain->privileged ? record_of(v->domain) : NULL;
    return h ? sizeof(*h) + MIN(h->bytes, RECORD_ROOM) : 0;
}

static u64 scalar(struct vcpu *v, u32 kind, u64 a)
{
    const struct domain *d = v->domain;
    switch (kind) {
    case K_NUM:
        return a;
    case K_MAX:
        return input_below((u32)a + 1);
    case K_BITS:
        return input_u64() & (a ? a : 0xff);
    case K_PICK:
        return a ? pick(a) : "qrhze*"[input_below(6)];
    case K_OFFSET:
        return input_one_in(4)   ? PAGE_SIZE - 8 * input_below(16)
               : input_one_in(8) ? input_below(PAGE_SIZE)
                                 : 64 * input_below(3);
    case K_DOM:
        return a == 2 ? offerer(ports, d->id) : a == 3 ? offerer(refs, d->id) : domain_id(a == 1);
    case K_PORT:
        if (a == 1 && offered != ~0u) {
            return offered;
        }
        return input_one_in(32) ? any() : 1 + input_below(input_one_in(4) ? 14 : 5);
    case K_VCPU:
        return input_one_in(16) ? any() : input_below(2);
    case K_GFN:
        return place(d);
    case K_GADDR:
        if (a == 4 && mapped_at != ~0ULL) {
            return mapped_at;
        }
        return (a == 3 ? input_below(64) : place(d)) << PAGE_SHIFT;
    case K_FRAME:
        return a == 1 && input_one_in(2) ? input_below(12) /* a reference */
               : input_one_in(4)         ? place(d)
                                         : GUEST_RAM + input_below(RAM_PAGES);
    case K_DEVICE:
        return 0x9000 + input_below(20);
    case K_REF:
        if (a == 1 && offered != ~0u) {
            return offered;
        }
        return input_one_in(16) ? any() : input_below(12);
    case K_HANDLE:
        return handle_of(d->id);
    case K_TIME:
        return input_one_in(4) ? any() : clock_ns() + input_below(100000);
    case K_OUT:
        return buffer(d, 128);
    case K_LIST:
        return list(v, 8, (u32)a);
    case K_LIST4:
        return list(v, 4, (u32)a);
    case K_RECORD:
        return guest_record(v, a);
    case K_ROOM:
        return input_one_in(16) ? input_below((u32)a) : a;
    case K_RECORD_BYTES:
        return record_bytes(v);
    case K_CONTEXT:
        return context(v);
    default:
        return any();
    }
}

static u64 structure(struct vcpu *v, const struct call_shape *row, u32 n)
{
    u8 bytes[STRUCT_MAX * 4];
    u32 size = row->bytes * n;
    memset(bytes, 0, size);
    for (u32 k = 0; k < n; k++) {
        u8 *one = bytes + k * row->bytes;
        if (row->shape == S_CONTROL) {
            memcpy(one, &row->sub, sizeof(row->sub));
        }
        for (u32 i = 0; i < row->nr_fields; i++) {
            const struct field *f = &row->fields[i];
            if (f->kind == K_STATUS) {
                continue;
            }
            u64 value = f->kind != K_NUM && input_one_in(48) ? any() : scalar(v, f->kind, f->a);
            memcpy(one + f->at, &value, f->bytes);
        }
    }
    if (row->shape == S_CONTROL && input_one_in(64)) {
        bytes[VERSION_AT]++;
    }
    if (input_one_in(64) && size != 0) {
        bytes[input_below(size)] = input_byte();
    }
    u64 at = buffer(v->domain, size);
    guest_write(v->domain, at, bytes, size);
    return at;
}

/* The arguments of a call as a guest would have them in its registers. */
static void arguments(struct vcpu *v, const struct call_shape *row, u64 x[5])
{
    memset(x, 0, 5 * sizeof(*x));
    u32 n = 1;
    switch (row->shape) {
    case S_ARRAY:
        n = input_one_in(4) ? 1 + input_below(4) : 1;
        x[2] = input_one_in(32) ? any() : n;
        break;
    case S_VCPU:
        x[2] = structure(v, row, 1);
        x[1] = scalar(v, K_VCPU, 0);
        x[0] = row->sub;
        return;
    case S_COUNT:
        x[0] = row->sub;
        x[1] = input_one_in(16) ? any() : input_below(300);
        x[2] = buffer(v->domain, 300);
        return;
    case S_VALUE:
        x[0] = input_one_in(16) ? any() : row->sub;
        x[1] = input_one_in(4) ? any() : VMASST_TYPE_runstate_update_flag;
        return;
    case S_CONTROL:
        x[0] = structure(v, row, 1);
        return;
    default:
        break;
    }
    /* Now and then as if it had been at work already: the cursor is in the upper bits. */
    x[0] = row->sub | (input_one_in(48) ? any() << (6 + input_below(8)) : 0);
    x[1] = row->bytes != 0 ? structure(v, row, n) : input_one_in(8) ? any() : 0;
}

static void multicall(struct vcpu *v, u64 x[5])
{
    struct xen_multicall_entry e[4];
    u32 n = 1 + input_below(4);
    memset(e, 0, sizeof(e));
    for (u32 i = 0; i < n; i++) {
        const struct call_shape *row = &call_shapes[generate_row(v->domain)];
        e[i].op = row->number;
        if (row->shape != S_MULTI) {
            arguments(v, row, e[i].args);
        }
    }
    u64 at = buffer(v->domain, sizeof(e));
    guest_write(v->domain, at, e, n * (u32)sizeof(*e));
    memset(x, 0, 5 * sizeof(*x));
    x[0] = at;
    x[1] = input_one_in(32) ? any() : n;
}

void generate_call(struct vcpu *v, const struct call_shape *row)
{
    u64 x[5];
    if (row->shape == S_MULTI) {
        multicall(v, x);
    } else {
        arguments(v, row, x);
    }
    for (u32 i = 0; i < 5; i++) {
        v->regs.x[i] = x[i];
    }
    u64 number = !input_one_in(256) ? row->number : input_one_in(2) ? any() : input_below(64);
    v->regs.x[16] = number;
    v->regs.x[12] = v->regs.pstate & PSTATE_AARCH32 ? number : v->regs.x[12];
}

/* Somebody types at the console: to dom0, or after three times Ctrl-A to the debug keys. */
static u32 nr_typed;

static void put_nowhere(char c)
{
    (void)c;
}

ONE_THREAD static bool type(char *c)
{
    static const char keys[] = "\1\1\1qrhze*\r";
    *c = keys[input_below(sizeof(keys) - 1)];
    return nr_typed != 0 && nr_typed-- != 0;
}

static const struct uart_ops console = {.put = put_nowhere, .try_get = type};

ONE_THREAD static void typed(void)
{
    nr_typed = input_below(40);
    console_receive();
}

static u16 wheel[2][1024]; /* [c] rows by their weight, for guests and for dom0 */
static u32 nr_wheel[2];

void generate_init(void)
{
    console_set_uart(&console);
    for (u32 who = 0; who < 2; who++) {
        for (u32 i = 0; i < nr_call_shapes; i++) {
            bool may = call_shapes[i].by & (who ? BY_DOM0 : BY_GUEST);
            for (u32 k = 0; may && k < call_shapes[i].weight; k++) {
                wheel[who][nr_wheel[who]++] = (u16)i;
            }
        }
    }
}

u32 generate_row(const struct domain *d)
{
    const u32 who = d->privileged;
    /* A guest tries what is not for it, too. */
    return input_one_in(64) ? input_below(nr_call_shapes) : wheel[who][input_below(nr_wheel[who])];
}

/* ---- what is no call */

static void write_grant(struct domain *d)
{
    struct xen_grant_entry_v1 e = {
        .flags = (u16)(input_one_in(8)   ? input_u64()
                       : input_one_in(3) ? 5
                                         : 1),
        .domid = (u16)domain_id(true),
        .frame = (u32)(guest_ram(d) + input_below(RAM_PAGES)),
    };
    u64 gfn = d->privileged ? guest_hole(d) - NR_FRAMES : GUEST_GNT;
    u32 ref = input_below(input_one_in(8) ? NR_FRAMES * 512 : 12);
    guest_write(d, (gfn << PAGE_SHIFT) + ref * sizeof(e), &e, sizeof(e));
    remember(refs, &next_ref, d->id.id, e.domid, ref);
}

static void scribble(struct domain *d)
{
    u64 value = any();
    u32 n = input_below(8);
    if (n < 4) {
        write_grant(d);
    } else if (n < 6) {
        u64 at = (guest_ram(d) + input_below(RAM_PAGES)) << PAGE_SHIFT;
        guest_write(d, at + input_below(input_one_in(2) ? 32 : 512) * 8, &value, 8);
    } else {
        u64 gfn = d->privileged ? guest_hole(d) - NR_FRAMES - 1 : GUEST_INFO;
        guest_write(d, (gfn << PAGE_SHIFT) + input_below(512) * 8, &value, 8);
    }
}

static void interrupts(void)
{
    fake_guest_enable(input_one_in(8) ? 0 : 0xf8);
    u32 raw = fake_guest_acknowledge();
    if (raw != FAKE_SPURIOUS && !input_one_in(16)) {
        fake_guest_end(raw);
    }
}

static void registers(struct vcpu *v)
{
    const struct domain *d = v->domain;
    if (d->nr_mmio == 0) {
        return;
    }
    if (input_one_in(8)) {
        vgic_sgi1r_write(v, input_one_in(4) ? any() : (u64)input_below(16) << 24 | input_below(8));
        return;
    }
    const struct mmio_handler *h = &d->mmio[input_below(d->nr_mmio)];
    u32 bytes = 1u << input_below(4);
    u64 value = any();
    /* Registers crowd in the first pages. */
    u64 offset = input_below((u32)(input_one_in(4) ? h->bytes : MIN(h->bytes, 0x1000ULL)));
    machine_mmio(v, h->base.g + align_down(offset, bytes), bytes, input_one_in(2), &value);
}

static void timers(struct vcpu *v)
{
    if (input_one_in(2)) {
        this_cpu(fake_vtimer).ctl = input_below(4);
        this_cpu(fake_vtimer).cval =
            input_one_in(8) ? any()
                            : cpu_counter_ticks() - v->vtimer_offset_ticks + input_below(20000);
    } else {
        vtimer_physical_write(v, input_below(3), input_one_in(4) ? any() : input_below(20000));
    }
}

static void firmware_call(struct vcpu *v)
{
    static const u32 functions[] = {0x84000000, 0x84000001, 0xc4000001, 0xc4000003, 0xc4000003,
                                    0xc4000003, 0x84000003, 0xc4000004, 0x84000006, 0x8400000a,
                                    0x80000000, 0x80000001, 0x80008000, 0x8500ff01, 0x84000050};
    u32 n = input_below(64);
    v->regs.x[0] = n < ARRAY_LEN(functions) * 4       ? functions[n / 4]
                   : n < 62                           ? 0x84000002 /* CPU_OFF */
                   : v->domain->privileged || n == 62 ? any()
                                                      : 0x84000008; /* SYSTEM_OFF */
    v->regs.x[1] = input_one_in(8) ? any() : input_below(3);
    v->regs.x[2] = input_one_in(8) ? any() : (GUEST_RAM << PAGE_SHIFT);
    v->regs.x[3] = any();
    machine_hvc(v, 0);
}

void generate_other(struct vcpu *v)
{
    switch (input_below(8)) {
    case 0:
    case 1:
    case 2:
        scribble(v->domain);
        break;
    case 3:
        if (input_one_in(16)) {
            typed();
        }
        interrupts();
        break;
    case 4:
        registers(v);
        break;
    case 5:
        timers(v);
        break;
    case 6:
        firmware_call(v);
        break;
    default:
        __atomic_fetch_add(&host_counter_ticks, input_below(1u << 20), __ATOMIC_RELAXED);
        cpus_yield();
        break;
    }
}
