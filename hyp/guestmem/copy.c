/* SPDX-License-Identifier: MIT */
/*
 * A page of a copy is translated and used within one window of the p2m (p2m_window_open): what the
 * tables map then is not freed before the window closes. A translation out of a TLB entry that is
 * about to be flushed is good as well: the flush, and the wait for windows after it, are still to
 * come.
 *
 * No translation is not yet a fault: another CPU may be between break and make of that entry. Then
 * it is tried once more under the lock, where the tables stand still.
 */
#include "base/bits.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

#define COPY_MAX 0x10000u

/* _U32, _U64: an aligned word, which is most of what is copied. */
enum direction { IN, IN_U32, IN_U64, OUT, OUT_U32, OUT_ZERO };

static inline bool is_in(enum direction way)
{
    return way <= IN_U64;
}

/* Some bytes within a page of the guest's. */
static __force_inline void move(enum direction way, void *ours, struct frame *f, u32 offset,
                                u32 bytes)
{
    char *theirs = (char *)frame_map(f) + offset;
    switch (way) {
    case IN:
        memcpy(ours, theirs, bytes);
        break;
    case IN_U32:
        *(u32 *)ours = load_relaxed((const u32 *)theirs);
        break;
    case IN_U64:
        *(u64 *)ours = load_relaxed((const u64 *)theirs);
        break;
    case OUT:
        memcpy(theirs, ours, bytes);
        break;
    case OUT_U32:
        store_relaxed((u32 *)theirs, *(const u32 *)ours);
        break;
    case OUT_ZERO:
        memset(theirs, 0, bytes);
        break;
    }
    if (!is_in(way)) {
        guest_mark_dirty(f);
    }
    frame_unmap(theirs - offset);
}

/* Within one page; bytes > 0. */
static __force_inline enum err try_piece(enum direction way, void *ours, gva_t at, u32 bytes)
{
    maddr_t m;
    u32 *window = p2m_window_open();
    enum err e = guest_translate_machine(at, !is_in(way), &m);
    if (likely(e == OK)) {
        struct frame *f = mfn_to_frame(maddr_to_mfn(m));
        if (likely(f != NULL)) {
            move(way, ours, f, (u32)(at.v & PAGE_MASK), bytes);
        } else {
            e = E_FAULT;
        }
    }
    p2m_window_close(window);
    return e;
}

static enum err copy_piece(enum direction way, void *ours, gva_t at, u32 bytes)
{
    struct p2m *p2m = domain_current()->p2m;
    enum err e = try_piece(way, ours, at, bytes);
    if (e != OK) {
        read_lock(&p2m->lock);
        e = try_piece(way, ours, at, bytes);
        read_unlock(&p2m->lock);
    }
    return e;
}

static __noinline enum err copy_pieces(enum direction way, char *ours, gva_t at, u32 bytes)
{
    if (bytes == 0) {
        return OK;
    }
    if (bytes > COPY_MAX || at.v + bytes - 1 < at.v) {
        return E_FAULT;
    }
    enum err e = OK;
    while (bytes > 0 && e == OK) {
        u32 here = MIN(bytes, (u32)(PAGE_SIZE - (at.v & PAGE_MASK)));
        e = copy_piece(way, ours, at, here);
        ours = way == OUT_ZERO ? ours : ours + here;
        at.v += here;
        bytes -= here;
    }
    return e;
}

/* Most copies are small and within a page: bytes - 1 wraps for 0. */
static __force_inline enum err copy(enum direction way, void *ours, gva_t at, u32 bytes)
{
    if (likely(bytes - 1 < PAGE_SIZE - (at.v & PAGE_MASK)) &&
        likely(try_piece(way, ours, at, bytes) == OK)) {
        return OK;
    }
    return copy_pieces(way, ours, at, bytes);
}

enum err copy_in(void *to, gva_t from, u32 bytes)
{
    return copy(IN, to, from, bytes);
}

enum err copy_out(gva_t to, const void *from, u32 bytes)
{
    return copy(OUT, (char *)from, to, bytes);
}

/* way: of a word; slowly: the same of any bytes. */
static __force_inline enum err copy_word(enum direction way, enum direction slowly, void *ours,
                                         gva_t at, u32 bytes)
{
    if (likely(is_aligned(at.v, bytes)) && likely(try_piece(way, ours, at, bytes) == OK)) {
        return OK;
    }
    return copy_pieces(slowly, ours, at, bytes);
}

enum err copy_in_u32(u32 *to, gva_t from)
{
    return copy_word(IN_U32, IN, to, from, sizeof(*to));
}

enum err copy_in_u64(u64 *to, gva_t from)
{
    return copy_word(IN_U64, IN, to, from, sizeof(*to));
}

enum err copy_out_u32(gva_t to, u32 value)
{
    return copy_word(OUT_U32, OUT, &value, to, sizeof(value));
}

enum err copy_out_zero(gva_t to, u32 bytes)
{
    return copy(OUT_ZERO, NULL, to, bytes);
}

enum err guest_translate(gva_t va, bool write, gaddr_t *out)
{
    struct p2m *p2m = domain_current()->p2m;
    enum err e = guest_translate_stage1(va, write, out);
    if (e != OK) {
        read_lock(&p2m->lock);
        e = guest_translate_stage1(va, write, out);
        read_unlock(&p2m->lock);
    }
    return e == OK && p2m_allows(p2m, *out, write, false) ? OK : E_FAULT;
}

/* False when the element's address wraps. */
static bool nth(gva_t base, u64 index, u32 bytes, gva_t *out)
{
    u64 offset;
    return !__builtin_mul_overflow(index, (u64)bytes, &offset) &&
           !__builtin_add_overflow(base.v, offset, &out->v);
}

enum err copy_in_nth(void *to, gva_t base, u64 index, u32 bytes)
{
    gva_t at;
    return nth(base, index, bytes, &at) ? copy_in(to, at, bytes) : E_FAULT;
}

enum err copy_in_nth_u64(u64 *to, gva_t base, u64 index)
{
    gva_t at;
    return nth(base, index, sizeof(*to), &at) ? copy_in_u64(to, at) : E_FAULT;
}

enum err copy_out_nth(gva_t base, u64 index, const void *from, u32 bytes)
{
    gva_t at;
    return nth(base, index, bytes, &at) ? copy_out(at, from, bytes) : E_FAULT;
}
