/* SPDX-License-Identifier: MIT */
/* Private to the firmware: registers, devices, and what its files call of each other. */
#ifndef EL3_H
#define EL3_H

#include <stdbool.h>

#include "abi/types.h"

enum { MAX_CPUS = 8, IRQ_TIMER = 29, SGI_WAKE = 15 };

/* Who was interrupted or called; start.S writes it. */
struct frame {
    u64 x[31], pc, pstate, reserved;
};

#define read_register_(name)                               \
    ({                                                     \
        u64 value_;                                        \
        __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
        value_;                                            \
    })
#define write_register_(name, value) \
    __asm__ volatile("msr " #name ", %x0" ::"rZ"((u64)(value)) : "memory")
#define read_register(name)         read_register_(name)
#define write_register(name, value) write_register_(name, value)

static inline void sync(void)
{
    __asm__ volatile("dsb sy\n isb" ::: "memory");
}

static inline u32 read32(u64 at)
{
    u32 value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static inline void write32(u64 at, u32 value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

static inline void write8(u64 at, u32 value)
{
    __asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

/* start.S: leaves EL3 for EL2. */
__attribute__((noreturn)) void firmware_enter(u64 pc, u64 x0, u64 cpu);

/* gic.c */
void gic_init(u32 cpu);
void gic_wake(u32 cpu);
u32 gic_acknowledge(void);
void gic_end(u32 raw);

/* psci.c: SMCs of PSCI and SMCCC. */
void firmware_smc(struct frame *f);
/* Waits until CPU_ON names this CPU, then enters. */
__attribute__((noreturn)) void psci_park(u32 cpu);
void psci_init(u64 config);
extern u64 psci_count[3]; /* calls of the three workarounds */

/* firmware.c */
static inline u32 this_cpu(void)
{
    return read_register(mpidr_el1) & 0xff;
}
void timer_start(void); /* the secure timer of this CPU, in a millisecond */
void say(const char *text);
void say_number(u64 value);

#endif
