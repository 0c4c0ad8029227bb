// SPDX-License-Identifier: MIT
// A 32-bit guest of two vCPUs, both on one CPU (cpus = "0"): vCPU 0 has floating point on (FPEXC.EN), vCPU 1 has it off, and
// each finds it so whenever the other has run. Ends with the shutdown reason that says so: poweroff, or crash.
    .arch   armv7-a
    .arch_extension virt
    .fpu    neon
    .arm

    .equ    SCHED_OP, 29
    .equ    YIELD, 0
    .equ    SHUTDOWN, 2
    .equ    POWEROFF, 0
    .equ    CRASH, 3
    .equ    CPU_ON, 0x84000003
    .equ    ENABLE, 1 << 30             // FPEXC.EN
    .equ    TURNS, 300

    .globl _start
_start:
    .rept   8
    nop
    .endr
    b       vcpu0
    .word   0x016f2818                  // zImage: magic, runs anywhere, its end
    .word   0
    .word   end - _start

    .macro  access                      // CPACR: coprocessors 10 and 11
    mov     r0, #0xf << 20
    mcr     p15, 0, r0, c1, c0, 2
    isb
    adr     r0, vectors
    mcr     p15, 0, r0, c12, c0, 0      // VBAR
    isb
    .endm

    .macro  yield_cpu
    mov     r0, #YIELD
    mov     r1, #0
    mov     r12, #SCHED_OP
    hvc     #0xea1
    .endm

    .macro  expect_fpexc value
    vmrs    r0, fpexc
    and     r0, r0, #ENABLE
    cmp     r0, #\value
    movne   r4, #CRASH
    bne     stop
    .endm

vcpu0:
    access
    mov     r0, #ENABLE
    vmsr    fpexc, r0
    vmov.i8 d0, #0x5a
    ldr     r0, =CPU_ON
    mov     r1, #1
    adr     r2, vcpu1
    mov     r3, #0
    hvc     #0
    cmp     r0, #0
    movne   r4, #CRASH
    bne     stop
1:  yield_cpu
    vmov    r0, r1, d0                  // UNDEFINED if the other's FPEXC stayed
    ldr     r2, =0x5a5a5a5a
    cmp     r0, r2
    movne   r4, #CRASH
    bne     stop
    expect_fpexc ENABLE
    adr     r0, turns
    ldr     r0, [r0]
    cmp     r0, #TURNS
    blt     1b
    mov     r4, #POWEROFF
    b       stop

vcpu1:
    access
1:  expect_fpexc 0                      // a vCPU begins with it off
    adr     r1, turns
    ldr     r0, [r1]
    add     r0, r0, #1
    str     r0, [r1]
    yield_cpu
    b       1b

bad:
    mov     r4, #CRASH
stop:
    adr     r1, reason
    str     r4, [r1]
    mov     r0, #SHUTDOWN
    mov     r12, #SCHED_OP
    hvc     #0xea1
1:  b       1b

turns:
    .word   0
reason:
    .word   0
    .ltorg

    .balign 32
vectors:
    .rept   8
    b       bad
    .endr
end:
