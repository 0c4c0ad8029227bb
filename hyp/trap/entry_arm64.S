// SPDX-License-Identifier: MIT
// The 16 vectors and the way out (Arm ARM D1.3.1). While a guest runs SP_EL2 is its struct vcpu;
// that begins with struct cpu_regs (cpu/context.h): x0..x30 at 8 * n, ELR and SPSR at 256. SP_EL0 is
// not touched here: it is switched with the EL1 registers.
//
// Hypercalls and interrupts save only what C may change (x0..x18, x30): x19..x29 come back from C
// unchanged. When work is due, and a switch may follow, they are stored then. The others store
// all, for the decoders to look at. Before either, what can be answered with x0..x3, x16 and
// x17 alone is (docs/why/015).
#include "cpu/asm_arm64.h"
#include "cpu/regs_arm64.h"

#define AT_X18 144
#define AT_X19 152
#define AT_X30 240
#define AT_PC 256
#define AT_STACK 272

// ESR_EL2 of HVC #n by AArch64: class, instruction length, n
#define HVC_HIGH (EC_HVC64 << 10 | 1 << 9)
#define XEN_HYPERCALL_TAG 0xea1 // abi/arm.h
#define RESTART           85    // -E_RESTART

// ---- way in: x0, x1 are stored already

.macro save_first
    stp x2, x3, [sp, #16]
    stp x16, x17, [sp, #128]
    str x30, [sp, #AT_X30]
.endm

// base: the vCPU
.macro save_volatile base
    stp x4, x5, [\base, #32]
    stp x6, x7, [\base, #48]
    stp x8, x9, [\base, #64]
    stp x10, x11, [\base, #80]
    stp x12, x13, [\base, #96]
    stp x14, x15, [\base, #112]
    stp x18, x19, [\base, #AT_X18]
    mrs x3, elr_el2
    mrs x4, spsr_el2
    stp x3, x4, [\base, #AT_PC]
.endm

.macro save_rest base
    stp x20, x21, [\base, #160]
    stp x22, x23, [\base, #176]
    stp x24, x25, [\base, #192]
    stp x26, x27, [\base, #208]
    stp x28, x29, [\base, #224]
.endm

// x0: the vCPU, SP: this CPU's stack
.macro take_stack
    mov x0, sp
    ldr x9, [sp, #AT_STACK]
    mov sp, x9
.endm

// ---- way out

.macro leave
    eret
    // Some cores run on past eret until it takes effect: nothing of use is here.
    dsb nsh
    isb
.endm

// x9: the vCPU
.macro find_vcpu
    mrs x17, tpidr_el2
    address_of x9, percpu_current
    ldr x9, [x9, x17]
.endm

// After find_vcpu. SP: this CPU's stack, or the vCPU if there is no work
.macro vcpu_unless_work otherwise
    address_of x10, percpu_work
    ldr w10, [x10, x17]
    cbnz w10, \otherwise
    mov sp, x9
.endm

// SP: the vCPU
.macro restore_volatile_and_leave
    ldp x3, x4, [sp, #AT_PC]
    ldr x30, [sp, #AT_X30]
    msr elr_el2, x3
    msr spsr_el2, x4
    ldr x18, [sp, #AT_X18]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    leave
.endm

.macro restore_rest
    ldr x19, [sp, #AT_X19]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
.endm

FUNCTION(lower_irq)
    save_first
interrupted:
    save_volatile sp
    ldr x9, [sp, #AT_STACK]
    mov sp, x9
    bl irq_handle
    find_vcpu
    vcpu_unless_work otherwise=save_and_leave_slowly
    restore_volatile_and_leave
END(lower_irq)

FUNCTION(lower_sync)
    save_first
    mrs x2, esr_el2
    movz w3, #HVC_HIGH, lsl #16
    movk w3, #XEN_HYPERCALL_TAG
    cmp x2, x3
    b.ne 3f
    ldr x0, [sp]
    cbnz w0, 1f // no command but 0 is answered here
    mov x1, x16
    bl call_frameless
    tbz x0, #63, answered
    ldr x30, [sp, #AT_X30]
1:  save_volatile sp
    take_stack
    bl call_dispatch
    find_vcpu
    cmn x0, #RESTART
    b.eq 7f
    str x0, [x9]
    vcpu_unless_work otherwise=save_and_leave_slowly
    restore_volatile_and_leave
7:  mov x1, x0
    mov x0, x9
    bl call_answer
leave_volatile:
    find_vcpu
    vcpu_unless_work otherwise=save_and_leave_slowly
    restore_volatile_and_leave
save_and_leave_slowly:
    str x19, [x9, #AT_X19]
    save_rest x9
    b leave_slowly

3:  sub w3, w3, #XEN_HYPERCALL_TAG
    cmp x2, x3
    b.ne 4f
    ldr x0, [sp]
    bl vpsci_frameless
    tbnz x0, #63, ordinary
answered:
    str x0, [sp]
    ldp x16, x17, [sp, #128]
may_leave:
    mrs x0, tpidr_el2
    address_of x1, percpu_work
    ldr w0, [x1, x0]
    cbnz w0, 6f
    ldr x30, [sp, #AT_X30]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    leave

// MRS Xt, S3_0_C0_C<0..7>_<op2> (ISS: D19.2.39): the ID registers are a table that has every index,
// and row 0, where only REVIDR_EL1 traps, is zero. Xt may be in the frame, or XZR.
4:  lsr w0, w2, #20
    cmp w0, #(EC_SYSREG << 6 | 1 << 5 | 3)
    b.ne ordinary
    tst w2, #0x1fc00 // op1, CRn
    b.ne ordinary
    tbnz w2, #4, ordinary // CRm
    tbz w2, #0, ordinary  // MSR
    ubfx w0, w2, #1, #3
    ubfx w1, w2, #17, #3
    bfi w1, w0, #3, #3
    address_of x0, idregs
    ldr x0, [x0, x1, lsl #3]
    mrs x3, elr_el2
    add x3, x3, #4
    msr elr_el2, x3
    ubfx w2, w2, #5, #5
    adr x3, 5f
    add x3, x3, x2, lsl #3
    br x3
5:  .irp t, 0, 1, 2, 3
    str x0, [sp, #8 * \t]
    b may_leave
    .endr
    .irp t, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    mov x\t, x0
    b may_leave
    .endr
    str x0, [sp, #AT_X30]
    b may_leave
    b may_leave

// Work is due, most likely by an IPI that would come after the eret. x16 and x17 may be what was
// read.
6:  stp x16, x17, [sp, #128]
    b interrupted

ordinary:
    ldr x30, [sp, #AT_X30]
    save_volatile sp
    save_rest sp
    mrs x1, esr_el2
    take_stack
    bl trap_sync
    b leave_all
END(lower_sync)

FUNCTION(lower_serror)
    save_first
    b ordinary
END(lower_serror)

FUNCTION(leave_all)
    find_vcpu
    vcpu_unless_work otherwise=leave_slowly
    restore_rest
    restore_volatile_and_leave
END(leave_all)

FUNCTION(leave_slowly)
    bl trap_leave_slow // which vCPU now
    mov sp, x0
    restore_rest
    restore_volatile_and_leave
END(leave_slowly)

// trap_start_leave(): the boot stack's contents are of no use any more.
FUNCTION(trap_start_leave)
    mrs x17, tpidr_el2
    address_of x9, percpu_trap_stack
    ldr x9, [x9, x17]
    mov sp, x9
    mov x29, xzr
    mov x30, xzr
    b leave_slowly
END(trap_start_leave)

// ---- exceptions of the hypervisor itself: store what there was, on no stack, and panic. SP_EL0 is
// free for use here: the guest's was stored on entry. x0: kind, as the vector's number.
FUNCTION(el2_exception)
    address_of x1, panic_registers
    stp x2, x3, [x1, #16]
    mov x2, x0
    mov x3, sp
    mrs x0, sp_el0
    str x0, [x1]
    mrs x0, tpidrro_el0
    str x0, [x1, #8]
    mov x0, x1
    mov x1, x3
    save_volatile x0
    stp x16, x17, [x0, #128]
    save_rest x0
    mrs x4, sp_el0
    stp x30, x4, [x0, #AT_X30]
    address_of x4, panic_stack_top
    mov sp, x4
    mov x29, xzr
    bl trap_panic
    b .
END(el2_exception)

.section .bss.panic, "aw", %nobits
.balign 16
panic_registers:
    .skip 36 * 8
panic_stack:
    .skip 4096
panic_stack_top:

// ---- the vectors: 128 bytes each

.macro own kind
    .balign 128
    msr sp_el0, x0
    msr tpidrro_el0, x1 // the guest's is lost: there is no way back from a panic
    mov x0, #\kind
    b el2_exception
.endm

// What the guest trained must not steer our first branches (Arm's white papers on Spectre variant 2
// and Spectre-BHB): a loop of taken branches, CLRBHB, or the firmware's call, whichever
// cpu/errata.c chooses.
.macro mitigate_none
.endm

.macro mitigate_loop rounds
    mov x0, #\rounds
1:  b 2f
2:  subs x0, x0, #1
    b.ne 1b
    dsb nsh
    isb
.endm

.macro mitigate_clear
    hint #22 // CLRBHB
    isb
.endm

// low: of SMCCC_ARCH_WORKAROUND_1 or 3, which keep all but x0..x3
.macro mitigate_firmware low
    stp x2, x3, [sp, #16]
    movz w0, #\low
    movk w0, #0x8000, lsl #16
    smc #0
    ldp x2, x3, [sp, #16]
.endm

.macro from_guest target, mitigate:vararg
    .balign 128
    stp x0, x1, [sp]
    \mitigate
    b \target
.endm

.macro vectors name, mitigate:vararg
    .balign 2048
    .global \name
    \name:
    own 0
    own 1
    own 2
    own 3
    own 4
    own 5
    own 6
    own 7
    .rept 2 // AArch64, AArch32
    from_guest lower_sync, \mitigate
    from_guest lower_irq, \mitigate
    from_guest lower_irq, \mitigate // FIQ: the same controller
    from_guest lower_serror, \mitigate
    .endr
    .balign 128
.endm

.section .text.vectors, "ax", %progbits
vectors trap_vectors, mitigate_none
vectors trap_vectors_loop8, mitigate_loop 8
vectors trap_vectors_loop11, mitigate_loop 11
vectors trap_vectors_loop24, mitigate_loop 24
vectors trap_vectors_loop32, mitigate_loop 32
vectors trap_vectors_loop38, mitigate_loop 38
vectors trap_vectors_loop132, mitigate_loop 132
vectors trap_vectors_clear, mitigate_clear
vectors trap_vectors_firmware_1, mitigate_firmware 0x8000
vectors trap_vectors_firmware_3, mitigate_firmware 0x3fff
