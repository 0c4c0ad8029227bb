// SPDX-License-Identifier: MIT
// Storms: interrupts to all of the guest's vCPUs, events to itself and to the daemons, ports opened
// and closed by the hundred, polled for. The other vCPUs send, too (helper.c). With an even seed
// the events are soon words in the guest's own pages, which the memory attack moves and gives away.
#include "attack.h"

enum { SENDS_A_TURN = 512, NR_PORTS = 64, TURNS = 16 };
enum {
    EVTCHN_BIND_VIRQ = 1,
    EVTCHN_CLOSE = 3,
    EVTCHN_SEND = 4,
    EVTCHN_STATUS = 5,
    EVTCHN_UNBOUND = 6,
    EVTCHN_BIND_IPI = 7,
    EVTCHN_BIND_VCPU = 8,
    EVTCHN_UNMASK = 9,
    EVTCHN_INIT_CONTROL = 11,
    EVTCHN_EXPAND_ARRAY = 12,
    EVTCHN_SET_PRIORITY = 13,
    SCHED_POLL = 3
};

struct unbound {
    uint16_t domid, remote;
    uint32_t port;
};
struct bind_ipi {
    uint32_t vcpu, port;
};

static uint32_t ports[NR_PORTS];
static unsigned turns;

void send_sgi(unsigned long value)
{
    if (gic == 2) {
        *(volatile uint32_t *)0x03001f00 = (uint32_t)value;
    } else {
        __asm__ volatile("msr S3_0_C12_C11_5, %0\n isb" ::"r"(value)); // ICC_SGI1R_EL1
    }
}

static void send_port(uint32_t port)
{
    hypercall(CALL_EVTCHN, EVTCHN_SEND, (unsigned long)&port, 0);
}

static bool is_own_port(uint32_t port)
{
    return port == own_ports[0] || port == own_ports[1];
}

static void replace_port(unsigned i)
{
    uint32_t close = ports[i];
    struct bind_ipi ipi = {.vcpu = (uint32_t)below(NR_VCPUS + 1)};
    struct unbound unbound = {.domid = DOMID_SELF, .remote = (uint16_t)wild()};

    if (close && !is_own_port(close)) {
        hypercall(CALL_EVTCHN, EVTCHN_CLOSE, (unsigned long)&close, 0);
    }
    ports[i] = 0;
    if (below(2) && hypercall(CALL_EVTCHN, EVTCHN_BIND_IPI, (unsigned long)&ipi, 0) == 0) {
        ports[i] = ipi.port;
    } else if (hypercall(CALL_EVTCHN, EVTCHN_UNBOUND, (unsigned long)&unbound, 0) == 0) {
        ports[i] = unbound.port;
    }
}

static void use_words(void)
{
    struct {
        unsigned long frame;
        uint32_t offset, vcpu;
        unsigned char link_bits, pad[7];
    } control = {.frame = wild_frame()};

    for (unsigned vcpu = 0; vcpu < NR_VCPUS; vcpu++) {
        control.vcpu = vcpu;
        control.offset = (uint32_t)(below(8) ? vcpu * 128 : wild());
        hypercall(CALL_EVTCHN, EVTCHN_INIT_CONTROL, (unsigned long)&control, 0);
    }
    unsigned long array = wild_frame();
    hypercall(CALL_EVTCHN, EVTCHN_EXPAND_ARRAY, (unsigned long)&array, 0);
}

// Not for ever: the time at which it ends is past
static void poll(void)
{
    struct {
        unsigned long ports;
        uint32_t nr, pad;
        unsigned long timeout;
    } list = {.ports = below(8) ? (unsigned long)ports : wild_address(),
              .nr = (uint32_t)(below(8) ? below(NR_PORTS + 1) : wild()),
              .timeout = 1 + below(1 << 20)};

    hypercall(CALL_SCHED, SCHED_POLL, (unsigned long)&list, 0);
}

static void move(uint32_t port)
{
    uint32_t argument[2] = {port, (uint32_t)below(NR_VCPUS + 1)};
    static const unsigned operations[] = {EVTCHN_BIND_VCPU, EVTCHN_UNMASK, EVTCHN_SET_PRIORITY,
                                          EVTCHN_STATUS};

    if (below(8) == 0) {
        argument[1] = (uint32_t)wild();
    }
    hypercall(CALL_EVTCHN, operations[below(sizeof(operations) / sizeof(operations[0]))],
              (unsigned long)argument, 0);
}

bool attack_events(void)
{
    if (turns == 2 && seed % 2 == 0) {
        use_words();
    }
    for (unsigned i = 0; i < SENDS_A_TURN; i++) {
        switch (below(8)) {
        case 0:
            replace_port((unsigned)below(NR_PORTS));
            break;
        case 1: // dom0 spends its own time on these: enough that they come in bursts
            if (turns % 8 == 0) {
                send_port(own_ports[below(2)]);
            }
            break;
        case 2:
            move(ports[below(NR_PORTS)]);
            break;
        case 3:
            poll();
            break;
        case 4: // all but this one, or a list; any of the sixteen
            send_sgi(gic == 2 ? below(3) << 24 | below(256) << 16 | below(16)
                              : below(2) << 40 | below(16) << 24 | below(16));
            break;
        case 5:
            send_sgi(draw());
            break;
        default:
            send_port(ports[below(NR_PORTS)]);
        }
    }
    turns = (turns + 1) % TURNS;
    return turns == 0;
}
