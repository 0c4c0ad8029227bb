/* SPDX-License-Identifier: MIT */
/*
 * The architecture's part of the ABI. It is the guest's architecture that counts, not the
 * compiler's: the host build is an x86 program that speaks the Arm ABI. Arm unless told otherwise.
 */
#ifndef ABI_ARCH_H
#define ABI_ARCH_H "abi/arm.h"
#endif
#include ABI_ARCH_H
