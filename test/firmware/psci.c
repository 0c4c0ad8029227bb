/* SPDX-License-Identifier: MIT */
/* PSCI 1.1 (DEN0022) and SMCCC 1.2 (DEN0028) as a machine's firmware answers them. */
#include "el3.h"
#include "firmware.h"

enum { SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, ALREADY_ON = -4, ON_PENDING = -5 };
enum state { OFF, CLAIMED, PENDING, ON };
enum { SECURE_GPIO = 0x090b0000, GPIO_DIRECTION = 0x400, PIN_OFF = 1, PIN_RESET = 2 };

static struct {
    u64 pc, x0;
    u32 state; /* enum state */
} cpus[MAX_CPUS];
static s8 features[3];
static u8 healthy; /* CPUs, as a mask */
u64 psci_count[3];

void psci_init(u64 config)
{
    for (u32 i = 0; i < 3; i++) {
        features[i] = (s8)(config >> i * 8);
    }
    healthy = (u8)(config >> 24);
    cpus[0].state = ON;
}

void psci_park(u32 cpu)
{
    while (__atomic_load_n(&cpus[cpu].state, __ATOMIC_ACQUIRE) != PENDING) {
        __asm__ volatile("dsb sy\n wfi" ::: "memory");
        gic_end(gic_acknowledge()); /* the timer is off, or SGI_WAKE */
    }
    __atomic_store_n(&cpus[cpu].state, ON, __ATOMIC_RELEASE);
    timer_start();
    firmware_enter(cpus[cpu].pc, cpus[cpu].x0, cpu);
}

/* The CPUs of QEMU's virt, up to eight: Aff0. */
static bool is_cpu(u64 mpidr)
{
    return mpidr < MAX_CPUS;
}

static s64 cpu_on(u64 mpidr, u64 pc, u64 x0)
{
    if (!is_cpu(mpidr)) {
        return INVALID_PARAMETERS;
    }
    u32 off = OFF;
    if (!__atomic_compare_exchange_n(&cpus[mpidr].state, &off, CLAIMED, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        return off == ON ? ALREADY_ON : ON_PENDING;
    }
    cpus[mpidr].pc = pc;
    cpus[mpidr].x0 = x0;
    __atomic_store_n(&cpus[mpidr].state, PENDING, __ATOMIC_RELEASE);
    sync();
    gic_wake((u32)mpidr);
    return SUCCESS;
}

static s64 affinity_info(u64 mpidr, u64 level)
{
    static const u8 answer[] = {[ON] = 0, [OFF] = 1, [CLAIMED] = 2, [PENDING] = 2};
    return is_cpu(mpidr) && level == 0 ? answer[cpus[mpidr].state] : INVALID_PARAMETERS;
}

/* How it ended and how often the workarounds were called, for whoever reads the console. */
static __attribute__((noreturn)) void end(const char *how, u32 pin)
{
    say("@@FIRMWARE ");
    say(how);
    for (u32 i = 0; i < 3; i++) {
        say(" ");
        say_number(psci_count[i]);
    }
    say("\r\n");
    write32(SECURE_GPIO + GPIO_DIRECTION, PIN_OFF | PIN_RESET);
    write32(SECURE_GPIO + (pin << 2), pin);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

static s64 psci_features(u32 id)
{
    switch (id) {
    case 0x84000000: /* VERSION */
    case 0x84000002: /* CPU_OFF */
    case 0x84000003: /* CPU_ON */
    case 0xc4000003:
    case 0x84000004: /* AFFINITY_INFO */
    case 0xc4000004:
    case 0x84000006: /* MIGRATE_INFO_TYPE */
    case 0x84000008: /* SYSTEM_OFF */
    case 0x84000009: /* SYSTEM_RESET */
    case 0x8400000a: /* PSCI_FEATURES */
    case 0x80000000: /* SMCCC_VERSION */
        return SUCCESS;
    default:
        return NOT_SUPPORTED;
    }
}

/* 0 WORKAROUND_1, 1 WORKAROUND_2, 2 WORKAROUND_3; 3: another */
static u32 workaround(u32 id)
{
    return id == WORKAROUND_1 ? 0 : id == WORKAROUND_2 ? 1 : id == WORKAROUND_3 ? 2 : 3;
}

static s64 arch_features(u32 id)
{
    u32 which = workaround(id);
    bool base = id == 0x80000000 || id == 0x80000001;
    if (which < 3) {
        return healthy >> this_cpu() & 1 ? 1 : features[which];
    }
    return base ? SUCCESS : NOT_SUPPORTED;
}

/* x0..x3 are results: what a function does not define is filled with what nobody may keep. */
static void run_workaround(struct frame *f, u32 which)
{
    __atomic_fetch_add(&psci_count[which], 1, __ATOMIC_RELAXED);
    for (u32 i = 0; i < 4; i++) {
        f->x[i] = 0x5a5a5a5a5a5a5a5a;
    }
}

void firmware_smc(struct frame *f)
{
    u32 id = (u32)f->x[0];
    u64 width = id & 1u << 30 ? ~0ULL : 0xffffffff;
    u64 a = f->x[1] & width, b = f->x[2] & width, c = f->x[3] & width;
    s64 answer = NOT_SUPPORTED;
    switch (id) {
    case 0x84000000:
        answer = 0x10001;
        break;
    case 0x84000002:
        __atomic_store_n(&cpus[this_cpu()].state, OFF, __ATOMIC_RELEASE);
        write_register(cntps_ctl_el1, 0);
        psci_park(this_cpu());
    case 0x84000003:
    case 0xc4000003:
        answer = cpu_on(a, b, c);
        break;
    case 0x84000004:
    case 0xc4000004:
        answer = affinity_info(a, b);
        break;
    case 0x84000006:
        answer = 2; /* there is no Trusted OS to migrate */
        break;
    case 0x84000008:
        end("off", PIN_OFF);
    case 0x84000009:
        end("reset", PIN_RESET);
    case 0x8400000a:
        answer = psci_features((u32)a);
        break;
    case 0x80000000:
        answer = 0x10002;
        break;
    case 0x80000001:
        answer = arch_features((u32)a);
        break;
    default:
        if (workaround(id) < 3 && features[workaround(id)] >= 0) {
            run_workaround(f, workaround(id));
            return;
        }
    }
    f->x[0] = (u64)answer;
}
