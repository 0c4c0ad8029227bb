// SPDX-License-Identifier: MIT
/* This process' own event channels, by the kernel's device: one descriptor for all of them. */
#include "hv/state.h"

#include <errno.h>
#include <fcntl.h>
#include <xenevtchn.h>

static int result(int answer)
{
    return answer >= 0 ? answer : errno > 0 ? -errno : -EIO;
}

/* A read must never block, so that a caller may ask until there is no more. */
static int need_events(struct hv *hv)
{
    if (hv->event != NULL) {
        return 0;
    }
    xenevtchn_handle *event = xenevtchn_open(&hv_silent, 0);
    if (event == NULL) {
        return result(-1);
    }
    const int fd = xenevtchn_fd(event);
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        const int error = -errno;
        xenevtchn_close(event);
        return error;
    }
    hv->event = event;
    return 0;
}

void hv_close_events(struct hv *hv)
{
    if (hv->event != NULL) {
        xenevtchn_close(hv->event);
    }
}

int hv_event_fd(struct hv *hv)
{
    const int error = need_events(hv);
    return error != 0 ? error : result(xenevtchn_fd(hv->event));
}

/* A port that the library gave, or its error. */
static int keep_port(int answer, uint32_t *port)
{
    const int number = result(answer);
    if (number < 0) {
        return number;
    }
    *port = (uint32_t)number;
    return 0;
}

int hv_bind_event(struct hv *hv, uint16_t domid, uint32_t remote_port, uint32_t *port)
{
    const int error = need_events(hv);
    return error != 0 ? error
                      : keep_port(xenevtchn_bind_interdomain(hv->event, domid, remote_port), port);
}

int hv_bind_virq(struct hv *hv, uint32_t virq, uint32_t *port)
{
    const int error = need_events(hv);
    return error != 0 ? error : keep_port(xenevtchn_bind_virq(hv->event, virq), port);
}

int hv_unbind_event(struct hv *hv, uint32_t port)
{
    const int error = need_events(hv);
    return error != 0 ? error : result(xenevtchn_unbind(hv->event, port));
}

int hv_notify(struct hv *hv, uint32_t port)
{
    const int error = need_events(hv);
    return error != 0 ? error : result(xenevtchn_notify(hv->event, port));
}

int hv_next_event(struct hv *hv, uint32_t *port)
{
    const int error = need_events(hv);
    return error != 0 ? error : keep_port(xenevtchn_pending(hv->event), port);
}

int hv_unmask_event(struct hv *hv, uint32_t port)
{
    const int error = need_events(hv);
    return error != 0 ? error : result(xenevtchn_unmask(hv->event, port));
}
