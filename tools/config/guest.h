/* SPDX-License-Identifier: MIT */
/*
 * What a guest shall be: the checked meaning of an xl.cfg. config/ fills it in, build/, device/ and
 * life/ read it, nobody else changes it. Every string is owned by the struct; NULL means "not
 * said". Sizes carry their unit.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guest_action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_RENAME_RESTART,
    ACTION_PRESERVE,
    ACTION_COREDUMP_DESTROY,
    ACTION_COREDUMP_RESTART,
    ACTION_SOFT_RESET
};
enum guest_gic { GIC_DEFAULT, GIC_V2, GIC_V3 };
enum disk_format { DISK_RAW, DISK_QCOW, DISK_QCOW2, DISK_VHD, DISK_QED, DISK_EMPTY };
enum disk_backend { DISK_BACKEND_DEFAULT, DISK_PHY, DISK_TAP, DISK_QDISK };

/* The CPUs a vCPU may run on; CPU n is bit n % 64 of word n / 64. */
struct cpu_set {
    size_t nr_words;
    uint64_t *word;
};

/* One disk: xl-disk-configuration(5). */
struct guest_disk {
    char *target;    /* path of device or image file, or what script= understands */
    char *vdev;      /* as written: xvda, sda1, hda, d0p1 */
    uint32_t number; /* of the virtual device: its name in the store, e.g. 51712 for xvda */
    enum disk_format format;
    enum disk_backend backend;
    char *script;         /* of script=, NULL: Xen's "block" */
    char *backend_domain; /* name or number, NULL: this one */
    bool writable, removable, cdrom, no_discard, direct_io_safe;
    size_t line, column; /* where the word starts, for messages */
};

/* One network interface: xl-network-configuration(5). */
struct guest_vif {
    uint8_t mac[6];
    bool has_mac; /* else one is made: 00:16:3e and three random bytes */
    char *bridge; /* with "openvswitch" also NAME.TAG and NAME.TAG:TRUNK:TRUNK */
    char *script, *ip, *gateway_device, *vifname, *model, *backend_domain, *forwarddev;
    bool is_netfront_only;                 /* type=vif */
    uint64_t rate_bytes, rate_interval_us; /* 0: no limit */
    size_t line, column;
};

/* One line of the CPU's parameters: sched-credit2(1) words; -1 is "not said". */
struct guest_sched {
    int weight, cap;
    int64_t period_us, budget_us;
};

struct guest_config {
    char *file; /* where it was read from, for messages */
    char *name;
    uint8_t uuid[16];
    bool has_uuid;

    char *kernel, *ramdisk, *device_tree; /* paths; device_tree: a partial one, merged in */
    char *cmdline;                        /* extra= and root= joined, or cmdline= */
    char *bootloader;
    char **bootloader_args;

    uint64_t memory_kib, maxmem_kib;
    unsigned vcpus, maxvcpus;
    char *pool;
    struct cpu_set *cpus; /* hard affinity, one for each vCPU or one for all */
    size_t nr_cpus;
    struct cpu_set *cpus_soft;
    size_t nr_cpus_soft;
    struct guest_sched sched;

    enum guest_action on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset;
    int max_grant_frames, max_maptrack_frames, max_grant_version; /* -1: the hypervisor's default */
    unsigned max_event_channels;                                  /* 0: default */
    char *seclabel, *init_seclabel;
    long rtc_timeoffset;
    bool localtime, nomigrate, driver_domain;

    enum guest_gic gic_version;
    bool vuart; /* an emulated PL011: vuart = "sbsa_uart" */

    struct guest_disk *disk;
    size_t nr_disks;
    struct guest_vif *vif;
    size_t nr_vifs;
    char **channels; /* checked words of channel=, as written */
    size_t nr_channels;
};

/* Frees all that it owns and leaves it empty; c may be empty already. */
void guest_config_fini(struct guest_config *c);
