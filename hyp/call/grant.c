/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op(command, array, count): the loop over the array. Each element is copied in, done,
 * and its result copied out; where a stay gets long the call is continued with the array's address
 * and the count moved on, as Xen does, so that nothing is done twice. A cache_flush that is still
 * looking for its page carries the place above the command.
 */
#include "abi/grant.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "gnttab/gnttab.h"
#include "guestmem/guestmem.h"
#include "mem/frame.h"

#define COMMAND_MASK 0xfffu
#define CURSOR_SHIFT 12

/* Some elements are done: the rest of the array is the arguments of the call that follows. */
static s64 batch_restart(struct call_args *args, u32 done, u32 element_bytes)
{
    args->arg[1] += (u64)done * element_bytes;
    args->arg[2] = (u32)args->arg[2] - done;
    return E_RESTART;
}

/* Where a field of element i lies. */
static gva_t field_at(gva_t array, u32 i, u32 element_bytes, u32 offset)
{
    return (gva_t){array.v + (u64)i * element_bytes + offset};
}

#define STATUS_AT(array, i, type) field_at(array, i, sizeof(type), offsetof(type, status))

static s64 op_map(struct domain *d, gva_t array, u32 count, struct call_args *args)
{
    for (u32 i = 0; i < count; i++) {
        struct xen_gnttab_map_grant_ref op;
        if (i != 0 && call_should_restart()) {
            return batch_restart(args, i, sizeof(op));
        }
        if (copy_in_nth(&op, array, i, sizeof(op)) != OK) {
            return E_FAULT;
        }
        gnttab_map(d, &op);
        if (copy_out_nth(array, i, &op, sizeof(op)) != OK) {
            return E_FAULT;
        }
    }
    return OK;
}

/* One batch of unmaps from element first on, with one flush. *done: elements done, even on an
 * error. */
static enum err unmap_batch(struct domain *d, gva_t array, u32 first, u32 nr, u32 *done)
{
    struct gnttab_unmaps batch;
    enum err e = OK;
    gnttab_unmap_begin(&batch, d);
    for (*done = 0; *done < nr && e == OK; ++*done) {
        struct xen_gnttab_unmap_grant_ref op;
        e = copy_in_nth(&op, array, first + *done, sizeof(op));
        if (e != OK) {
            break;
        }
        gnttab_unmap(&batch, &op);
        e = copy_out(STATUS_AT(array, first + *done, struct xen_gnttab_unmap_grant_ref), &op.status,
                     sizeof(op.status));
    }
    gnttab_unmap_end(&batch);
    return e == OK ? OK : E_FAULT;
}

static s64 op_unmap(struct domain *d, gva_t array, u32 count, struct call_args *args)
{
    for (u32 i = 0, done; i < count; i += done) {
        if (i != 0 && call_should_restart()) {
            return batch_restart(args, i, sizeof(struct xen_gnttab_unmap_grant_ref));
        }
        enum err e = unmap_batch(d, array, i, MIN(count - i, GNTTAB_UNMAPS_MAX), &done);
        if (e != OK) {
            return e;
        }
    }
    return OK;
}

/* On Arm a mapping cannot be replaced: what asks for a new address is refused, the rest is an
 * unmap. */
static s64 op_unmap_and_replace(struct domain *d, gva_t array, u32 count, struct call_args *args)
{
    for (u32 i = 0; i < count; i++) {
        struct xen_gnttab_unmap_and_replace op;
        if (i != 0 && call_should_restart()) {
            return batch_restart(args, i, sizeof(op));
        }
        if (copy_in_nth(&op, array, i, sizeof(op)) != OK) {
            return E_FAULT;
        }
        struct gnttab_unmaps batch;
        struct xen_gnttab_unmap_grant_ref unmap = {
            .host_addr = op.new_addr == 0 ? op.host_addr : 0,
            .handle = op.handle,
        };
        gnttab_unmap_begin(&batch, d);
        gnttab_unmap(&batch, &unmap);
        gnttab_unmap_end(&batch);
        if (unmap.status == GNTST_okay && op.new_addr != 0 && op.host_addr != 0) {
            unmap.status = GNTST_general_error;
        }
        if (copy_out(STATUS_AT(array, i, struct xen_gnttab_unmap_and_replace), &unmap.status,
                     sizeof(unmap.status)) != OK) {
            return E_FAULT;
        }
    }
    return OK;
}

