/* SPDX-License-Identifier: MIT */
/* The benchmark kernel's way to the hypervisor and to its interrupt controller. */
#include "test/bench/guest/bench.h"

enum {
    DOM0_GICD = 0x08000000,
    DOM0_GICC = 0x08010000,
    DOM0_GICR = 0x080a0000
}; /* QEMU's virt, which dom0 sees as it is */
enum { TIMER_IRQ = GUEST_TIMER_VIRT_PPI, SGI = 3 };

unsigned gic = 3, count = 200;
volatile u64 nr_timer, nr_event, nr_sgi;
u8 shared_info[4096] __attribute__((aligned(4096)));
static u64 gicd, gicc, gicr;
static u32 event_irq;

void *memset(void *to, int value, size_t n);
/* The compiler asks for it by name. */
void *memset(void *to, int value, size_t n)
{
    for (volatile u8 *p = to; n--; p++) {
        *p = (u8)value;
    }
    return to;
}

s64 hypercall(u64 nr, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x16 __asm__("x16") = nr;
    __asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16)::"memory", "x3", "x4");
    return (s64)x0;
}

u64 firmware_call(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5", "x6", "x7",
                       "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
    return x0;
}

/* Plain forms: an access with write-back has no syndrome and cannot be emulated. */
u32 mmio_read(u64 at)
{
    u32 value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static void mmio_write(u64 at, u32 value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

void print(const char *text)
{
    u64 n = 0;
    while (text[n]) {
        n++;
    }
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, n, (u64)text);
}

void print_number(const char *name, s64 value)
{
    char text[24];
    int i = 23;
    bool negative = value < 0;
    u64 rest = negative ? -(u64)value : (u64)value;
    text[i--] = 0;
    do {
        text[i--] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (negative) {
        text[i--] = '-';
    }
    print(name);
    print("=");
    print(text + i + 1);
    print("\n");
}

/* A player ends alone: dom0 then waits until the machine's time is up. */
__attribute__((noreturn)) void power_off(void)
{
    firmware_call(0x84000008, 0, 0, 0);
    for (;;) {
    }
}

void must(const char *what, s64 result)
{
    if (result < 0) {
        print("BENCH-FAILED ");
        print_number(what, result);
        power_off();
    }
}

void bench_unexpected(u64 esr, u64 pc, u64 address)
{
    print("BENCH-FAILED unexpected exception\n");
    print_number("esr", (s64)esr);
    print_number("pc", (s64)(pc - (u64)_start));
    print_number("address", (s64)address);
    power_off();
}

/* ---- interrupts */

void interrupts_on(void)
{
    __asm__ volatile("msr daifclr, #2\n isb" ::: "memory");
}

void interrupts_off(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

/* With interrupts masked: waits for one, takes it, masks them again. */
void sleep_once(void)
{
    __asm__ volatile("dsb sy\n wfi" ::: "memory");
    interrupts_on();
    interrupts_off();
}

static void gic_setup(u32 vcpu)
{
    u32 enable = 0xffff | 1u << TIMER_IRQ | 1u << event_irq;
    u64 own = gicr + vcpu * 0x20000, base = gic == 3 ? own + 0x10000 : gicd;
    mmio_write(gicd, gic == 3 ? 0x12 : 1);
    if (gic == 3) {
        mmio_write(own + 0x14, 0);
        mmio_write(base + 0x80, ~0u);
    }
    for (u32 i = 0; i < 32; i += 4) {
        mmio_write(base + 0x400 + i, 0xa0a0a0a0);
    }
    mmio_write(base + 0x100, enable);
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C12_5, 1);
        SYSREG_WRITE(S3_0_C4_C6_0, 0xff);
        SYSREG_WRITE(S3_0_C12_C12_7, 1);
    } else {
        mmio_write(gicc + 4, 0xff);
        mmio_write(gicc, 1);
    }
}

/* After this, interrupts come. */
void setup(bool is_dom0)
{
    event_irq = GUEST_EVTCHN_PPI;
    gicd = GUEST_GICD_BASE;
    gicc = GUEST_GICC_BASE;
    gicr = GUEST_GICV3_GICR0_BASE;
    if (is_dom0) {
        struct xen_hvm_param callback = {.domid = XEN_DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};
        must("callback irq", hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (u64)&callback, 0));
        event_irq = callback.value & 0xff;
        gicd = DOM0_GICD;
        gicc = DOM0_GICC;
        gicr = DOM0_GICR;
    }
    struct xen_add_to_physmap map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = (u64)shared_info >> 12};
    must("shared info", hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (u64)&map, 0));
    gic_setup(0);
    interrupts_on();
}

/* The same on vCPU 1; events go to the first. */
void setup_second(void)
{
    gic_setup(1);
    interrupts_on();
}

u64 typer_address(void)
{
    return gicd + 4;
}

void send_sgi(u32 vcpu)
{
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C11_5, (u64)SGI << 24 | 1u << vcpu);
    } else {
        mmio_write(gicd + 0xf00, 1u << (16 + vcpu) | SGI);
    }
}

void send_event(u32 port)
{
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (u64)&port, 0);
}

static void event_acknowledge(void)
{
    struct xen_shared_info *info = (struct xen_shared_info *)shared_info;
    info->vcpu_info[0].evtchn_upcall_pending = 0;
    info->vcpu_info[0].evtchn_pending_sel = 0;
    info->evtchn_pending[0] = 0;
    __asm__ volatile("dsb sy" ::: "memory");
}

void bench_irq(void)
{
    u32 irq = gic == 3 ? (u32)SYSREG_READ(S3_0_C12_C12_0) : mmio_read(gicc + 0xc);
    u32 id = irq & 0x3ff;
    if (id >= 1020) {
        return;
    }
    if (id == TIMER_IRQ) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        nr_timer++;
    } else if (id == event_irq) {
        event_acknowledge();
        nr_event++;
    } else {
        nr_sgi++;
    }
    if (gic == 3) {
        SYSREG_WRITE(S3_0_C12_C12_1, irq);
    } else {
        mmio_write(gicc + 0x10, irq);
    }
}

void spin_us(u64 us)
{
    u64 ticks = SYSREG_READ(cntfrq_el0) * us / 1000000, begin = SYSREG_READ(cntvct_el0);
    while (SYSREG_READ(cntvct_el0) - begin < ticks) {
    }
}

void timer_arm(u64 ticks)
{
    SYSREG_WRITE(cntv_tval_el0, ticks);
    SYSREG_WRITE(cntv_ctl_el0, 1);
}
