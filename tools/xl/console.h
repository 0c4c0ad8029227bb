/* SPDX-License-Identifier: MIT */
/* A person and a guest's console, through the pty that the console daemon keeps for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "life/life.h"

enum console_type { CONSOLE_PV, CONSOLE_VUART };

/*
 * Waits for the console's pty and relays until the guest's end closes, ^] is typed, standard input
 * ends or a signal comes; the terminal is as it was then. unpause: lets the guest go on as soon as
 * the pty is open, so that its first words are seen. 0 or a negative errno, said.
 */
int console_attach(struct life *l, uint32_t domid, enum console_type type, unsigned number,
                   bool unpause);

/*
 * The relay alone, for tests: between in and out on one side and the pty on the other. escape: ^]
 * in what is typed ends it. 0, or a negative errno of the pty.
 */
int console_relay(int in, int out, int pty, int cancel_fd, bool escape);
