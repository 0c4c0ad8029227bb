/* SPDX-License-Identifier: MIT */
/*
 * What the firmware and the witness, a kernel at EL1, agree on. A hypervisor forwards no call that
 * it does not know, so the witness speaks by its registers: it puts ASK, an enum ask and an
 * argument into x20..x22 and spins until x20 is 0. The firmware's secure timer interrupts every
 * millisecond whatever runs, and looks. The answers are in x21..x23.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#define ASK 0x6b616e736f334c45ULL

enum ask {
    ASK_TEST = 1,   /* bits 63..32 of the word at CONFIG */
    ASK_COUNTS,     /* of calls of SMCCC_ARCH_WORKAROUND_1, 2, 3 */
    ASK_SERROR,     /* an SError at this very instruction; argument: its syndrome (ESR.ISS) */
    ASK_SERROR_EL2, /* the same, the next time when EL2 is interrupted, on any CPU */
};

/*
 * Written by QEMU's loader: bits 7..0, 15..8, 23..16 are the answers to SMCCC_ARCH_FEATURES of the
 * three workarounds, as signed bytes; bits 31..24 are CPUs that need none: they answer 1; bits
 * 63..32 a number for the witness.
 */
#define CONFIG 0x40100000ULL

#define WORKAROUND_1 0x80008000u
#define WORKAROUND_2 0x80007fffu
#define WORKAROUND_3 0x80003fffu

#endif
