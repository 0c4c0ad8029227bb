/* SPDX-License-Identifier: MIT */
#include "log/console.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "log/keys.h"
#include "log/log.h"
#include "log/ring.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"

#define CTRL_A         '\x01'
#define SWITCH_PRESSES 3u
#define INPUT_BYTES    1024u
/* Characters that one interrupt takes: the stay is bounded whoever types; the line is level, so the
 * rest comes. */
#define RECEIVE_MAX 64u

static struct spinlock lock = SPINLOCK_INIT(RANK_CONSOLE, "console");
static u32 panic_cpu = ~0u; /* [a] the CPU that panics; nobody else writes then */

static const struct uart_ops *uart; /* [c] after boot */
static char last_char = '\n';       /* [L] as the UART has it */

static char input[INPUT_BYTES];       /* [L] for dom0 */
static u32 input_read, input_written; /* [L] count up, modulo INPUT_BYTES */
static bool input_to_keys;            /* [L] Ctrl-A three times turns it */
static u32 presses;                   /* [L] of Ctrl-A in a row */

/* UNCHECKED, both: a CPU that panics takes none. */
UNCHECKED void console_lock(void)
{
    u32 owner = load_relaxed(&panic_cpu);
    if (owner == ~0u) {
        spin_lock(&lock);
    } else if (owner != cpu_current()) {
        for (;;) { /* the panicking CPU has the last word; it stops us too */
            cpu_relax();
        }
    }
}

UNCHECKED void console_unlock(void)
{
    if (load_relaxed(&panic_cpu) != cpu_current()) {
        spin_unlock(&lock);
    }
}

void console_take_for_panic(void)
{
    store_relaxed(&panic_cpu, cpu_current());
}

void console_release_from_panic(void)
{
    store_relaxed(&panic_cpu, ~0u);
}

void console_set_uart(const struct uart_ops *ops)
{
    uart = ops;
}

/* --- output --- */

static void put(char c)
{
    if (c == '\n' && last_char != '\r') {
        uart->put('\r');
    }
    uart->put(c);
    last_char = c;
}

void uart_write(const char *s, u32 bytes)
{
    for (u32 i = 0; uart && i < bytes; i++) {
        put(s[i]);
    }
}

void uart_write_line(const char *s, u32 bytes)
{
    /* dom0 may stand in the middle of a line of its own. */
    if (uart && last_char != '\n') {
        put('\n');
    }
    uart_write(s, bytes);
}

void console_write(const char *s, u32 bytes, bool to_ring)
{
    console_lock();
    uart_write(s, bytes);
    if (to_ring) {
        ring_write(s, bytes);
    }
    console_unlock();
}

/* --- input --- */

/* Lock held. What does not fit is dropped: nobody reads. */
static void give_dom0(char c)
{
    if (input_written - input_read < INPUT_BYTES) {
        input[input_written++ % INPUT_BYTES] = c;
    }
}

/* Lock held. True when c is a debug key for the caller to run, with the lock dropped. */
static bool take(char c, bool *switched)
{
    if (c == CTRL_A) {
        if (++presses == SWITCH_PRESSES) {
            presses = 0;
            input_to_keys = !input_to_keys;
            *switched = true;
        }
        return false;
    }
    /* Fewer than three were meant for whoever has the input. */
    u32 held_back = presses;
    presses = 0;
    if (input_to_keys) {
        return true;
    }
    for (; held_back != 0; held_back--) {
        give_dom0(CTRL_A);
    }
    give_dom0(c);
    return false;
}

static void received(char c)
{
    bool switched = false;
    console_lock();
    bool is_key = take(c, &switched);
    bool to_keys = input_to_keys;
    bool waiting = input_written != input_read;
    console_unlock();
    if (switched) {
        log_info("input goes to %s (Ctrl-A three times switches)",
                 to_keys ? "the debug keys, 'h' lists them" : "dom0");
    }
    if (is_key) {
        console_debug_key(c);
    } else if (waiting) {
        log_notify_input();
    }
}

void console_receive(void)
{
    char c;
    for (u32 i = 0; uart && i < RECEIVE_MAX && uart->try_get(&c); i++) {
        received(c);
    }
}

u32 console_read(char *out, u32 n)
{
    console_lock();
    u32 done = 0;
    while (done < n && input_read != input_written) {
        out[done++] = input[input_read++ % INPUT_BYTES];
    }
    console_unlock();
    return done;
}
