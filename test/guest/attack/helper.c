// SPDX-License-Identifier: MIT
// The other vCPUs: bytes of what a call may be reading change under it, interrupts and events come
// from two sides at once. Both switch themselves off again, vCPU 2 soon: the firmware attack starts
// them anew.
#include "attack.h"

enum { CPU_OFF = 0x84000002, EVTCHN_SEND = 4, FEW = 200, MANY = 20000 };

void send_sgi(unsigned long value);

void helper_main(unsigned long vcpu)
{
    unsigned long state = vcpu; // a generator of its own: draw() is vCPU 0's
    uint32_t port;

    for (unsigned long i = 0; i < (vcpu == 1 ? MANY : FEW); i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        unsigned long r = state >> 24;

        ((volatile unsigned char *)scratch)[r % sizeof(scratch)] ^= (unsigned char)(r >> 16);
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
