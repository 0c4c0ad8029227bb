/* SPDX-License-Identifier: MIT */
/*
 * The fake machine under the tools' unit tests: libxencall, libxenforeignmemory, libxengnttab and
 * libxenevtchn as one small hypervisor inside the test's process. It speaks the ABI as Xen 4.17
 * does, so a test runs a room with the real hv/ below it and then looks at the domains that came of
 * it. Guest memory is a sparse file a domain, mapped as the real thing is: writes through a mapping
 * are the guest's memory. It is in the test archives only.
 *
 *     xen_host_start();                                   in each test's setup
 *     ... code under test ...
 *     struct xen_host_domain *d = xen_host_find(1);
 *     assert_int_equal(d->param[HVM_PARAM_STORE_PFN], 0x39001);
 *     assert_true(xen_host_is_clean());                   nothing left mapped, no buffer lost
 *
 * A pointer in a hypercall must lie in a buffer of xencall_alloc_buffer(), else -EFAULT.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/hvm.h"

#define XEN_HOST_DOMAINS 4096
#define XEN_HOST_VCPUS   8  /* contexts and affinities kept a domain */
#define XEN_HOST_RANGES  64 /* populated stretches a domain */
#define XEN_HOST_PORTS   16
#define XEN_HOST_CPUS    4

struct xen_host_range {
    uint64_t gfn, nr;
    uint64_t page;  /* where its content is in the file */
    unsigned order; /* of the extents it was populated by */
};

struct xen_host_domain {
    bool exists, is_shut_down, is_dead; /* is_dead: by a test's hand only */
    uint16_t domid;
    unsigned paused; /* how often; 1 after createdomain */
    uint32_t shutdown_reason;
    struct xen_domctl_createdomain config;
    unsigned max_vcpus, address_bits;
    uint64_t max_mem_kib, paging_bytes, claimed_pages, pages;
    int64_t time_offset;
    uint64_t param[HVM_NR_PARAMS];
    struct xen_vcpu_guest_context context[XEN_HOST_VCPUS];
    uint64_t hard[XEN_HOST_VCPUS], soft[XEN_HOST_VCPUS], nodes;
    struct xen_domctl_scheduler_op sched;
    struct xen_host_range range[XEN_HOST_RANGES];
    unsigned nr_ranges;
    struct xen_evtchn_status port[XEN_HOST_PORTS]; /* port n is [n]; 0 is never given */
    uint64_t vuart_gfn;
    uint64_t unique_id;
    unsigned destroy_restarts; /* how often destroydomain still answers -EAGAIN */
    uint8_t *dirty; /* a bit a frame below XEN_HOST_DIRTY: mapped writable, not flushed */
    int memory;     /* the file; grant table frames behind XEN_HOST_GRANTS */
};
#define XEN_HOST_DIRTY  (1U << 21)   /* frames: 8 GiB */
#define XEN_HOST_GRANTS (1ULL << 44) /* byte in the file where the grant table lies */

struct xen_host {
    uint32_t domctl_version, sysctl_version; /* what it takes, -EACCES else */
    bool is_control;                         /* false: -EPERM to domctl and sysctl */
    int open_error;                          /* errno of xencall_open(); 0: it opens */
    uint64_t free_pages;
    unsigned max_order; /* larger extents are out of memory */
    int copy_error;     /* errno of copying to grants; 0: it copies */
    int resource_error; /* errno of mapping a resource; 0: it maps */
    bool has_no_vuart, has_claim, has_gicv2, has_gicv3;
    bool has_no_states; /* no get_domain_state, as Xen 4.17 */
    char log[256];      /* what readconsole gives */
    char keys[64];      /* debug keys so far */

    unsigned nr_calls; /* hypercalls, maps and device operations since start or the last arm */
    unsigned nr_maps, nr_mapped, nr_buffers; /* maps made; pages and buffers there now */
    unsigned nr_flushed_pages, nr_copied;    /* nr_copied: segments copied to grants */
};
extern struct xen_host xen_host;

/* A machine of 4 CPUs and 1 GiB with domain 0 on it; what was before is gone. */
void xen_host_start(void);
/* A domain that exists, or NULL. */
struct xen_host_domain *xen_host_find(uint16_t domid);
/* The k-th operation from now on, counted from 1, fails with errno error; 0: none. */
void xen_host_arm(unsigned k, int error);
/* Whether an armed failure has happened; ends it. */
bool xen_host_disarm(void);
/* Calls of one command since the start. */
unsigned xen_host_count(unsigned call, uint64_t command);
/* Reads guest memory; pages that are not populated make it fail. */
bool xen_host_read(uint16_t domid, uint64_t address, void *to, size_t bytes);
bool xen_host_write(uint16_t domid, uint64_t address, const void *from, size_t bytes);
/* Whether all of it went through cacheflush since it was last mapped writable. */
bool xen_host_is_flushed(uint16_t domid, uint64_t address, uint64_t bytes);
/* The guest's event on a port that is bound here; a virtual interrupt of this domain. Whether
 * anybody is told. What is sent the other way (hv_notify) nobody hears. */
bool xen_host_send(uint16_t domid, uint32_t port);
bool xen_host_raise_virq(unsigned virq);
/* What a domain's coming and end do by themselves, for tests that change one by hand: the next
 * hv_next_changed() tells of it. */
void xen_host_mark_changed(uint16_t domid);
/* No mappings, no hypercall buffers, all handles closed. */
bool xen_host_is_clean(void);

/* ---- between the files of the fake */

struct xen_sysctl;
struct xen_host_domain *xen_host_slot(uint16_t domid); /* whether there is a domain or not */
void xen_host_reset_machine(void);
void xen_host_forget_changes(void);
long xen_host_domctl(struct xen_domctl *op);
/* Counts an operation; a negative errno if this one is to fail. */
int xen_host_step(void);
/* Memory that the caller may let the hypervisor touch, or NULL. */
void *xen_host_buffer(guest_handle_t handle, size_t bytes);
/* The stretch of a domain that a frame is in, or NULL. */
struct xen_host_range *xen_host_range(struct xen_host_domain *d, uint64_t gfn);
bool xen_host_has_pages(struct xen_host_domain *d, uint64_t gfn, uint64_t nr);
void xen_host_set_dirty(struct xen_host_domain *d, uint64_t gfn, uint64_t nr, bool is_dirty);
void xen_host_free(struct xen_host_domain *d);
long xen_host_memory_op(uint64_t command, void *argument);
long xen_host_sysctl(struct xen_sysctl *op);
long xen_host_version(uint64_t command, void *argument);
void xen_host_fill_info(const struct xen_host_domain *d, struct xen_domctl_getdomaininfo *info);
int xen_host_set_bits(struct xen_xenctl_bitmap *to, uint64_t bits);
int xen_host_get_bits(const struct xen_xenctl_bitmap *from, uint64_t *bits);
void xen_host_handles(int change); /* a device was opened (1) or closed (-1) */
