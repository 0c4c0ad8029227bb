// SPDX-License-Identifier: MIT
// The other vCPUs. 1 and 2: bytes of what a call may be reading change under it, interrupts and
// events come from two sides at once. 4 waits in every way there is, until an event wakes it. All
// switch themselves off again, vCPU 2 soon: the firmware attack starts them anew.
#include "attack.h"

enum { CPU_OFF = 0x84000002, EVTCHN_SEND = 4, FEW = 200, MANY = 20000, WAITS = 500 };
enum { SCHED_YIELD = 0, SCHED_BLOCK = 1, SCHED_POLL = 3 };

void send_sgi(unsigned long value);

// A generator of its own each: draw() is vCPU 0's
static unsigned long step(unsigned long *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return *state >> 24;
}

// SCHED_BLOCK lets interrupts in, which nobody acknowledges: not again (SPSR_EL1.I).
void guest_interrupt(void)
{
    unsigned long state;

    __asm__ volatile("mrs %0, spsr_el1\n orr %0, %0, #0x80\n msr spsr_el1, %0" : "=r"(state));
}

static void wait_somehow(unsigned long r, unsigned long other)
{
    static const unsigned long suspends[] = {0x84000001, 0xc4000001, 0x95c1ba5e};
    static uint32_t ports[128];
    struct {
        unsigned long ports;
        uint32_t nr, pad;
        unsigned long timeout;
    } list = {(unsigned long)ports, (uint32_t)(other % 130), 0, other >> 8 & 1};

    switch (r % 8) {
    case 0:
        hypercall(CALL_SCHED, SCHED_YIELD, other, 0);
        break;
    case 1:
        hypercall(CALL_SCHED, SCHED_BLOCK, other, 0);
        break;
    case 2:
        for (unsigned i = 0; i < 128; i++) {
            ports[i] = (uint32_t)(r >> 8) % 64 + i % 8;
        }
        hypercall(CALL_SCHED, SCHED_POLL, (unsigned long)&list, 0);
        break;
    case 3:
        __asm__ volatile("wfi");
        break;
    case 4:
        __asm__ volatile("wfe");
        break;
    default:
        smccc(suspends[r % 3], other, other << 7, r);
    }
}

static void wait_often(void)
{
    unsigned long state = 4;

    for (unsigned i = 0; i < WAITS; i++) {
        unsigned long r = step(&state);

        wait_somehow(r, step(&state));
    }
    smccc(CPU_OFF, 0, 0, 0);
}

void helper_main(unsigned long role)
{
    unsigned long state = role;
    uint32_t port;

    if (role == 3) {
        wait_often();
    }
    for (unsigned long i = 0; i < (role == 1 ? MANY : FEW); i++) {
        unsigned long r = step(&state);

        ((volatile unsigned char *)scratch)[r % SCRATCH_BYTES] ^= (unsigned char)(r >> 16);
        if (i % 16 == 0) {
            send_sgi(gic == 2 ? (r & 3) << 24 | (r >> 8 & 0xff) << 16 | (r & 15)
                              : r & 0x0000010f000f);
        }
        port = r & 63;
        if (i % 32 == 0 && port != own_ports[0] && port != own_ports[1]) {
            hypercall(CALL_EVTCHN, EVTCHN_SEND, (unsigned long)&port, 0);
        }
    }
    smccc(CPU_OFF, 0, 0, 0);
}
