/* SPDX-License-Identifier: MIT */
/*
 * A QEMU plugin that counts what the hypervisor executes between two markers of a guest.
 *
 * A marker is "movz xzr, #imm": no CPU does anything on it and no compiler emits it. imm =
 * operation << 12 | id:
 *     1  begin sample id
 *     2  end sample id, if it was begun: a line "sample ID INSNS LOADS STORES"
 *     3  checkpoint id: a line "total ID ALL INSNS KERNEL" (since reset: everybody's, the
 *        hypervisor's, those of guests at addresses with bit 63 set); with entries=on a line
 *        "entry ID CAUSE TIMES INSNS" a cause, and as cause "sleep" its own waits for an interrupt;
 *        with idle=ADDRESS what follows the execution of that, which is no entry, as "idle"
 * The hypervisor is the virtual range lo=..,hi=.. . All CPUs are summed (counters.h), so that a
 * sample may begin on one and end on another; what waits in a loop is left out. Entries are of one
 * CPU only.
 *
 * at=ADDRESS (up to 32 of them) is a line "phase ADDRESS ALL" when it is executed for the first
 * time; ALL counts everybody's instructions, those before the MMU is on as well.
 *
 * until=linux ends the machine with a line "linux ALL" where an arm64 Image of Linux begins.
 *
 * With profile=on a checkpoint adds what ran since the last one, in lines "ran ID ADDRESS INSNS",
 * one a block of the hypervisor.
 *
 * With where=ID, checkpoint 1 (all was measured alone) adds what the last sample ID executed, in
 * order: lines "block ADDRESS INSNS CPU".
 *
 * An entry is a block of the hypervisor after instructions of a guest. Its cause shows in the
 * vector's slot, and a synchronous one in the guest's last instruction.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"

struct counts {
    uint64_t insns, loads, stores;
};
static struct counts begin[256];
static bool begun[256];
static uint64_t lo, hi;
static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for what CPUs share below */

enum cause { HYPERCALL, FIRMWARE, REGISTER, WAIT, FLOATING, MEMORY, INTERRUPT, IDLE, NR_CAUSES };
static const char *const cause_names[] = {"hypercall",      "firmware", "register",  "wait",
                                          "floating-point", "memory",   "interrupt", "idle"};
static bool entries;
static uint64_t idle; /* a CPU that waits goes on working there */
static struct {
    uint64_t times[NR_CAUSES], insns[NR_CAUSES];
    uint64_t guest;       /* instructions of guests until the last entry */
    uint64_t begin;       /* the hypervisor's until then */
    enum cause cause;     /* of the last entry */
    enum cause may_trap;  /* what the last instruction that may trap asks for */
    uint64_t may_trap_at; /* instructions of guests before it */
} entry;

#define NR_BLOCKS (1u << 20)
struct block {
    uint64_t address, insns;
    uint64_t times; /* since the last checkpoint */
    struct block *next;
};
static struct {
    const struct block *block;
    unsigned cpu;
} blocks[NR_BLOCKS];
static unsigned nr_blocks, where;
static struct block *all_blocks;
static bool profile;

static void print_blocks(void)
{
    for (unsigned i = 0; i < nr_blocks; i++) {
        fprintf(out, "block %#lx %lu %u\n", blocks[i].block->address, blocks[i].block->insns,
                blocks[i].cpu);
    }
}

static void print_profile(unsigned id)
{
    for (struct block *b = all_blocks; b; b = b->next) {
        if (b->times) {
            fprintf(out, "ran %u %#lx %lu\n", id, b->address, b->insns * b->times);
            b->times = 0;
        }
    }
}

