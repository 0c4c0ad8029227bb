/* SPDX-License-Identifier: MIT */
/*
 * A machine's firmware at EL3, as small as it can be: it enters the hypervisor as a boot loader
 * would, answers PSCI and SMCCC (psci.c), and is the one that can do what QEMU's machine cannot:
 * an SError. It makes one as firmware-first machines do, by taking the exception to EL2 by hand
 * (Arm ARM D1.3.1, pseudocode AArch64.TakeException). What the witness asks is in firmware.h.
 */
#include "firmware.h"

#include "el3.h"

enum { UART = 0x09000000, UART_FLAGS = 0x18, UART_FULL = 0x20 };
enum { IMAGE = 0x40200000, TREE = 0x48000000 }; /* as test/sys/boot.py loads them */

#define SCR_NS   (1u << 0)
#define SCR_FIQ  (1u << 2)
#define SCR_RES1 (3u << 4)
#define SCR_HCE  (1u << 8)
#define SCR_RW   (1u << 10)
/* Younger registers are EL2's to use: pointer authentication, MTE, fine-grained traps, ECV, HCRX.
 * Older cores ignore the bits. */
#define SCR_YOUNG (3ULL << 16 | 7ULL << 26 | 1ULL << 38)
#define CPTR_EZ   (1u << 8)
#define CPTR_ESM  (1u << 12)

#define PSTATE_EL2H     0x9u
#define PSTATE_AARCH32  0x10u
#define PSTATE_DAIF     0x3c0u
#define PSTATE_SSBS     (1u << 12)
#define PSTATE_KEPT     (0xf0000000u | 1u << 24 | 1u << 22) /* NZCV, DIT, PAN */
#define SCTLR_DSSBS     (1ULL << 44)
#define SERROR_CLASS    (0x2full << 26 | 1u << 25)
#define SYNDROME(value) ((value)&0x1ffffff)

static u64 test;         /* bits 63..32 of CONFIG */
static u64 serror_armed; /* for EL2: SERROR_CLASS and its syndrome; 0: none */

void firmware_main(u64 cpu);
void firmware_fiq(struct frame *f);
void firmware_stray(struct frame *f);

void say(const char *text)
{
    for (; *text; text++) {
        while (read32(UART + UART_FLAGS) & UART_FULL) {
        }
        write32(UART, (u8)*text);
    }
}

void say_number(u64 value)
{
    char digits[21];
    char *at = digits + 20;
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    say(at);
}

/* What EL3 itself does wrong, or a level below that it does not serve. */
void firmware_stray(struct frame *f)
{
    say("@@FIRMWARE stray, ESR_EL3 ");
    say_number(read_register(esr_el3));
    say(" pc ");
    say_number(f->pc);
    say("\r\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void timer_start(void)
{
    write_register(cntps_tval_el1, read_register(cntfrq_el0) / 1000);
    write_register(cntps_ctl_el1, 1);
    __asm__ volatile("isb");
}

static void init_cpu(u32 cpu)
{
    write_register(cptr_el3, CPTR_EZ | CPTR_ESM);
    write_register(mdcr_el3, 0);
    gic_init(cpu);
    write_register(scr_el3, SCR_NS | SCR_FIQ | SCR_RES1 | SCR_HCE | SCR_RW | SCR_YOUNG);
    write_register(sctlr_el2, 0x30c50830); /* RES1 only */
    write_register(hcr_el2, 0);
    __asm__ volatile("isb");
}

void firmware_main(u64 cpu)
{
    init_cpu((u32)cpu);
    if (cpu != 0) {
        psci_park((u32)cpu);
    }
    u64 config = *(volatile u64 *)CONFIG;
    test = config >> 32;
    psci_init(config);
    timer_start();
    firmware_enter(IMAGE, TREE, 0);
}

/* ---- the SError */

static u64 vector_offset(u64 pstate)
{
    u64 level = pstate >> 2 & 3;
    u64 from = pstate & PSTATE_AARCH32 ? 0x600 : level < 2 ? 0x400 : pstate & 1 ? 0x200 : 0;
    return from + 0x180;
}

static void take_serror(struct frame *f, u64 esr)
{
    u64 pstate = (f->pstate & PSTATE_KEPT) | PSTATE_DAIF | PSTATE_EL2H;
    if (read_register(sctlr_el2) & SCTLR_DSSBS) {
        pstate |= PSTATE_SSBS;
    }
    write_register(esr_el2, esr);
    write_register(elr_el2, f->pc);
    write_register(spsr_el2, f->pstate);
    f->pc = read_register(vbar_el2) + vector_offset(f->pstate);
    f->pstate = pstate;
}

/* ---- the millisecond */

static void answer(struct frame *f)
{
    u64 argument = f->x[22];
    f->x[20] = 0;
    switch (f->x[21]) {
    case ASK_TEST:
        f->x[21] = test;
        break;
    case ASK_COUNTS:
        for (u32 i = 0; i < 3; i++) {
            f->x[21 + i] = __atomic_load_n(&psci_count[i], __ATOMIC_RELAXED);
        }
        break;
    case ASK_SERROR:
        take_serror(f, SERROR_CLASS | SYNDROME(argument));
        break;
    case ASK_SERROR_EL2:
        __atomic_store_n(&serror_armed, SERROR_CLASS | SYNDROME(argument), __ATOMIC_RELAXED);
        break;
    default:
        f->x[21] = ~0ULL;
    }
}

void firmware_fiq(struct frame *f)
{
    u32 raw = gic_acknowledge();
    if (raw == IRQ_TIMER) {
        timer_start();
    }
    gic_end(raw);
    u64 level = f->pstate >> 2 & 3;
    if (level == 1 && !(f->pstate & PSTATE_AARCH32) && f->x[20] == ASK) {
        answer(f);
    } else if (level == 2) {
        u64 esr = __atomic_exchange_n(&serror_armed, 0, __ATOMIC_RELAXED);
        if (esr != 0) {
            take_serror(f, esr);
        }
    }
}
