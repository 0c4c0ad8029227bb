// SPDX-License-Identifier: MIT
// What the bare-metal guests share: hypercalls, the console, and a way to survive one exception.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    CALL_MEMORY = 12,
    CALL_MULTICALL = 13,
    CALL_VERSION = 17,
    CALL_CONSOLE = 18,
    CALL_SCHED = 29,
    CALL_EVTCHN = 32,
    CALL_HVM = 34,
};
enum { DOMID_SELF = 0x7ff0 };
enum {
    PARAM_STORE_FRAME = 1,
    PARAM_STORE_PORT = 2,
    PARAM_CONSOLE_FRAME = 17,
    PARAM_CONSOLE_PORT = 18
};
enum { SHUTDOWN_POWEROFF = 0, SHUTDOWN_REBOOT = 1, SHUTDOWN_CRASH = 3 };

// Exception classes of ESR_EL1, and what stands for "none"
enum {
    EC_UNKNOWN = 0x00,
    EC_SVE = 0x19,
    EC_FETCH = 0x21,
    EC_DATA = 0x25,
    EC_BRK = 0x3c,
    EC_NONE = 0x100
};

// Each folder defines these; the return ends the guest's work with a line @@BARE-DONE.
extern const char guest_name[];
void guest_main(void);
void guest_end(void); // after that line; without it the guest waits for ever

long hypercall(unsigned long number, unsigned long a, unsigned long b, unsigned long c);
unsigned long smccc(unsigned long function, unsigned long a, unsigned long b, unsigned long c);
void shutdown(unsigned reason);
long hvm_param(uint32_t index, unsigned long *value);

void print(const char *text);
void print_hex(unsigned long value);
int console_read(void); // a byte that was typed, or -1

// The number behind NAME= in the guest's command line (extra=), or other. Before the guest has
// written over its device tree, which lies somewhere in its memory.
unsigned long option(const char *name, unsigned long other);

// Whether the hypervisor calls itself Kanso: some promises are its own, Xen does not make them.
bool guest_on_kanso(void);

// expect(): say what is wrong and count it. Values are printed in hex.
void expect(bool good, const char *what, unsigned long found);

// The class of the next synchronous exception, which skips its instruction; EC_NONE when there was
// none.
void trap_arm(void); // without trap_class(): for good
unsigned trap_class(void);
unsigned long trap_esr(void);

// How many wakes the interrupt handler saw
extern volatile unsigned long guest_interrupts;
