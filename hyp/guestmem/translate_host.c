/* SPDX-License-Identifier: MIT */
/* The fake guests run with their MMU off: virtual addresses are guest-physical ones. */
#include "guestmem/translate_host.h"

#include "base/panic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

void (*fake_translate_hook)(gva_t va, bool write);

enum err guest_translate_machine(gva_t va, bool write, maddr_t *out)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    assert(this_cpu(p2m_window) & 1);
    if (fake_translate_hook) {
        fake_translate_hook(va, write);
    }
    enum err e =
        p2m_lookup_locked(domain_current()->p2m, (gfn_t){va.v >> PAGE_SHIFT}, &mfn, &type, &order);
    if (e != OK || (write && !p2m_type_is_writable(type))) {
        return E_FAULT;
    }
    out->m = mfn_to_maddr(mfn).m | (va.v & PAGE_MASK);
    return OK;
}

enum err guest_translate_stage1(gva_t va, bool write, gaddr_t *out)
{
    (void)write;
    out->g = va.v;
    return OK;
}
