/* SPDX-License-Identifier: MIT */
/* console_io(command, count, buffer): the machine's console, for dom0. Guests of a debug build may
 * write to the log. */
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "call/console.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"
#include "log/console.h"
#include "log/log.h"
#include "log/log_up.h"
#include "sync/percpu.h"

#define CHUNK_BYTES 128u

/* ---- events. log/ tells of news with its lock held, and raising an event takes others: so later,
 * on the way out. */

#define NEWS_INPUT BIT(0)
#define NEWS_RING  BIT(1)
static u64 news; /* [a] NEWS_* */

static void note(u64 what)
{
    /* The work bit follows the note, so that whoever sees the bit sees the note. */
    atomic_or(&news, what);
    percpu_raise(cpu_current(), WORK_CONSOLE);
}

void log_up_input(void)
{
    note(NEWS_INPUT);
}

void log_up_ring(void)
{
    note(NEWS_RING);
}

void call_console_work(void)
{
    const u64 what = atomic_xchg(&news, 0);
    /* With nobody to tell yet, dom0 looks at the ring when it starts. */
    if (what & NEWS_INPUT) {
        evtchn_raise_global_virq(domain_hardware, VIRQ_CONSOLE);
    }
    if (what & NEWS_RING) {
        evtchn_raise_global_virq(domain_hardware, VIRQ_CON_RING);
    }
}

/* ---- the call */

/* One line of a guest's at most: printable characters only. Returns the bytes eaten. */
static u32 log_line(domid_t id, const char *text, u32 bytes)
{
    char line[CHUNK_BYTES + 1];
    u32 eaten = 0;
    u32 length = 0;
    while (eaten < bytes) {
        const char c = text[eaten++];
        if (c == '\n') {
            break;
        }
        if ((c >= ' ' && c <= '~') || c == '\t') {
            line[length++] = c;
        }
    }
    line[length] = '\0';
    log_guest(LOG_DEBUG, id, "%s", line);
    return eaten;
}

static s64 write_text(const struct domain *d, struct call_args *args)
{
    u32 left = (u32)args->arg[1];
    gva_t from = {args->arg[2]};
    while (left != 0) {
        char text[CHUNK_BYTES];
        u32 bytes = MIN(left, CHUNK_BYTES);
        if (copy_in(text, from, bytes) != OK) {
            return E_FAULT;
        }
        if (d->privileged) {
            console_write(text, bytes, false);
        } else {
            bytes = log_line(d->id, text, bytes);
        }
        left -= bytes;
        from.v += bytes;
        if (left != 0 && call_should_restart()) {
            args->arg[1] = left;
            args->arg[2] = from.v;
            return E_RESTART;
        }
    }
    return OK;
}

/* What is there, up to count; stops early rather than restart: the caller asks again anyway. */
static s64 read_input(u32 count, gva_t to)
{
    if (count > 0x7fffffff) {
        return E_2BIG; /* the result could not say so many */
    }
    u32 done = 0;
    while (done < count) {
        char text[CHUNK_BYTES];
        const u32 want = MIN(count - done, CHUNK_BYTES);
        const gva_t at = {to.v + done};
        gaddr_t ignored;
        /* Input is taken from the console only when there is a place for it. */
        if (guest_translate(at, true, &ignored) != OK ||
            guest_translate((gva_t){at.v + want - 1}, true, &ignored) != OK) {
            return done != 0 ? (s64)done : (s64)E_FAULT;
        }
        const u32 got = console_read(text, want);
        if (got != 0 && copy_out(at, text, got) != OK) {
            return E_FAULT;
        }
        done += got;
        if (got < want || call_should_restart()) {
            break;
        }
    }
    return done;
}

s64 call_console_io(struct vcpu *v, struct call_args *args)
{
    const struct domain *d = v->domain;
    const u32 command = (u32)args->arg[0];
    if (!(DEBUG && command == CONSOLEIO_write)) {
        const enum err e = permission_check(v->domain, NULL, __HYPERVISOR_console_io, command);
        if (e != OK) {
            return e;
        }
    }
    switch (command) {
    case CONSOLEIO_write:
        return write_text(d, args);
    case CONSOLEIO_read:
        return read_input((u32)args->arg[1], (gva_t){args->arg[2]});
    default:
        return E_NOSYS;
    }
}
