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

/* Where something was said. Lines and columns count from 1; line 0: nowhere (a default). */
struct config_place {
    unsigned source; /* 0: the file; n: the n-th argument of the command line */
    unsigned line, column;
};

/* The CPUs a vCPU may run on; CPU n is bit n % 64 of word n / 64, beyond the words: none. */
struct cpu_set {
    size_t nr_words;
    uint64_t *word;
};
enum { CPU_SET_BITS = 1024 }; /* "all" sets so many: cut it to the host's number */

/* One disk: xl-disk-configuration(5). */
struct guest_disk {
    char *target;    /* path of device or image file, or what script= understands; NULL: empty */
    char *vdev;      /* as written: xvda, sda1, hda, d0p1 */
    uint32_t number; /* of the virtual device: its name in the store, e.g. 51712 for xvda */
    enum disk_format format;
    enum disk_backend backend;
    char *script;         /* of script=, NULL: Xen's "block" */
    char *backend_domain; /* name or number, NULL: this one */
    bool writable, removable, cdrom, no_discard, direct_io_safe, untrusted;
    bool shared;            /* "w!": written by several, and they know of each other */
    struct config_place at; /* where the word starts, for messages */
};

/* One network interface: xl-network-configuration(5). */
struct guest_vif {
    int devid; /* of devid=; else its place in the list */
    uint8_t mac[6];
    bool has_mac; /* false only until config_settle() */
    char *bridge; /* with "openvswitch" also NAME.TAG and NAME.TAG:TRUNK and NAME:TRUNK:TRUNK */
    char *script, *ip, *gateway_device, *vifname, *model, *backend_domain, *forwarddev;
    bool is_netfront_only;     /* type=vif */
    bool untrusted;            /* the guest shall not trust the backend */
    unsigned mtu;              /* bytes; 0: not said */
    uint64_t rate_bytes;       /* credit an interval; 0: no limit */
    uint32_t rate_interval_us; /* 0 only if there is no limit */
    struct config_place at;
};

/* One byte stream beside the console: xen-pv-channel(7). */
struct guest_channel {
    char *name;
    char *path;           /* of a Unix socket, NULL: a pty */
    char *backend_domain; /* name or number, NULL: this one */
    struct config_place at;
};

/* What the scheduler shall know; -1 is "not said". */
struct guest_sched {
    int weight, cap; /* cap in hundredths of a CPU, 0: none */
    int64_t period_us, budget_us;
    int extratime; /* RTDS: may run beyond its budget when nobody else wants to */
};

struct guest_config {
    char *file; /* where it was read from, for messages */
    char *name;
    uint8_t uuid[16];
    bool has_uuid; /* false only until config_settle() */

    char *kernel, *ramdisk, *device_tree; /* paths; device_tree: a partial one, merged in */
    char *cmdline;                        /* extra= and root= joined, or cmdline= */
    char *bootloader;
    char **bootloader_args; /* ends with NULL; NULL: none */

    uint64_t memory_kib, maxmem_kib;
    uint64_t paging_kib; /* of shadow_memory=: pool of stage-2 tables; 0: by the guest's size */
    unsigned vcpus, maxvcpus;
    char *pool;
    struct cpu_set *cpus; /* hard affinity of vCPU i; vCPUs from nr_cpus on: all CPUs */
    size_t nr_cpus;
    struct cpu_set *cpus_soft;
    size_t nr_cpus_soft;
    struct guest_sched sched;

    enum guest_action on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset;
    int max_grant_frames, max_maptrack_frames, max_grant_version; /* -1: the hypervisor's default */
    unsigned max_event_channels;                                  /* 0: default */
    char *seclabel, *init_seclabel;
    long rtc_timeoffset; /* seconds */
    bool localtime, nomigrate, driver_domain;

    enum guest_gic gic_version;
    bool vuart; /* an emulated serial port: vuart = "sbsa_uart" */

    struct guest_disk *disk;
    size_t nr_disks;
    struct guest_vif *vif;
    size_t nr_vifs;
    struct guest_channel *channel;
    size_t nr_channels;

    struct config_place *place; /* of each key, see config_place_of() */
};

/* Frees all that it owns and leaves it empty; c may be empty already. */
void guest_config_fini(struct guest_config *c);
void guest_disk_fini(struct guest_disk *d);
void guest_vif_fini(struct guest_vif *v);
