/* SPDX-License-Identifier: MIT */
#include "boot/dom0.h"

#include "abi/arm.h"
#include "abi/hvm.h"
#include "abi/domctl.h"
#include "base/bits.h"
#include "base/format.h"
#include "base/string.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "log/log.h"
#include "sync/percpu.h"

#define GICV2_MAX_VCPUS    8u
#define EVTCHN_NO_LIMIT    0x7fffffffu
#define DEFAULT_UNIT_SHIFT 10u /* a bare number is in KiB, as in Xen */

/* How dom0 hears of events: the PPI that the hypervisor node of its device tree names, active low
 * as Xen says it. */
#define EVENT_CALLBACK                                                                          \
    ((u64)HVM_PARAM_CALLBACK_TYPE_PPI << 56 | HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 | \
     GUEST_EVTCHN_PPI)

static struct dom0 dom0;

/* dom0_mem=[min:|max:]size[,...]: a size alone is what dom0 gets; max lets it grow later; min it
 * gets if no size alone is there. False: not understood. */
static bool parse_memory(const char *text)
{
    u64 amount = 0;
    u64 minimum = 0;
    u64 maximum = 0;
    while (*text != '\0') {
        u64 *to = &amount;
        if (strncmp(text, "min:", 4) == 0 || strncmp(text, "max:", 4) == 0) {
            to = text[1] == 'i' ? &minimum : &maximum;
            text += 4;
        }
        const char *end;
        *to = parse_size_bytes(text, DEFAULT_UNIT_SHIFT, &end);
        if (end == text || (*end != '\0' && *end != ',')) {
            return false;
        }
        text = *end == ',' ? end + 1 : end;
    }
    if (amount == 0) {
        amount = minimum != 0 ? minimum : maximum;
    }
    dom0.memory_bytes = align_up(amount, DOM0_PIECE);
    dom0.maximum_bytes = MAX(dom0.memory_bytes, maximum);
    return amount != 0 && amount < 1ULL << 40;
}

static enum err read_memory_option(struct dom0 *unused)
{
    char text[64];
    dom0.memory_bytes = DOM0_DEFAULT_BYTES;
    dom0.maximum_bytes = DOM0_DEFAULT_BYTES;
    if (!option_find("dom0_mem", text, sizeof(text))) {
        log_info("dom0: no dom0_mem: it gets %lluM", DOM0_DEFAULT_BYTES >> 20);
    } else if (!parse_memory(text)) {
        log_error("dom0: dom0_mem=%s is not understood: a size like 1024M", text);
        return E_INVAL;
    }
    return OK;
}

static enum err read_vcpus_option(struct dom0 *unused)
{
    char text[16];
    u32 most = gic->version == 2 ? GICV2_MAX_VCPUS : DOMAIN_MAX_VCPUS;
    dom0.nr_vcpus = MIN(percpu_nr_cpus, most);
    if (!option_find("dom0_max_vcpus", text, sizeof(text))) {
        return OK;
    }
    const char *end;
    u64 n = parse_u64(text, &end);
    if (end == text || *end != '\0' || n == 0) {
        log_error("dom0: dom0_max_vcpus=%s is not understood: a number from 1 to %u", text, most);
        return E_INVAL;
    }
    dom0.nr_vcpus = (u32)MIN(n, most);
    return OK;
}

static enum err create_vcpu(u32 id, bool pinned)
{
    enum err e = domain_create_vcpu(dom0.domain, id);
    if (e == OK && pinned) {
        struct cpumask one = {0};
        cpumask_set(&one, id % percpu_nr_cpus);
        e = sched_set_affinity(&dom0.domain->vcpu[id]->unit, &one, NULL);
    }
    return e;
}

/* UNCHECKED: nobody else runs. */
UNCHECKED static enum err create_domain(struct dom0 *unused)
{
    const struct domain_config config = {
        .id = {0},
        .privileged = true,
        .direct_mapped = true,
        .max_vcpus = dom0.nr_vcpus,
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .nr_spis = gic_info.nr_irqs - 32,
        .gic_version = gic->version,
        .max_evtchn_port = EVTCHN_NO_LIMIT,
        .max_grant_frames = DOM0_GRANT_FRAMES,
        .max_maptrack_frames = DOM0_MAPTRACK_FRAMES,
    };
    enum err e = domain_create(&config, &dom0.domain);
    if (e == OK) {
        dom0.domain->hvm_param[HVM_PARAM_CALLBACK_IRQ] =
            EVENT_CALLBACK; /* a guest's is set by the tools */
    }
    for (u32 i = 0; e == OK && i < dom0.nr_vcpus; i++) {
        e = create_vcpu(i, option_is_on("dom0_vcpus_pin", false));
    }
    return e;
}

/*
 * A place for dom0's grant table that nothing of dom0's will ever be at: the first machine RAM that
 * is not dom0's. There is some, the hypervisor's image at least; and a 1:1 domain has nothing else
 * at that guest address.
 */
static enum err choose_grant_region(struct dom0 *unused)
{
    dom0.grant.bytes = (u64)DOM0_GRANT_FRAMES << PAGE_SHIFT;
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        dom0.grant.start = align_up(firmware.bank[i].start, PAGE_SIZE);
        const struct range *hit;
        while ((hit = range_find_overlap(dom0.bank, dom0.nr_banks, &dom0.grant)) != NULL) {
            dom0.grant.start = range_end(hit);
        }
        if (range_contains(&firmware.bank[i], &dom0.grant)) {
            return OK;
        }
    }
    log_error("dom0: no room for its grant table beside %lluM of RAM", dom0.memory_bytes >> 20);
    return E_NOSPC;
}

static void start_vcpu(void)
{
    struct domain *d = dom0.domain;
    struct vcpu *v = d->vcpu[0];
    vcpu_reset(v, dom0.kernel.start, dom0.fdt.start, false);
    spin_lock(&d->lock);
    vcpu_set_online(v, true);
    spin_unlock(&d->lock);
    domain_hardware = d;
    err_ignore(domain_unpause_by_tools(d)); /* it was made paused, so this can't fail */
}

typedef enum err step_fn(struct dom0 *dom0);

static enum err run_steps(step_fn *const *steps, u32 nr)
{
    enum err e = OK;
    for (u32 i = 0; e == OK && i < nr; i++) {
        e = steps[i](&dom0);
    }
    return e;
}

enum err dom0_take(void)
{
    static step_fn *const steps[] = {read_memory_option, dom0_modules_decode, dom0_memory_take,
                                     dom0_place, choose_grant_region};
    dom0 = (struct dom0){0};
    return run_steps(steps, ARRAY_LEN(steps));
}

/* In one piece: a phase that test/bench/phases.py counts begins here. */
__noinline enum err dom0_build(void)
{
    static step_fn *const before[] = {read_vcpus_option, dom0_load};
    static step_fn *const steps[] = {create_domain, dom0_memory_give, dom0_fdt_write,
                                     dom0_devices_map};
    enum err e = run_steps(before, ARRAY_LEN(before));
    if (e != OK) {
        return e; /* said where it was found */
    }
    e = run_steps(steps, ARRAY_LEN(steps));
    if (e != OK) {
        log_error("dom0: not built: error %d", e);
        return e;
    }
    log_info("dom0: %lluM, %u vCPUs, starts at %#llx", dom0.memory_bytes >> 20, dom0.nr_vcpus,
             dom0.kernel.start);
    start_vcpu();
    return OK;
}
