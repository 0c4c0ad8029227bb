// SPDX-License-Identifier: MIT
/* The domain and its parameters, one hypercall and one sentence each. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "build/state.h"
#include "lib/message.h"

#define DEFAULT_PORTS 1023U /* event channels, as Xen's tools default */
#define SLACK_KIB     1024ULL
#define MAX_CPU_WORDS (CPU_SET_BITS / 64)
#define RTDS_EXTRA    1U /* may run beyond its budget */
#define PAGES_A_VCPU  256ULL

static struct xen_domctl_createdomain describe(const struct guest_config *config, uint32_t pool)
{
    struct xen_domctl_createdomain c = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = config->maxvcpus,
        .max_evtchn_port =
            config->max_event_channels != 0 ? config->max_event_channels : DEFAULT_PORTS,
        .max_grant_frames = config->max_grant_frames,
        .max_maptrack_frames = config->max_maptrack_frames,
        /* version 1 unless one is asked for, though no hypervisor of Arm has another */
        .grant_opts = config->max_grant_version >= 0 ? (u32)config->max_grant_version : 1,
        .cpupool_id = pool,
        .arch.gic_version = config->gic_version == GIC_V2   ? XEN_DOMCTL_CONFIG_GIC_V2
                            : config->gic_version == GIC_V3 ? XEN_DOMCTL_CONFIG_GIC_V3
                                                            : XEN_DOMCTL_CONFIG_GIC_NATIVE,
        .arch.tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,
        .arch.nr_spis = config->vuart ? GUEST_VPL011_SPI - 32 + 1 : 0,
    };
    memcpy(c.handle, config->uuid, sizeof(c.handle));
    return c;
}

static int create_domain(struct build *build, uint32_t pool)
{
    static const char *const gic[] = {"", ", GICv2", ", GICv3"};
    struct xen_domctl_createdomain config = describe(build->config, pool);
    const int error = hv_create_domain(build->hv, &config, &build->domid);
    if (error != 0) {
        return build_fail(error, "create the domain (%u vCPUs%s)", build->config->maxvcpus,
                          gic[build->config->gic_version]);
    }
    build->is_gicv3 = config.arch.gic_version == XEN_DOMCTL_CONFIG_GIC_V3;
    build->clock_hz = config.arch.clock_frequency;
    return 0;
}

/* An upper bound on stage-2 tables, as generous as that of Xen's tools: a guest may map a lot. */
static uint64_t paging_pool_bytes(const struct guest_config *config)
{
    if (config->paging_kib != 0) {
        return (config->paging_kib * 1024 + BUILD_PAGE - 1) / BUILD_PAGE * BUILD_PAGE;
    }
    const uint64_t mib = (config->maxmem_kib + 1023) / 1024;
    return (PAGES_A_VCPU * config->maxvcpus + 2 * mib) * BUILD_PAGE;
}

int build_set_bits(struct build *build)
{
    const int error = hv_set_address_size(build->hv, build->domid, build->image.bits);
    return error == 0 ? 0
                      : build_fail(error, "run a %u-bit kernel (%s) here", build->image.bits,
                                   build->config->kernel);
}

static int limit(struct build *build)
{
    const struct guest_config *config = build->config;
    int error = hv_set_max_vcpus(build->hv, build->domid, config->maxvcpus);
    if (error != 0) {
        return build_fail(error, "give the domain %u vCPUs", config->maxvcpus);
    }
    error = config->bootloader != NULL ? 0 : build_set_bits(build);
    if (error != 0) {
        return error;
    }
    error = hv_set_paging_pool(build->hv, build->domid, paging_pool_bytes(config));
    if (error != 0) {
        return build_fail(error, "reserve %" PRIu64 " KiB for the domain's page tables",
                          paging_pool_bytes(config) / 1024);
    }
    error = hv_set_max_mem(build->hv, build->domid, config->maxmem_kib + SLACK_KIB);
    return error == 0 ? 0 : build_fail(error, "limit the domain's memory");
}

/* So that two guests made at once do not both begin and both fail. An older hypervisor has none. */
static int claim(struct build *build)
{
    const uint64_t pages = build_count_pages(build);
    const int error = hv_claim(build->hv, build->domid, pages);
    if (error != -ENOMEM) {
        return 0;
    }
    struct xen_sysctl_physinfo info = {0};
    if (hv_get_physinfo(build->hv, &info) != 0) {
        return build_fail(error, "reserve %" PRIu64 " MiB of memory", pages / 256);
    }
    message_error("not enough memory: the guest needs %" PRIu64 " MiB and %llu MiB are free",
                  pages / 256, (info.free_pages - info.outstanding_pages) / 256);
    return error;
}

