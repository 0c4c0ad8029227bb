/* SPDX-License-Identifier: MIT */
#include "log/panic.h"

#include "base/panic.h"
#include "cpu/arch.h"
#include "log/log.h"

#define TRACE_MAX   24u
#define STACK_BYTES 16384u

/* What EL2's own exception found, if that is why. */
static const struct cpu_regs *exception_regs; /* [panicking CPU] */
static u64 exception_sp;

extern const char image_start[], text_end[];

static bool is_text(u64 address)
{
    return address >= (u64)image_start && address < (u64)text_end;
}

/* Reading address would not fault: asked of the MMU itself. */
static bool is_readable(u64 address)
{
    __asm__ volatile("at s1e2r, %0\n\tisb" : : "r"(address));
    return !(read_sysreg(par_el1) & 1);
}

/*
 * The chain of frame records (AAPCS64 6.4.6: each is the caller's record and the return address;
 * both compilers keep them). It ends where a guest's x29 was pushed: no address on our stack.
 * Offsets are from the image's first byte.
 */
static void trace(u64 from)
{
    /* Our own record when there is no other: the caller's may be gone already (a tail call). */
    u64 frame = from != 0 ? from : (u64)__builtin_frame_address(0);
    for (u32 i = 0; i < TRACE_MAX && (frame & 15) == 0 && is_readable(frame); i++) {
        const u64 *record = (const u64 *)frame;
        if (!is_text(record[1])) {
            return;
        }
        log_error("  called from image+%#llx", record[1] - 4 - (u64)image_start);
        if (record[0] <= frame || record[0] - frame > STACK_BYTES) {
            return;
        }
        frame = record[0];
    }
}

static void dump_regs(const struct cpu_regs *r, u64 sp)
{
    log_error("pc %016llx (image+%#llx) pstate %llx sp %016llx", r->pc, r->pc - (u64)image_start,
              r->pstate, sp);
    for (u32 i = 0; i < 30; i += 3) {
        log_error("x%-2u %016llx  x%-2u %016llx  x%-2u %016llx", i, r->x[i], i + 1, r->x[i + 1],
                  i + 2, r->x[i + 2]);
    }
    log_error("x30 %016llx (image+%#llx)", r->x[30], r->x[30] - (u64)image_start);
}

void panic_arch_dump(void)
{
    u64 esr = read_sysreg(esr_el2);
    log_error("esr %08llx (class %#llx, syndrome %#llx) far %016llx hcr %llx vttbr %llx", esr,
              ESR_EC(esr), ESR_ISS(esr), read_sysreg(far_el2), read_sysreg(hcr_el2),
              read_sysreg(vttbr_el2));
    log_error("elr %016llx spsr %llx", read_sysreg(elr_el2), read_sysreg(spsr_el2));
    if (exception_regs) {
        dump_regs(exception_regs, exception_sp);
        trace(exception_regs->x[29]);
    } else {
        trace(0);
    }
}

void panic_exception(const struct cpu_regs *r, u64 sp, u32 vector)
{
    static const char *const kind[] = {"synchronous exception", "IRQ", "FIQ", "SError"};
    static const char *const from[] = {"EL2 on SP_EL0", "EL2", "a 64-bit guest", "a 32-bit guest"};
    exception_regs = r;
    exception_sp = sp;
    panic("%s from %s at image+%#llx", kind[vector & 3], from[(vector >> 2) & 3],
          r->pc - (u64)image_start);
}
