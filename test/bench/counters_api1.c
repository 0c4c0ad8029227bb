/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "counters.h"
#include "qemu_api1.h"

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *,
                                      void (*)(unsigned, uint32_t, uint64_t, void *), int,
                                      enum plugin_rw, void *);
bool qemu_plugin_mem_is_store(uint32_t access);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t counters[NR_COUNTERS];

void counters_init(void)
{
}

uint64_t counted(enum counter which)
{
    return counters[which];
}

void count_insn(struct qemu_plugin_insn *insn, enum counter which)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD_U64, &counters[which], 1);
}

static void accessed(unsigned cpu, uint32_t access, uint64_t address, void *data)
{
    (void)cpu;
    (void)address;
    (void)data;
    counters[qemu_plugin_mem_is_store(access) ? STORES : LOADS]++;
}

/* Called, not counted inline: the inline counters of QEMU 7.2 mix reads and writes up. */
void count_accesses(struct qemu_plugin_insn *insn)
{
    qemu_plugin_register_vcpu_mem_cb(insn, accessed, 0, PLUGIN_READ_WRITE, NULL);
}

/* One CPU has nobody to wait for. */
void leave_waiting_out(struct qemu_plugin_insn *insn)
{
    (void)insn;
}

uint32_t word_of(const struct qemu_plugin_insn *insn)
{
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
    return word;
}
