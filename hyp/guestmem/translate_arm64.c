/* SPDX-License-Identifier: MIT */
/*
 * Address translation by the MMU, in the EL1&0 regime that is loaded: the current vCPU's (Arm ARM
 * C6.2.21 AT, D13.2.99 PAR_EL1). The instruction leaves its answer in PAR_EL1, which is the guest's
 * too, so it is put back.
 */
#include "base/bits.h"
#include "guestmem/guestmem.h"

#define PAR_FAULT BIT(0)

#define TRANSLATE(op, va, par)                                           \
    do {                                                                 \
        u64 saved;                                                       \
        asm volatile("mrs %0, par_el1\n\tat " op                         \
                     ", %2\n\tisb\n\tmrs %1, par_el1\n\tmsr par_el1, %0" \
                     : "=&r"(saved), "=&r"(par)                          \
                     : "r"(va)                                           \
                     : "memory");                                        \
    } while (0)

static u64 address(u64 par, gva_t va)
{
    return (par & BITS(51, 12)) | (va.v & PAGE_MASK);
}

enum err guest_translate_machine(gva_t va, bool write, maddr_t *out)
{
    u64 par;
    if (write) {
        TRANSLATE("s12e1w", va.v, par);
    } else {
        TRANSLATE("s12e1r", va.v, par);
    }
    if (par & PAR_FAULT) {
        return E_FAULT;
    }
    out->m = address(par, va);
    return OK;
}

enum err guest_translate_stage1(gva_t va, bool write, gaddr_t *out)
{
    u64 par;
    if (write) {
        TRANSLATE("s1e1w", va.v, par);
    } else {
        TRANSLATE("s1e1r", va.v, par);
    }
    if (par & PAR_FAULT) {
        return E_FAULT;
    }
    out->g = address(par, va);
    return OK;
}
