/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor as the tools see it: hypercalls, foreign memory, grants, events. The only room
 * that knows the libxen* libraries and the version of the control interface.
 *
 * A process has one struct hv. It is not shared by threads, and after fork() only the parent (or a
 * child that opens its own) may use it. Structures of abi/ go in and out as they are: this header
 * names them only, a caller that looks inside includes abi/domctl.h and its kin. No call allocates
 * memory for its arguments, except where it says so.
 *
 * All answer 0 (or a count) or a negative errno and say nothing, except hv_open(): the sentence is
 * the caller's, who knows what was wanted. The usual ones: -ESRCH no such domain, -EPERM not the
 * control domain, -ENOSYS or -EOPNOTSUPP this hypervisor can't. A call that a signal interrupts, or
 * that the hypervisor wants again, is made again here.
 *
 * Sets of CPUs or nodes are words: bit n % 64 of word n / 64, (nr + 63) / 64 words.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hv;
struct xen_domctl_createdomain;
struct xen_domctl_getdomaininfo;
struct xen_domctl_getvcpuinfo;
struct xen_domctl_scheduler_op;
struct xen_vcpu_guest_context;
struct xen_evtchn_status;
struct xen_sysctl_cpupool_op;
struct xen_sysctl_cputopo;
struct xen_sysctl_meminfo;
struct xen_sysctl_physinfo;
struct xen_sysctl_scheduler_op;

/* Where privcmd is not there, or the hypervisor speaks another version of the control interface, it
 * says so in one sentence. Devices for foreign memory, grants and events are opened when first
 * used: their absence is the errno of that call. */
int hv_open(struct hv **out);
void hv_close(struct hv *hv); /* unmaps nothing; hv may be NULL */

/* ---- domain.c: what domctl does to a domain as a whole */

/* *domid in: the id wanted, 0 for any; out: the id given. config->arch comes back filled in. */
int hv_create_domain(struct hv *hv, struct xen_domctl_createdomain *config, uint16_t *domid);
int hv_destroy_domain(struct hv *hv, uint16_t domid); /* to its end, however often it restarts */
int hv_pause_domain(struct hv *hv, uint16_t domid);
int hv_unpause_domain(struct hv *hv, uint16_t domid);
int hv_resume_domain(struct hv *hv, uint16_t domid);
int hv_shutdown_domain(struct hv *hv, uint16_t domid, uint32_t reason); /* SHUTDOWN_*, at once */
int hv_get_domain(struct hv *hv, uint16_t domid, struct xen_domctl_getdomaininfo *info);

/* Whether a domain is there, and which: its number may have come back since one last looked. */
struct hv_domain_state {
    bool exists;
    bool is_shut_down;
    bool is_dead;       /* it was destroyed and only waits for who still maps its pages */
    uint64_t unique_id; /* no other domain had it; 0: this hypervisor knows no such thing */
};
/* Of one domain; none of that number is no error. On any hypervisor. */
int hv_get_state(struct hv *hv, uint16_t domid, struct hv_domain_state *state);
/* The next domain that came, shut down, died or went since this machine's programs were last told:
 * for who has bound VIRQ_DOM_EXC, which begins with all there are. -ENOENT: none; -ENOSYS: this
 * hypervisor does not say who, as Xen before 4.20. */
int hv_next_changed(struct hv *hv, uint16_t *domid, struct hv_domain_state *state);

/* Up to max domains from id first on, in order; the count, 0 when there are no more. One call for
 * any max; the next batch starts at the last one's id + 1. */
int hv_list_domains(struct hv *hv, uint16_t first, struct xen_domctl_getdomaininfo *info,
                    unsigned max);
/* All of them in an array that the caller frees; at least one. -ENOMEM. */
int hv_list_all_domains(struct hv *hv, struct xen_domctl_getdomaininfo **out, unsigned *out_nr);

