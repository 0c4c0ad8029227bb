// SPDX-License-Identifier: MIT
#include "hv/call.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xencall.h>
#include <xentoollog.h>

#include "lib/message.h"

#define PRIVCMD    "/dev/xen/privcmd"
#define LIST_LEAST 16384U /* so that it seldom grows */

static void say_nothing(struct xentoollog_logger *logger, xentoollog_level level, int error,
                        const char *context, const char *format, va_list words)
{
}

struct xentoollog_logger hv_silent = {.vmessage = say_nothing};

void *hv_begin(struct hv *hv)
{
    return memset(hv->argument, 0, CALL_SMALL);
}

void *hv_small(struct hv *hv, unsigned n)
{
    return hv->argument + CALL_SMALL + n * (CALL_SMALL_BYTES / 2);
}

void *hv_list(struct hv *hv, size_t bytes)
{
    if (bytes > hv->list_bytes) {
        bytes = bytes > LIST_LEAST ? bytes : LIST_LEAST;
        void *larger = xencall_alloc_buffer(hv->call, bytes);
        if (larger == NULL) {
            return NULL;
        }
        if (hv->list != NULL) {
            xencall_free_buffer(hv->call, hv->list);
        }
        hv->list = larger;
        hv->list_bytes = bytes;
    }
    return hv->list;
}

struct xen_domctl *hv_begin_domctl(struct hv *hv, uint32_t command, uint16_t domid)
{
    struct xen_domctl *op = hv_begin(hv);
    op->cmd = command;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return op;
}

struct xen_sysctl *hv_begin_sysctl(struct hv *hv, uint32_t command)
{
    struct xen_sysctl *op = hv_begin(hv);
    op->cmd = command;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return op;
}

static int call1(struct hv *hv, unsigned call)
{
    int result;
    do {
        result = xencall1(hv->call, call, (uintptr_t)hv->argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int hv_domctl(struct hv *hv)
{
    return call1(hv, __HYPERVISOR_domctl);
}

int hv_sysctl(struct hv *hv)
{
    return call1(hv, __HYPERVISOR_sysctl);
}

long hv_call2(struct hv *hv, unsigned call, uint64_t command)
{
    long result;
    do {
        result = xencall2L(hv->call, call, command, (uintptr_t)hv->argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

struct xen_xenctl_bitmap hv_begin_set(struct hv *hv, unsigned n, const uint64_t *words, unsigned nr)
{
    void *bits = hv_small(hv, n);
    const size_t bytes = ((nr + 63) / 64) * sizeof(uint64_t);
    if (words != NULL) {
        memcpy(bits, words, bytes);
    } else {
        memset(bits, 0, bytes);
    }
    return (struct xen_xenctl_bitmap){.bitmap = hv_handle(bits), .nr_bits = nr};
}

void hv_end_set(struct hv *hv, unsigned n, uint64_t *words, unsigned nr)
{
    memcpy(words, hv_small(hv, n), ((nr + 63) / 64) * sizeof(uint64_t));
}

/* ---- opening */

/* Asks for domain 0 in the words of an interface version: -EACCES, it is not the hypervisor's. */
static int try_domctl(struct hv *hv, uint32_t version)
{
    hv_begin_domctl(hv, XEN_DOMCTL_getdomaininfo, 0)->interface_version = version;
    return hv_domctl(hv);
}

static int try_sysctl(struct hv *hv, uint32_t version)
{
    hv_begin_sysctl(hv, XEN_SYSCTL_sched_id)->interface_version = version;
    return hv_sysctl(hv);
}

/* The version that the hypervisor takes, 0: none of those there may be. */
static uint32_t find_version(struct hv *hv, int (*try)(struct hv *, uint32_t))
{
    for (uint32_t version = 1; version < 0x100; version++) {
        if (try(hv, version) != -EACCES) {
            return version;
        }
    }
    return 0;
}

static int check_version(struct hv *hv, const char *name, uint32_t ours,
                         int (*try)(struct hv *, uint32_t))
{
    const int error = try(hv, ours);
    if (error == -EACCES) {
        const uint32_t theirs = find_version(hv, try);
        if (theirs == 0) {
            message_error("the hypervisor lets nobody here control it (%s: %s)", name,
                          strerror(EACCES));
            return -EACCES;
        }
        message_error("these tools speak version 0x%x of the %s interface and the hypervisor "
                      "speaks version 0x%x: use the tools that came with it",
                      ours, name, theirs);
        return -EPROTO;
    }
    if (error == -EPERM) {
        message_error("this is not the control domain: the hypervisor permits it no %s", name);
        return -EPERM;
    }
    return 0; /* whatever else is wrong, the call that needs it will tell */
}

static int open_privcmd(struct hv *hv)
{
    hv->call = xencall_open(&hv_silent, XENCALL_OPENFLAG_NON_REENTRANT);
    if (hv->call != NULL) {
        return 0;
    }
    const int fd = open(PRIVCMD, O_RDWR | O_CLOEXEC); /* only to learn why */
    const int error = fd < 0 ? errno : EIO;
    if (fd >= 0) {
        close(fd);
    }
    const bool is_missing = error == ENOENT || error == ENXIO || error == ENODEV;
    message_error("no way to the hypervisor: %s: %s%s", PRIVCMD, strerror(error),
                  is_missing ? " (not started under Kanso or Xen, or xen-privcmd is not loaded)"
                             : "");
    return -error;
}

int hv_open(struct hv **out)
{
    struct hv *hv = calloc(1, sizeof(*hv));
    if (hv == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    int error = open_privcmd(hv);
    if (error == 0) {
        hv->argument = xencall_alloc_buffer(hv->call, CALL_PAGE);
        if (hv->argument == NULL) {
            message_error("out of memory for hypercalls");
            error = -ENOMEM;
        }
    }
    if (error == 0) {
        error = check_version(hv, "domctl", XEN_DOMCTL_INTERFACE_VERSION, try_domctl);
    }
    if (error == 0) {
        error = check_version(hv, "sysctl", XEN_SYSCTL_INTERFACE_VERSION, try_sysctl);
    }
    if (error != 0) {
        hv_close(hv);
        return error;
    }
    *out = hv;
    return 0;
}

void hv_close(struct hv *hv)
{
    if (hv == NULL) {
        return;
    }
    hv_close_events(hv);
    hv_close_foreign(hv);
    if (hv->list != NULL) {
        xencall_free_buffer(hv->call, hv->list);
    }
    if (hv->argument != NULL) {
        xencall_free_buffer(hv->call, hv->argument);
    }
    if (hv->call != NULL) {
        xencall_close(hv->call);
    }
    free(hv);
}
