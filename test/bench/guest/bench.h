/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the benchmark kernel share. One image is dom0 and, copied by it, each of the
 * players: guests that wait for an event, run what dom0 told them in their page of turns, and
 * send one back. rows.py names the ids.
 */
#pragma once
#include <stdbool.h>

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/version.h"
#include "abi/xen.h"

#define MARK(op, id) \
    __asm__ volatile(".inst %0" ::"i"(0xd280001f | (((op) << 12 | (id)) << 5)) : "memory")
#define BEGIN(id)      MARK(1, id)
#define END(id)        MARK(2, id)
#define CHECKPOINT(id) MARK(3, id)
#define SYSREG_READ(reg)                                  \
    ({                                                    \
        u64 value_;                                       \
        __asm__ volatile("mrs %0, " #reg : "=r"(value_)); \
        value_;                                           \
    })
#define SYSREG_WRITE(reg, value) \
    __asm__ volatile("msr " #reg ", %0\n isb" ::"r"((u64)(value)) : "memory")

/* Linked at 0 and run anywhere: no address comes from a table, and no symbol by way of one. */
#pragma GCC visibility push(hidden)

enum op {
    OP_EMPTY,
    OP_VERSION,
    OP_FEATURES,
    OP_MULTICALL,
    OP_PSCI,
    OP_ID_REGISTER,
    OP_TYPER,
    OP_EVENT_SELF,
    OP_EVENT_PENDING,
    OP_SGI,
    OP_TIMER,
    OP_WFI,
    OP_YIELD,
    OP_SWITCH_VCPU, /* what only dom0 measures begins here */
    OP_SWITCH_DOMAIN,
    OP_CREATE,
    OP_DESTROY,
    OP_SWITCH_FP,
    OP_GRANT_MAP,
    OP_GRANT_COPY,
    OP_EVENT_BLOCKED,
    OP_POPULATE_4K,
    OP_POPULATE_2M,
    OP_CONSOLE,
    OP_FOREIGN_MAP,
    OP_SGI_RUNNING, /* with two CPUs, from one to the other */
    OP_SGI_BLOCKED,
    OP_EVENT_RUNNING,
    OP_EVENT_WOKEN,
    OP_CREATE_RESTED, /* one CPU, after everything: from what was zeroed while it slept */
};
enum { SETTLED_US = 500, TRIES = 10 }; /* with two CPUs: until who blocks sleeps; see several.c */
enum { NR_PLAYERS = 4, NR_OPS = 8, PLAYER_PAGES = 1024 };
enum {
    SCRATCH_GFN = 0x100000, /* free in dom0; from the next on, the players' turns */
    COPY_GFN = SCRATCH_GFN + NR_PLAYERS + 1,
    GRANTED_REF = GNTTAB_NR_RESERVED_ENTRIES,
};

/* A page of each player, which dom0 maps. */
struct turn {
    volatile u32 go, done;    /* how many turns were given, and are through */
    volatile u32 began, stop; /* of a turn that yields */
    volatile u32 nr, ops[NR_OPS];
    volatile u32 woken, stay; /* the last turn that it woke for, and that it shall not go on yet */
    volatile u64 events;      /* that its handler has seen, while it runs for OP_EVENT_RUNNING */
    u32 gic, port;
};

/* ---- lib.c */
extern unsigned gic, count;
extern volatile u64 nr_timer, nr_event, nr_sgi;
extern u8 shared_info[4096];

s64 hypercall(u64 nr, u64 a, u64 b, u64 c);
u64 firmware_call(u64 function, u64 a, u64 b, u64 c);
u32 mmio_read(u64 at);
void print(const char *text);
void print_number(const char *name, s64 value);
__attribute__((noreturn)) void power_off(void);
void must(const char *what, s64 result);
void interrupts_on(void);
void interrupts_off(void);
void sleep_once(void);
void setup(bool is_dom0);
void setup_second(void);
void send_sgi(u32 vcpu);
void send_event(u32 port);
void timer_arm(u64 ticks);
void spin_us(u64 us);
u64 typer_address(void);
void bench_irq(void);
void bench_unexpected(u64 esr, u64 pc, u64 address);

/* ---- ops.c: operations of any guest, each between its markers */
void ops_prepare(void);
void op_do(unsigned id);

/* ---- domain.c */
u64 free_pages(void);
u16 domain_make(u32 pages);
void domain_destroy(u16 domain);
void domain_pin(u16 domain, u32 vcpu, u8 cpu);
void domain_start(u16 domain, u64 pc, u64 x0);
void foreign_map(u16 domain, u64 from, u64 to);
void unmap(u64 gfn);
void domain_write(u16 domain, u64 to, const void *from, u64 bytes);

/* ---- player.c */
void player_main(void);
enum { ANY_CPU = 0xff };
void player_make(unsigned player, u8 cpu);
void player_turn(unsigned player);
void player_turn_yielding(unsigned player);
bool player_turn_woken(unsigned player);
void player_turn_running(unsigned player);
void player_op(unsigned player, unsigned id);
struct turn *player_turn_page(unsigned player);

/* ---- start.S, bench.lds */
extern u8 _start[], _bss[];
extern u8 second_cpu[], yielder[], yielder_fp[];

/* ---- several.c: two CPUs */
void several(void);
void rest(void); /* a while: a hypervisor may have work for a CPU that has none */
void several_second(void);
u64 sample_begins(void);
bool sample_in_time(u64 since);

/* ---- bench.c */
enum { SECOND_YIELDS, SECOND_RECEIVES };
void start_second(u64 what);
void wait_second(void);
void bench_main(const u8 *dtb);
void bench_second(u64 what);

#pragma GCC visibility pop
