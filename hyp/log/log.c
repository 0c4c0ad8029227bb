/* SPDX-License-Identifier: MIT */
#include "log/log.h"

#include "base/bits.h"
#include "base/format.h"
#include "base/string.h"
#include "cpu/arch.h"
#include "log/ring.h"

#define LINE_BYTES 256u

/* A guest may fill its bucket of lines at once, and then gets one more each second. Guests whose
 * ids fall into one bucket share it: the limit protects the log, it need not be fair to the noisy.
 */
#define BUCKETS 32u
#define BURST   20u

struct bucket {
    u32 used;       /* [RANK_CONSOLE] lines of the burst */
    u32 suppressed; /* [RANK_CONSOLE] since the last one that went out */
    u64 ticks;      /* [RANK_CONSOLE] up to when time was paid out */
};
static struct bucket buckets[BUCKETS];
static u64 ticks_a_second; /* [c] 0: time does not run yet, nothing is limited */

/* Lines of a level below these go nowhere but to the ring: console_upto for our own lines. Guests'
 * lines above guest_upto are dropped. */
static int console_upto = LOG_INFO; /* [c] after boot */
static int guest_upto = LOG_WARN;   /* [c] after boot */

void log_set_frequency(u32 hz)
{
    ticks_a_second = hz;
}

/* "none" is -1: below every level. "a/b" in Xen's options: up to a always, up to b rate-limited; b
 * counts here. */
static int level_of(const char *text, int otherwise)
{
    static const struct {
        const char *name;
        int level;
    } names[] = {
        {"none", -1},       {"error", LOG_ERROR}, {"warning", LOG_WARN},
        {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {"all", LOG_DEBUG},
    };
    const char *slash = strchr(text, '/');
    text = slash ? slash + 1 : text;
    for (u32 i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i].name) == 0) {
            return names[i].level;
        }
    }
    return otherwise;
}

void log_set_levels(const char *loglvl, const char *guest_loglvl)
{
    if (loglvl) {
        console_upto = level_of(loglvl, console_upto);
    }
    if (guest_loglvl) {
        guest_upto = level_of(guest_loglvl, guest_upto);
    }
}

static const char *const prefix[] = {
    [LOG_ERROR] = "kanso: error: ",
    [LOG_WARN] = "kanso: warning: ",
    [LOG_INFO] = "kanso: ",
    [LOG_DEBUG] = "kanso: ",
};

/* The rest of a line of which n bytes are there, and out with it; an over-long one is cut. */
static void finish(enum log_level level, char line[LINE_BYTES], u32 n, const char *fmt,
                   va_list args)
{
    n += (u32)format_v(line + n, LINE_BYTES - n, fmt, args);
    n = MIN(n, LINE_BYTES - 2);
    line[n++] = '\n';
    console_lock();
    ring_write(line, n);
    if ((int)level <= console_upto) {
        uart_write_line(line, n);
    }
    console_unlock();
}

void log_at(enum log_level level, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    finish(level, line, (u32)string_copy(line, prefix[level], sizeof(line)), fmt, args);
    va_end(args);
}

/* Console lock held. False: over the limit, counted. */
static bool may_say(struct bucket *b)
{
    if (ticks_a_second == 0) {
        return true;
    }
    u64 seconds = (cpu_counter_ticks() - b->ticks) / ticks_a_second;
    b->ticks += seconds * ticks_a_second;
    b->used -= (u32)MIN(seconds, b->used);
    if (b->used >= BURST) {
        b->suppressed++;
        return false;
    }
    b->used++;
    return true;
}

void log_guest(enum log_level level, domid_t d, const char *fmt, ...)
{
    if ((int)level > guest_upto) {
        return;
    }
    struct bucket *b = &buckets[d.id % BUCKETS];
    console_lock();
    bool may = may_say(b);
    u32 suppressed = may ? b->suppressed : 0;
    b->suppressed -= suppressed;
    console_unlock();
    if (!may) {
        return;
    }
    char line[LINE_BYTES];
    u32 n = (u32)format(line, sizeof(line), "kanso: d%u: ", d.id);
    if (suppressed != 0) {
        n += (u32)format(line + n, sizeof(line) - n, "(%u lines suppressed) ", suppressed);
    }
    va_list args;
    va_start(args, fmt);
    finish(level, line, n, fmt, args);
    va_end(args);
}
