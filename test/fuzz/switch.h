/* SPDX-License-Identifier: MIT */
/* EL1's registers on each CPU of the host machine. */
#ifndef TEST_FUZZ_SWITCH_H
#define TEST_FUZZ_SWITCH_H

#include "base/string.h"
#include "dom/domain.h"

DECLARE_PER_CPU(struct el1_regs, machine_el1);

#endif
