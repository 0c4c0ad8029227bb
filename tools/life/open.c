/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"

int life_open(struct life *l)
{
    *l = (struct life){.cancel_fd = -1};
    int error = hv_open(&l->hv);
    if (error == 0) {
        error = store_open(&l->store);
    }
    if (error != 0) {
        life_close(l);
    }
    return error;
}

void life_close(struct life *l)
{
    store_close(l->store);
    hv_close(l->hv);
    if (l->cancel_fd >= 0) {
        close(l->cancel_fd);
    }
    *l = (struct life){.cancel_fd = -1};
}

int life_catch_signals(struct life *l)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (l->cancel_fd >= 0) {
        return 0;
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0) {
        l->cancel_fd = signalfd(-1, &set, SFD_CLOEXEC);
    }
    if (l->cancel_fd < 0) {
        int error = -errno;
        message_error("can't catch signals: %s", strerror(-error));
        return error;
    }
    return 0;
}

/* The signal stays in the descriptor: all waits after this one see it, too. */
bool life_is_cancelled(const struct life *l)
{
    struct pollfd p = {.fd = l->cancel_fd, .events = POLLIN};
    return l->cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

char *life_name(struct life *l, uint32_t domid)
{
    char *name = NULL;
    if (store_read(l->store, &name, NULL, "/local/domain/%u/name", domid) != 0 && domid == 0) {
        return strdup("Domain-0");
    }
    return name;
}

void life_error(struct life *l, uint32_t domid, const char *format, ...)
{
    va_list arguments;
    char *name = life_name(l, domid);
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    if (name != NULL) {
        message_error("guest %s: %s", name, text != NULL ? text : format);
    } else {
        message_error("domain %u: %s", domid, text != NULL ? text : format);
    }
    free(text);
    free(name);
}

int life_info(struct life *l, uint32_t domid, bool may_be_zero,
              struct xen_domctl_getdomaininfo *info)
{
    if (domid == 0 && !may_be_zero) {
        message_error("domain 0 is the one that this runs in: that is not done to it");
        return -EPERM;
    }
    int error = domid > 0x7fef ? -ESRCH : hv_get_domain(l->hv, (uint16_t)domid, info);
    if (error == -ESRCH) {
        message_error("there is no domain %u", domid);
    } else if (error != 0) {
        message_error("can't ask for domain %u: %s", domid, strerror(-error));
    }
    return error;
}

void life_uuid_text(const uint8_t uuid[16], char out[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 15];
    }
    *out = 0;
}

int life_guests(struct life *l, uint32_t **domid, size_t *nr)
{
    struct xen_domctl_getdomaininfo *info = NULL;
    unsigned nr_all = 0;
    *domid = NULL;
    *nr = 0;
    int error = hv_list_all_domains(l->hv, &info, &nr_all);
    if (error == 0) {
        *domid = calloc(nr_all + 1, sizeof **domid);
        error = *domid == NULL ? -ENOMEM : 0;
    }
    for (unsigned i = 0; error == 0 && i < nr_all; i++) {
        if (info[i].domain != 0 && !(info[i].flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))) {
            (*domid)[(*nr)++] = info[i].domain;
        }
    }
    free(info);
    if (error != 0) {
        message_error("can't list the domains: %s", strerror(-error));
    }
    return error;
}

int life_find(struct life *l, const char *word, uint32_t *domid)
{
    uint64_t number;
    struct xen_domctl_getdomaininfo info;
    if (number_is_decimal(word)) {
        int error = number_parse(word, 0, 0x7fef, &number);
        if (error == 0) {
            error = life_info(l, (uint32_t)number, true, &info);
        } else {
            message_error("there is no domain %s", word);
            error = -ESRCH;
        }
        *domid = error == 0 ? (uint32_t)number : 0;
        return error;
    }
    int error = life_find_name(l, word, STORE_NOBODY, domid);
    if (error == -ENOENT) {
        message_error("there is no guest \"%s\"", word);
        error = -ESRCH;
    }
    return error;
}