static s64 op_copy(struct domain *d, gva_t array, u32 count, struct call_args *args)
{
    for (u32 i = 0; i < count; i++) {
        struct xen_gnttab_copy op;
        if (i != 0 && call_should_restart()) {
            return batch_restart(args, i, sizeof(op));
        }
        if (copy_in_nth(&op, array, i, sizeof(op)) != OK) {
            return E_FAULT;
        }
        gnttab_copy(d, &op);
        if (copy_out(STATUS_AT(array, i, struct xen_gnttab_copy), &op.status, sizeof(op.status)) !=
            OK) {
            return E_FAULT;
        }
    }
    return OK;
}

static s64 op_swap(struct domain *d, gva_t array, u32 count, struct call_args *args)
{
    for (u32 i = 0; i < count; i++) {
        struct xen_gnttab_swap_grant_ref op;
        if (i != 0 && call_should_restart()) {
            return batch_restart(args, i, sizeof(op));
        }
        if (copy_in_nth(&op, array, i, sizeof(op)) != OK) {
            return E_FAULT;
        }
        gnttab_swap(d, op.ref_a, op.ref_b, &op.status);
        if (copy_out(STATUS_AT(array, i, struct xen_gnttab_swap_grant_ref), &op.status,
                     sizeof(op.status)) != OK) {
            return E_FAULT;
        }
    }
    return OK;
}

static s64 op_cache_flush(struct domain *d, gva_t array, u32 count, u32 cursor,
                          struct call_args *args)
{
    for (u32 i = 0; i < count; i++) {
        struct xen_gnttab_cache_flush op;
        if (i != 0 && call_should_restart()) {
            args->arg[0] = GNTTABOP_cache_flush;
            return batch_restart(args, i, sizeof(op));
        }
        if (copy_in_nth(&op, array, i, sizeof(op)) != OK) {
            return E_FAULT;
        }
        enum err e = gnttab_cache_flush(d, &op, &cursor);
        if (e == E_RESTART) {
            args->arg[0] = GNTTABOP_cache_flush | cursor << CURSOR_SHIFT;
            return batch_restart(args, i, sizeof(op));
        }
        if (e != OK) {
            return e;
        }
        cursor = 0;
    }
    return OK;
}

/* Of the operations on a table: the domain it belongs to, and whether d may. */
static s16 target_find(struct domain *d, u16 id, u32 command, struct domain **target)
{
    enum err e = permission_find(d, (domid_t){id}, __HYPERVISOR_grant_table_op, command, target);
    return e == OK ? GNTST_okay : e == E_SRCH ? GNTST_bad_domain : GNTST_permission_denied;
}

/* Writes the guest frame numbers at which the table's frames are mapped; ~0 where one is not. */
static s16 list_frames(struct domain *target, gva_t list, u32 nr)
{
    s16 status = GNTST_okay;
    for (u32 i = 0; i < nr; i++) {
        struct frame *f;
        if (gnttab_frame(target, i, &f) != OK) {
            return GNTST_general_error;
        }
        const u32 there = load_relaxed(&f->gfn);
        u64 gfn = there == FRAME_NO_GFN ? ~0ULL : there;
        if (copy_out_nth(list, i, &gfn, sizeof(gfn)) != OK) {
            status = GNTST_bad_virt_addr;
        }
    }
    return status;
}

