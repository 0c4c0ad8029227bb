/* SPDX-License-Identifier: MIT */
/*
 * Writes the permission table out, each operation that has a name times each role, and compares it
 * with test/permission/matrix.tsv. A change of who may do what is a change of that file, in the
 * same commit: PERMISSION_UPDATE=1 writes it.
 */
#include "abi/domctl.h"
#include "abi/event.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "abi/memory.h"
#include "abi/physdev.h"
#include "abi/platform.h"
#include "abi/sched.h"
#include "abi/sysctl.h"
#include "abi/vcpu.h"
#include "abi/version.h"

#define permission_check fake_permission_check /* the one under test is the real one */
#include "call/fake_test.h"
#undef permission_check

#define MATRIX "test/permission/matrix.tsv"
#define OP(call, op)                        \
    {                                       \
#call, #op, __HYPERVISOR_##call, op \
    }

static const struct {
    const char *call, *name;
    u32 number, op;
} ops[] = {
    OP(platform_op, XENPF_settime32),
    OP(platform_op, XENPF_settime64),
    OP(memory_op, XENMEM_increase_reservation),
    OP(memory_op, XENMEM_decrease_reservation),
    OP(memory_op, XENMEM_maximum_ram_page),
    OP(memory_op, XENMEM_current_reservation),
    OP(memory_op, XENMEM_maximum_reservation),
    OP(memory_op, XENMEM_populate_physmap),
    OP(memory_op, XENMEM_add_to_physmap),
    OP(memory_op, XENMEM_maximum_gpfn),
    OP(memory_op, XENMEM_remove_from_physmap),
    OP(memory_op, XENMEM_get_sharing_freed_pages),
    OP(memory_op, XENMEM_get_sharing_shared_pages),
    OP(memory_op, XENMEM_access_op),
    OP(memory_op, XENMEM_add_to_physmap_batch),
    OP(memory_op, XENMEM_claim_pages),
    OP(memory_op, XENMEM_get_vnumainfo),
    OP(memory_op, XENMEM_reserved_device_memory_map),
    OP(memory_op, XENMEM_acquire_resource),
    OP(xen_version, XENVER_version),
    OP(xen_version, XENVER_extraversion),
    OP(xen_version, XENVER_compile_info),
    OP(xen_version, XENVER_capabilities),
    OP(xen_version, XENVER_changeset),
    OP(xen_version, XENVER_platform_parameters),
    OP(xen_version, XENVER_get_features),
    OP(xen_version, XENVER_pagesize),
    OP(xen_version, XENVER_guest_handle),
    OP(xen_version, XENVER_commandline),
    OP(xen_version, XENVER_build_id),
    OP(console_io, CONSOLEIO_write),
    OP(console_io, CONSOLEIO_read),
    OP(grant_table_op, GNTTABOP_map_grant_ref),
    OP(grant_table_op, GNTTABOP_unmap_grant_ref),
    OP(grant_table_op, GNTTABOP_setup_table),
    OP(grant_table_op, GNTTABOP_dump_table),
    OP(grant_table_op, GNTTABOP_transfer),
    OP(grant_table_op, GNTTABOP_copy),
    OP(grant_table_op, GNTTABOP_query_size),
    OP(grant_table_op, GNTTABOP_unmap_and_replace),
    OP(grant_table_op, GNTTABOP_set_version),
    OP(grant_table_op, GNTTABOP_get_status_frames),
    OP(grant_table_op, GNTTABOP_get_version),
    OP(grant_table_op, GNTTABOP_swap_grant_ref),
    OP(grant_table_op, GNTTABOP_cache_flush),
    OP(vm_assist, VMASST_CMD_enable),
    OP(vm_assist, VMASST_CMD_disable),
    OP(vcpu_op, VCPUOP_initialise),
    OP(vcpu_op, VCPUOP_up),
    OP(vcpu_op, VCPUOP_down),
    OP(vcpu_op, VCPUOP_is_up),
    OP(vcpu_op, VCPUOP_get_runstate_info),
    OP(vcpu_op, VCPUOP_register_runstate_memory_area),
    OP(vcpu_op, VCPUOP_set_periodic_timer),
    OP(vcpu_op, VCPUOP_stop_periodic_timer),
    OP(vcpu_op, VCPUOP_set_singleshot_timer),
    OP(vcpu_op, VCPUOP_stop_singleshot_timer),
    OP(vcpu_op, VCPUOP_register_vcpu_info),
    OP(vcpu_op, VCPUOP_send_nmi),
    OP(vcpu_op, VCPUOP_get_physid),
    OP(vcpu_op, VCPUOP_register_vcpu_time_memory_area),
    OP(sched_op, SCHEDOP_yield),
    OP(sched_op, SCHEDOP_block),
    OP(sched_op, SCHEDOP_shutdown),
    OP(sched_op, SCHEDOP_poll),
    OP(sched_op, SCHEDOP_remote_shutdown),
    OP(sched_op, SCHEDOP_shutdown_code),
    OP(sched_op, SCHEDOP_watchdog),
    OP(sched_op, SCHEDOP_pin_override),
    OP(event_channel_op, EVTCHNOP_bind_interdomain),
    OP(event_channel_op, EVTCHNOP_bind_virq),
    OP(event_channel_op, EVTCHNOP_bind_pirq),
    OP(event_channel_op, EVTCHNOP_close),
    OP(event_channel_op, EVTCHNOP_send),
    OP(event_channel_op, EVTCHNOP_status),
    OP(event_channel_op, EVTCHNOP_alloc_unbound),
    OP(event_channel_op, EVTCHNOP_bind_ipi),
    OP(event_channel_op, EVTCHNOP_bind_vcpu),
    OP(event_channel_op, EVTCHNOP_unmask),
    OP(event_channel_op, EVTCHNOP_reset),
    OP(event_channel_op, EVTCHNOP_init_control),
    OP(event_channel_op, EVTCHNOP_expand_array),
    OP(event_channel_op, EVTCHNOP_set_priority),
    OP(physdev_op, PHYSDEVOP_pci_mmcfg_reserved),
    OP(physdev_op, PHYSDEVOP_pci_device_add),
    OP(physdev_op, PHYSDEVOP_pci_device_remove),
    OP(hvm_op, HVMOP_set_param),
    OP(hvm_op, HVMOP_get_param),
    OP(hvm_op, HVMOP_flush_tlbs),
    OP(hvm_op, HVMOP_guest_request_vm_event),
    OP(sysctl, XEN_SYSCTL_readconsole),
    OP(sysctl, XEN_SYSCTL_physinfo),
    OP(sysctl, XEN_SYSCTL_sched_id),
    OP(sysctl, XEN_SYSCTL_getdomaininfolist),
    OP(sysctl, XEN_SYSCTL_debug_keys),
    OP(sysctl, XEN_SYSCTL_getcpuinfo),
    OP(sysctl, XEN_SYSCTL_availheap),
    OP(sysctl, XEN_SYSCTL_cputopoinfo),
    OP(sysctl, XEN_SYSCTL_numainfo),
    OP(sysctl, XEN_SYSCTL_cpupool_op),
    OP(sysctl, XEN_SYSCTL_scheduler_op),
    OP(sysctl, XEN_SYSCTL_pcitopoinfo),
    OP(domctl, XEN_DOMCTL_createdomain),
    OP(domctl, XEN_DOMCTL_destroydomain),
    OP(domctl, XEN_DOMCTL_pausedomain),
    OP(domctl, XEN_DOMCTL_unpausedomain),
    OP(domctl, XEN_DOMCTL_getdomaininfo),
    OP(domctl, XEN_DOMCTL_setvcpuaffinity),
    OP(domctl, XEN_DOMCTL_max_mem),
    OP(domctl, XEN_DOMCTL_setvcpucontext),
    OP(domctl, XEN_DOMCTL_getvcpucontext),
    OP(domctl, XEN_DOMCTL_getvcpuinfo),
    OP(domctl, XEN_DOMCTL_max_vcpus),
    OP(domctl, XEN_DOMCTL_scheduler_op),
    OP(domctl, XEN_DOMCTL_setdomainhandle),
    OP(domctl, XEN_DOMCTL_setdebugging),
    OP(domctl, XEN_DOMCTL_irq_permission),
    OP(domctl, XEN_DOMCTL_iomem_permission),
    OP(domctl, XEN_DOMCTL_settimeoffset),
    OP(domctl, XEN_DOMCTL_getvcpuaffinity),
    OP(domctl, XEN_DOMCTL_resumedomain),
    OP(domctl, XEN_DOMCTL_sendtrigger),
    OP(domctl, XEN_DOMCTL_subscribe),
    OP(domctl, XEN_DOMCTL_sethvmcontext),
    OP(domctl, XEN_DOMCTL_set_address_size),
    OP(domctl, XEN_DOMCTL_get_address_size),
    OP(domctl, XEN_DOMCTL_assign_device),
    OP(domctl, XEN_DOMCTL_bind_pt_irq),
    OP(domctl, XEN_DOMCTL_memory_mapping),
    OP(domctl, XEN_DOMCTL_test_assign_device),
    OP(domctl, XEN_DOMCTL_set_target),
    OP(domctl, XEN_DOMCTL_deassign_device),
    OP(domctl, XEN_DOMCTL_unbind_pt_irq),
    OP(domctl, XEN_DOMCTL_get_device_group),
    OP(domctl, XEN_DOMCTL_gethvmcontext_partial),
    OP(domctl, XEN_DOMCTL_vm_event_op),
    OP(domctl, XEN_DOMCTL_set_access_required),
    OP(domctl, XEN_DOMCTL_set_virq_handler),
    OP(domctl, XEN_DOMCTL_setnodeaffinity),
    OP(domctl, XEN_DOMCTL_getnodeaffinity),
    OP(domctl, XEN_DOMCTL_cacheflush),
    OP(domctl, XEN_DOMCTL_setvnumainfo),
    OP(domctl, XEN_DOMCTL_monitor_op),
    OP(domctl, XEN_DOMCTL_soft_reset),
    OP(domctl, XEN_DOMCTL_vuart_op),
    OP(domctl, XEN_DOMCTL_get_paging_mempool_size),
    OP(domctl, XEN_DOMCTL_set_paging_mempool_size),
    OP(domctl, XEN_DOMCTL_get_domain_state),
};

