// SPDX-License-Identifier: MIT
// Touches addresses behind which there is nothing: every access ends in an abort at EL1, none in
// the host.
#include "guest.h"

const char guest_name[] = "unmapped";

static const unsigned long addresses[] = {
    0,
    0x1000,
    0x02fff000,     // below the interrupt controller
    0x09000000,     // the host's serial port
    0x08000000,     // the host's interrupt controller
    0x0a000000,     // the host's virtio transports
    0x22000000,     // the serial port of guests that have one
    0x38000000 - 8, // just below the grant table
    0x3ffff000,     // just below RAM
    0x60000000,     // in the bank, beyond this guest's memory
    0xbffffff8,
    0x100000000,
    0x200000000,
    0x7ffffffff8,    // the end of 39 bits
    0x8000000000,    // 40th bit
    0xfffffffff8,    // the end of 40 bits
    0x10000000000,   // 41st bit
    0xfffffffffff8,  // the end of 44 bits
    0x1000000000000, // beyond what any of these CPUs has
    0xfffffffffffffff8,
};

static void expect_abort(const char *what, unsigned long address)
{
    unsigned class = trap_class();

    if (class != EC_DATA) {
        print("at ");
        print_hex(address);
        print(", esr ");
        print_hex(trap_esr());
        print(": ");
    }
    expect(class == EC_DATA, what, class);
}

static void touch(unsigned long a)
{
    unsigned long v = 0;

    trap_arm();
    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
    expect_abort("ldr", a);
    trap_arm();
    __asm__ volatile("str xzr, [%0]" ::"r"(a) : "memory");
    expect_abort("str", a);
    trap_arm();
    __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
    expect_abort("ldrb", a);
    trap_arm();
    __asm__ volatile("ldp x2, x3, [%0]" ::"r"(a & ~15UL) : "x2", "x3", "memory");
    expect_abort("ldp", a);
    trap_arm();
    __asm__ volatile("str w2, [%0], #4" : "+r"(a)::"memory");
    expect_abort("str with writeback", a);
    a &= ~7UL;
    trap_arm();
    __asm__ volatile("ldxr %0, [%1]\n clrex" : "=r"(v) : "r"(a) : "memory");
    expect_abort("ldxr", a);
    trap_arm();
    __asm__ volatile("ldr q0, [%0]" ::"r"(a & ~15UL) : "memory");
    expect_abort("ldr of a vector register", a);
}

static void jump(unsigned long a)
{
    trap_arm();
    __asm__ volatile("blr %0" ::"r"(a)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x30", "memory");
    unsigned class = trap_class();
    expect(class == EC_FETCH, "jump", a);
}

// The emulated distributor, touched in ways that no driver does: an abort or nothing, never a crash
static void abuse_distributor(void)
{
    unsigned long v;

    for (unsigned long offset = 0; offset < 0x10000; offset += 0xffc) {
        unsigned long a = 0x03001000 + (offset & 0xfff);

        trap_arm();
        __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
        trap_class();
        trap_arm();
        __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a & ~7UL) : "memory");
        trap_class();
        trap_arm();
        __asm__ volatile("strh %w0, [%1]" ::"r"(-1), "r"(a) : "memory");
        trap_class();
        trap_arm();
        __asm__ volatile("ldp x2, x3, [%0]" ::"r"(a & ~15UL) : "x2", "x3", "memory");
        expect_abort("ldp from the distributor", a);
        trap_arm();
        __asm__ volatile("stp w2, w3, [%0]" ::"r"(a & ~7UL) : "memory");
        expect_abort("stp to the distributor", a);
    }
}

void guest_main(void)
{
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        touch(addresses[i]);
        jump(addresses[i] & ~3UL);
    }
    abuse_distributor();
}
