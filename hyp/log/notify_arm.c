/* SPDX-License-Identifier: MIT */
#include "log/log_up.h"
#include "log/ring.h"

void log_notify_input(void)
{
    log_up_input();
}

void log_notify_ring(void)
{
    log_up_ring();
}
