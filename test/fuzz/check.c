/* SPDX-License-Identifier: MIT */
/* Is there a row in call_shapes for whatever the hypervisor does? It is asked. */
#include "abi/domctl.h"
#include "abi/platform.h"
#include "abi/sysctl.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "call/call.h"
#include "call/table.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"

static bool has_row(u32 number, u32 sub)
{
    for (u32 i = 0; i < nr_call_shapes; i++) {
        if (call_shapes[i].number == number && (sub == ~0u || call_shapes[i].sub == sub)) {
            return true;
        }
    }
    return false;
}

/* Calls with a sub-operation in x0, or in the first word of a structure with this version. What is
 * not spoken answers so. */
static const struct {
    u32 number, nr_subs, version;
    s64 refusal;
} asked[] = {
    {__HYPERVISOR_domctl, 128, XEN_DOMCTL_INTERFACE_VERSION, E_NOSYS},
    {__HYPERVISOR_sysctl, 64, XEN_SYSCTL_INTERFACE_VERSION, E_NOSYS},
    {__HYPERVISOR_platform_op, 128, XENPF_INTERFACE_VERSION, E_NOSYS},
    {__HYPERVISOR_memory_op, 64, 0, E_NOSYS},
    {__HYPERVISOR_event_channel_op, 64, 0, E_NOSYS},
    {__HYPERVISOR_grant_table_op, 64, 0, E_NOSYS},
    {__HYPERVISOR_sched_op, 64, 0, E_NOSYS},
    {__HYPERVISOR_vcpu_op, 64, 0, E_INVAL},
    {__HYPERVISOR_hvm_op, 64, 0, E_NOSYS},
    {__HYPERVISOR_xen_version, 64, 0, E_NOSYS},
    {__HYPERVISOR_console_io, 64, 0, E_NOSYS},
    {__HYPERVISOR_vm_assist, 64, 0, E_NOSYS},
};

static s64 ask(struct vcpu *v, u32 number, u32 sub, u32 version)
{
    const u64 at = dom0_ram << PAGE_SHIFT;
    u8 bytes[256] = {0};
    memcpy(bytes, &sub, sizeof(sub));
    memcpy(bytes + 4, &version, sizeof(version));
    guest_write(v->domain, at, bytes, sizeof(bytes));
    struct call_args args = {{version ? at : sub, version ? 0 : at}};
    args.arg[1] = number == __HYPERVISOR_vm_assist ? VMASST_TYPE_runstate_update_flag : args.arg[1];
    args.arg[1] = number == __HYPERVISOR_vcpu_op ? 0 : args.arg[1];
    return call_run(v, number, &args);
}

void fuzz_check_calls(void)
{
    u32 nr = 0;
    machine_go_on();
    guest_build_dom0();
    struct vcpu *v = domain_hardware->vcpu[0];
    this_cpu(current) = v;
    for (u32 number = 0; number < 64; number++) {
        if (call_nr_args(number) != 0 && !has_row(number, ~0u)) {
            machine_finding("call %u has no row", number);
        }
    }
    for (u32 i = 0; i < ARRAY_LEN(asked); i++) {
        for (u32 sub = 0; sub < asked[i].nr_subs; sub++) {
            const u32 number = asked[i].number;
            if (has_row(number, sub)) {
                nr++;
                continue;
            }
            s64 answer = ask(v, number, sub, asked[i].version);
            if (answer != asked[i].refusal) {
                machine_finding("call %u, operation %u answers %lld, but has no row", number, sub,
                                answer);
            }
        }
    }
    this_cpu(current) = &vcpu_nobody;
    machine_end();
    machine_run();
    guest_tear_down();
    printf("calls: %u operations spoken, each has a row\n", nr);
}
