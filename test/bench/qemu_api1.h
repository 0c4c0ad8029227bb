/* SPDX-License-Identifier: MIT */
/* What only version 1 of the interface has like this: QEMU 7.2. */
#pragma once
#include "qemu.h"

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, enum plugin_op, void *,
                                                uint64_t);
