// SPDX-License-Identifier: MIT
// The first instructions. The boot loader enters as Linux' Documentation/arch/arm64/booting.rst says: MMU off, x0 the
// device tree's machine address, the image clean to the point of coherency at a 2 MiB boundary.
//
//   entry, MMU off --> tables of the image (early_arm64.c) --> MMU on by way of the identity map --> boot_main()
//
// Started at EL1 all this works the same with EL1's registers: far enough to say so on the console.
#include "boot/start_arm64.h"
#include "cpu/asm_arm64.h"
#include "cpu/regs_arm64.h"

.section .head, "ax", %progbits
.global image_start_code
image_start_code:
    b primary_entry
    .long 0
    .quad 0                         // text_offset
    .quad image_memory_bytes        // image_size
    .quad 0xa                       // little endian, 4 KiB pages, at any 2 MiB boundary
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

// Lines that a boot loader left dirty over memory that we write with the MMU off would come out over it later; lines
// that were fetched meanwhile would hide it. Called before and after writing. x0 start, x1 end; changes x2, x3.
FUNCTION_IN(.text.init, invalidate_lines)
    mrs x2, ctr_el0
    ubfx x2, x2, #16, #4
    mov x3, #4
    lsl x3, x3, x2
1:  dc ivac, x0
    add x0, x0, x3
    cmp x0, x1
    b.lo 1b
    dsb sy
    ret
END(invalidate_lines)

FUNCTION_IN(.text.init, primary_entry)
    msr daifset, #15
    mov x20, x0
    address_of x21, image_start
    tst x21, #0x1fffff              // elsewhere the tables below would be wrong; there is no console yet
    b.ne park
    address_of x0, boot_guard
    address_of x1, image_end
    bl invalidate_lines
    address_of x1, boot_stack_top
    mov sp, x1
    mov x29, xzr
    mov x0, x21
    bl boot_map_image               // x0: identity root
    mov x22, x0
    address_of x0, boot_guard
    address_of x1, image_end
    bl invalidate_lines
    mov x0, x22
    bl enable_mmu
    ldr x9, =primary_virtual
    br x9
END(primary_entry)

FUNCTION_IN(.text.init, park)
    wfi
    b park
END(park)

// Translation on, with the tables at x0, for the exception level that we are at. Returns to the identity map.
FUNCTION_IN(.text.init, enable_mmu)
    mrs x1, id_aa64mmfr0_el1
    and x1, x1, #0xf
    mov x2, #5                      // 48 bits: what our tables can hold
    cmp x1, x2
    csel x1, x1, x2, ls
    ldr x3, =MAIR_VALUE
    mrs x2, CurrentEL
    cmp x2, #(1 << 2)
    b.eq 1f
    cmp x2, #(2 << 2)
    b.ne park                       // EL3 is the firmware's place

    ldr x4, =HCR_RW                 // not E2H: a kernel may have been here before
    msr hcr_el2, x4
    isb
    ldr x4, =(CPTR_RES1 | CPTR_TZ)  // libfdt copies by SIMD registers
    msr cptr_el2, x4
    msr mair_el2, x3
    ldr x4, =(TCR_EL2_RES1 | TCR_T0SZ(48) | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER)
    orr x4, x4, x1, lsl #16
    msr tcr_el2, x4
    msr ttbr0_el2, x0
    tlbi alle2
    ic iallu
    dsb nsh
    isb
    ldr x4, =(SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN)
    msr sctlr_el2, x4
    isb
    ret

1:  mov x4, #(3 << 20)              // CPACR_EL1.FPEN
    msr cpacr_el1, x4
    msr mair_el1, x3
    ldr x4, =(TCR_T0SZ(48) | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | TCR_EL1_EPD1)
    orr x4, x4, x1, lsl #32
    msr tcr_el1, x4
    msr ttbr0_el1, x0
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x4, =(SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA)
    msr sctlr_el1, x4
    isb
    ret
END(enable_mmu)

// From the identity map's root to ours at x0, which agree on where we run.
.macro leave_identity
    msr ttbr0_el2, x0
    isb
    tlbi alle2
    dsb nsh
    isb
.endm

FUNCTION_IN(.text.init, primary_virtual)
    address_of x1, boot_stack_top
    mov sp, x1
    mov x29, xzr
    mov x30, xzr
    address_of x0, __start_percpu
    address_of x2, bss_end
    sub x2, x2, x0
    mov x1, #0
    bl memset
    address_of x2, boot_root_table
    address_of x3, image_start
    sub x2, x2, x3
    add x2, x2, x21                 // machine address of our root
    mrs x1, CurrentEL
    cmp x1, #(1 << 2)
    b.eq 1f
    mov x0, x2
    leave_identity
    msr tpidr_el2, xzr
    address_of x1, trap_vectors
    msr vbar_el2, x1
    isb
    mov x0, x20
    mov x1, x21
    bl boot_main
1:  msr ttbr0_el1, x2
    isb
    tlbi vmalle1
    dsb nsh
    isb
    mov x0, x20
    mov x1, x21
    bl boot_main_el1
    b .
END(primary_virtual)

// PSCI starts a CPU here: MMU off, x0 the machine address of struct boot_secondary (smp_arm64.c).
FUNCTION_IN(.text.boot.secondary, secondary_entry)
    msr daifset, #15
    mrs x1, CurrentEL
    cmp x1, #(2 << 2)
    b.ne park
    ldp x0, x19, [x0, #BOOT_SECONDARY_IDENTITY]
    bl enable_mmu
    ldr x9, =secondary_virtual
    br x9
END(secondary_entry)

FUNCTION_IN(.text.boot.secondary, secondary_virtual)
    mov x0, x19
    leave_identity
    address_of x1, boot_secondary
    ldp x2, x3, [x1, #BOOT_SECONDARY_STACK]
    mov sp, x2
    msr tpidr_el2, x3
    address_of x1, trap_vectors
    msr vbar_el2, x1
    isb
    mov x29, xzr
    mov x30, xzr
    bl smp_secondary_main
    b .
END(secondary_virtual)