static s64 op_setup_table(struct domain *d, gva_t arg, u32 count)
{
    struct xen_gnttab_setup_table op;
    struct domain *target;
    if (count != 1) {
        return E_INVAL;
    }
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    op.status = target_find(d, op.dom, GNTTABOP_setup_table, &target);
    if (op.status == GNTST_okay) {
        enum err e = gnttab_grow(target, op.nr_frames);
        if (e == E_RESTART) {
            return e; /* it has grown some: the same again */
        }
        op.status = e == OK ? list_frames(target, (gva_t){op.frame_list.p}, op.nr_frames)
                            : GNTST_general_error;
    }
    return copy_out(STATUS_AT(arg, 0, struct xen_gnttab_setup_table), &op.status,
                    sizeof(op.status));
}

static s64 op_query_size(struct domain *d, gva_t arg, u32 count)
{
    struct xen_gnttab_query_size op;
    struct domain *target;
    if (count != 1) {
        return E_INVAL;
    }
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    op.status = target_find(d, op.dom, GNTTABOP_query_size, &target);
    if (op.status == GNTST_okay) {
        op.nr_frames = gnttab_nr_frames(target);
        op.max_nr_frames = gnttab_max_frames(target);
    }
    return copy_out(arg, &op, sizeof(op));
}

/* Version 1 is all there is; 2 is a number that Arm does not have, the rest are none. */
static s64 op_set_version(gva_t arg)
{
    struct xen_gnttab_set_version op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    s64 result = op.version == 1 ? OK : op.version == 2 ? E_NOSYS : E_INVAL;
    op.version = 1;
    return copy_out(arg, &op, sizeof(op)) == OK ? result : E_FAULT;
}

static s64 op_get_version(struct domain *d, gva_t arg)
{
    struct xen_gnttab_get_version op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    struct domain *target;
    enum err e = permission_find(d, (domid_t){op.dom}, __HYPERVISOR_grant_table_op,
                                 GNTTABOP_get_version, &target);
    op.version = 1;
    return e == OK ? copy_out(arg, &op, sizeof(op)) : e;
}

/* Status frames are version 2's. */
static s64 op_get_status_frames(struct domain *d, gva_t arg, u32 count)
{
    struct xen_gnttab_get_status_frames op;
    struct domain *target;
    if (count != 1) {
        return E_INVAL;
    }
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    op.status = target_find(d, op.dom, GNTTABOP_get_status_frames, &target);
    if (op.status == GNTST_okay) {
        op.status = GNTST_general_error;
    }
    return copy_out(STATUS_AT(arg, 0, struct xen_gnttab_get_status_frames), &op.status,
                    sizeof(op.status));
}

s64 call_grant_table_op(struct vcpu *v, struct call_args *args)
{
    struct domain *d = v->domain;
    u32 command = (u32)args->arg[0] & COMMAND_MASK;
    u32 cursor = (u32)args->arg[0] >> CURSOR_SHIFT;
    gva_t array = {args->arg[1]};
    u32 count = (u32)args->arg[2];
    if ((s32)count < 0 || (cursor != 0 && command != GNTTABOP_cache_flush)) {
        return E_INVAL;
    }
    switch (command) {
    case GNTTABOP_map_grant_ref:
        return op_map(d, array, count, args);
    case GNTTABOP_unmap_grant_ref:
        return op_unmap(d, array, count, args);
    case GNTTABOP_unmap_and_replace:
        return op_unmap_and_replace(d, array, count, args);
    case GNTTABOP_copy:
        return op_copy(d, array, count, args);
    case GNTTABOP_transfer:
        return E_OPNOTSUPP; /* pages do not change hands on Arm */
    case GNTTABOP_swap_grant_ref:
        return op_swap(d, array, count, args);
    case GNTTABOP_cache_flush:
        return op_cache_flush(d, array, count, cursor, args);
    case GNTTABOP_setup_table:
        return op_setup_table(d, array, count);
    case GNTTABOP_query_size:
        return op_query_size(d, array, count);
    case GNTTABOP_set_version:
        return op_set_version(array);
    case GNTTABOP_get_version:
        return op_get_version(d, array);
    case GNTTABOP_get_status_frames:
        return op_get_status_frames(d, array, count);
    default:
        return E_NOSYS; /* dump_table among them, as in Xen */
    }
}
