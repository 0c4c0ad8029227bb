/* SPDX-License-Identifier: MIT */
/*
 * A QEMU plugin that counts what the hypervisor executes between two markers of a guest.
 *
 * A marker is "movz xzr, #imm": no CPU does anything on it and no compiler emits it. imm =
 * operation << 12 | id:
 *     1  begin sample id
 *     2  end sample id, if it was begun: a line "sample ID INSNS LOADS STORES"
 *     3  checkpoint id: a line "total ID ALL INSNS" (since reset: everybody's, the hypervisor's)
 * The hypervisor is the virtual range lo=..,hi=.. . One CPU only: QEMU 7.2 has one counter for all
 * of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct counts {
    uint64_t insns, loads, stores;
};
static struct counts hyp, begin[256];
static bool begun[256];
static uint64_t all, lo, hi;
static FILE *out;

static void marker(unsigned cpu, void *data)
{
    unsigned imm = (unsigned)(uintptr_t)data, id = imm & 0xff;
    (void)cpu;
    switch (imm >> 12) {
    case 1:
        begin[id] = hyp;
        begun[id] = true;
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
        fprintf(out, "total %u %lu %lu\n", id, all, hyp.insns);
        fflush(out);
        break;
    }
}

static void accessed(unsigned cpu, uint32_t access, uint64_t address, void *data)
{
    (void)cpu;
    (void)address;
    (void)data;
    if (qemu_plugin_mem_is_store(access)) {
        hyp.stores++;
    } else {
        hyp.loads++;
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t va = qemu_plugin_insn_vaddr(insn);
        uint32_t word;
        memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
        qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD_U64, &all, 1);
        if (va >= lo && va < hi) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD_U64, &hyp.insns, 1);
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, 0, PLUGIN_READ_WRITE, NULL);
        } else if ((word & 0xffe0001f) == 0xd280001f && (word >> 5 & 0xffff) >= 0x1000) {
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
        } else {
            fprintf(stderr, "count.so: unknown argument '%s' (lo= hi= out=)\n", argv[i]);
            return -1;
        }
    }
    if (!out) {
        fprintf(stderr, "count.so: out= is missing or cannot be written\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
