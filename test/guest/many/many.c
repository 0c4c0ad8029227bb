// SPDX-License-Identifier: MIT
// One guest of hundreds (test/bench/many.py): marks its first instruction for the plugin, says so
// on its console, and then does what single bytes of its console ask for: e sends events to itself,
// t waits for its timer, each between marks; r reboots. GICv3.
#include "../guest.h"

const char guest_name[] = "many";

#define GICD   0x03001000ul
#define GICR   0x03020000ul
#define SHARED 0x38800000ul // where the shared info page appears

enum { TIMER = 27, SPURIOUS = 1023, NR_SAMPLES = 20, TICK = 20000 };
enum { EVENT_SAMPLE = 2, TICK_SAMPLE = 3 };

// What test/bench/count.c sees: 1 begins a sample, 2 ends it, 3 is a checkpoint
#define MARK(operation, id) \
    __asm__ volatile("movz xzr, #%0" : : "i"((operation) << 12 | (id)) : "memory")
#define write_register(name, value) \
    __asm__ volatile("msr " name ", %0\n isb" : : "r"((uint64_t)(value)) : "memory")

static volatile uint64_t *const pending = (void *)(SHARED + 48);

static void take_event(unsigned port)
{
    volatile uint64_t *upcall = (void *)SHARED; // pending, selector
    upcall[0] = 0;
    upcall[1] = 0;
    __atomic_fetch_and(&pending[port / 64], ~(1ul << port % 64), __ATOMIC_SEQ_CST);
}

static void send_events(void)
{
    struct {
        uint16_t domain, remote;
        uint32_t port;
    } unbound = {DOMID_SELF, DOMID_SELF, 0};
    struct {
        uint16_t remote, pad;
        uint32_t remote_port, port;
    } bound = {.remote = DOMID_SELF};
    expect(hypercall(CALL_EVTCHN, 6, (uintptr_t)&unbound, 0) == 0, "alloc_unbound", 0);
    bound.remote_port = unbound.port;
    expect(hypercall(CALL_EVTCHN, 0, (uintptr_t)&bound, 0) == 0, "bind_interdomain", 0);
    for (unsigned i = 0; i < NR_SAMPLES; i++) {
        MARK(1, EVENT_SAMPLE);
        hypercall(CALL_EVTCHN, 4, (uintptr_t)&bound.port, 0);
        MARK(2, EVENT_SAMPLE);
        take_event(unbound.port);
    }
    hypercall(CALL_EVTCHN, 3, (uintptr_t)&bound.port, 0);
    hypercall(CALL_EVTCHN, 3, (uintptr_t)&unbound.port, 0);
}

static void take_ticks(void)
{
    *(volatile uint32_t *)GICD = 1 << 4 | 1 << 1; // affinity routing, group 1
    write_register("s3_0_c12_c12_5", 1);          // ICC_SRE_EL1
    write_register("s3_0_c4_c6_0", 0xf0);         // ICC_PMR_EL1
    write_register("s3_0_c12_c12_7", 1);          // ICC_IGRPEN1_EL1
    *(volatile uint32_t *)(GICR + 0x10100) = 1u << TIMER;
    for (unsigned i = 0; i < NR_SAMPLES; i++) {
        uint64_t raw;
        MARK(1, TICK_SAMPLE);
        write_register("cntv_tval_el0", TICK);
        write_register("cntv_ctl_el0", 1);
        do { // WFI ends for an event of the console's, too, which is no interrupt here
            __asm__ volatile("wfi");
            __asm__ volatile("mrs %0, s3_0_c12_c12_0" : "=r"(raw)); // ICC_IAR1_EL1
        } while (raw == SPURIOUS);
        write_register("cntv_ctl_el0", 0);
        write_register("s3_0_c12_c12_1", raw); // ICC_EOIR1_EL1
        MARK(2, TICK_SAMPLE);
        expect(raw == TIMER, "interrupt", raw);
    }
    print("@@TICKS\n");
}

static void wait_for_input(unsigned port)
{
    const struct {
        const uint32_t *ports;
        uint32_t nr;
        uint64_t timeout;
    } poll = {&port, 1, 0};
    hypercall(CALL_SCHED, 3, (uintptr_t)&poll, 0);
    take_event(port);
}

void guest_main(void)
{
    const struct {
        uint16_t domain, size;
        uint32_t space;
        uint64_t index, frame;
    } shared = {.domain = DOMID_SELF, .frame = SHARED >> 12};
    unsigned long port;
    MARK(3, 1);
    expect(hypercall(CALL_MEMORY, 7, (uintptr_t)&shared, 0) == 0, "add_to_physmap", 0);
    hvm_param(PARAM_CONSOLE_PORT, &port);
    print("@@UP many\n");
    for (;;) {
        int command = console_read();
        switch (command) {
        case 'e':
            send_events();
            break;
        case 't':
            take_ticks();
            break;
        case 'r':
            shutdown(SHUTDOWN_REBOOT);
            break;
        case -1:
            wait_for_input(port);
            break;
        default:
            break; // the end of a line
        }
    }
}
