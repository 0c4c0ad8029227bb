/* SPDX-License-Identifier: MIT */
/*
 * The plugin's counters: how QEMU counts in the code that it makes. Version 1 of its interface has
 * one counter for all CPUs, so it is for one CPU (QEMU 7.2); from version 3 on each CPU has its own
 * (QEMU 9.1 and later). measure.py links count.c with either file and takes what QEMU loads.
 */
#pragma once
#include "qemu.h"

/* Since reset, of all CPUs. */
enum counter { ALL, HYP, KERNEL, SLEEPS, LOADS, STORES, NR_COUNTERS };

void counters_init(void);
uint64_t counted(enum counter which);
void count_insn(struct qemu_plugin_insn *insn, enum counter which);
void count_accesses(struct qemu_plugin_insn *insn);    /* in LOADS and STORES */
void leave_waiting_out(struct qemu_plugin_insn *insn); /* a loop with this one in it waits */
uint32_t word_of(const struct qemu_plugin_insn *insn);
