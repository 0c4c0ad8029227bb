/* SPDX-License-Identifier: MIT */
#include "test/fuzz/faults.h"

#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/vcpu.h"
#include "abi/version.h"
#include "abi/xen.h"
#include "base/err.h"
#include "dom/record_format.h"
#include "test/fuzz/guest.h"

#define V(type, member, kind, v)                                                       \
    {                                                                                  \
        offsetof(struct type, member), sizeof(((struct type *)0)->member), V_##kind, v \
    }
#define D(member, kind, v) V(xen_domctl, u.member, kind, v)
#define TARGET(kind, v)    V(xen_domctl, domain, kind, v)
#define FAR                0x90000ULL /* a place that needs tables */

#define CREATE CREATE_WITH(127)
#define CREATE_WITH(ports)                                                      \
    {                                                                           \
        "createdomain", .keep = offsetof(struct xen_domctl, domain), .value = { \
            D(createdomain.flags, NUM, 3),                                      \
            D(createdomain.max_vcpus, NUM, 2),                                  \
            D(createdomain.max_evtchn_port, NUM, ports),                        \
            D(createdomain.max_grant_frames, NUM, 4),                           \
            D(createdomain.max_maptrack_frames, NUM, 4),                        \
            D(createdomain.grant_opts, NUM, 1),                                 \
            D(createdomain.arch.nr_spis, NUM, 64)                               \
        }                                                                       \
    }
#define RESERVATION(nr, order)                          \
    V(xen_memory_reservation, extent_start, LIST, 0),   \
        V(xen_memory_reservation, nr_extents, NUM, nr), \
        V(xen_memory_reservation, extent_order, NUM, order)
/* Guest 1 offers page 5 to dom0. */
#define GRANT_BY_1                                                                                \
    {                                                                                             \
        "grant", 1, .value = { {0, 2, V_NUM, 1}, {2, 2, V_DOM, 0}, {4, 4, V_NUM, GUEST_RAM + 5} } \
    }
#define MAP                                                                                    \
    {                                                                                          \
        "map_grant_ref", .keep = offsetof(struct xen_gnttab_map_grant_ref, handle), .value = { \
            V(xen_gnttab_map_grant_ref, host_addr, NUM, FAR << 12),                            \
            V(xen_gnttab_map_grant_ref, flags, NUM, GNTMAP_host_map),                          \
            V(xen_gnttab_map_grant_ref, ref, NUM, 10),                                         \
            V(xen_gnttab_map_grant_ref, dom, DOM, 1)                                           \
        }                                                                                      \
    }
#define PAUSE(guest)                                   \
    {                                                  \
        "pausedomain", .value = { TARGET(DOM, guest) } \
    }
/* A record of guest 1 to the second page of the buffer, and from there into guest 2. */
#define SAVE(what)                                  \
    {                                               \
        "gethvmcontext_partial", .value = {         \
            TARGET(DOM, 1),                         \
            D(hvmcontext_partial.type, NUM, what),  \
            D(hvmcontext_partial.bufsz, NUM, 4096), \
            D(hvmcontext_partial.buffer, OUT, 4096) \
        }                                           \
    }
#define LOAD(type)                                                                \
    {                                                                             \
        "sethvmcontext", .value = {                                               \
            TARGET(DOM, 2),                                                       \
            D(hvmcontext.size, NUM, sizeof(struct record_header) + sizeof(type)), \
            D(hvmcontext.buffer, OUT, 4096)                                       \
        }                                                                         \
    }
/* What was created gets a page of RAM, and a UART there. */
#define POOL                                     \
    {                                            \
        "set_paging_mempool_size", .value = {    \
            TARGET(NEW, 0),                      \
            D(paging_mempool.size, NUM, 1 << 16) \
        }                                        \
    }
#define LIMIT                                                                 \
    {                                                                         \
        "max_mem", .value = { TARGET(NEW, 0), D(max_mem.max_memkb, NUM, 64) } \
    }
#define PAGE                                                                                     \
    {                                                                                            \
        "populate_physmap",                                                                      \
            .answer = 1, .value = {RESERVATION(1, 0), V(xen_memory_reservation, domid, NEW, 0)}, \
            .list = {                                                                            \
                FAR                                                                              \
            }                                                                                    \
    }
#define UART(result)                                                                           \
    {                                                                                          \
        "vuart_op", .answer = (result), .value = { TARGET(NEW, 0), D(vuart_op.gfn, NUM, FAR) } \
    }