static void marker(unsigned cpu, void *data)
{
    unsigned imm = (unsigned)(uintptr_t)data, id = imm & 0xff;
    struct counts hyp = {counted(HYP), counted(LOADS), counted(STORES)};
    (void)cpu;
    pthread_mutex_lock(&lock);
    switch (imm >> 12) {
    case 1:
        begin[id] = hyp;
        begun[id] = true;
        nr_blocks = id == where ? 0 : nr_blocks;
        break;
    case 2:
        if (!begun[id]) {
            break;
        }
        begun[id] = false;
        fprintf(out, "sample %u %lu %lu %lu\n", id, hyp.insns - begin[id].insns,
                hyp.loads - begin[id].loads, hyp.stores - begin[id].stores);
        break;
    case 3:
        fprintf(out, "total %u %lu %lu %lu\n", id, counted(ALL), hyp.insns, counted(KERNEL));
        if (where && id == 1) {
            print_blocks();
        }
        for (unsigned i = 0; entries && i < NR_CAUSES; i++) {
            fprintf(out, "entry %u %s %lu %lu\n", id, cause_names[i], entry.times[i],
                    entry.insns[i]);
        }
        if (entries) {
            fprintf(out, "entry %u sleep %lu 0\n", id, counted(SLEEPS));
        }
        print_profile(id);
        fflush(out);
        break;
    }
    pthread_mutex_unlock(&lock);
}

/* ---- entries by cause */

/* Each block of the hypervisor. */
static void entered(unsigned cpu, void *data)
{
    uint64_t hyp = counted(HYP), guest = counted(ALL) - hyp;
    uint64_t slot = (uint64_t)(uintptr_t)data & 0x780;
    (void)cpu;
    if ((uint64_t)(uintptr_t)data == idle) {
        entry.insns[entry.cause] += hyp - entry.begin;
        entry.begin = hyp;
        entry.cause = IDLE;
        entry.times[IDLE]++;
    }
    if (guest == entry.guest) {
        return;
    }
    entry.insns[entry.cause] += hyp - entry.begin;
    if (slot != 0x400 && slot != 0x600) {
        entry.cause = INTERRUPT;
    } else {
        entry.cause = guest == entry.may_trap_at + 1 ? entry.may_trap : MEMORY;
    }
    entry.times[entry.cause]++;
    entry.guest = guest;
    entry.begin = hyp;
}

static void may_trap(unsigned cpu, void *data)
{
    (void)cpu;
    entry.may_trap = (enum cause)(uintptr_t)data;
    entry.may_trap_at = counted(ALL) - counted(HYP);
}

enum { WFI = 0xd503207f, WFE = 0xd503205f, YIELD = 0xd503203f };

/* What of a guest's instruction the hypervisor may see, or NR_CAUSES. */
static enum cause cause_of(uint32_t word)
{
    if ((word & 0xffe0001f) == 0xd4000002) { /* hvc */
        return (word >> 5 & 0xffff) == 0xea1 ? HYPERCALL : FIRMWARE;
    }
    if ((word & 0xffe0001f) == 0xd4000003) { /* smc */
        return FIRMWARE;
    }
    if (word == WFI || word == WFE) {
        return WAIT;
    }
    if ((word & 0x0c000000) == 0x0c000000) { /* of SIMD registers (Arm ARM C4.1) */
        return FLOATING;
    }
    /* msr, mrs, sys and sysl */
    return (word & 0xffc00000) == 0xd5000000 && (word & 0x00180000) ? REGISTER : NR_CAUSES;
}

static void watch_entries(struct qemu_plugin_tb *tb)
{
    uint64_t begin = qemu_plugin_tb_vaddr(tb);
    if (begin >= lo && begin < hi) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, 0, (void *)(uintptr_t)begin);
        return;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t word = word_of(insn);
        if (cause_of(word) != NR_CAUSES) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, may_trap, 0,
                                                   (void *)(uintptr_t)cause_of(word));
        }
    }
}

/* Each block of the hypervisor. */
static void executed(unsigned cpu, void *data)
{
    struct block *block = data;
    pthread_mutex_lock(&lock);
    block->times++;
    if (where && begun[where] && nr_blocks < NR_BLOCKS) {
        blocks[nr_blocks].block = block;
        blocks[nr_blocks++].cpu = cpu;
    }
    pthread_mutex_unlock(&lock);
}