int hv_set_max_vcpus(struct hv *hv, uint16_t domid, unsigned nr);
int hv_set_max_mem(struct hv *hv, uint16_t domid, uint64_t kib);
int hv_set_paging_pool(struct hv *hv, uint16_t domid, uint64_t bytes);
int hv_get_paging_pool(struct hv *hv, uint16_t domid, uint64_t *bytes);
int hv_set_address_size(struct hv *hv, uint16_t domid, unsigned bits); /* 32 or 64 */
int hv_set_domain_handle(struct hv *hv, uint16_t domid, const uint8_t uuid[16]);
int hv_set_time_offset(struct hv *hv, uint16_t domid, int64_t seconds);
int hv_set_param(struct hv *hv, uint16_t domid, uint32_t index, uint64_t value); /* HVM_PARAM_* */
int hv_get_param(struct hv *hv, uint16_t domid, uint32_t index, uint64_t *value);
/* Cleans and invalidates guest frames, so that a guest with its caches off sees them. */
int hv_flush_cache(struct hv *hv, uint16_t domid, uint64_t gfn, uint64_t nr);
/* An emulated PL011: its ring in frame gfn; *port is the guest's, console_domid binds to it. */
int hv_create_vuart(struct hv *hv, uint16_t domid, uint16_t console_domid, uint64_t gfn,
                    uint32_t *port);
int hv_send_trigger(struct hv *hv, uint16_t domid, uint32_t trigger, uint32_t vcpu);

/* ---- sched.c: vCPUs, and where and how much they run */

int hv_get_vcpu(struct hv *hv, uint16_t domid, unsigned vcpu, struct xen_domctl_getvcpuinfo *info);
int hv_set_context(struct hv *hv, uint16_t domid, unsigned vcpu,
                   const struct xen_vcpu_guest_context *context);
int hv_get_context(struct hv *hv, uint16_t domid, unsigned vcpu,
                   struct xen_vcpu_guest_context *context);

/* Hard and soft affinity, either may be NULL (set: left as it is). Sets come back from set as what
 * they came to, bits that are no CPU cleared. -E2BIG beyond 4096 CPUs. */
int hv_set_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus);
int hv_get_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus);
int hv_set_node_affinity(struct hv *hv, uint16_t domid, const uint64_t *nodes, unsigned nr_nodes);
int hv_get_node_affinity(struct hv *hv, uint16_t domid, uint64_t *nodes, unsigned nr_nodes);

/* A domain's parameters: sched_id, cmd (XEN_DOMCTL_SCHEDOP_putinfo, getinfo) and the
 * scheduler's own, in and out. */
int hv_sched_domain(struct hv *hv, uint16_t domid, struct xen_domctl_scheduler_op *parameters);
/* A pool's parameters, likewise (XEN_SYSCTL_SCHEDOP_*). */
int hv_sched_pool(struct hv *hv, struct xen_sysctl_scheduler_op *parameters);
int hv_get_sched_id(struct hv *hv, uint32_t *sched_id); /* of the first pool: XEN_SCHEDULER_* */

/* ---- memory.c: which frames a domain has */

/* Gives a domain memory at nr extents of 2^order frames, one after the other from gfn on (range) or
 * as listed. *done is how many were given; -ENOMEM: the rest could not be; -ENOBUFS: this process
 * is out of memory. */
int hv_populate_range(struct hv *hv, uint16_t domid, uint64_t gfn, uint64_t nr, unsigned order,
                      uint64_t *done);
int hv_populate(struct hv *hv, uint16_t domid, const uint64_t *gfn, uint64_t nr, unsigned order,
                uint64_t *done);
/* Takes frames away; *done as above. */
int hv_depopulate(struct hv *hv, uint16_t domid, const uint64_t *gfn, uint64_t nr, unsigned order,
                  uint64_t *done);
int hv_add_to_physmap(struct hv *hv, uint16_t domid, uint32_t space, uint64_t index, uint64_t gfn);
int hv_remove_from_physmap(struct hv *hv, uint16_t domid, uint64_t gfn);
int hv_get_max_gfn(struct hv *hv, uint16_t domid, uint64_t *gfn); /* the highest one in use */
int hv_claim(struct hv *hv, uint16_t domid, uint64_t nr_pages);   /* 0 gives the claim back */

/* ---- machine.c: the machine as a whole */

struct hv_version {
    unsigned major, minor;
    char extra[16];
    char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    char capabilities[1024];
    char changeset[64];
    char command_line[1024];
    char build_id[129]; /* hexadecimal, empty: none */
    uint64_t virt_start;
    unsigned page_bytes;
};
int hv_get_version(struct hv *hv, struct hv_version *version);
int hv_get_physinfo(struct hv *hv, struct xen_sysctl_physinfo *info);
/* *nr in: room in the array; out: how many there are, of which at most the room is filled. */
int hv_get_cpu_topology(struct hv *hv, struct xen_sysctl_cputopo *cpu, unsigned *nr);
/* distance: room for *nr * *nr, row by row with as many columns as nodes are told */
int hv_get_numa(struct hv *hv, struct xen_sysctl_meminfo *node, uint32_t *distance, unsigned *nr);
int hv_get_idle_times(struct hv *hv, uint64_t *idle_ns, unsigned *nr); /* a CPU each */
/* Reads the log into buffer. *index in: where to go on (with incremental); out: what to give next
 * time. The count of bytes. clear empties the log afterwards. */