#define UNBOUND                                                                                 \
    {                                                                                           \
        "alloc_unbound", 1, .keep = offsetof(struct xen_evtchn_alloc_unbound, port), .value = { \
            V(xen_evtchn_alloc_unbound, dom, NUM, XEN_DOMID_SELF),                              \
            V(xen_evtchn_alloc_unbound, remote_dom, DOM, 0)                                     \
        }                                                                                       \
    }
/* All the ports that dom0's table has room for, the first of them freed and taken again: who wants
 * one more looks at them all, longer than a stay, and has the table grow. */
#define MANY 1151
#define FULL_TABLE                                                                          \
    {"alloc_unbound", .times = MANY,                                                        \
     .value = {V(xen_evtchn_alloc_unbound, dom, NUM, XEN_DOMID_SELF),                       \
               V(xen_evtchn_alloc_unbound, remote_dom, DOM, 0)}},                           \
        {"close", .value = {V(xen_evtchn_close, port, NUM, 1)}},                            \
    {                                                                                       \
        "alloc_unbound", .value = { V(xen_evtchn_alloc_unbound, dom, NUM, XEN_DOMID_SELF) } \
    }

const struct fault_case fault_cases[] = {
    {"createdomain", ANSWER, {CREATE}},
    {"max_vcpus",
     PARTIAL,
     {CREATE, {"max_vcpus", .value = {TARGET(NEW, 0), D(max_vcpus.max, NUM, 2)}}}},
    {"destroydomain",
     PARTIAL,
     {CREATE,
      {"max_vcpus", .value = {TARGET(NEW, 0), D(max_vcpus.max, NUM, 2)}},
      {"destroydomain", .value = {TARGET(NEW, 0)}}}},
    {"populate, single pages",
     PARTIAL,
     {{"populate_physmap", 0, .answer = 4,
       .value = {RESERVATION(4, 0), V(xen_memory_reservation, domid, DOM, 1)},
       .list = {FAR, FAR + 1, FAR + 512, FAR + 0x40000}}}},
    {"populate, 2 MiB",
     PARTIAL,
     {{"max_mem", .value = {TARGET(DOM, 1), D(max_mem.max_memkb, NUM, 1 << 16)}},
      {"populate_physmap", 0, .answer = 1,
       .value = {RESERVATION(1, 9), V(xen_memory_reservation, domid, DOM, 1)}, .list = {FAR}}}},
    {"remove_from_physmap, out of 2 MiB",
     WHOLE,
     {{"max_mem", .value = {TARGET(DOM, 1), D(max_mem.max_memkb, NUM, 1 << 16)}},
      {"populate_physmap", 0, .answer = 1,
       .value = {RESERVATION(1, 9), V(xen_memory_reservation, domid, DOM, 1)}, .list = {FAR}},
      {"remove_from_physmap", .value = {V(xen_remove_from_physmap, domid, DOM, 1),
                                        V(xen_remove_from_physmap, gpfn, NUM, FAR + 1)}}}},
    /* In steps: cleared, split, given; and mapped over what two tables hold. */
    {"populate, 4 MiB over single pages",
     PARTIAL,
     {{"max_mem", .value = {TARGET(DOM, 1), D(max_mem.max_memkb, NUM, 1 << 16)}},
      {"populate_physmap", 0, .answer = 2,
       .value = {RESERVATION(2, 9), V(xen_memory_reservation, domid, DOM, 1)},
       .list = {FAR, FAR + 512}},
      {"decrease_reservation", 1, .answer = 2,
       .value = {RESERVATION(2, 0), V(xen_memory_reservation, domid, NUM, XEN_DOMID_SELF)},
       .list = {FAR + 7, FAR + 1000}},
      {"populate_physmap", 0, .answer = 1,
       .value = {RESERVATION(1, 10), V(xen_memory_reservation, domid, DOM, 1)}, .list = {FAR}}}},
    {"increase",
     PARTIAL,
     {{"increase_reservation", 1, .answer = 2,
       .value = {RESERVATION(2, 1), V(xen_memory_reservation, domid, NUM, XEN_DOMID_SELF)}}}},
    {"decrease within a block",
     PARTIAL,
     {{"max_mem", .value = {TARGET(DOM, 1), D(max_mem.max_memkb, NUM, 1 << 16)}},
      {"populate_physmap", 0, .answer = 1,
       .value = {RESERVATION(1, 9), V(xen_memory_reservation, domid, DOM, 1)}, .list = {FAR}},
      {"decrease_reservation", 1, .answer = 2,
       .value = {RESERVATION(2, 0), V(xen_memory_reservation, domid, NUM, XEN_DOMID_SELF)},
       .list = {FAR + 7, FAR + 100}}}},
    {"grant frame moves",
     WHOLE,
     {{"add_to_physmap", 1,
       .value = {V(xen_add_to_physmap, domid, NUM, XEN_DOMID_SELF),
                 V(xen_add_to_physmap, space, NUM, XENMAPSPACE_grant_table),
                 V(xen_add_to_physmap, idx, NUM, 1), V(xen_add_to_physmap, gpfn, NUM, FAR)}}}},
    {"grant table grows by a mapping",
     PARTIAL,
     {{"add_to_physmap", 1,
       .value = {V(xen_add_to_physmap, domid, NUM, XEN_DOMID_SELF),
                 V(xen_add_to_physmap, space, NUM, XENMAPSPACE_grant_table),
                 V(xen_add_to_physmap, idx, NUM, 6), V(xen_add_to_physmap, gpfn, NUM, FAR)}}}},
    {"foreign pages",
     PARTIAL,
     {{"add_to_physmap_batch", 0,
       .value = {V(xen_add_to_physmap_batch, domid, NUM, XEN_DOMID_SELF),
                 V(xen_add_to_physmap_batch, space, NUM, XENMAPSPACE_gmfn_foreign),
                 V(xen_add_to_physmap_batch, size, NUM, 3),
                 V(xen_add_to_physmap_batch, u.foreign_domid, DOM, 1),
                 V(xen_add_to_physmap_batch, idxs, LIST, 0),
                 V(xen_add_to_physmap_batch, gpfns, LIST, 0),
                 V(xen_add_to_physmap_batch, errs, OUT, 0)},
       .list = {GUEST_RAM, GUEST_RAM + 1, GUEST_RAM + 2}}}},
    {"remove_from_physmap",
     WHOLE,
     {{"remove_from_physmap", 1,
       .value = {V(xen_remove_from_physmap, domid, NUM, XEN_DOMID_SELF),
                 V(xen_remove_from_physmap, gpfn, NUM, GUEST_INFO)}}}},
    {"acquire_resource",
     PARTIAL,
     {{"acquire_resource", 0,
       .value = {V(xen_mem_acquire_resource, domid, DOM, 1),
                 V(xen_mem_acquire_resource, type, NUM, XENMEM_resource_grant_table),
                 V(xen_mem_acquire_resource, nr_frames, NUM, 2),
                 V(xen_mem_acquire_resource, frame, NUM, 4),
                 V(xen_mem_acquire_resource, frame_list, LIST, 0)},
       .list = {FAR, FAR + 0x40000}}}},
    {"map a grant", ANSWER, {GRANT_BY_1, MAP}},
    {"unmap a grant",
     ANSWER,
     {GRANT_BY_1,
      MAP,
      {"unmap_grant_ref", .value = {V(xen_gnttab_unmap_grant_ref, host_addr, NUM, FAR << 12),
                                    V(xen_gnttab_unmap_grant_ref, handle, RESULT, 0)}}}},
    {"copy by a grant",
     ANSWER,
     {GRANT_BY_1,
      {"copy",
       .value = {V(xen_gnttab_copy, source.u.ref, NUM, 10),
                 V(xen_gnttab_copy, source.domid, DOM, 1), V(xen_gnttab_copy, dest.u.gmfn, RAM, 9),
                 V(xen_gnttab_copy, dest.domid, NUM, XEN_DOMID_SELF),
                 V(xen_gnttab_copy, len, NUM, 64),
                 V(xen_gnttab_copy, flags, NUM, GNTCOPY_source_gref)}}}},
    {"setup_table",
     PARTIAL,
     {{"setup_table", 1,
       .value = {V(xen_gnttab_setup_table, dom, NUM, XEN_DOMID_SELF),
                 V(xen_gnttab_setup_table, nr_frames, NUM, 8),
                 V(xen_gnttab_setup_table, frame_list, OUT, 0)}}}},
    {"swap_grant_ref",
     ANSWER,
     {{"swap_grant_ref", 1,
       .value = {V(xen_gnttab_swap_grant_ref, ref_a, NUM, 1),
                 V(xen_gnttab_swap_grant_ref, ref_b, NUM, 2)}}}},
    {"cache_flush",
     WHOLE,
     {GRANT_BY_1,
      MAP,
      {"cache_flush", .value = {V(xen_gnttab_cache_flush, a.ref, NUM, 0),
                                V(xen_gnttab_cache_flush, length, NUM, 64),
                                V(xen_gnttab_cache_flush, op, NUM, 0)}}}},
    {"alloc_unbound", WHOLE, {UNBOUND}},
    {"bind_interdomain",
     WHOLE,
     {UNBOUND,
      {"bind_interdomain", .value = {V(xen_evtchn_bind_interdomain, remote_dom, DOM, 1),
                                     V(xen_evtchn_bind_interdomain, remote_port, RESULT, 0)}}}},
    {"bind_virq", WHOLE, {{"bind_virq", 1, .value = {V(xen_evtchn_bind_virq, virq, NUM, 1)}}}},
    {"bind_ipi", WHOLE, {{"bind_ipi", 1, .value = {V(xen_evtchn_bind_ipi, vcpu, NUM, 1)}}}},
    {"alloc_unbound, the table grows",
     WHOLE,
     {FULL_TABLE,
      {"alloc_unbound", .value = {V(xen_evtchn_alloc_unbound, dom, NUM, XEN_DOMID_SELF)}}}},
    {"bind_interdomain, the table grows",
     WHOLE,
     {FULL_TABLE,
      UNBOUND,
      {"bind_interdomain", .value = {V(xen_evtchn_bind_interdomain, remote_dom, DOM, 1),
                                     V(xen_evtchn_bind_interdomain, remote_port, RESULT, 0)}}}},
    {"bind_virq, the table grows", WHOLE, {FULL_TABLE, {"bind_virq", .who = 0}}},
    {"bind_ipi, the table grows", WHOLE, {FULL_TABLE, {"bind_ipi", .who = 0}}},
    {"close", WHOLE, {UNBOUND, {"close", 1, .value = {V(xen_evtchn_close, port, RESULT, 0)}}}},
    {"init_control",
     ANSWER,
     {{"init_control", 1, .value = {V(xen_evtchn_init_control, control_gfn, NUM, GUEST_RAM + 3)}}}},
    {"expand_array",
     WHOLE,
     {{"init_control", 1, .value = {V(xen_evtchn_init_control, control_gfn, NUM, GUEST_RAM + 3)}},
      {"expand_array", 1, .value = {V(xen_evtchn_expand_array, array_gfn, NUM, GUEST_RAM + 4)}}}},
    {"expand_array, ports that were there before",
     PARTIAL, /* its page is there from the first of its stays on */
     {FULL_TABLE,
      {"init_control", .value = {V(xen_evtchn_init_control, control_gfn, RAM, 3)}},
      {"expand_array", .value = {V(xen_evtchn_expand_array, array_gfn, RAM, 4)}}}},
    {"expand_array, no more room",
     WHOLE,
     {{"init_control", 1, .value = {V(xen_evtchn_init_control, control_gfn, NUM, GUEST_RAM + 3)}},
      {"expand_array", 1, .times = 128,
       .value = {V(xen_evtchn_expand_array, array_gfn, NUM, GUEST_RAM + 4)}},
      {"expand_array", 1, .answer = E_NOSPC,
       .value = {V(xen_evtchn_expand_array, array_gfn, NUM, GUEST_RAM + 4)}}}},
    {"pausedomain, too often",
     WHOLE,
     {{"pausedomain", .times = 255, .value = {TARGET(DOM, 1)}},
      {"pausedomain", .answer = E_OVERFLOW, .value = {TARGET(DOM, 1)}}}},
    {"reset of events",
     PARTIAL,
     {UNBOUND, {"reset", 1, .value = {V(xen_evtchn_reset, dom, NUM, XEN_DOMID_SELF)}}}},
    {"status",
     WHOLE,
     {UNBOUND,
      {"status", 1,
       .value = {V(xen_evtchn_status, dom, NUM, XEN_DOMID_SELF),
                 V(xen_evtchn_status, port, RESULT, 0)}}}},
    {"register_vcpu_info",
     WHOLE,
     {{"register_vcpu_info", 1, .vcpu = 0,
       .value = {V(xen_vcpu_register_vcpu_info, mfn, NUM, GUEST_RAM + 6)}}}},
    {"register_runstate, two pages",
     WHOLE,
     {{"register_runstate_memory_area", 1,
       .value = {V(xen_vcpu_register_runstate_memory_area, addr.p, NUM,
                   (GUEST_RAM << 12) + 0x7ff8)}}}},
    {"poll", WHOLE, {{"poll", 1, .value = {V(xen_sched_poll, timeout, NUM, 1)}}}},
    {"setvcpucontext",
     WHOLE,
     {{"setvcpucontext",
       .value = {TARGET(DOM, 2), D(vcpucontext.vcpu, NUM, 1), D(vcpucontext.ctxt, OUT, 0)}}}},
    {"getvcpucontext",
     WHOLE,
     {{"getvcpucontext",
       .value = {TARGET(DOM, 2), D(vcpucontext.vcpu, NUM, 1), D(vcpucontext.ctxt, OUT, 0)}}}},
    {"setvcpuaffinity",
     PARTIAL,
     {{"setvcpuaffinity",
       .value = {TARGET(DOM, 2), D(vcpuaffinity.flags, NUM, 1),
                 D(vcpuaffinity.cpumap_hard.bitmap, LIST, 0),
                 D(vcpuaffinity.cpumap_hard.nr_bits, NUM, 8)},
       .list = {1}}}},
    {"iomem_permission, cut in two",
     WHOLE,
     {{"iomem_permission", .value = {TARGET(DOM, 1), D(iomem_permission.first_mfn, NUM, 0x9004),
                                     D(iomem_permission.nr_mfns, NUM, 2)}}}},
    {"irq_permission",
     WHOLE,
     {{"irq_permission", .value = {TARGET(DOM, 1), D(irq_permission.pirq, NUM, 50),
                                   D(irq_permission.allow_access, NUM, 1)}}}},
    {"memory_mapping",
     PARTIAL,
     {{"memory_mapping",
       .value = {TARGET(DOM, 1), D(memory_mapping.first_gfn, NUM, FAR),
                 D(memory_mapping.first_mfn, NUM, 0x9000), D(memory_mapping.nr_mfns, NUM, 3),
                 D(memory_mapping.add_mapping, NUM, 1)}}}},
    {"a UART", ANSWER, {CREATE, POOL, LIMIT, PAGE, UART(0)}},
    {"a UART, no port left", WHOLE, {CREATE_WITH(0), POOL, LIMIT, PAGE, UART(E_NOSPC)}},
    {"a UART, its interrupt is a device's",
     WHOLE,
     {CREATE,
      {"irq_permission", .value = {TARGET(NEW, 0), D(irq_permission.pirq, NUM, 32),
                                   D(irq_permission.allow_access, NUM, 1)}},
      {"bind_pt_irq",
       .value = {TARGET(NEW, 0), D(bind_pt_irq.machine_irq, NUM, 32),
                 D(bind_pt_irq.irq_type, NUM, PT_IRQ_TYPE_SPI), D(bind_pt_irq.u.spi.spi, NUM, 32)}},
      UART(E_BUSY)}},
    {"a second UART", WHOLE, {CREATE, POOL, LIMIT, PAGE, UART(0), UART(E_INVAL)}},
    {"unbind_pt_irq",
     WHOLE,
     {{"unbind_pt_irq", .value = {TARGET(DOM, 1), D(bind_pt_irq.machine_irq, NUM, 40),
                                  D(bind_pt_irq.irq_type, NUM, PT_IRQ_TYPE_SPI),
                                  D(bind_pt_irq.u.spi.spi, NUM, 40)}}}},
    {"set_param",
     WHOLE,
     {{"set_param",
       .value = {V(xen_hvm_param, domid, DOM, 1), V(xen_hvm_param, index, NUM, HVM_PARAM_STORE_PFN),
                 V(xen_hvm_param, value, NUM, 7)}}}},
    {"getdomaininfolist",
     WHOLE,
     {{"getdomaininfolist", .value = {V(xen_sysctl, u.getdomaininfolist.max_domains, NUM, 8),
                                      V(xen_sysctl, u.getdomaininfolist.buffer, OUT, 0)}}}},
    {"load events",
     WHOLE,
     {{"init_control", 1, .value = {V(xen_evtchn_init_control, control_gfn, NUM, GUEST_RAM + 3)}},
      PAUSE(1),
      PAUSE(2),
      SAVE(RECORD_EVENTS),
      LOAD(struct record_events)}},
    {"load a runstate area",
     PARTIAL, /* the times of its states are its own, too */
     {{"register_runstate_memory_area", 1,
       .value = {V(xen_vcpu_register_runstate_memory_area, addr.p, NUM,
                   (GUEST_RAM << 12) + 0x7ff8)}},
      PAUSE(1),
      PAUSE(2),
      SAVE(RECORD_RUNSTATE_VCPU),
      LOAD(struct record_runstate)}},
};
const u32 nr_fault_cases = sizeof(fault_cases) / sizeof(fault_cases[0]);
