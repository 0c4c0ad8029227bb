// SPDX-License-Identifier: MIT
// Where a helper starts: x0 says which it is, 1 to 3. Each has a stack; the vectors are the guest's.
    .globl helper_entry
helper_entry:
    ldr     x1, =helper_stacks
    add     x1, x1, x0, lsl #13
    mov     sp, x1
    mov     x1, #(3 << 20)
    msr     cpacr_el1, x1
    ldr     x1, =vectors
    msr     vbar_el1, x1
    isb
    bl      helper_main
1:  b       1b

    .bss
    .balign 16
helper_stacks:
    .space  3 << 13
