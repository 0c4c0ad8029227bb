// SPDX-License-Identifier: MIT
#include "xenconsoled/consoled.h"

#include <stdio.h>
#include <string.h>

#include "abi/xen.h"
#include "lib/message.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Guests can make it talk: so at most this much at a time, and as often as a guest may. */
enum { NR_ROUNDS = 4 };

static void copy(struct consoled *d)
{
    static char bytes[16384];
    for (int i = 0; i < NR_ROUNDS; i++) {
        const int nr =
            hv_read_console(d->hv, bytes, sizeof(bytes), false, true, &d->hypervisor.index);
        if (nr <= 0) {
            break;
        }
        console_log_write(&d->hypervisor.log, bytes, (size_t)nr, time(NULL));
    }
}

void consoled_wake_hypervisor(struct consoled *d)
{
    if (!console_pace_take(&d->hypervisor.pace, d->now_ms())) {
        consoled_pause(d, &d->hypervisor.pause);
        return;
    }
    copy(d);
    hv_unmask_event(d->hv, d->hypervisor.port);
}

static void resume(struct consoled_pause *pause)
{
    consoled_wake_hypervisor(container_of(pause, struct consoled, hypervisor.pause));
}

void consoled_start_hypervisor(struct consoled *d)
{
    char path[512];
    d->hypervisor.pause.resume = resume;
    d->hypervisor.log.has_stamps = d->options.stamps_hypervisor;
    d->hypervisor.log.replaces_escape = d->options.replaces_escape;
    snprintf(path, sizeof(path), "%s/hypervisor.log", d->options.log_folder);
    if (console_log_open(&d->hypervisor.log, path, time(NULL)) < 0) {
        return;
    }
    const int err = hv_bind_virq(d->hv, VIRQ_CON_RING, &d->hypervisor.port);
    if (err < 0) {
        message_error("the hypervisor's log is not followed: VIRQ_CON_RING: %s", strerror(-err));
        d->hypervisor.port = 0;
        console_log_close(&d->hypervisor.log);
        return;
    }
    copy(d);
    hv_unmask_event(d->hv, d->hypervisor.port);
}
