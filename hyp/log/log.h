/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says: every line goes to the ring (xl dmesg reads it) and, at or above
 * loglvl, to the console. Lines that a guest can trigger use log_guest(): tagged with the domain,
 * rate-limited.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/addr.h"
#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);
void log_guest(enum log_level level, domid_t d, const char *fmt, ...) __printf(3, 4);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Options loglvl= and guest_loglvl= (none error warning info debug all; "a/b" as Xen has it). */
void log_set_levels(const char *loglvl, const char *guest_loglvl);

/* The ring, for sysctl readconsole. Positions count bytes since boot. Copies at most bytes from
 * *pos on (from the oldest still there) and moves *pos; returns bytes copied. */
u32 log_ring_read(u64 *pos, char *out, u32 bytes);
u64 log_ring_start(void);
u64 log_ring_end(void);
/* Forget what is there (readconsole with clear). */
void log_ring_clear(void);

/* time/ says how fast cpu_counter_ticks() runs; before, guests' lines are not limited. */
void log_set_frequency(u32 hz);

#endif