enum err permission_check(struct domain *caller, struct domain *target, u32 call_number,
                          u32 sub_op);

static const char *answer(struct domain *caller, struct domain *target, u32 i)
{
    enum err e = permission_check(caller, target, ops[i].number, ops[i].op);
    assert_true(e == OK || e == E_PERM);
    return e == OK ? "yes" : "-";
}

static u32 write_matrix(char *out, u32 room)
{
    struct domain *control = &fake_domain[0], *guest = &fake_domain[1], *other = &fake_domain[2];
    u32 at = (u32)snprintf(out, room,
                           "call\toperation\tguest on itself\tguest on another\tcontrol domain\n");
    for (u32 i = 0; i < ARRAY_LEN(ops); i++) {
        const char *on_other = answer(guest, other, i);
        assert_string_equal(answer(guest, control, i), on_other); /* dom0 is another like any */
        assert_string_equal(answer(guest, NULL, i), on_other);    /* and so is the machine */
        assert_string_equal(answer(control, guest, i), answer(control, NULL, i));
        assert_string_equal(answer(control, guest, i), answer(control, control, i));
        at += (u32)snprintf(out + at, room - at, "%s\t%s\t%s\t%s\t%s\n", ops[i].call, ops[i].name,
                            answer(guest, guest, i), on_other, answer(control, NULL, i));
    }
    return at;
}

