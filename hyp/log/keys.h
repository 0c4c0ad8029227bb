/* SPDX-License-Identifier: MIT */
/* Private to log/: for tests, and the other side of console_take_for_panic(). */
#ifndef LOG_KEYS_H
#define LOG_KEYS_H

/* A test went on after a panic that it expected. */
void console_release_from_panic(void);

#endif