int hv_read_console(struct hv *hv, char *buffer, size_t bytes, bool clear, bool incremental,
                    uint32_t *index);
int hv_send_debug_keys(struct hv *hv, const char *keys);

/* The first pool whose id is not below first: info->cpupool_id, sched_id, n_dom. -ENOENT. */
int hv_get_pool(struct hv *hv, uint32_t first, struct xen_sysctl_cpupool_op *info, uint64_t *cpus,
                unsigned nr_cpus);
/* *pool in: the id wanted, XEN_SYSCTL_CPUPOOL_PAR_ANY for any; out: the id given */
int hv_create_pool(struct hv *hv, uint32_t sched_id, uint32_t *pool);
int hv_destroy_pool(struct hv *hv, uint32_t pool);
int hv_add_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu);
int hv_remove_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu);
int hv_move_domain(struct hv *hv, uint32_t pool, uint16_t domid);
int hv_get_free_cpus(struct hv *hv, uint64_t *cpus, unsigned nr_cpus); /* those in no pool */

/* ---- foreign.c: memory of other domains */

struct hv_mapping {
    void *at; /* page-aligned; NULL: nothing is mapped */
    size_t nr_pages;
    void *kind; /* foreign.c's own */
};
/*
 * Maps nr frames of a domain, in one call however many. Without error any frame that can't be
 * mapped fails the whole (its errno; nothing stays mapped); with it, error[i] is 0 or a negative
 * errno, pages that failed must not be touched, and 0 is returned if at least one is there.
 */
int hv_map(struct hv *hv, uint16_t domid, const uint64_t *gfn, size_t nr, bool writable,
           struct hv_mapping *mapping, int *error);
/* The same for frames that follow each other. */
int hv_map_range(struct hv *hv, uint16_t domid, uint64_t gfn, size_t nr, bool writable,
                 struct hv_mapping *mapping);
/* The first nr frames of a domain's grant table, whether or not the domain has set it up. */
int hv_map_grant_table(struct hv *hv, uint16_t domid, size_t nr, struct hv_mapping *mapping);
/*
 * Copies bytes into the frames of a domain that does not run yet, from frame gfn on; no page is
 * mapped. It borrows entries 8 to 511 of the domain's grant table, of which grants is the first
 * frame, and leaves them clear. -EFAULT: from is not all there, as when it maps a file that has
 * become shorter. HV_COPY_BYTES at a time are one call.
 */
#define HV_COPY_BYTES (504 * 4096U)
int hv_copy(struct hv *hv, uint16_t domid, const struct hv_mapping *grants, uint64_t gfn,
            const void *from, size_t bytes);
/* A page that a domain granted to this one. */
int hv_map_grant(struct hv *hv, uint16_t domid, uint32_t ref, bool writable,
                 struct hv_mapping *mapping);
void hv_unmap(struct hv *hv, struct hv_mapping *mapping); /* of any kind; may be unmapped already */

/* ---- event.c: event channels */

/* A port of domid that remote may bind to. */
int hv_alloc_unbound(struct hv *hv, uint16_t domid, uint16_t remote, uint32_t *port);
int hv_get_port(struct hv *hv, uint16_t domid, uint32_t port, struct xen_evtchn_status *status);
/* This process' own ports, all of one file descriptor that polls readable when one is pending. */
int hv_event_fd(struct hv *hv);
int hv_bind_event(struct hv *hv, uint16_t domid, uint32_t remote_port, uint32_t *port);
int hv_bind_virq(struct hv *hv, uint32_t virq, uint32_t *port); /* VIRQ_*, global ones */
int hv_unbind_event(struct hv *hv, uint32_t port);
int hv_notify(struct hv *hv, uint32_t port);
/* The next pending port, masked until hv_unmask_event(); -EAGAIN: none. Never blocks. */
int hv_next_event(struct hv *hv, uint32_t *port);
int hv_unmask_event(struct hv *hv, uint32_t port);
