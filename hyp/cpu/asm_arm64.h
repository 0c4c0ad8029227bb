/* SPDX-License-Identifier: MIT */
/* The few macros of our assembly files. Each function has a section of its own: --gc-sections. */
#ifndef CPU_ASM_ARM64_H
#define CPU_ASM_ARM64_H
/* clang-format off */

#define FUNCTION_IN(section_name, name)                                                            \
    .section section_name, "ax", %progbits;                                                        \
    .balign 16;                                                                                    \
    .global name;                                                                                  \
    .type name, %function;                                                                         \
    name:
#define FUNCTION(name) FUNCTION_IN(.text.name, name)
#define END(name) .size name, . - name

/* Puts the address of a symbol into a register, relative to the PC: right with the MMU off, too. The
   image is under 1 MiB (kanso_arm64.lds). */
.macro address_of register, symbol
    adr \register, \symbol
.endm

/* clang-format on */
#endif
