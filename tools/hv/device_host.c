// SPDX-License-Identifier: MIT
/* The fake machine's devices: libxenforeignmemory, libxengnttab, libxenevtchn. A mapping maps the
 * file of the domain, so both sides see the same bytes. The libraries' headers would clash with
 * abi/: their few prototypes are these, the compiler of foreign.c and event.c holds them to it. */
#include "hv/xen_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/grant.h"
#include "abi/memory.h"

#define PAGE      4096ULL
#define EVENT_MAX 64

typedef struct xenforeignmemory_handle xenforeignmemory_handle;
typedef struct xenforeignmemory_resource_handle resource_handle;
typedef struct xengntdev_handle xengnttab_handle;
typedef struct xenevtchn_handle xenevtchn_handle;
struct xentoollog_logger;

struct xenforeignmemory_resource_handle {
    void *at;
    size_t nr;
};

struct segment {
    union {
        void *virt;
        struct {
            uint32_t ref;
            uint16_t offset, domid;
        } foreign;
    } source, dest;
    uint16_t len, flags;
    int16_t status;
};

static char foreign_handle, grant_handle;
enum port_kind { PORT_FREE, PORT_INTERDOMAIN, PORT_VIRQ };
static struct {
    int pipe[2];
    struct event_port {
        enum port_kind kind;
        unsigned virq;
        bool is_masked, is_pending;
    } port[EVENT_MAX];
} event = {.pipe = {-1, -1}};

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger, unsigned flags);
int xenforeignmemory_close(xenforeignmemory_handle *handle);
void *xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t domid, int prot, size_t nr,
                           const uint64_t *gfn, int *error);
int xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *at, size_t nr);
resource_handle *xenforeignmemory_map_resource(xenforeignmemory_handle *handle, uint16_t domid,
                                               unsigned type, unsigned id, unsigned long frame,
                                               unsigned long nr, void **at, int prot, int flags);
int xenforeignmemory_unmap_resource(xenforeignmemory_handle *handle, resource_handle *resource);
xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned flags);
int xengnttab_close(xengnttab_handle *handle);
void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int prot);
int xengnttab_unmap(xengnttab_handle *handle, void *at, uint32_t nr);
int xengnttab_grant_copy(xengnttab_handle *handle, uint32_t nr, struct segment *segment);
xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned flags);
int xenevtchn_close(xenevtchn_handle *handle);
int xenevtchn_fd(xenevtchn_handle *handle);
int xenevtchn_notify(xenevtchn_handle *handle, uint32_t port);
int xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid, uint32_t port);
int xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned virq);
int xenevtchn_unbind(xenevtchn_handle *handle, uint32_t port);
int xenevtchn_pending(xenevtchn_handle *handle);
int xenevtchn_unmask(xenevtchn_handle *handle, uint32_t port);

/* Whether this operation is to fail, with errno set. */
static bool fails(void)
{
    const int error = xen_host_step();
    errno = -error;
    return error != 0;
}

/* ---- foreign memory */

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger, unsigned flags)
{
    if (fails()) {
        return NULL;
    }
    xen_host_handles(1);
    return (void *)&foreign_handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *handle)
{
    xen_host_handles(-1);
    return 0;
}

/* Maps pages of the file that lie behind each other; grows the file to hold them. */
static bool map_run(const struct xen_host_domain *d, uint8_t *at, uint64_t page, size_t nr,
                    int prot)
{
    const off_t end = (off_t)((page + nr) * PAGE);
    const off_t size = lseek(d->memory, 0, SEEK_END);
    if (size < end && ftruncate(d->memory, end) != 0) {
        return false;
    }
    return mmap(at, nr * PAGE, prot, MAP_SHARED | MAP_FIXED, d->memory, (off_t)(page * PAGE)) !=
           MAP_FAILED;
}

/* How many frames from gfn[0] on follow each other in one stretch; 0: the first is nowhere. */
static size_t find_run(struct xen_host_domain *d, const uint64_t *gfn, size_t nr, uint64_t *page)
{
    const struct xen_host_range *r = xen_host_range(d, gfn[0]);
    if (r == NULL) {
        return 0;
    }
    size_t run = 1;
    while (run < nr && gfn[run] == gfn[0] + run && gfn[run] < r->gfn + r->nr) {
        run++;
    }
    *page = r->page + (gfn[0] - r->gfn);
    return run;
}

