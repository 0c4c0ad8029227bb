// SPDX-License-Identifier: MIT
// Uses the emulated UART by polling, as its registers are specified (Arm DEN0029): access sizes,
// interrupt status, words out and in. What it reads it says on its console.
#include "guest.h"

const char guest_name[] = "vuart";

enum { DR = 0x00, RSR = 0x04, FR = 0x18, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };
enum { FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { RX = 1 << 4, TX = 1 << 5, RT = 1 << 6 };

#define UART 0x22000000UL

static uint32_t read32(unsigned offset)
{
    return *(volatile uint32_t *)(UART + offset);
}

static uint16_t read16(unsigned offset)
{
    return *(volatile uint16_t *)(UART + offset);
}

static uint8_t read8(unsigned offset)
{
    return *(volatile uint8_t *)(UART + offset);
}

static void write32(unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(UART + offset) = value;
}

static void write16(unsigned offset, uint16_t value)
{
    *(volatile uint16_t *)(UART + offset) = value;
}

static void write8(unsigned offset, uint8_t value)
{
    *(volatile uint8_t *)(UART + offset) = value;
}

static void say(const char *text)
{
    for (; *text; text++) {
        while (read32(FR) & FR_TXFF) {
            hypercall(CALL_SCHED, 0, 0, 0);
        }
        write8(DR, *text);
    }
}

static void at_rest(void)
{
    expect((read32(FR) & (FR_BUSY | FR_RXFE | FR_TXFF | FR_RXFF | FR_TXFE)) == (FR_RXFE | FR_TXFE),
           "FR", read32(FR));
    expect(read32(RSR) == 0, "RSR", read32(RSR));
    expect(read32(RIS) == 0, "RIS", read32(RIS));
    expect(read32(MIS) == 0, "MIS", read32(MIS));
    expect(read32(IMSC) == 0, "IMSC", read32(IMSC));
    expect(read32(DR) == 0, "DR without a byte", read32(DR));
}

static void access_sizes(void)
{
    write32(IMSC, RX | RT);
    expect(read8(IMSC) == (RX | RT), "IMSC by bytes", read8(IMSC));
    expect(read16(IMSC) == (RX | RT), "IMSC by halves", read16(IMSC));
    write8(IMSC, 0);
    expect(read32(IMSC) == 0, "IMSC after a byte", read32(IMSC));
    write16(IMSC, RT);
    expect(read32(IMSC) == RT, "IMSC after a half", read32(IMSC));
    write32(IMSC, 0);
    expect(read16(FR) == read32(FR), "FR by halves", read16(FR));
    expect(read8(FR) == read32(FR), "FR by bytes", read8(FR));
    write32(RSR, 0xf);
    write32(FR, ~0u);
    write32(RIS, ~0u);
    write32(MIS, ~0u);
    expect(read32(RIS) == 0, "RIS after writes", read32(RIS));
    trap_arm();
    *(volatile uint64_t *)(UART + IMSC);
    expect(trap_class() == EC_DATA, "eight bytes", trap_class());
}

// What a whole PL011 has beyond an SBSA UART, and what may only be written: Kanso lets a driver of
// the former be
static void other_registers(void)
{
    static const unsigned char offsets[] = {0x24, 0x28, 0x2c, 0x30, 0x34, ICR, 0x48};

    for (unsigned i = 0; i < sizeof(offsets); i++) {
        trap_arm();
        uint32_t value = read32(offsets[i]);
        if (trap_class() != EC_NONE) {
            value = 0xabababab;
        }
        print("register ");
        print_hex(offsets[i]);
        print(": ");
        print_hex(value);
        print("\n");
        expect(!guest_on_kanso() || value == 0, "another register", value);
    }
}

static void transmit(void)
{
    say("@@VUART bare\r\n");
    expect(read32(RIS) == TX, "RIS after writing", read32(RIS));
    expect(read32(MIS) == 0, "MIS, nothing unmasked", read32(MIS));
    write32(IMSC, TX);
    expect(read32(MIS) == TX, "MIS", read32(MIS));
    write16(ICR, RX | RT);
    expect(read32(RIS) == TX, "RIS after ICR of others", read32(RIS));
    write32(IMSC, 0);
    for (unsigned n = 0; n < 1000; n++) { // sixteen times what the ring holds
        say("0123456789abcdefghijklmnopqrst\r\n");
    }
    say("@@VUART many\r\n");
}

// Echoes a line with "TOLD " before it, and then says what is pending.
static void receive(void)
{
    say("@@VUART listens\r\n");
    while (read32(FR) & FR_RXFE) {
        hypercall(CALL_SCHED, 0, 0, 0);
    }
    while (!(read32(RIS) & RT)) {
        hypercall(CALL_SCHED, 0, 0, 0);
    }
    say("@@VUART TOLD ");
    char c;
    do {
        while (read32(FR) & FR_RXFE) {
            hypercall(CALL_SCHED, 0, 0, 0);
        }
        c = (char)read32(DR);
        if (c != '\n' && c != '\r') {
            while (read32(FR) & FR_TXFF) {
            }
            write16(DR, (uint16_t)c);
        }
    } while (c != '\n' && c != '\r');
    say("\r\n");
    expect(read32(FR) & FR_RXFE, "FR after the line", read32(FR));
    expect(!(read32(RIS) & (RX | RT)), "RIS after the line", read32(RIS));
}

static void hostile(void)
{
    uint32_t port = 3; // the toolstack's first two are store and console
    expect(hypercall(CALL_EVTCHN, 4, (uintptr_t)&port, 0) == -22, "send by the UART's port", port);
    expect(hypercall(CALL_EVTCHN, 3, (uintptr_t)&port, 0) == -22, "close the UART's port", port);
}

void guest_main(void)
{
    at_rest();
    access_sizes();
    other_registers();
    hostile();
    transmit();
    receive();
    say("@@VUART done\r\n");
}
