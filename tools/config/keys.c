// SPDX-License-Identifier: MIT
#include "config/keys.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "lib/nearest.h"

#define MAX_MIB (INT64_C(1) << 24) /* 16 TiB */

/* Why what is not supported is not */
#define NEEDS_HVM     "needs HVM guests"
#define NEEDS_QEMU    "needs QEMU as device model"
#define NEEDS_PASS    "needs passthrough of host devices"
#define NEEDS_SPICE   "needs SPICE"
#define NEEDS_BACKEND "needs a backend that is not there"
#define ONLY_HVM      "it is for HVM guests only"
#define ONLY_X86      "it is for x86 only"
#define ONLY_QEMU     "it is for QEMU as device model only"
#define ONLY_SPICE    "it is for SPICE only"
#define ONLY_PASS     "it is for passthrough of host devices only"

/* Rows: what is taken into a member, by a function, ignored, refused */
#define MEMBER(m) \
    .offset = offsetof(struct guest_config, m), .size = sizeof(((struct guest_config *)NULL)->m)
#define NUMBER(n, m, least, most, about)                                               \
    {                                                                                  \
        .name = (n), .wanted = WANT_NUMBER, MEMBER(m), .low = (least), .high = (most), \
        .help = (about)                                                                \
    }
#define MIB(n, m, about)                                                                         \
    {                                                                                            \
        .name = (n), .wanted = WANT_NUMBER, MEMBER(m), .scale = 1024, .low = 1, .high = MAX_MIB, \
        .help = (about)                                                                          \
    }
#define FLAG(n, m, about)                                            \
    {                                                                \
        .name = (n), .wanted = WANT_BOOL, MEMBER(m), .help = (about) \
    }
#define STRING(n, m, about)                                            \
    {                                                                  \
        .name = (n), .wanted = WANT_STRING, MEMBER(m), .help = (about) \
    }
#define WORD(n, m, list, about)                                                       \
    {                                                                                 \
        .name = (n), .wanted = WANT_WORD, MEMBER(m), .words = (list), .help = (about) \
    }
#define TAKE(n, type, function, about)                                          \
    {                                                                           \
        .name = (n), .wanted = WANT_##type, .take = (function), .help = (about) \
    }
#define IGNORED(n, type, because, about)                                                           \
    {                                                                                              \
        .name = (n), .wanted = WANT_##type, .fate = KEY_IGNORED, .why = (because), .help = (about) \
    }
#define REFUSED(n, type, because, about)                                                           \
    {                                                                                              \
        .name = (n), .wanted = WANT_##type, .fate = KEY_REFUSED, .why = (because), .help = (about) \
    }
#define REFUSED_BUT(n, type, off, because, about)                                   \
    {                                                                               \
        .name = (n), .wanted = WANT_##type, .fate = KEY_REFUSED, .harmless = (off), \
        .why = (because), .help = (about)                                           \
    }
#define IGNORED_BUT(n, type, off, because, about)                                   \
    {                                                                               \
        .name = (n), .wanted = WANT_##type, .fate = KEY_IGNORED, .harmless = (off), \
        .why = (because), .help = (about)                                           \
    }

const struct config_word config_actions[] = {
    {"destroy", ACTION_DESTROY},
    {"restart", ACTION_RESTART},
    {"rename-restart", ACTION_RENAME_RESTART},
    {"preserve", ACTION_PRESERVE},
    {"coredump-destroy", ACTION_COREDUMP_DESTROY},
    {"coredump-restart", ACTION_COREDUMP_RESTART},
    {"soft-reset", ACTION_SOFT_RESET},
    {NULL, 0},
};
static const struct config_word gic_versions[] = {
    {"default", GIC_DEFAULT}, {"v2", GIC_V2}, {"v3", GIC_V3}, {NULL, 0}};
static const struct config_word vuarts[] = {{"sbsa_uart", true}, {NULL, 0}};

