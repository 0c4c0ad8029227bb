/* SPDX-License-Identifier: MIT */
/*
 * The specification in the image, by the debug key S: it holds, or the machine panics with its
 * sentence. Only DEBUG=1 has these files, and nothing of hyp/ knows of them: the linker puts this
 * file around two of hyp/'s functions (--wrap, Makefile).
 *
 * A quiet moment. rcu_quiescent() is called where a CPU is between two calls: on its way out of
 * EL2, and when it idles. There it holds no lock and nothing borrowed, and what it did is done, or
 * will be continued by who asked for it. percpu_raise(WORK_RCU) brings any CPU there, out of its
 * guest or its sleep. So here each is held until the CPU that asks has its answer.
 *
 * Everybody comes, because nothing that a CPU at EL2 waits for needs one that is held here or that
 * asks: neither has a lock, a window or a guest's word; calls from other CPUs are served by both,
 * in the very place where the way out and the idle loop serve them; and who waits for a vCPU to
 * leave its CPU asks 64 times and then comes again (dom/vcpu.c), so it gets here as well.
 *
 * Two who ask at once: one of them begins the question, by compare-and-exchange; the other is held
 * like everybody, and the answer is to both, as no key is pressed on a CPU that is held. Each
 * question has its own number, so that a CPU that is late to leave one is not counted in the next.
 *
 * Grace periods. While they are held CPUs go on to pass rcu_quiescent(), and the one that asks
 * calls what is due, until nothing is owed. It is called as IPI_RCU calls it, at the same place; a
 * vCPU that is freed there has left its CPU before its domain was taken apart (dom/destroy.c), so
 * that it does not wait for one that is held.
 */
#include "base/bits.h"
#include "base/format.h"
#include "base/panic.h"
#include "base/string.h"
#include "boot/main.h"
#include "irq/irq.h"
#include "log/console.h"
#include "log/log.h"
#include "mem/frame.h"
#include "sync/rcu.h"
#include "test/spec/spec.h"

void __real_rcu_quiescent(void);
void __wrap_rcu_quiescent(void);
void __real_boot_register_keys(void);
void __wrap_boot_register_keys(void);

static bool wanted;               /* [a] a key was pressed and has no answer */
static u32 question;              /* [a] odd: the one that is asked */
static DEFINE_PER_CPU(u32, held); /* [a] the question during which this CPU is held */

/* ---- room: the allocator's, for as long as a question takes */

static struct spec_room *rooms;

void *spec_zeroed(struct spec_room *r, u64 bytes)
{
    if (r->bytes < bytes) {
        const u32 order = bit_highest(align_up(bytes, PAGE_SIZE) * 2 - 1) - PAGE_SHIFT;
        struct frame *f;
        if (frame_alloc(order, &f) != OK) {
            return NULL;
        }
        if (r->bytes != 0) {
            frame_free(frame_of(r->p), frame_of(r->p)->order);
        } else {
            r->next = rooms;
            rooms = r;
        }
        r->p = frame_map(f);
        r->bytes = PAGE_SIZE << order;
    }
    return memset(r->p, 0, bytes);
}

static void give_rooms_back(void)
{
    for (; rooms != NULL; rooms = rooms->next) {
        frame_free(frame_of(rooms->p), frame_of(rooms->p)->order);
        rooms->bytes = 0;
    }
}

/* ---- the answer */

void spec_fail(const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    format_v(text, sizeof(text), fmt, args);
    va_end(args);
    panic("specification: %s", text);
}

static void answer(void)
{
    u32 domains;
    u64 pages;
    if (spec_ask(&domains, &pages)) {
        log_info("specification: %u domains, %llu pages, holds", domains, pages);
    } else {
        log_error("specification: no memory for its maps: not asked");
    }
    give_rooms_back();
    /* The log may have raised work of this CPU's, which the idle loop has looked at already. */
    ipi_send(cpu_current(), IPI_WORK);
}

/* ---- the moment */

static void wait_a_moment(void)
{
    ipi_serve();
    if (load_relaxed(&this_cpu(work)) & BIT(WORK_RCU)) {
        __real_rcu_quiescent();
    }
    cpu_relax();
}

static void ask(u32 number)
{
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        if (cpu != cpu_current()) {
            percpu_raise(cpu, WORK_RCU);
        }
    }
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        while (cpu != cpu_current() && load_acquire(&per_cpu(held, cpu)) != number) {
            wait_a_moment();
        }
    }
    while (!rcu_is_idle()) {
        wait_a_moment();
        rcu_run();
    }
    store_relaxed(&wanted, false);
    answer();
    store_release(&question, number + 1);
}

static void be_held(u32 number)
{
    store_release(&this_cpu(held), number);
    while (load_acquire(&question) == number) {
        wait_a_moment();
    }
}

/* It looks again after each question: while we were held for one, wait_a_moment() may have taken
 * the bit by which the next one called us. */
void __wrap_rcu_quiescent(void)
{
    assert(lock_nr_held() == 0);
    __real_rcu_quiescent();
    for (;;) {
        u32 number = load_acquire(&question);
        if (number & 1) {
            be_held(number);
        } else if (!load_relaxed(&wanted)) {
            return;
        } else if (atomic_cmpxchg(&question, &number, number + 1)) {
            ask(number + 1);
        }
    }
}

/* ---- the key: on the way out of this CPU, which may be in a call of the tools */

static void key_pressed(void)
{
    store_relaxed(&wanted, true);
    percpu_raise_here(WORK_RCU);
}

void __wrap_boot_register_keys(void)
{
    static const struct debug_key key = {'S', "specification: does it hold?", key_pressed};
    __real_boot_register_keys();
    console_register_key(&key);
}
