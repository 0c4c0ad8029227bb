/* SPDX-License-Identifier: MIT */
#include "counters.h"

struct qemu_plugin_scoreboard; /* an element a CPU */
struct u64_of_each {
    struct qemu_plugin_scoreboard *scoreboard;
    size_t offset;
};
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *, unsigned cpu);
uint64_t qemu_plugin_u64_sum(struct u64_of_each);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *, void *to, size_t bytes);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *, enum plugin_op,
                                                         struct u64_of_each, uint64_t);
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *, enum plugin_rw,
                                                   enum plugin_op, struct u64_of_each, uint64_t);

__attribute__((visibility("default"))) int qemu_plugin_version = 3;

enum { TURN_MAX = 64 };
struct cpu {
    uint64_t ran[NR_COUNTERS], waited[NR_COUNTERS];
    uint64_t turn[NR_COUNTERS]; /* what had run when the last turn began ... */
    uint64_t turn_at;           /* ... at this address */
};
static struct qemu_plugin_scoreboard *cpus;

void counters_init(void)
{
    cpus = qemu_plugin_scoreboard_new(sizeof(struct cpu));
}

static struct u64_of_each ran(enum counter which)
{
    return (struct u64_of_each){cpus, offsetof(struct cpu, ran) + which * sizeof(uint64_t)};
}

static struct u64_of_each waited(enum counter which)
{
    return (struct u64_of_each){cpus, offsetof(struct cpu, waited) + which * sizeof(uint64_t)};
}

uint64_t counted(enum counter which)
{
    return qemu_plugin_u64_sum(ran(which)) - qemu_plugin_u64_sum(waited(which));
}

void count_insn(struct qemu_plugin_insn *insn, enum counter which)
{
    qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, PLUGIN_INLINE_ADD_U64, ran(which), 1);
}

void count_accesses(struct qemu_plugin_insn *insn)
{
    qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, PLUGIN_READ, PLUGIN_INLINE_ADD_U64,
                                                  ran(LOADS), 1);
    qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, PLUGIN_WRITE, PLUGIN_INLINE_ADD_U64,
                                                  ran(STORES), 1);
}

/*
 * Where CPUs are threads, none sleeps in WFE or YIELD: who waits for a lock goes round a loop with
 * one of them in it, as often as the host likes. From there to the same place again, soon, is a
 * turn, and no turn counts.
 */
static void turns(unsigned index, void *address)
{
    struct cpu *cpu = qemu_plugin_scoreboard_find(cpus, index);
    bool again =
        cpu->turn_at == (uint64_t)(uintptr_t)address && cpu->ran[HYP] - cpu->turn[HYP] <= TURN_MAX;
    for (unsigned i = 0; i < NR_COUNTERS; i++) {
        cpu->waited[i] += again ? cpu->ran[i] - cpu->turn[i] : 0;
        cpu->turn[i] = cpu->ran[i];
    }
    cpu->turn_at = (uint64_t)(uintptr_t)address;
}

void leave_waiting_out(struct qemu_plugin_insn *insn)
{
    qemu_plugin_register_vcpu_insn_exec_cb(insn, turns, 0,
                                           (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
}

uint32_t word_of(const struct qemu_plugin_insn *insn)
{
    uint32_t word = 0;
    qemu_plugin_insn_data(insn, &word, sizeof(word));
    return word;
}