static const struct config_key keys[] = {
    STRING("name", name, "name of the guest, unique on the host"),
    TAKE("uuid", STRING, config_take_uuid, "UUID of the guest; else one is drawn"),
    TAKE("type", STRING, config_take_type, "kind of guest: \"pvh\""),
    {.name = "builder",
     .wanted = WANT_STRING,
     .take = config_take_builder,
     .why = "say type=\"pvh\", or nothing",
     .help = "old name of type"},
    /* kernel */
    STRING("kernel", kernel, "path of the kernel image"),
    STRING("ramdisk", ramdisk, "path of the initial ramdisk"),
    TAKE("cmdline", STRING, config_take_later,
         "command line of the kernel, instead of root and extra"),
    TAKE("root", STRING, config_take_later, "\"root=\" of the kernel's command line"),
    TAKE("extra", STRING, config_take_later, "rest of the kernel's command line"),
    STRING("device_tree", device_tree,
           "path of a partial device tree that is merged into the guest's"),
    STRING("bootloader", bootloader, "program that finds kernel and ramdisk on the guest's disk"),
    TAKE("bootloader_args", STRING_OR_LIST, config_take_args, "arguments of the bootloader"),
    REFUSED("firmware", STRING, NEEDS_HVM, "firmware that boots the guest"),
    /* memory */
    MIB("memory", memory_kib, "MiB of memory at start"),
    MIB("maxmem", maxmem_kib, "MiB of memory that the guest may ever have"),
    {.name = "shadow_memory",
     .wanted = WANT_NUMBER,
     MEMBER(paging_kib),
     .scale = 1024,
     .low = 0,
     .high = MAX_MIB,
     .help = "MiB for the guest's stage-2 page tables"},
    /* CPUs */
    NUMBER("vcpus", vcpus, 1, 128, "virtual CPUs that are online at start"),
    NUMBER("maxvcpus", maxvcpus, 1, 128, "virtual CPUs that the guest may ever have"),
    STRING("pool", pool, "CPU pool of the guest"),
    TAKE("cpus", STRING_OR_LIST, config_take_cpus, "host CPUs that the virtual CPUs may run on"),
    TAKE("cpus_soft", STRING_OR_LIST, config_take_cpus, "host CPUs that the virtual CPUs prefer"),
    NUMBER("cpu_weight", sched.weight, 1, 65535, "share of CPU time (credit, credit2)"),
    NUMBER("cap", sched.cap, 0, 65535,
           "most CPU time in percent of one CPU, 0: no cap (credit, credit2)"),
    NUMBER("period", sched.period_us, 1, INT64_C(86400000000), "period in microseconds (rtds)"),
    NUMBER("budget", sched.budget_us, 1, INT64_C(86400000000),
           "microseconds of CPU time in each period (rtds)"),
    NUMBER("extratime", sched.extratime, 0, 1,
           "whether idle time is used beyond the budget (rtds)"),
    IGNORED("slice", NUMBER, "the SEDF scheduler is gone", "time slice of SEDF"),
    IGNORED("latency", NUMBER, "the SEDF scheduler is gone", "latency of SEDF"),
    REFUSED("vnuma", LIST, "needs NUMA for guests", "virtual NUMA nodes"),
    /* ends */
    WORD("on_poweroff", on_poweroff, config_actions, "what happens when the guest powers off"),
    WORD("on_reboot", on_reboot, config_actions, "what happens when the guest reboots"),
    WORD("on_watchdog", on_watchdog, config_actions,
         "what happens when the guest's watchdog fires"),
    WORD("on_crash", on_crash, config_actions, "what happens when the guest crashes"),
    WORD("on_soft_reset", on_soft_reset, config_actions,
         "what happens when the guest asks for a soft reset"),
    /* devices */
    TAKE("disk", LIST, config_take_disks, "disks, see xl-disk-configuration(5)"),
    TAKE("vif", LIST, config_take_vifs, "network interfaces, see xl-network-configuration(5)"),
    TAKE("channel", LIST, config_take_channels, "byte streams between guest and host"),
    REFUSED("vtpm", LIST, "needs a vTPM domain", "virtual trusted platform modules"),
    REFUSED("p9", LIST, NEEDS_BACKEND, "9pfs shares of host folders"),
    REFUSED("pvcalls", LIST, NEEDS_BACKEND, "sockets that the backend opens for the guest"),
    REFUSED("vfb", LIST, NEEDS_QEMU, "virtual frame buffers"),
    REFUSED("vkb", LIST, NEEDS_BACKEND, "virtual keyboards"),
    REFUSED("vdispl", LIST, NEEDS_BACKEND, "virtual displays"),
    REFUSED("vsnd", LIST, NEEDS_BACKEND, "virtual sound cards"),
    REFUSED("usbctrl", LIST, NEEDS_BACKEND, "virtual USB controllers"),
    REFUSED("usbdev", LIST, NEEDS_PASS, "host USB devices for the guest"),
    IGNORED("vif2", LIST, "netchannel2 is gone", "interfaces of netchannel2"),
    IGNORED("blkdev_start", STRING, "each disk names its vdev", "first name for disks without one"),
    /* passthrough */
    REFUSED("pci", LIST, NEEDS_PASS, "host PCI devices for the guest"),
    IGNORED("pci_permissive", BOOL, ONLY_PASS, "default of permissive in pci"),
    IGNORED("pci_msitranslate", BOOL, ONLY_PASS, "default of msitranslate in pci"),
    IGNORED("pci_seize", BOOL, ONLY_PASS, "default of seize in pci"),
    IGNORED("pci_power_mgmt", BOOL, ONLY_PASS, "default of power_mgmt in pci"),
    REFUSED("gfx_passthru", ANY, NEEDS_PASS, "a host graphics card for the guest"),
    REFUSED("rdm", STRING, NEEDS_PASS, "reserved device memory"),
    IGNORED("rdm_mem_boundary", NUMBER, ONLY_PASS, "boundary for conflicts of rdm"),
    REFUSED("dtdev", LIST, NEEDS_PASS, "host device tree nodes for the guest"),
    REFUSED("ioports", LIST, NEEDS_PASS, "I/O ports for the guest"),
    REFUSED("iomem", LIST, NEEDS_PASS, "host device memory for the guest"),
    REFUSED("irqs", LIST, NEEDS_PASS, "host interrupts for the guest"),
    REFUSED_BUT("passthrough", STRING, "default disabled", NEEDS_PASS,
                "whether devices may be given to the guest"),
    /* limits and labels */
    NUMBER("max_event_channels", max_event_channels, 1, 131071, "most event channels of the guest"),
    NUMBER("max_grant_frames", max_grant_frames, 1, 65536, "most grant table frames of the guest"),
    NUMBER("max_maptrack_frames", max_maptrack_frames, 0, 65536,
           "most frames to track foreign mappings"),
    NUMBER("max_grant_version", max_grant_version, 1, 2, "newest grant table version of the guest"),
    STRING("seclabel", seclabel, "XSM label of the guest"),
    STRING("init_seclabel", init_seclabel, "XSM label while the guest is built"),
    FLAG("nomigrate", nomigrate, "whether the guest may never be migrated"),
    FLAG("driver_domain", driver_domain, "whether the guest serves devices to others"),
    IGNORED("xend_suspend_evtchn_compat", BOOL, "there is no migration yet",
            "store layout of old suspend"),
    /* time */
    FLAG("localtime", localtime, "whether the guest's clock starts in local time instead of UTC"),
    NUMBER("rtc_timeoffset", rtc_timeoffset, -INT64_C(4294967296), INT64_C(4294967296),
           "seconds that the guest's clock is ahead"),
    IGNORED_BUT("tsc_mode", ANY, "default", ONLY_X86, "how the TSC is given to the guest"),
    IGNORED("vpt_align", BOOL, ONLY_X86, "whether platform timers are aligned"),
    IGNORED("timer_mode", ANY, ONLY_X86, "how missed timer ticks are delivered"),
    /* Arm */
    WORD("gic_version", gic_version, gic_versions,
         "interrupt controller: \"v2\", \"v3\" or \"default\" (the host's)"),
    WORD("vuart", vuart, vuarts, "an emulated serial port: \"sbsa_uart\""),
    REFUSED_BUT("tee", STRING, "none", "needs mediation of the secure world",
                "trusted execution environment"),
    REFUSED("vpmu", BOOL, "needs a virtual PMU", "whether the guest may use the PMU"),
    /* platform of x86 */
    IGNORED("acpi", BOOL, "guests get a device tree, no ACPI tables",
            "whether the guest gets ACPI tables"),
    IGNORED("acpi_s3", BOOL, ONLY_X86, "ACPI state S3"),
    IGNORED("acpi_s4", BOOL, ONLY_X86, "ACPI state S4"),
    IGNORED("acpi_laptop_slate", BOOL, ONLY_X86, "ACPI laptop and slate switch"),
    REFUSED("acpi_firmware", STRING, NEEDS_HVM, "file with more ACPI tables"),
    REFUSED("smbios_firmware", STRING, NEEDS_HVM, "file with SMBIOS structures"),
    IGNORED("apic", BOOL, ONLY_X86, "APIC in the firmware's tables"),
    IGNORED("hpet", BOOL, ONLY_X86, "HPET timer"),
    IGNORED("pae", BOOL, ONLY_X86, "physical address extension"),
    IGNORED("nx", BOOL, ONLY_X86, "no-execute pages"),
    IGNORED("hap", BOOL, "the hardware's stage 2 is always used", "hardware assisted paging"),
    IGNORED("oos", BOOL, ONLY_X86, "shadow page tables out of step"),
    REFUSED("nestedhvm", BOOL, "needs nested virtualization", "virtualization inside the guest"),
    REFUSED_BUT("altp2m", ANY, "disabled", "needs altp2m", "alternate views of guest memory"),
    REFUSED("altp2mhvm", BOOL, "needs altp2m", "old name of altp2m"),
    IGNORED("cpuid", ANY, ONLY_X86, "answers of CPUID"),
    IGNORED("viridian", ANY, ONLY_HVM, "Hyper-V interfaces"),
    IGNORED("mca_caps", LIST, ONLY_X86, "machine check features"),
    IGNORED("msr_relaxed", BOOL, ONLY_X86, "lenient answers of unknown MSRs"),
    IGNORED("e820_host", BOOL, ONLY_X86, "memory map like the host's"),
    IGNORED("mmio_hole", NUMBER, ONLY_HVM, "MiB of address space for devices"),
    REFUSED_BUT("ms_vm_genid", STRING, "none", NEEDS_HVM, "generation ID"),
    IGNORED("xen_platform_pci", BOOL, ONLY_HVM, "Xen's platform PCI device"),
    IGNORED_BUT("vendor_device", STRING, "none", ONLY_HVM, "vendor's PCI device"),
    REFUSED("vmtrace_buf_kb", NUMBER, "needs processor trace", "trace buffer of each virtual CPU"),
    REFUSED("pvshim", BOOL, "needs PV guests of x86", "PV guest inside a PVH container"),
    IGNORED("pvshim_path", STRING, ONLY_X86, "the shim's image"),
    IGNORED("pvshim_cmdline", STRING, ONLY_X86, "the shim's command line"),
    IGNORED("pvshim_extra", STRING, ONLY_X86, "more of the shim's command line"),
    /* HVM guests and their device model */
    IGNORED("boot", STRING, ONLY_HVM, "order of boot devices"),
    IGNORED("hdtype", STRING, ONLY_HVM, "emulated disk controller"),
    REFUSED("bios", STRING, NEEDS_HVM, "firmware of HVM guests"),
    REFUSED("bios_path_override", STRING, NEEDS_HVM, "path of that firmware"),
    REFUSED("firmware_override", STRING, NEEDS_HVM, "path of the firmware"),
    IGNORED("device_model", STRING, ONLY_QEMU, "old name of device_model_override"),
    IGNORED("device_model_version", STRING, ONLY_QEMU, "which device model"),
    IGNORED("device_model_override", STRING, ONLY_QEMU, "path of the device model"),
    REFUSED("device_model_stubdomain_override", BOOL, NEEDS_HVM,
            "device model in a domain of its own"),
    IGNORED("device_model_stubdomain_seclabel", STRING, ONLY_QEMU, "XSM label of that domain"),
    IGNORED("device_model_user", STRING, ONLY_QEMU, "user of the device model"),
    IGNORED("device_model_args", LIST, ONLY_QEMU, "arguments of the device model"),
    IGNORED("device_model_args_pv", LIST, ONLY_QEMU, "the same for PV guests"),
    IGNORED("device_model_args_hvm", LIST, ONLY_QEMU, "the same for HVM guests"),
    IGNORED("dm_restrict", BOOL, ONLY_QEMU, "device model without privileges"),
    IGNORED("stubdomain_kernel", STRING, ONLY_QEMU, "kernel of the device model's domain"),
    IGNORED("stubdomain_cmdline", STRING, ONLY_QEMU, "its command line"),
    IGNORED("stubdomain_ramdisk", STRING, ONLY_QEMU, "its ramdisk"),
    IGNORED("stubdomain_memory", NUMBER, ONLY_QEMU, "MiB of its memory"),
    IGNORED("videoram", NUMBER, ONLY_HVM, "MiB of the graphics card"),
    REFUSED("stdvga", BOOL, NEEDS_HVM, "old name of vga=\"stdvga\""),
    REFUSED_BUT("vga", STRING, "none", NEEDS_HVM, "emulated graphics card"),
    REFUSED("vnc", BOOL, NEEDS_QEMU, "screen by VNC"),
    IGNORED("vnclisten", STRING, ONLY_QEMU, "address of VNC"),
    IGNORED("vncdisplay", NUMBER, ONLY_QEMU, "display number of VNC"),
    IGNORED("vncunused", BOOL, ONLY_QEMU, "search for a free port"),
    IGNORED("vncpasswd", STRING, ONLY_QEMU, "password of VNC"),
    IGNORED("vncviewer", BOOL, ONLY_QEMU, "whether a viewer is started"),
    IGNORED("keymap", STRING, ONLY_QEMU, "layout of the keyboard"),
    REFUSED("sdl", BOOL, NEEDS_QEMU, "screen in an X window"),
    IGNORED("opengl", BOOL, ONLY_QEMU, "SDL by OpenGL"),
    IGNORED("nographic", BOOL, ONLY_HVM, "no graphics card"),
    REFUSED("spice", BOOL, NEEDS_SPICE, "screen by SPICE"),
    IGNORED("spicehost", STRING, ONLY_SPICE, "address of SPICE"),
    IGNORED("spiceport", NUMBER, ONLY_SPICE, "port of SPICE"),
    IGNORED("spicetls_port", NUMBER, ONLY_SPICE, "port with TLS"),
    IGNORED("spicedisable_ticketing", BOOL, ONLY_SPICE, "no password"),
    IGNORED("spicepasswd", STRING, ONLY_SPICE, "password of SPICE"),
    IGNORED("spiceagent_mouse", BOOL, ONLY_SPICE, "mouse by the agent"),
    IGNORED("spicevdagent", BOOL, ONLY_SPICE, "the agent"),
    IGNORED("spice_clipboard_sharing", BOOL, ONLY_SPICE, "common clipboard"),
    IGNORED("spiceusbredirection", NUMBER, ONLY_SPICE, "USB channels"),
    IGNORED("spice_image_compression", STRING, ONLY_SPICE, "compression of images"),
    IGNORED("spice_streaming_video", STRING, ONLY_SPICE, "compression of video"),
    REFUSED("serial", STRING_OR_LIST, NEEDS_HVM, "emulated serial ports (on Arm: vuart)"),
    REFUSED("soundhw", STRING, NEEDS_HVM, "emulated sound card"),
    IGNORED("vkb_device", BOOL, ONLY_HVM, "virtual keyboard of HVM guests"),
    REFUSED("usb", BOOL, NEEDS_HVM, "emulated USB bus"),
    REFUSED("usbversion", NUMBER, NEEDS_HVM, "version of that bus"),
    REFUSED("usbdevice", STRING_OR_LIST, NEEDS_HVM, "devices on that bus"),
};

#define NR_KEYS (sizeof(keys) / sizeof(*keys))

const struct config_key *config_keys(size_t *nr)
{
    *nr = NR_KEYS;
    return keys;
}

const struct config_key *config_find_key(const char *name, const char **near)
{
    const char *names[NR_KEYS];
    for (size_t i = 0; i < NR_KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
        names[i] = keys[i].name;
    }
    if (near != NULL) {
        char lower[64];
        size_t n = 0;
        for (; name[n] != '\0' && n + 1 < sizeof(lower); n++) {
            lower[n] = (char)tolower((unsigned char)name[n]);
        }
        lower[n] = '\0';
        *near = nearest_word(lower, names, NR_KEYS);
    }
    return NULL;
}
