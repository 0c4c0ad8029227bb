/* SPDX-License-Identifier: MIT */
#include "test/fuzz/calls.h"

#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/vcpu.h"
#include "abi/version.h"
#include "abi/xen.h"

#define F(type, member, kind, a)                                                   \
    {                                                                              \
        offsetof(struct type, member), sizeof(((struct type *)0)->member), kind, a \
    }
/* A field of the operation within the control structures. */
#define D(member, kind, a) F(xen_domctl, u.member, kind, a)
#define S(member, kind, a) F(xen_sysctl, u.member, kind, a)
#define ROW(call, shape, by, weight, prefix, op, type, ...)                           \
    {                                                                                 \
        __HYPERVISOR_##call, shape, by, weight, prefix##op, #op, sizeof(struct type), \
            sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field),       \
            (const struct field[])                                                    \
        {                                                                             \
            __VA_ARGS__                                                               \
        }                                                                             \
    }
#define BOTH (BY_GUEST | BY_DOM0)
/* A command without a structure. */
#define BARE(call, shape, by, weight, prefix, op)                                              \
    {                                                                                          \
        __HYPERVISOR_##call, shape, by, weight, prefix##op, #op, 0, 0, (const struct field *)0 \
    }
#define EVENT(weight, op, type, ...) \
    ROW(event_channel_op, S_PTR, BOTH, weight, EVTCHNOP_, op, xen_evtchn_##type, __VA_ARGS__)
#define GRANT(weight, op, type, ...) \
    ROW(grant_table_op, S_ARRAY, BOTH, weight, GNTTABOP_, op, xen_gnttab_##type, __VA_ARGS__)
/* With a result of its own in each element. */
#define STATUS(weight, op, type, ...) \
    GRANT(weight, op, type, ##__VA_ARGS__, F(xen_gnttab_##type, status, K_STATUS, 0))
#define MEMORY(by, weight, op, type, ...) \
    ROW(memory_op, S_PTR, by, weight, XENMEM_, op, type, __VA_ARGS__)
#define DOMCTL(weight, op, ...)                                                \
    ROW(domctl, S_CONTROL, BY_DOM0, weight, XEN_DOMCTL_, op, xen_domctl,       \
        F(xen_domctl, interface_version, K_NUM, XEN_DOMCTL_INTERFACE_VERSION), \
        F(xen_domctl, domain, K_DOM, 1), ##__VA_ARGS__)
#define SYSCTL(weight, op, ...)                                          \
    ROW(sysctl, S_CONTROL, BY_DOM0, weight, XEN_SYSCTL_, op, xen_sysctl, \
        F(xen_sysctl, interface_version, K_NUM, XEN_SYSCTL_INTERFACE_VERSION), ##__VA_ARGS__)

/* What a reset that was interrupted goes on as; no caller begins with it. */
#define EVTCHNOP_reset_again 14

#define PICK(...) PICK_(__VA_ARGS__, 255, 255, 255, 255, 255, 255, 255, 255)
#define PICK_(a, b, c, d, e, f, g, h, ...)                                         \
    ((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | \
     (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)

#define AFFINITY                                                                      \
    D(vcpuaffinity.vcpu, K_VCPU, 0), D(vcpuaffinity.flags, K_PICK, PICK(1, 2, 3, 0)), \
        D(vcpuaffinity.cpumap_hard.bitmap, K_LIST, K_BITS),                           \
        D(vcpuaffinity.cpumap_hard.nr_bits, K_MAX, 16),                               \
        D(vcpuaffinity.cpumap_soft.bitmap, K_LIST, K_BITS),                           \
        D(vcpuaffinity.cpumap_soft.nr_bits, K_MAX, 16)
#define RESERVATION(order)                                                       \
    F(xen_memory_reservation, extent_start, K_LIST, K_GFN),                      \
        F(xen_memory_reservation, nr_extents, K_MAX, 12),                        \
        F(xen_memory_reservation, extent_order, K_PICK, order),                  \
        F(xen_memory_reservation, mem_flags, K_PICK, PICK(0, 0, 0, 0, 0, 0, 1)), \
        F(xen_memory_reservation, domid, K_DOM, 0)
#define BIND_IRQ                                                          \
    D(bind_pt_irq.machine_irq, K_PICK, PICK(40, 41, 42, 43, 63, 64, 32)), \
        D(bind_pt_irq.irq_type, K_NUM, PT_IRQ_TYPE_SPI),                  \
        D(bind_pt_irq.u.spi.spi, K_PICK, PICK(40, 41, 42, 43, 63, 64, 32))

const struct call_shape call_shapes[] = {
    /* ---- events */
    EVENT(8, alloc_unbound, alloc_unbound, F(xen_evtchn_alloc_unbound, dom, K_DOM, 0),
          F(xen_evtchn_alloc_unbound, remote_dom, K_DOM, 0)),
    EVENT(8, bind_interdomain, bind_interdomain,
          F(xen_evtchn_bind_interdomain, remote_dom, K_DOM, 2),
          F(xen_evtchn_bind_interdomain, remote_port, K_PORT, 1)),
    EVENT(4, bind_virq, bind_virq, F(xen_evtchn_bind_virq, virq, K_MAX, 12),
          F(xen_evtchn_bind_virq, vcpu, K_VCPU, 0)),
    EVENT(4, bind_ipi, bind_ipi, F(xen_evtchn_bind_ipi, vcpu, K_VCPU, 0)),
    EVENT(6, close, close, F(xen_evtchn_close, port, K_PORT, 0)),
    EVENT(16, send, send, F(xen_evtchn_send, port, K_PORT, 0)),
    EVENT(6, status, status, F(xen_evtchn_status, dom, K_DOM, 0),
          F(xen_evtchn_status, port, K_PORT, 0)),
    EVENT(6, bind_vcpu, bind_vcpu, F(xen_evtchn_bind_vcpu, port, K_PORT, 0),
          F(xen_evtchn_bind_vcpu, vcpu, K_VCPU, 0)),
    EVENT(8, unmask, unmask, F(xen_evtchn_unmask, port, K_PORT, 0)),
    EVENT(1, reset, reset, F(xen_evtchn_reset, dom, K_DOM, 0)),
    EVENT(3, init_control, init_control, F(xen_evtchn_init_control, control_gfn, K_GFN, 0),
          F(xen_evtchn_init_control, offset, K_OFFSET, 0),
          F(xen_evtchn_init_control, vcpu, K_VCPU, 0)),
    EVENT(2, expand_array, expand_array, F(xen_evtchn_expand_array, array_gfn, K_GFN, 0)),
    EVENT(4, set_priority, set_priority, F(xen_evtchn_set_priority, port, K_PORT, 0),
          F(xen_evtchn_set_priority, priority, K_MAX, 16)),
    /* ---- grants */
    STATUS(12, map_grant_ref, map_grant_ref, F(xen_gnttab_map_grant_ref, host_addr, K_GADDR, 0),
           F(xen_gnttab_map_grant_ref, flags, K_PICK, PICK(2, 2, 6, 2, 6, 2, 7)),
           F(xen_gnttab_map_grant_ref, dom, K_DOM, 3), F(xen_gnttab_map_grant_ref, ref, K_REF, 1)),
    STATUS(10, unmap_grant_ref, unmap_grant_ref, F(xen_gnttab_unmap_grant_ref, handle, K_HANDLE, 1),
           F(xen_gnttab_unmap_grant_ref, host_addr, K_GADDR, 4)),
    STATUS(3, unmap_and_replace, unmap_and_replace,
           F(xen_gnttab_unmap_and_replace, handle, K_HANDLE, 1),
           F(xen_gnttab_unmap_and_replace, new_addr, K_PICK, PICK(0, 0, 1)),
           F(xen_gnttab_unmap_and_replace, host_addr, K_GADDR, 4)),
    STATUS(10, copy, copy, F(xen_gnttab_copy, source.u.gmfn, K_FRAME, 1),
           F(xen_gnttab_copy, source.domid, K_DOM, 0),
           F(xen_gnttab_copy, source.offset, K_MAX, 4096),
           F(xen_gnttab_copy, dest.u.gmfn, K_FRAME, 1), F(xen_gnttab_copy, dest.domid, K_DOM, 0),
           F(xen_gnttab_copy, dest.offset, K_MAX, 4096), F(xen_gnttab_copy, len, K_MAX, 4096),
           F(xen_gnttab_copy, flags, K_MAX, 3)),
    /* Within itself, and from a page that somebody offers: these mostly succeed. */
    STATUS(4, copy, copy, F(xen_gnttab_copy, source.u.gmfn, K_GFN, 0),
           F(xen_gnttab_copy, source.domid, K_NUM, XEN_DOMID_SELF),
           F(xen_gnttab_copy, source.offset, K_MAX, 4096),
           F(xen_gnttab_copy, dest.u.gmfn, K_GFN, 0),
           F(xen_gnttab_copy, dest.domid, K_NUM, XEN_DOMID_SELF),
           F(xen_gnttab_copy, dest.offset, K_PICK, PICK(0, 8, 64)),
           F(xen_gnttab_copy, len, K_MAX, 512)),
    STATUS(4, copy, copy, F(xen_gnttab_copy, source.domid, K_DOM, 3),
           F(xen_gnttab_copy, source.u.gmfn, K_REF, 1),
           F(xen_gnttab_copy, source.offset, K_MAX, 2048),
           F(xen_gnttab_copy, dest.u.gmfn, K_GFN, 0),
           F(xen_gnttab_copy, dest.domid, K_NUM, XEN_DOMID_SELF),
           F(xen_gnttab_copy, dest.offset, K_PICK, PICK(0, 8, 64)),
           F(xen_gnttab_copy, len, K_MAX, 2048), F(xen_gnttab_copy, flags, K_NUM, 1)),
    GRANT(1, transfer, copy),
    GRANT(1, dump_table, dump_table, F(xen_gnttab_dump_table, dom, K_DOM, 0)),
    STATUS(4, swap_grant_ref, swap_grant_ref, F(xen_gnttab_swap_grant_ref, ref_a, K_REF, 0),
           F(xen_gnttab_swap_grant_ref, ref_b, K_REF, 0)),
    GRANT(4, cache_flush, cache_flush, F(xen_gnttab_cache_flush, a.dev_bus_addr, K_GADDR, 2),
          F(xen_gnttab_cache_flush, offset, K_MAX, 4096),
          F(xen_gnttab_cache_flush, length, K_MAX, 4096),
          F(xen_gnttab_cache_flush, op, K_PICK, PICK(1, 2, 3, 0, 4))),
    STATUS(3, setup_table, setup_table, F(xen_gnttab_setup_table, dom, K_DOM, 0),
           F(xen_gnttab_setup_table, nr_frames, K_MAX, 20),
           F(xen_gnttab_setup_table, frame_list, K_OUT, 0)),
    STATUS(2, query_size, query_size, F(xen_gnttab_query_size, dom, K_DOM, 0)),
    GRANT(1, set_version, set_version, F(xen_gnttab_set_version, version, K_MAX, 3)),
    GRANT(1, get_version, get_version, F(xen_gnttab_get_version, dom, K_DOM, 0)),
    STATUS(1, get_status_frames, get_status_frames, F(xen_gnttab_get_status_frames, dom, K_DOM, 0),
           F(xen_gnttab_get_status_frames, nr_frames, K_MAX, 2),
           F(xen_gnttab_get_status_frames, frame_list, K_OUT, 0)),
    /* ---- memory */
    MEMORY(BOTH, 3, increase_reservation, xen_memory_reservation,
           RESERVATION(PICK(0, 0, 0, 1, 2, 5, 9))),
    MEMORY(BOTH, 4, decrease_reservation, xen_memory_reservation,
           RESERVATION(PICK(0, 0, 0, 0, 1, 2, 9))),
    MEMORY(BOTH, 8, populate_physmap, xen_memory_reservation,
           RESERVATION(PICK(0, 0, 0, 0, 1, 3, 6, 9))),
    BARE(memory_op, S_PTR, BOTH, 1, XENMEM_, maximum_ram_page),
    MEMORY(BOTH, 1, current_reservation, xen_memory_domain, F(xen_memory_domain, domid, K_DOM, 0)),
    MEMORY(BOTH, 1, maximum_reservation, xen_memory_domain, F(xen_memory_domain, domid, K_DOM, 0)),
    MEMORY(BOTH, 1, maximum_gpfn, xen_memory_domain, F(xen_memory_domain, domid, K_DOM, 0)),
    MEMORY(BOTH, 8, add_to_physmap, xen_add_to_physmap, F(xen_add_to_physmap, domid, K_DOM, 0),
           F(xen_add_to_physmap, size, K_MAX, 2),
           F(xen_add_to_physmap, space, K_PICK, PICK(0, 1, 1, 1, 2, 3, 4, 5)),
           F(xen_add_to_physmap, idx, K_MAX, 3), F(xen_add_to_physmap, gpfn, K_GFN, 0)),
    MEMORY(BOTH, 8, add_to_physmap_batch, xen_add_to_physmap_batch,
           F(xen_add_to_physmap_batch, domid, K_DOM, 0),
           F(xen_add_to_physmap_batch, space, K_PICK, PICK(4, 4, 4, 1, 0, 5, 3)),
           F(xen_add_to_physmap_batch, size, K_MAX, 24),
           F(xen_add_to_physmap_batch, u.foreign_domid, K_DOM, 1),
           F(xen_add_to_physmap_batch, idxs, K_LIST, K_FRAME),
           F(xen_add_to_physmap_batch, gpfns, K_LIST, K_GFN),
           F(xen_add_to_physmap_batch, errs, K_OUT, 0)),
    MEMORY(BOTH, 6, remove_from_physmap, xen_remove_from_physmap,
           F(xen_remove_from_physmap, domid, K_DOM, 0), F(xen_remove_from_physmap, gpfn, K_GFN, 0)),
    MEMORY(BY_DOM0, 1, claim_pages, xen_memory_reservation,
           F(xen_memory_reservation, nr_extents, K_MAX, 256),
           F(xen_memory_reservation, domid, K_DOM, 1)),
    MEMORY(BY_DOM0, 4, acquire_resource, xen_mem_acquire_resource,
           F(xen_mem_acquire_resource, domid, K_DOM, 1),
           F(xen_mem_acquire_resource, type, K_PICK, PICK(1, 1, 1, 1, 0, 2)),
           F(xen_mem_acquire_resource, nr_frames, K_MAX, 24),
           F(xen_mem_acquire_resource, frame, K_MAX, 2),
           F(xen_mem_acquire_resource, frame_list, K_LIST, K_GFN)),
    BARE(memory_op, S_PTR, BOTH, 1, XENMEM_, get_sharing_freed_pages),
    BARE(memory_op, S_PTR, BOTH, 1, XENMEM_, get_sharing_shared_pages),
    /* ---- the CPU */
    BARE(sched_op, S_PTR, BOTH, 4, SCHEDOP_, yield),
    BARE(sched_op, S_PTR, BOTH, 2, SCHEDOP_, block),
    ROW(sched_op, S_PTR, BY_GUEST, 1, SCHEDOP_, shutdown, xen_sched_shutdown,
        F(xen_sched_shutdown, reason, K_MAX, 5)),
    ROW(sched_op, S_PTR, BY_GUEST, 1, SCHEDOP_, shutdown_code, xen_sched_shutdown,
        F(xen_sched_shutdown, reason, K_MAX, 5)),
    ROW(sched_op, S_PTR, BOTH, 4, SCHEDOP_, poll, xen_sched_poll,
        F(xen_sched_poll, ports, K_LIST4, K_PORT), F(xen_sched_poll, nr_ports, K_MAX, 4),
        F(xen_sched_poll, timeout, K_TIME, 0)),
    ROW(sched_op, S_PTR, BY_DOM0, 1, SCHEDOP_, remote_shutdown, xen_sched_remote_shutdown,
        F(xen_sched_remote_shutdown, domain_id, K_DOM, 1),
        F(xen_sched_remote_shutdown, reason, K_MAX, 5)),
    ROW(vcpu_op, S_VCPU, BOTH, 3, VCPUOP_, register_vcpu_info, xen_vcpu_register_vcpu_info,
        F(xen_vcpu_register_vcpu_info, mfn, K_GFN, 0),
        F(xen_vcpu_register_vcpu_info, offset, K_OFFSET, 0)),
    ROW(vcpu_op, S_VCPU, BOTH, 4, VCPUOP_, register_runstate_memory_area,
        xen_vcpu_register_runstate_memory_area,
        F(xen_vcpu_register_runstate_memory_area, addr.h, K_OUT, 0)),
    BARE(vm_assist, S_VALUE, BOTH, 1, VMASST_CMD_, enable),
    BARE(vm_assist, S_VALUE, BOTH, 1, VMASST_CMD_, disable),
    /* ---- what it is, console, parameters */
    BARE(xen_version, S_PTR, BOTH, 1, XENVER_, version),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, extraversion, xen_compile_info),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, compile_info, xen_compile_info),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, capabilities, xen_compile_info),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, changeset, xen_compile_info),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, platform_parameters, xen_platform_parameters),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, get_features, xen_feature_info,
        F(xen_feature_info, submap_idx, K_MAX, 1)),
    BARE(xen_version, S_PTR, BOTH, 1, XENVER_, pagesize),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, guest_handle, xen_guest_uuid),
    ROW(xen_version, S_PTR, BOTH, 1, XENVER_, commandline, xen_compile_info),
    ROW(xen_version, S_PTR, BY_DOM0, 1, XENVER_, build_id, xen_build_id,
        F(xen_build_id, len, K_MAX, 32)),
    BARE(console_io, S_COUNT, BOTH, 1, CONSOLEIO_, write),
    BARE(console_io, S_COUNT, BY_DOM0, 1, CONSOLEIO_, read),
    ROW(hvm_op, S_PTR, BY_DOM0, 2, HVMOP_, set_param, xen_hvm_param,
        F(xen_hvm_param, domid, K_DOM, 1),
        F(xen_hvm_param, index, K_PICK, PICK(0, 1, 2, 17, 18, 28)),
        F(xen_hvm_param, value, K_ANY, 0)),
    ROW(hvm_op, S_PTR, BOTH, 2, HVMOP_, get_param, xen_hvm_param, F(xen_hvm_param, domid, K_DOM, 0),
        F(xen_hvm_param, index, K_PICK, PICK(0, 1, 2, 17, 18, 28))),
    BARE(hvm_op, S_PTR, BOTH, 1, HVMOP_, guest_request_vm_event),
    ROW(platform_op, S_CONTROL, BY_DOM0, 1, XENPF_, settime64, xen_platform_op,
        F(xen_platform_op, interface_version, K_NUM, XENPF_INTERFACE_VERSION),
        F(xen_platform_op, u.settime64.mbz, K_PICK, PICK(0, 0, 0, 0, 0, 0, 0, 1)),
        F(xen_platform_op, u.settime64.secs, K_ANY, 0),
        F(xen_platform_op, u.settime64.nsecs, K_MAX, 999999999)),
    {__HYPERVISOR_physdev_op, S_PTR, BY_DOM0, 1, 0, "any", 0, 0, (const struct field *)0},
    {__HYPERVISOR_multicall, S_MULTI, BOTH, 8, 0, "calls", 0, 0, (const struct field *)0},
    /* ---- the tools */
    DOMCTL(2, createdomain, F(xen_domctl, domain, K_PICK, PICK(0, 0, 0, 0, 0, 0, 2, 9)),
           D(createdomain.flags, K_PICK, PICK(3, 3, 3, 19, 19, 1)),
           D(createdomain.max_vcpus, K_PICK, PICK(1, 2, 2, 3, 8)),
           D(createdomain.max_evtchn_port, K_PICK, PICK(127, 64, 127, 3, 0)),
           D(createdomain.max_grant_frames, K_PICK, PICK(1, 2, 8, 32, 64)),
           D(createdomain.max_maptrack_frames, K_PICK, PICK(0, 1, 2, 8)),
           D(createdomain.grant_opts, K_NUM, 1),
           D(createdomain.arch.gic_version, K_NUM, XEN_DOMCTL_CONFIG_GIC_NATIVE),
           D(createdomain.arch.nr_spis, K_PICK, PICK(0, 16, 32, 64))),
    DOMCTL(2, destroydomain),
    DOMCTL(4, pausedomain),
    DOMCTL(8, unpausedomain),
    DOMCTL(3, resumedomain),
    DOMCTL(2, getdomaininfo),
    DOMCTL(1, setdomainhandle),
    DOMCTL(1, setdebugging, D(setdebugging.enable, K_MAX, 1)),
    DOMCTL(1, settimeoffset, D(settimeoffset.time_offset_seconds, K_ANY, 0)),
    DOMCTL(1, set_address_size, D(address_size.size, K_PICK, PICK(32, 64, 64, 16))),
    DOMCTL(1, get_address_size),
    DOMCTL(3, max_vcpus, D(max_vcpus.max, K_PICK, PICK(1, 2, 2, 3))),
    DOMCTL(3, setvcpucontext, D(vcpucontext.vcpu, K_VCPU, 0), D(vcpucontext.ctxt, K_CONTEXT, 0)),
    DOMCTL(2, getvcpucontext, D(vcpucontext.vcpu, K_VCPU, 0), D(vcpucontext.ctxt, K_OUT, 0)),
    DOMCTL(2, getvcpuinfo, D(getvcpuinfo.vcpu, K_VCPU, 0)),
    DOMCTL(3, setvcpuaffinity, AFFINITY),
    DOMCTL(2, getvcpuaffinity, AFFINITY),
    DOMCTL(1, setnodeaffinity, D(nodeaffinity.nodemap.bitmap, K_LIST, K_BITS),
           D(nodeaffinity.nodemap.nr_bits, K_MAX, 64)),
    DOMCTL(1, getnodeaffinity, D(nodeaffinity.nodemap.bitmap, K_OUT, 0),
           D(nodeaffinity.nodemap.nr_bits, K_MAX, 64)),
    DOMCTL(3, scheduler_op, D(scheduler_op.sched_id, K_NUM, XEN_SCHEDULER_CREDIT2),
           D(scheduler_op.cmd, K_MAX, 2), D(scheduler_op.u.credit2.weight, K_ANY, 0),
           D(scheduler_op.u.credit2.cap, K_PICK, PICK(0, 1, 10, 50, 100, 200))),
    DOMCTL(2, max_mem, D(max_mem.max_memkb, K_PICK, PICK(0, 64, 128, 250))),
    DOMCTL(2, set_paging_mempool_size, D(paging_mempool.size, K_GADDR, 3)),
    DOMCTL(1, get_paging_mempool_size),
    DOMCTL(1, get_domain_state),
    ROW(domctl, S_CONTROL, BY_DOM0, 8, XEN_DOMCTL_, get_domain_state, xen_domctl,
        F(xen_domctl, domain, K_NUM, XEN_DOMID_INVALID)),
    DOMCTL(2, cacheflush, D(cacheflush.start_pfn, K_FRAME, 0), D(cacheflush.nr_pfns, K_MAX, 600)),
    DOMCTL(2, irq_permission, D(irq_permission.pirq, K_PICK, PICK(40, 41, 42, 43, 63, 64, 32)),
           D(irq_permission.allow_access, K_MAX, 1)),
    DOMCTL(2, iomem_permission, D(iomem_permission.first_mfn, K_DEVICE, 0),
           D(iomem_permission.nr_mfns, K_PICK, PICK(16, 1, 2, 0, 3)),
           D(iomem_permission.allow_access, K_MAX, 1)),
    DOMCTL(3, memory_mapping, D(memory_mapping.first_gfn, K_GFN, 0),
           D(memory_mapping.first_mfn, K_DEVICE, 0), D(memory_mapping.nr_mfns, K_MAX, 8),
           D(memory_mapping.add_mapping, K_MAX, 1)),
    DOMCTL(4, gethvmcontext_partial, D(hvmcontext_partial.type, K_MAX, 16),
           D(hvmcontext_partial.instance, K_PICK, PICK(0, 0, 1, 2, 64)),
           D(hvmcontext_partial.bufsz, K_ROOM, 12288), D(hvmcontext_partial.buffer, K_RECORD, 0)),
    DOMCTL(4, sethvmcontext, D(hvmcontext.buffer, K_RECORD, 1),
           D(hvmcontext.size, K_RECORD_BYTES, 0)),
    DOMCTL(2, vuart_op, D(vuart_op.cmd, K_PICK, PICK(0, 0, 0, 1)),
           D(vuart_op.type, K_PICK, PICK(0, 0, 0, 1)), D(vuart_op.gfn, K_FRAME, 0),
           D(vuart_op.console_domid, K_DOM, 0)),
    DOMCTL(2, bind_pt_irq, BIND_IRQ),
    DOMCTL(2, unbind_pt_irq, BIND_IRQ),
    SYSCTL(2, readconsole, S(readconsole.clear, K_MAX, 1), S(readconsole.incremental, K_MAX, 1),
           S(readconsole.index, K_ANY, 0), S(readconsole.buffer, K_OUT, 0),
           S(readconsole.count, K_MAX, 5000)),
    SYSCTL(1, physinfo),
    SYSCTL(1, sched_id),
    SYSCTL(3, getdomaininfolist, S(getdomaininfolist.first_domain, K_DOM, 1),
           S(getdomaininfolist.max_domains, K_MAX, 16), S(getdomaininfolist.buffer, K_OUT, 0)),
    SYSCTL(1, debug_keys, S(debug_keys.keys, K_LIST, K_PICK), S(debug_keys.nr_keys, K_MAX, 2)),
    SYSCTL(1, getcpuinfo, S(getcpuinfo.max_cpus, K_MAX, 9), S(getcpuinfo.info, K_OUT, 0)),
    SYSCTL(1, availheap, S(availheap.node, K_MAX, 1)),
    SYSCTL(1, cputopoinfo, S(cputopoinfo.num_cpus, K_MAX, 9), S(cputopoinfo.cputopo, K_OUT, 0)),
    SYSCTL(1, numainfo, S(numainfo.num_nodes, K_MAX, 2), S(numainfo.meminfo, K_OUT, 0),
           S(numainfo.distance, K_OUT, 0)),
    SYSCTL(1, cpupool_op, S(cpupool_op.op, K_MAX, 8), S(cpupool_op.cpupool_id, K_MAX, 1),
           S(cpupool_op.domid, K_DOM, 1), S(cpupool_op.cpumap.bitmap, K_OUT, 0),
           S(cpupool_op.cpumap.nr_bits, K_MAX, 64)),
    SYSCTL(1, scheduler_op, S(scheduler_op.sched_id, K_NUM, XEN_SCHEDULER_CREDIT2),
           S(scheduler_op.cmd, K_MAX, 2), S(scheduler_op.u.sched_credit2.ratelimit_us, K_ANY, 0)),
    EVENT(1, reset_again, reset, F(xen_evtchn_reset, dom, K_DOM, 0)),
    /* More than there is: dom0 has no bound of its own. */
    MEMORY(BY_DOM0, 1, claim_pages, xen_memory_reservation,
           F(xen_memory_reservation, nr_extents, K_MAX, 16384),
           F(xen_memory_reservation, domid, K_NUM, 0)),
};
const u32 nr_call_shapes = sizeof(call_shapes) / sizeof(call_shapes[0]);
