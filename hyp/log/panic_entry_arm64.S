/* SPDX-License-Identifier: MIT */
#include "cpu/asm_arm64.h"
#include "log/panic_arm64.h"

/* See panic_arm64.h. Guest state in SP_EL0 and TPIDR registers is lost: the machine ends here. */
FUNCTION(panic_entry)
    msr tpidr_el0, x0
    msr tpidrro_el0, x1
    address_of x0, percpu_panic_stack
    mrs x1, tpidr_el2
    add x0, x0, x1
    add x0, x0, #(4096 - PANIC_FRAME_BYTES)
    stp x2, x3, [x0, #16]
    stp x4, x5, [x0, #32]
    stp x6, x7, [x0, #48]
    stp x8, x9, [x0, #64]
    stp x10, x11, [x0, #80]
    stp x12, x13, [x0, #96]
    stp x14, x15, [x0, #112]
    stp x16, x17, [x0, #128]
    stp x18, x19, [x0, #144]
    stp x20, x21, [x0, #160]
    stp x22, x23, [x0, #176]
    stp x24, x25, [x0, #192]
    stp x26, x27, [x0, #208]
    stp x28, x29, [x0, #224]
    mov x2, sp
    stp x30, x2, [x0, #240]
    mrs x2, sp_el0
    mrs x3, tpidrro_el0
    stp x2, x3, [x0]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [x0, #256]
    mrs x2, esr_el2
    mrs x3, far_el2
    stp x2, x3, [x0, #272]
    mov sp, x0
    mrs x1, tpidr_el0
    bl panic_exception
    b .
END(panic_entry)