/* Set n of the configuration's; false: none for this vCPU. */
static bool copy_set(uint64_t words[MAX_CPU_WORDS], const struct cpu_set *set, size_t nr, size_t n)
{
    if (n >= nr) {
        return false;
    }
    const struct cpu_set *from = &set[n];
    memset(words, 0, MAX_CPU_WORDS * sizeof(words[0]));
    memcpy(words, from->word,
           (from->nr_words < MAX_CPU_WORDS ? from->nr_words : MAX_CPU_WORDS) * sizeof(words[0]));
    return true;
}

static int pin(struct build *build)
{
    const struct guest_config *config = build->config;
    for (unsigned i = 0; i < config->maxvcpus; i++) {
        uint64_t hard[MAX_CPU_WORDS];
        uint64_t soft[MAX_CPU_WORDS];
        const bool has_hard = copy_set(hard, config->cpus, config->nr_cpus, i);
        const bool has_soft = copy_set(soft, config->cpus_soft, config->nr_cpus_soft, i);
        if (!has_hard && !has_soft) {
            continue;
        }
        const int error = hv_set_affinity(build->hv, build->domid, i, has_hard ? hard : NULL,
                                          has_soft ? soft : NULL, MAX_CPU_WORDS * 64);
        if (error != 0) {
            return build_fail(error, "bind vCPU %u to the CPUs of %s", i,
                              has_hard ? "cpus=" : "cpus_soft=");
        }
    }
    return 0;
}

/* Puts what was said into what the scheduler told; false: it has no such parameter. */
static bool merge(struct xen_domctl_scheduler_op *op, const struct guest_sched *said)
{
    const bool has_share = said->weight >= 0 || said->cap >= 0;
    const bool has_time = said->period_us >= 0 || said->budget_us >= 0 || said->extratime >= 0;
    switch (op->sched_id) {
    case XEN_SCHEDULER_CREDIT:
        op->u.credit.weight = said->weight >= 0 ? (uint16_t)said->weight : op->u.credit.weight;
        op->u.credit.cap = said->cap >= 0 ? (uint16_t)said->cap : op->u.credit.cap;
        return !has_time;
    case XEN_SCHEDULER_CREDIT2:
        op->u.credit2.weight = said->weight >= 0 ? (uint16_t)said->weight : op->u.credit2.weight;
        op->u.credit2.cap = said->cap >= 0 ? (uint16_t)said->cap : op->u.credit2.cap;
        return !has_time;
    case XEN_SCHEDULER_RTDS:
        op->u.rtds.period = said->period_us >= 0 ? (uint32_t)said->period_us : op->u.rtds.period;
        op->u.rtds.budget = said->budget_us >= 0 ? (uint32_t)said->budget_us : op->u.rtds.budget;
        if (said->extratime >= 0) {
            op->u.rtds.flags = said->extratime > 0 ? op->u.rtds.flags | RTDS_EXTRA
                                                   : op->u.rtds.flags & ~RTDS_EXTRA;
        }
        return !has_share;
    default:
        return false;
    }
}

static int schedule(struct build *build, uint32_t pool)
{
    const struct guest_sched *said = &build->config->sched;
    if (said->weight < 0 && said->cap < 0 && said->period_us < 0 && said->budget_us < 0 &&
        said->extratime < 0) {
        return 0;
    }
    struct xen_sysctl_cpupool_op info = {0};
    uint64_t cpus[MAX_CPU_WORDS];
    int error = hv_get_pool(build->hv, pool, &info, cpus, MAX_CPU_WORDS * 64);
    struct xen_domctl_scheduler_op op = {.sched_id = info.sched_id,
                                         .cmd = XEN_DOMCTL_SCHEDOP_getinfo};
    if (error == 0) {
        error = hv_sched_domain(build->hv, build->domid, &op);
    }
    if (error == 0 && !merge(&op, said)) {
        message_warning("the scheduler of this CPU pool does not have all the parameters given");
    }
    if (error == 0) {
        op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
        error = hv_sched_domain(build->hv, build->domid, &op);
    }
    return error == 0 ? 0 : build_fail(error, "set the domain's scheduling parameters");
}

static int set_clock(struct build *build)
{
    int64_t offset = build->config->rtc_timeoffset;
    if (build->config->localtime) {
        const time_t now = time(NULL);
        struct tm local;
        offset += localtime_r(&now, &local) != NULL ? local.tm_gmtoff : 0;
    }
    const int error = offset != 0 ? hv_set_time_offset(build->hv, build->domid, offset) : 0;
    return error == 0 ? 0 : build_fail(error, "set the domain's clock");
}

int build_create(struct build *build, struct hv *hv, uint32_t pool, uint16_t *domid)
{
    build->hv = hv;
    build->domid = 0;
    int error = create_domain(build, pool);
    *domid = error == 0 ? build->domid : 0;
    if (error == 0) {
        error = limit(build);
    }
    if (error == 0) {
        error = claim(build);
    }
    if (error == 0) {
        error = pin(build);
    }
    if (error == 0) {
        error = schedule(build, pool);
    }
    return error == 0 ? set_clock(build) : error;
}