void *xenforeignmemory_map(xenforeignmemory_handle *handle, uint32_t domid, int prot, size_t nr,
                           const uint64_t *gfn, int *error)
{
    if (fails()) {
        return NULL;
    }
    struct xen_host_domain *d = xen_host_find((uint16_t)domid);
    if (d == NULL) {
        errno = ESRCH;
        return NULL;
    }
    uint8_t *at = mmap(NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        return NULL;
    }
    for (size_t i = 0; i < nr;) {
        uint64_t page = 0;
        const size_t run = find_run(d, gfn + i, nr - i, &page);
        if (run > 0 && !map_run(d, at + i * PAGE, page, run, prot)) {
            abort();
        }
        if (run > 0 && (prot & PROT_WRITE) != 0) {
            xen_host_set_dirty(d, gfn[i], run, true);
        }
        if (run == 0 && error == NULL) {
            munmap(at, nr * PAGE);
            errno = ENOENT;
            return NULL;
        }
        for (size_t k = 0; error != NULL && k < (run == 0 ? 1 : run); k++) {
            error[i + k] = run == 0 ? -ENOENT : 0; /* negative, as the kernel leaves them */
        }
        i += run == 0 ? 1 : run;
    }
    xen_host.nr_maps++;
    xen_host.nr_mapped += (unsigned)nr;
    return at;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *handle, void *at, size_t nr)
{
    xen_host.nr_mapped -= (unsigned)nr;
    return munmap(at, nr * PAGE);
}

resource_handle *xenforeignmemory_map_resource(xenforeignmemory_handle *handle, uint16_t domid,
                                               unsigned type, unsigned id, unsigned long frame,
                                               unsigned long nr, void **at, int prot, int flags)
{
    if (fails()) {
        return NULL;
    }
    const struct xen_host_domain *d = xen_host_find(domid);
    errno = d == NULL ? ESRCH
            : type != XENMEM_resource_grant_table || id != XENMEM_resource_grant_table_id_shared
                ? EINVAL
                : xen_host.resource_error;
    if (errno != 0) {
        return NULL;
    }
    resource_handle *resource = malloc(sizeof(*resource));
    if (resource == NULL) {
        return NULL;
    }
    *at = mmap(NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (*at == MAP_FAILED || !map_run(d, *at, XEN_HOST_GRANTS / PAGE + frame, nr, prot)) {
        abort();
    }
    *resource = (resource_handle){.at = *at, .nr = nr};
    xen_host.nr_maps++;
    xen_host.nr_mapped += (unsigned)nr;
    return resource;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *handle, resource_handle *resource)
{
    const int result = xenforeignmemory_unmap(handle, resource->at, resource->nr);
    free(resource);
    return result;
}

/* ---- grants */

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned flags)
{
    if (fails()) {
        return NULL;
    }
    xen_host_handles(1);
    return (void *)&grant_handle;
}

int xengnttab_close(xengnttab_handle *handle)
{
    xen_host_handles(-1);
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int prot)
{
    if (fails()) {
        return NULL;
    }
    const struct xen_host_domain *d = xen_host_find((uint16_t)domid);
    struct xen_grant_entry_v1 entry = {0};
    const off_t at = (off_t)(XEN_HOST_GRANTS + ref * sizeof(entry));
    if (d == NULL || pread(d->memory, &entry, sizeof(entry), at) != sizeof(entry) ||
        (entry.flags & GTF_type_mask) != GTF_permit_access || entry.domid != 0) {
        errno = EINVAL;
        return NULL;
    }
    const uint64_t gfn = entry.frame;
    return xenforeignmemory_map((void *)handle, domid, prot, 1, &gfn, NULL);
}

int xengnttab_unmap(xengnttab_handle *handle, void *at, uint32_t nr)
{
    return xenforeignmemory_unmap((void *)handle, at, nr);
}

/* To grants only; a source that is not there is the kernel's -EFAULT, as write() finds it. */
int xengnttab_grant_copy(xengnttab_handle *handle, uint32_t nr, struct segment *segment)
{
    if (fails()) {
        return -1;
    }
    errno = xen_host.copy_error;
    for (uint32_t i = 0; i < nr && errno == 0; i++) {
        struct segment *s = &segment[i];
        struct xen_host_domain *d = xen_host_find(s->dest.foreign.domid);
        struct xen_grant_entry_v1 entry = {0};
        const off_t at = (off_t)(XEN_HOST_GRANTS + s->dest.foreign.ref * sizeof(entry));
        if (d == NULL || s->flags != GNTCOPY_dest_gref || s->len + s->dest.foreign.offset > 4096) {
            errno = EINVAL;
        } else if (pread(d->memory, &entry, sizeof(entry), at) != sizeof(entry) ||
                   entry.flags != GTF_permit_access || entry.domid != 0) {
            s->status = GNTST_bad_gntref;
        } else if (!xen_host_has_pages(d, entry.frame, 1)) {
            s->status = GNTST_bad_page;
        } else if (pwrite(d->memory, s->source.virt, s->len, (off_t)(entry.frame * PAGE)) ==
                   s->len) {
            xen_host_set_dirty(d, entry.frame, 1, true);
            s->status = GNTST_okay;
        }
    }
    xen_host.nr_copied += nr;
    return errno == 0 ? 0 : -1;
}

