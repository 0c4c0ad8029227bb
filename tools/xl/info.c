// SPDX-License-Identifier: MIT
/* xl info, dmesg, debug-keys, getenforce. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/text.h"
#include "xl/command.h"
#include "xl/pool.h"
#include "xl/sets.h"

/* Lines of "name : value", as scripts know them from Xen's tools. */
static void line(struct text *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void line(struct text *out, const char *name, const char *format, ...)
{
    text_add(out, "%-22s : ", name);
    va_list words;
    va_start(words, format);
    text_add_list(out, format, words);
    va_end(words);
    text_add_char(out, '\n');
}

static void add_kernel(struct text *out)
{
    struct utsname name;
    if (uname(&name) == 0) {
        line(out, "host", "%s", name.nodename);
        line(out, "release", "%s", name.release);
        line(out, "version", "%s", name.version);
        line(out, "machine", "%s", name.machine);
    }
}

/* What the CPUs can do for guests; each word has a blank before it. */
static void add_virt_caps(struct text *out, uint32_t capabilities)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } words[] = {
        {XEN_SYSCTL_PHYSCAP_pv, "pv"},
        {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
        {XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_directio, "pv_directio"},
        {XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_directio, "hvm_directio"},
        {XEN_SYSCTL_PHYSCAP_hap, "hap"},
        {XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
        {XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share"},
        {XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace"},
        {XEN_SYSCTL_PHYSCAP_vpmu, "vpmu"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
    };
    text_add(out, "%-22s :", "virt_caps");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((capabilities & words[i].bits) == words[i].bits) {
            text_add(out, " %s", words[i].name);
        }
    }
    text_add_char(out, '\n');
}

static void add_physinfo(struct text *out, const struct xen_sysctl_physinfo *info)
{
    const uint32_t *cap = info->hw_cap;
    line(out, "nr_cpus", "%u", info->nr_cpus);
    line(out, "max_cpu_id", "%u", info->max_cpu_id);
    line(out, "nr_nodes", "%u", info->nr_nodes);
    line(out, "cores_per_socket", "%u", info->cores_per_socket);
    line(out, "threads_per_core", "%u", info->threads_per_core);
    line(out, "cpu_mhz", "%u.%03u", info->cpu_khz / 1000, info->cpu_khz % 1000);
    line(out, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", cap[0], cap[1], cap[2], cap[3],
         cap[4], cap[5], cap[6], cap[7]);
    add_virt_caps(out, info->capabilities);
    line(out, "total_memory", "%lu", (unsigned long)(info->total_pages / 256));
    line(out, "free_memory", "%lu",
         (unsigned long)((info->free_pages - info->outstanding_pages) / 256));
    /* Nothing shares pages on Arm */
    line(out, "sharing_freed_memory", "0");
    line(out, "sharing_used_memory", "0");
    line(out, "outstanding_claims", "%lu", (unsigned long)(info->outstanding_pages / 256));
}

static int add_free_cpus(struct hv *hv, struct text *out)
{
    uint64_t cpus[SET_WORDS] = {0};
    const int err = hv_get_free_cpus(hv, cpus, SET_MAX);
    unsigned nr = 0;
    for (unsigned i = 0; i < SET_WORDS; i++) {
        nr += (unsigned)__builtin_popcountll(cpus[i]);
    }
    if (err == 0) {
        line(out, "free_cpus", "%u", nr);
    }
    return err;
}

/* ---- -n: where CPUs and memory are */

static int add_cpus(struct hv *hv, unsigned nr_cpus, struct text *out)
{
    struct xen_sysctl_cputopo *cpu = calloc(nr_cpus + 1, sizeof(*cpu));
    if (cpu == NULL) {
        return -ENOMEM;
    }
    unsigned nr = nr_cpus;
    const int err = hv_get_cpu_topology(hv, cpu, &nr);
    if (err == 0) {
        text_add(out, "cpu_topology           :\ncpu:    core    socket     node\n");
    }
    for (unsigned i = 0; err == 0 && i < nr && i < nr_cpus; i++) {
        if (cpu[i].core != XEN_INVALID_CORE_ID) {
            text_add(out, "%3u:    %4u     %4u     %4u\n", i, cpu[i].core, cpu[i].socket,
                     cpu[i].node);
        }
    }
    free(cpu);
    return err;
}

static int add_nodes(struct hv *hv, unsigned nr_nodes, struct text *out)
{
    struct xen_sysctl_meminfo *node = calloc(nr_nodes + 1, sizeof(*node));
    uint32_t *distance = calloc((size_t)nr_nodes * nr_nodes + 1, sizeof(*distance));
    unsigned nr = nr_nodes;
    int err = node == NULL || distance == NULL ? -ENOMEM : hv_get_numa(hv, node, distance, &nr);
    if (err == 0) {
        text_add(out, "numa_info              :\nnode:    memsize    memfree    distances\n");
    }
    nr = nr < nr_nodes ? nr : nr_nodes;
    for (unsigned i = 0; err == 0 && i < nr; i++) {
        if (node[i].memsize == XEN_INVALID_MEM_SZ) {
            continue;
        }
        text_add(out, "%4u:    %6lu     %6lu      ", i, (unsigned long)(node[i].memsize >> 20),
                 (unsigned long)(node[i].memfree >> 20));
        for (unsigned j = 0; j < nr; j++) {
            text_add(out, "%s%u", j > 0 ? "," : "", distance[i * nr + j]);
        }
        text_add_char(out, '\n');
    }
    free(node);
    free(distance);
    return err;
}

static int add_version(struct hv *hv, struct text *out)
{
    struct hv_version v;
    uint32_t sched_id;
    int err = hv_get_version(hv, &v);
    if (err == 0) {
        err = hv_get_sched_id(hv, &sched_id);
    }
    if (err != 0) {
        return err;
    }
    line(out, "xen_major", "%u", v.major);
    line(out, "xen_minor", "%u", v.minor);
    line(out, "xen_extra", "%s", v.extra);
    line(out, "xen_version", "%u.%u%s", v.major, v.minor, v.extra);
    line(out, "xen_caps", "%s", v.capabilities);
    line(out, "xen_scheduler", "%s", scheduler_name(sched_id));
    line(out, "xen_pagesize", "%u", v.page_bytes);
    line(out, "platform_params", "virt_start=0x%lx", (unsigned long)v.virt_start);
    line(out, "xen_changeset", "%s", v.changeset);
    line(out, "xen_commandline", "%s", v.command_line);
    line(out, "cc_compiler", "%s", v.compiler);
    line(out, "cc_compile_by", "%s", v.compile_by);
    line(out, "cc_compile_domain", "%s", v.compile_domain);
    line(out, "cc_compile_date", "%s", v.compile_date);
    line(out, "build_id", "%s", v.build_id);
    line(out, "xend_config_format", "4");
    return 0;
}

static int add_all(struct hv *hv, bool numa, struct text *out)
{
    struct xen_sysctl_physinfo info = {0};
    add_kernel(out);
    int err = hv_get_physinfo(hv, &info);
    if (err == 0) {
        add_physinfo(out, &info);
        err = add_free_cpus(hv, out);
    }
    if (err == 0 && numa) {
        err = add_cpus(hv, info.max_cpu_id + 1, out);
    }
    if (err == 0 && numa) {
        err = add_nodes(hv, info.max_node_id + 1, out);
    }
    return err != 0 ? err : add_version(hv, out);
}

/* The hypervisor alone is asked, so that it works where no store runs. */
int command_info(struct call *call)
{
    struct hv *hv;
    if (hv_open(&hv) != 0) {
        return XL_FAILURE;
    }
    struct text out = {0};
    int err = add_all(hv, call_has(call, 'n'), &out);
    if (err == 0 && out.failed) {
        err = -ENOMEM;
    }
    if (err == 0) {
        fputs(text_string(&out), stdout);
    } else {
        message_error("cannot ask the hypervisor: %s", strerror(-err));
    }
    text_fini(&out);
    hv_close(hv);
    return call_status(err);
}

/* In parts: the log is as large as the hypervisor was told at boot. */
int command_dmesg(struct call *call)
{
    struct hv *hv;
    if (hv_open(&hv) != 0) {
        return XL_FAILURE;
    }
    static char part[65536];
    const bool clear = call_has(call, 'c');
    uint32_t index = 0;
    int n;
    do {
        n = hv_read_console(hv, part, sizeof(part), false, true, &index);
        if (n > 0) {
            fwrite(part, 1, (size_t)n, stdout);
        }
    } while (n == (int)sizeof(part));
    if (n >= 0 && clear) {
        n = hv_read_console(hv, part, sizeof(part), true, false, &index);
    }
    if (n < 0) {
        message_error("cannot read the hypervisor's log: %s", strerror(-n));
    }
    hv_close(hv);
    return call_status(n < 0 ? n : 0);
}

int command_debug_keys(struct call *call)
{
    struct hv *hv;
    if (hv_open(&hv) != 0) {
        return XL_FAILURE;
    }
    const int err = hv_send_debug_keys(hv, call->args[0]);
    if (err != 0) {
        message_error("cannot press '%s': %s", call->args[0], strerror(-err));
    }
    hv_close(hv);
    return call_status(err);
}

/* Words and status of Xen's tool where there is no policy. */
int command_getenforce(struct call *call)
{
    (void)call;
    puts("Flask XSM Disabled");
    return XL_ABSENT;
}
