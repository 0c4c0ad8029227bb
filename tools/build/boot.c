// SPDX-License-Identifier: MIT
/* From an empty domain to one that stands at its kernel's first instruction. */
#include <errno.h>
#include <string.h>

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/grant.h"
#include "abi/hvm.h"
#include "build/state.h"
#include "lib/message.h"

#define CONTROL_DOMAIN 0
/* Guests learn of events by PPI 31, level, low: what the device tree says too. */
#define CALLBACK                                   \
    ((uint64_t)HVM_PARAM_CALLBACK_TYPE_PPI << 56 | \
     (uint64_t)HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 | GUEST_EVTCHN_PPI)

static uint64_t magic_gfn(enum magic page)
{
    return GUEST_MAGIC_BASE / BUILD_PAGE + page;
}

/* The tree again, now with what this hypervisor told, and the ramdisk's place in it. */
static int finish_tree(struct build *build)
{
    struct hv_version version;
    struct xen_domctl_getdomaininfo info;
    int error = hv_get_version(build->hv, &version);
    if (error == 0) {
        error = hv_get_domain(build->hv, build->domid, &info);
    }
    if (error != 0) {
        return build_fail(error, "ask the hypervisor what the guest is to know of it");
    }
    error = build_make_tree(build, version.major, version.minor,
                            info.gpaddr_bits != 0 ? info.gpaddr_bits : 40);
    if (error != 0) {
        return error;
    }
    char why[160];
    const char *problem = layout_plan(&build->layout, build->config->maxmem_kib * 1024,
                                      &build->image, build->ramdisk.bytes, build->tree_bytes, why);
    if (problem != NULL) {
        message_error("%s", problem);
        return -ENOSPC;
    }
    if (build->ramdisk.bytes > 0) {
        tree_place_ramdisk(build->tree, &build->layout.ramdisk);
    }
    return 0;
}

static int connect(struct build *build, struct build_result *result)
{
    result->console_gfn = magic_gfn(MAGIC_CONSOLE);
    result->store_gfn = magic_gfn(MAGIC_STORE);
    int error = hv_alloc_unbound(build->hv, build->domid, CONTROL_DOMAIN, &result->store_port);
    if (error == 0) {
        error = hv_alloc_unbound(build->hv, build->domid, CONTROL_DOMAIN, &result->console_port);
    }
    if (error != 0) {
        return build_fail(error, "make the event channels of console and store");
    }
    if (build->config->vuart) {
        result->vuart_gfn = magic_gfn(MAGIC_VUART);
        error = hv_create_vuart(build->hv, build->domid, CONTROL_DOMAIN, result->vuart_gfn,
                                &result->vuart_port);
        if (error == -ENOSYS) {
            message_error("this hypervisor has no vuart for guests: leave vuart= out");
            return error;
        }
        if (error != 0) {
            return build_fail(error, "give the guest its vuart");
        }
    }
    const struct {
        uint32_t index;
        uint64_t value;
    } parameter[] = {
        {HVM_PARAM_CALLBACK_IRQ, CALLBACK},
        {HVM_PARAM_CONSOLE_PFN, result->console_gfn},
        {HVM_PARAM_CONSOLE_EVTCHN, result->console_port},
        {HVM_PARAM_STORE_PFN, result->store_gfn},
        {HVM_PARAM_STORE_EVTCHN, result->store_port},
        {HVM_PARAM_MONITOR_RING_PFN, magic_gfn(MAGIC_MONITOR)},
    };
    for (size_t i = 0; i < sizeof(parameter) / sizeof(parameter[0]) && error == 0; i++) {
        error = hv_set_param(build->hv, build->domid, parameter[i].index, parameter[i].value);
    }
    return error == 0 ? 0 : build_fail(error, "tell the guest of its console and store");
}

/* Domain 0's daemons map the two rings by grants, which the guest can't have made yet. */
static void seed_grants(const struct hv_mapping *grants, const struct build_result *result)
{
    struct xen_grant_entry_v1 *entry = grants->at;
    entry[GNTTAB_RESERVED_CONSOLE] = (struct xen_grant_entry_v1){
        .flags = GTF_permit_access, .domid = CONTROL_DOMAIN, .frame = (u32)result->console_gfn};
    entry[GNTTAB_RESERVED_XENSTORE] = (struct xen_grant_entry_v1){
        .flags = GTF_permit_access, .domid = CONTROL_DOMAIN, .frame = (u32)result->store_gfn};
}

static int fill(struct build *build, const struct build_result *result)
{
    struct hv_mapping grants;
    int error = hv_map_grant_table(build->hv, build->domid, 1, &grants);
    if (error != 0) {
        return build_fail(error, "reach the guest's grant table");
    }
    error = build_load(build, &grants);
    seed_grants(&grants, result);
    hv_unmap(build->hv, &grants);
    return error;
}

/* As the boot protocols of arm64 and arm want it: x0, or r2 with r1 all ones, is the tree. */
static int set_first_vcpu(struct build *build)
{
    struct xen_vcpu_guest_context context = {.flags = VGCF_online, .sctlr = SCTLR_GUEST_INIT};
    struct xen_vcpu_guest_core_regs *regs = &context.user_regs;
    regs->pc64 = build->layout.kernel.start;
    if (build->image.bits == 64) {
        regs->x0 = build->layout.tree.start;
        regs->cpsr = PSR_GUEST64_INIT;
    } else {
        regs->r1_usr = ~0U;
        regs->r2_usr = (u32)build->layout.tree.start;
        regs->cpsr = PSR_GUEST32_INIT;
    }
    const int error = hv_set_context(build->hv, build->domid, 0, &context);
    return error == 0 ? 0 : build_fail(error, "set up the first vCPU");
}

int build_boot(struct build *build, struct build_result *result)
{
    *result = (struct build_result){0};
    int error = finish_tree(build);
    if (error == 0) {
        error = build_populate(build);
    }
    if (error == 0) {
        error = connect(build, result);
    }
    if (error == 0) {
        error = fill(build, result);
    }
    return error == 0 ? set_first_vcpu(build) : error;
}