/* ---- events: as Linux' driver gives them: a port is masked when it is read, and what comes while
 * it is masked is there again when it is unmasked */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned flags)
{
    if (fails() || pipe2(event.pipe, O_CLOEXEC) != 0) {
        return NULL;
    }
    memset(event.port, 0, sizeof(event.port));
    xen_host_handles(1);
    return (void *)&event;
}

int xenevtchn_close(xenevtchn_handle *handle)
{
    close(event.pipe[0]);
    close(event.pipe[1]);
    xen_host_handles(-1);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
    return event.pipe[0];
}

static struct event_port *find_port(uint32_t port)
{
    if (port >= EVENT_MAX || event.port[port].kind == PORT_FREE) {
        errno = EINVAL;
        return NULL;
    }
    return &event.port[port];
}

static bool raise_port(uint32_t number)
{
    struct event_port *port = find_port(number);
    if (port == NULL) {
        return false;
    }
    port->is_pending = port->is_masked;
    return port->is_masked ||
           write(event.pipe[1], &number, sizeof(number)) == (ssize_t)sizeof(number);
}

static int bind(enum port_kind kind, unsigned virq)
{
    for (int i = 1; i < EVENT_MAX; i++) {
        if (event.port[i].kind == PORT_FREE) {
            event.port[i] = (struct event_port){.kind = kind, .virq = virq};
            return i;
        }
    }
    errno = ENOSPC;
    return -1;
}

bool xen_host_send(uint16_t domid, uint32_t port)
{
    const struct xen_host_domain *d = xen_host_find(domid);
    return d != NULL && port < XEN_HOST_PORTS && d->port[port].status == EVTCHNSTAT_interdomain &&
           raise_port(d->port[port].u.interdomain.port);
}

bool xen_host_raise_virq(unsigned virq)
{
    bool is_raised = false;
    for (uint32_t i = 1; i < EVENT_MAX; i++) {
        if (event.port[i].kind == PORT_VIRQ && event.port[i].virq == virq) {
            is_raised |= raise_port(i);
        }
    }
    return is_raised;
}

int xenevtchn_notify(xenevtchn_handle *handle, uint32_t number)
{
    const struct event_port *port = fails() ? NULL : find_port(number);
    if (port != NULL && port->kind != PORT_INTERDOMAIN) {
        errno = EINVAL;
        port = NULL;
    }
    return port == NULL ? -1 : 0;
}

int xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid, uint32_t port)
{
    if (fails()) {
        return -1;
    }
    struct xen_host_domain *d = xen_host_find((uint16_t)domid);
    if (d == NULL || port == 0 || port >= XEN_HOST_PORTS ||
        d->port[port].status != EVTCHNSTAT_unbound) {
        errno = EINVAL;
        return -1;
    }
    const int local = bind(PORT_INTERDOMAIN, 0);
    if (local > 0) {
        d->port[port].status = EVTCHNSTAT_interdomain;
        d->port[port].u.interdomain.port = (uint32_t)local;
    }
    return local;
}

int xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned virq)
{
    if (fails()) {
        return -1;
    }
    if (virq >= NR_VIRQS) {
        errno = EINVAL;
        return -1;
    }
    return bind(PORT_VIRQ, virq);
}

int xenevtchn_unbind(xenevtchn_handle *handle, uint32_t number)
{
    struct event_port *port = find_port(number);
    if (port == NULL) {
        return -1;
    }
    port->kind = PORT_FREE;
    return 0;
}

int xenevtchn_pending(xenevtchn_handle *handle)
{
    uint32_t port = 0;
    if (read(event.pipe[0], &port, sizeof(port)) != sizeof(port)) {
        return -1;
    }
    event.port[port].is_masked = true;
    return (int)port;
}

int xenevtchn_unmask(xenevtchn_handle *handle, uint32_t number)
{
    struct event_port *port = find_port(number);
    if (port == NULL) {
        return -1;
    }
    port->is_masked = false;
    return !port->is_pending || raise_port(number) ? 0 : -1;
}