static void watch_blocks(struct qemu_plugin_tb *tb)
{
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    if (address < lo || address >= hi) {
        return;
    }
    struct block *block = malloc(sizeof(*block));
    pthread_mutex_lock(&lock);
    *block = (struct block){address, qemu_plugin_tb_n_insns(tb), 0, all_blocks};
    all_blocks = block;
    pthread_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, block);
}

/* ---- addresses that are passed once */

#define NR_PHASES 32
static struct {
    uint64_t address;
    bool is_passed;
} phases[NR_PHASES];
static unsigned nr_phases;

static void passed(unsigned cpu, void *data)
{
    unsigned which = (unsigned)(uintptr_t)data;
    (void)cpu;
    if (!phases[which].is_passed) {
        phases[which].is_passed = true;
        fprintf(out, "phase %#lx %lu\n", phases[which].address, counted(ALL));
    }
}

static void watch_phases(struct qemu_plugin_insn *insn)
{
    for (uintptr_t i = 0; i < nr_phases; i++) {
        if (phases[i].address == qemu_plugin_insn_vaddr(insn)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, passed, 0, (void *)i);
        }
    }
}

/* ---- Debian's kernel in the place of ours */

/* "MZ@" and 0xfa: what its Image begins with is an instruction without effect, and its first. */
#define LINUX_BEGINS 0xfa405a4d
static bool until_linux;

static void reached_linux(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    fprintf(out, "linux %lu\n", counted(ALL));
    fclose(out);
    _exit(0);
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    if (entries) {
        watch_entries(tb);
    }
    if (where || profile) {
        watch_blocks(tb);
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t va = qemu_plugin_insn_vaddr(insn);
        uint32_t word = word_of(insn);
        count_insn(insn, ALL);
        if (va >= lo && va < hi) {
            count_insn(insn, HYP);
            count_accesses(insn);
            watch_phases(insn);
            if (word == WFI) {
                count_insn(insn, SLEEPS);
            } else if (word == WFE || word == YIELD) {
                leave_waiting_out(insn);
            }
            continue;
        }
        if (va >> 63) {
            count_insn(insn, KERNEL);
        }
        if (until_linux && word == LINUX_BEGINS) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, reached_linux, 0, NULL);
        }
        if ((word & 0xffe0001f) == 0xd280001f && (word >> 5 & 0xffff) >= 0x1000) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, marker, 0,
                                                   (void *)(uintptr_t)(word >> 5 & 0xffff));
        }
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
                                                               int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "lo=", 3) == 0) {
            lo = strtoull(argv[i] + 3, NULL, 0);
        } else if (strncmp(argv[i], "hi=", 3) == 0) {
            hi = strtoull(argv[i] + 3, NULL, 0);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        } else if (strncmp(argv[i], "where=", 6) == 0) {
            where = strtoul(argv[i] + 6, NULL, 0) & 0xff;
        } else if (strncmp(argv[i], "at=", 3) == 0 && nr_phases < NR_PHASES) {
            phases[nr_phases++].address = strtoull(argv[i] + 3, NULL, 0);
        } else if (strcmp(argv[i], "entries=on") == 0) {
            entries = true;
        } else if (strncmp(argv[i], "idle=", 5) == 0) {
            idle = strtoull(argv[i] + 5, NULL, 0);
        } else if (strcmp(argv[i], "until=linux") == 0) {
            until_linux = true;
        } else if (strcmp(argv[i], "profile=on") == 0) {
            profile = true;
        } else {
            fprintf(stderr,
                    "count.so: unknown argument '%s' (lo= hi= out= entries=on idle= profile=on "
                    "where= at= until=linux)\n",
                    argv[i]);
            return -1;
        }
    }
    if (!out) {
        fprintf(stderr, "count.so: out= is missing or cannot be written\n");
        return -1;
    }
    counters_init();
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
