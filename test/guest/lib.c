// SPDX-License-Identifier: MIT
#include "guest.h"

void option_init(unsigned long tree);

struct console {
    char in[1024];
    char out[2048];
    uint32_t in_cons, in_prod, out_cons, out_prod;
};

static volatile struct console *console;
static uint32_t console_port;
static unsigned nr_bad, nr_checks;
static bool armed;
static unsigned long seen_esr;
static unsigned seen_class;
volatile unsigned long guest_interrupts;

long hypercall(unsigned long number, unsigned long a, unsigned long b, unsigned long c)
{
    register unsigned long x0 __asm__("x0") = a;
    register unsigned long x1 __asm__("x1") = b;
    register unsigned long x2 __asm__("x2") = c;
    register unsigned long x3 __asm__("x3") = 0;
    register unsigned long x4 __asm__("x4") = 0;
    register unsigned long x16 __asm__("x16") = number;

    __asm__ volatile("hvc #0xea1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x16)::"memory");
    return (long)x0;
}

unsigned long smccc(unsigned long function, unsigned long a, unsigned long b, unsigned long c)
{
    register unsigned long x0 __asm__("x0") = function;
    register unsigned long x1 __asm__("x1") = a;
    register unsigned long x2 __asm__("x2") = b;
    register unsigned long x3 __asm__("x3") = c;

    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5", "x6", "x7",
                       "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
    return x0;
}

void shutdown(unsigned reason)
{
    uint32_t argument = reason;

    hypercall(CALL_SCHED, 2, (uintptr_t)&argument, 0);
}

long hvm_param(uint32_t index, unsigned long *value)
{
    struct {
        uint16_t domid, pad;
        uint32_t index;
        uint64_t value;
    } param = {.domid = DOMID_SELF, .index = index};
    long answer = hypercall(CALL_HVM, 1, (uintptr_t)&param, 0);

    *value = param.value;
    return answer;
}

static void console_flush(void)
{
    uint32_t port = console_port;

    hypercall(CALL_EVTCHN, 4, (uintptr_t)&port, 0);
}

static void put(char c)
{
    while (console->out_prod - console->out_cons >= sizeof(console->out)) {
        if (console->out_prod - console->out_cons > sizeof(console->out)) {
            console->out_prod = console->out_cons; // more than there is room for: an attack's doing
            break;
        }
        console_flush();
        hypercall(CALL_SCHED, 0, 0, 0);
    }
    console->out[console->out_prod % sizeof(console->out)] = c;
    __asm__ volatile("dmb sy" ::: "memory");
    console->out_prod++;
}

// Without a console of its own its words go to the hypervisor's log
static void print_to_host(const char *text)
{
    unsigned long length = 0;

    while (text[length]) {
        length++;
    }
    hypercall(CALL_CONSOLE, 0, length, (uintptr_t)text);
}

void print(const char *text)
{
    if (!console) {
        print_to_host(text);
        return;
    }
    for (; *text; text++) {
        if (*text == '\n') {
            put('\r');
        }
        put(*text);
    }
    console_flush();
}

int console_read(void)
{
    if (console->in_cons == console->in_prod) {
        return -1;
    }
    __asm__ volatile("dmb sy" ::: "memory");
    int byte = (unsigned char)console->in[console->in_cons % sizeof(console->in)];
    console->in_cons++;
    return byte;
}

void print_hex(unsigned long value)
{
    char text[17];
    int at = 16;

    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value);
    print("0x");
    print(text + at);
}

void expect(bool good, const char *what, unsigned long found)
{
    nr_checks++;
    if (!good) {
        nr_bad++;
        print("@@BARE-FAIL ");
        print(what);
        print(": ");
        print_hex(found);
        print("\n");
    }
}

void trap_arm(void)
{
    armed = true;
    seen_class = EC_NONE;
    seen_esr = 0;
    __asm__ volatile("" ::: "memory");
}

unsigned trap_class(void)
{
    __asm__ volatile("dsb sy\n isb" ::: "memory");
    armed = false;
    return *(volatile unsigned *)&seen_class;
}

unsigned long trap_esr(void)
{
    return seen_esr;
}

bool guest_on_kanso(void)
{
    char text[32] = "";

    // extraversion is 16 bytes
    hypercall(CALL_VERSION, 1, (uintptr_t)text, 0);
    for (char *at = text; at < text + 12; at++) {
        if ((at[0] | 32) == 'k' && (at[1] | 32) == 'a' && (at[2] | 32) == 'n' &&
            (at[3] | 32) == 's' && (at[4] | 32) == 'o') {
            return true;
        }
    }
    return false;
}

static void done(void)
{
    print("@@BARE-DONE ");
    print(guest_name);
    print(": checks ");
    print_hex(nr_checks);
    print(", bad ");
    print_hex(nr_bad);
    print("\n");
}

void guest_stray(unsigned long esr, unsigned long elr, unsigned long far)
{
    print("@@BARE-FAIL stray exception, esr ");
    print_hex(esr);
    print(" elr ");
    print_hex(elr);
    print(" far ");
    print_hex(far);
    print("\n");
    nr_bad++;
    done();
}

extern const char _start[], _end[];

// An undefined instruction beyond the image: zeros would be walked through one by one
__attribute__((weak)) void guest_astray(unsigned long elr)
{
    expect(false, "runs beyond its image", elr);
}

// Where to go on: behind the instruction, or for a bad jump back at its caller
unsigned long guest_exception(unsigned long esr, unsigned long elr, unsigned long far,
                              unsigned long lr)
{
    if (!armed) {
        guest_stray(esr, elr, far);
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    seen_esr = esr;
    seen_class = esr >> 26;
    if (seen_class == EC_UNKNOWN && (elr < (unsigned long)_start || elr >= (unsigned long)_end)) {
        guest_astray(elr);
        return lr;
    }
    return seen_class == EC_FETCH ? lr : elr + 4;
}

__attribute__((weak)) void guest_interrupt(void)
{
    guest_interrupts++;
}

__attribute__((weak)) void guest_end(void)
{
}

void guest_start(unsigned long tree)
{
    if (tree) { // round_trip gives none
        option_init(tree);
    }
    unsigned long frame, port;
    long no_frame = hvm_param(PARAM_CONSOLE_FRAME, &frame);
    long no_port = hvm_param(PARAM_CONSOLE_PORT, &port);

    if (no_frame || no_port || !frame) {
        print("@@BARE-FAIL no console: ");
        print_hex(no_frame);
        print(" ");
        print_hex(frame);
        print(" ");
        print_hex(no_port);
        print("\n");
        shutdown(SHUTDOWN_CRASH);
    }
    console = (volatile struct console *)(frame << 12);
    console_port = port;
    print("@@BARE ");
    print(guest_name);
    print("\n");
    guest_main();
    done();
    guest_end();
}
