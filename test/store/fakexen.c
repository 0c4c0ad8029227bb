// SPDX-License-Identifier: MIT
/*
 * LD_PRELOAD for Debian's xenstored: a machine without a hypervisor. Files in FAKEXEN stand for
 * what is missing, so that a test on the host plays dom0's kernel and guests:
 *
 *      page.DOMID      a domain's store page; the domain exists as long as its file
 *      events          a FIFO of 32-bit ports that become pending in the daemon
 *      notified        a FIFO of 32-bit ports that the daemon notified
 *
 * A domain's local port is 1000 + its id, dom0's 1000, VIRQ_DOM_EXC 999.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

static int in = -1;
static int out = -1;

static const char *place(char *path, size_t bytes, const char *name)
{
    snprintf(path, bytes, "%s/%s", getenv("FAKEXEN"), name);
    return path;
}

static int page_of(unsigned domid)
{
    char name[32];
    char path[256];
    snprintf(name, sizeof(name), "page.%u", domid);
    return open(place(path, sizeof(path), name), O_RDWR);
}

static void *map_page(unsigned domid)
{
    const int fd = page_of(domid);
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) {
        close(fd);
    }
    return page == MAP_FAILED ? NULL : page;
}

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list words;
    va_start(words, flags);
    const int mode = va_arg(words, int);
    va_end(words);
    if (real == NULL) {
        real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    }
    char other[256];
    if (strcmp(path, "/proc/xen/xsd_kva") == 0) {
        path = place(other, sizeof(other), "page.0");
    } else if (strcmp(path, "/proc/xen/xsd_port") == 0) {
        path = place(other, sizeof(other), "port");
    }
    return real(path, flags, mode);
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild,
                                unsigned open_flags)
{
    return (xc_interface *)&in;
}

int xc_interface_close(xc_interface *xch)
{
    return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    const int fd = page_of(first);
    if (fd < 0) {
        return 0;
    }
    close(fd);
    memset(info, 0, sizeof(*info));
    info->domid = first;
    return 1;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size, int prot, unsigned long mfn)
{
    return map_page(domid);
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    return (xengnttab_handle *)&in;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
    return map_page(domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    return munmap(start, 4096);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    char path[256];
    in = open(place(path, sizeof(path), "events"), O_RDWR | O_NONBLOCK);
    out = open(place(path, sizeof(path), "notified"), O_RDWR | O_NONBLOCK);
    return (xenevtchn_handle *)&in;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    return in;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    return write(out, &port, sizeof(port)) == (ssize_t)sizeof(port) ? 0 : -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    return 1000 + (int)domid;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
    return 999;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    evtchn_port_t port;
    return read(in, &port, sizeof(port)) == (ssize_t)sizeof(port) ? (int)port : -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr)
{
    return 0;
}