/* From wherever below the tree the test was started. */
static FILE *open_matrix(const char *how)
{
    char path[64] = MATRIX;
    FILE *f = fopen(path, how);
    for (u32 up = 1; f == NULL && up < 6; up++) {
        memmove(path + 3, path, strlen(path) + 1);
        memcpy(path, "../", 3);
        f = fopen(path, how);
    }
    return f;
}

static void the_matrix_is_the_one_in_git(void **state)
{
    static char now[32768], before[32768];
    u32 bytes = write_matrix(now, sizeof(now));
    if (getenv("PERMISSION_UPDATE")) {
        FILE *f = open_matrix("w");
        assert_non_null(f);
        assert_int_equal(fwrite(now, 1, bytes, f), bytes);
        fclose(f);
    }
    FILE *f = open_matrix("r");
    assert_non_null(f);
    before[fread(before, 1, sizeof(before) - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(now, before);
}

static void what_has_no_row_is_the_control_domains(void **state)
{
    for (u32 call = 43; call < 64; call++) {
        assert_int_equal(permission_check(&fake_domain[1], &fake_domain[1], call, 0), E_PERM);
        assert_int_equal(permission_check(&fake_domain[0], &fake_domain[1], call, 0), OK);
    }
    /* Of the control interfaces that holds for numbers that do not exist, too. */
    assert_int_equal(permission_check(&fake_domain[1], &fake_domain[1], __HYPERVISOR_domctl, ~0u),
                     E_PERM);
    assert_int_equal(permission_check(&fake_domain[1], NULL, __HYPERVISOR_sysctl, 77), E_PERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(the_matrix_is_the_one_in_git),
        FAKE_TEST(what_has_no_row_is_the_control_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
