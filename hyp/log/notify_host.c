/* SPDX-License-Identifier: MIT */
#include "log/log_host.h"
#include "log/ring.h"

void (*host_log_input)(void);
void (*host_log_ring)(void);

void log_notify_input(void)
{
    if (host_log_input) {
        host_log_input();
    }
}

void log_notify_ring(void)
{
    if (host_log_ring) {
        host_log_ring();
    }
}
