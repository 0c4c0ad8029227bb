/* SPDX-License-Identifier: MIT */
/*
 * The only two doors to guest memory.
 *
 * copy_in / copy_out: hypercall buffers at guest-virtual addresses of the current vCPU (translated
 * by the MMU as EL1 would, AT S12E1R/W, then checked against the p2m), once, whole or E_FAULT. At
 * most 4 KiB a call crosses at most two pages: bounded.
 *
 * struct gpage: a guest page referenced, checked and mapped for as long as it is kept (event words,
 * shared info, grant table, runstate, rings). Its atomic operations are tried a bounded number of
 * times, and then once with the domain's other vCPUs paused, because a load-exclusive loop against
 * a hostile guest need not end (XSA-295).
 *
 * Every write marks its frame dirty in one place (guest_mark_dirty): migration and Remus stand on
 * that.
 */
#ifndef GUESTMEM_GUESTMEM_H
#define GUESTMEM_GUESTMEM_H

#include "abi/types.h"
#include "base/addr.h"
#include "base/err.h"
#include "mem/frame.h"

struct domain;

/* A pointer into guest memory is followed in gpage.c only: sparse sees to it (make lint). */
#ifdef __CHECKER__
#define __guest __attribute__((noderef, address_space(1)))
#define __force __attribute__((force))
#else
#define __guest
#define __force
#endif

/* Of the current vCPU. 0 bytes are always OK. E_FAULT: not mapped, not allowed, no RAM, or bytes >
 * 64 KiB; bytes before the bad page may have been copied. Any context.
 */
enum err copy_in(void *to, gva_t from, u32 bytes);
enum err copy_out(gva_t to, const void *from, u32 bytes);
/* The same of a word, faster. */
enum err copy_in_u32(u32 *to, gva_t from);
enum err copy_in_u64(u64 *to, gva_t from);
enum err copy_out_u32(gva_t to, u32 value);
/* One element of a guest array: base + index * bytes, checked for wrap. */
enum err copy_in_nth(void *to, gva_t base, u64 index, u32 bytes);
enum err copy_in_nth_u64(u64 *to, gva_t base, u64 index);
enum err copy_out_nth(gva_t base, u64 index, const void *from, u32 bytes);
enum err copy_out_zero(gva_t to, u32 bytes);

struct gpage {
    struct frame *frame;
    void __guest *va;
    struct domain *domain;
    gfn_t gfn; /* where it was taken, or GFN_INVALID */
    bool writable;
};

/* Takes a page of d's RAM by gfn. E_INVAL when it is no RAM of d's own, or not writable and should
 * be. get pairs with put (any order, any context). */
enum err gpage_get(struct domain *d, gfn_t gfn, bool writable, struct gpage *out);
/* A SHARED page of the hypervisor's (shared info, grant frames): no reference is taken. */
void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out);
void gpage_put(struct gpage *p);

u8 gpage_read8(const struct gpage *p, u32 offset);
u32 gpage_read32(const struct gpage *p, u32 offset);
u64 gpage_read64(const struct gpage *p, u32 offset);
void gpage_read(const struct gpage *p, u32 offset, void *to, u32 bytes);
/* Offsets are within the page, aligned to the access. Plain reads and writes order nothing. */
void gpage_write8(struct gpage *p, u32 offset, u8 value);
void gpage_write32(struct gpage *p, u32 offset, u32 value);
void gpage_write64(struct gpage *p, u32 offset, u64 value);
void gpage_write(struct gpage *p, u32 offset, const void *from, u32 bytes);
/* From one page to another (or within one: as memmove). Marks to dirty. */
void gpage_copy(struct gpage *to, u32 to_offset, const struct gpage *from, u32 from_offset,
                u32 bytes);
/* Old value of the bit. bit counts from offset, in the words the ABI uses (64 bit on arm64). Full
 * barrier. */
bool gpage_test_and_set_bit(struct gpage *p, u32 offset, u32 bit);
bool gpage_test_and_clear_bit(struct gpage *p, u32 offset, u32 bit);
void gpage_clear_bits(struct gpage *p, u32 offset, u64 bits); /* of an aligned word of 64 */
/* True when *expected was there and is replaced; else *expected is what is there. Full barrier on
 * success. */
bool gpage_cmpxchg16(struct gpage *p, u32 offset, u16 *expected, u16 value);
bool gpage_cmpxchg32(struct gpage *p, u32 offset, u32 *expected, u32 value);
bool gpage_cmpxchg64(struct gpage *p, u32 offset, u64 *expected, u64 value);

/* The hypervisor wrote to f. Nobody listens yet: log-dirty mode hangs itself in here. */
extern void (*guest_dirty_hook)(struct frame *f);
static inline void guest_mark_dirty(struct frame *f)
{
    if (unlikely(guest_dirty_hook != NULL)) {
        guest_dirty_hook(f);
    }
}

/* Where a buffer of the current vCPU lies in its domain, if it may access it there now. E_FAULT. */
enum err guest_translate(gva_t va, bool write, gaddr_t *out);

/* --- translate_arm64.c / translate_host.c --- */
/* Stage 1 and 2 at once, as EL1 would access. E_FAULT. Inside a window of the p2m
 * (p2m_window_open): until it is closed the answer stays true. */
enum err guest_translate_machine(gva_t va, bool write, maddr_t *out);
/* Stage 1 only: for a data abort whose HPFAR_EL2 is not valid. E_FAULT: the guest changed its
 * tables; execute again. */
enum err guest_translate_stage1(gva_t va, bool write, gaddr_t *out);

#endif
