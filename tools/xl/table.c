// SPDX-License-Identifier: MIT
#include "xl/command.h"

#include <string.h>

#include "lib/message.h"
#include "lib/nearest.h"

/* ---- options: letter, name, what follows, help. An empty row ends them. */

#define END                 \
    {                       \
        0, NULL, NULL, NULL \
    }

static const struct option_row of_create[] = {
    {'c', NULL, NULL, "Connect to the console; the guest starts when it is connected"},
    {'e', NULL, NULL, "Nobody acts when the guest ends: no restart, no clean-up"},
    {'F', NULL, NULL, "Stay in the foreground until the guest has ended"},
    {'f', "defconfig", "FILE", "The configuration file"},
    {'n', "dryrun", NULL, "Print the configuration as JSON, create nothing (as xl -N)"},
    {'p', NULL, NULL, "Leave the guest paused"},
    {'q', "quiet", NULL, "Say nothing unless it fails"},
    {'d', NULL, NULL, "Say more, as xl -v does"},
    {'V', "vncviewer", NULL, "Not here: guests on Arm have no VNC display yet"},
    {'A', "vncviewer-autopass", NULL, "Not here, as -V"},
    {'i', "ignore-global-affinity-masks", NULL, "Accepted; there are no global masks"},
    END,
};
static const struct option_row of_config_update[] = {
    {'f', "defconfig", "FILE", "The configuration file"},
    {'d', NULL, NULL, "Say more, as xl -v does"},
    {'q', NULL, NULL, NULL},
    END,
};
static const struct option_row of_list[] = {
    {'l', "long", NULL, "All that is known of each domain, as JSON"},
    {'v', "verbose", NULL, "UUID, reason of a shutdown and security label, too"},
    {'Z', "context", NULL, "The security label, too"},
    {'c', "cpupool", NULL, "The CPU pool, too"},
    {'n', "numa", NULL, "The nodes it prefers, too"},
    END,
};
static const struct option_row of_destroy[] = {
    {'f', NULL, NULL, "Accepted; the control domain is never destroyed by itself"},
    END,
};
static const struct option_row of_shutdown[] = {
    {'a', "all", NULL, "All guests"},
    {'w', "wait", NULL, "Wait until they are gone (reboot: until they are back)"},
    {'F', NULL, NULL, "Accepted; guests on Arm have no ACPI event to fall back to"},
    END,
};
static const struct option_row of_console[] = {
    {'t', NULL, "TYPE", "pv (the default) or vuart; serial consoles are for HVM guests"},
    {'n', NULL, "NUMBER", "The number of the console, from 0 on"},
    END,
};
static const struct option_row of_vcpu_pin[] = {
    {'f', "force", NULL, "Not here: no kernel pins vCPUs for a while by itself"},
    {'i', "ignore-global-affinity-masks", NULL, "Accepted; there are no global masks"},
    END,
};
static const struct option_row of_vcpu_set[] = {
    {'i', "ignore-host", NULL, "More vCPUs than the host has CPUs, too"},
    END,
};
static const struct option_row of_info[] = {
    {'n', "numa", NULL, "Also which CPU is in which core, socket and node"},
    END,
};
static const struct option_row of_dmesg[] = {
    {'c', "clear", NULL, "Empty the log after reading it"},
    END,
};
static const struct option_row of_uptime[] = {
    {'s', "short", NULL, "One line a domain, without a header"},
    END,
};
static const struct option_row of_top[] = {
    {'b', "batch", NULL, "Print one list after the other, for scripts"},
    {'d', "delay", "SECONDS", "Seconds between two lists, 3 if not said"},
    {'i', "iterations", "NUMBER", "How many lists; without it until ^C"},
    END,
};
static const struct option_row of_sched_credit[] = {
    {'d', "domain", "DOMAIN", "The domain to show or change"},
    {'w', "weight", "WEIGHT", "Its share, 1 to 65535; 256 is usual"},
    {'c', "cap", "CAP", "At most so many percent of one CPU; 0: no limit"},
    {'s', "schedparam", NULL, "Show or change the parameters of a pool"},
    {'t', "tslice_ms", "TSLICE", "The pool's time slice in milliseconds"},
    {'r', "ratelimit_us", "RLIMIT",
     "Microseconds that a vCPU runs at least, 100 to 500000; 0: none"},
    {'m', "migration_delay_us", "DELAY", "Microseconds for which a vCPU stays on its CPU"},
    {'p', "cpupool", "CPUPOOL", "Only domains of this pool"},
    END,
};
static const struct option_row of_sched_credit2[] = {
    {'d', "domain", "DOMAIN", "The domain to show or change"},
    {'w', "weight", "WEIGHT", "Its share, 1 to 65535; 256 is usual"},
    {'c', "cap", "CAP", "At most so many percent of one CPU; 0: no limit"},
    {'s', "schedparam", NULL, "Show or change the parameters of a pool"},
    {'r', "ratelimit_us", "RLIMIT",
     "Microseconds that a vCPU runs at least, 100 to 500000; 0: none"},
    {'p', "cpupool", "CPUPOOL", "Only domains of this pool"},
    END,
};
static const struct option_row of_sched_rtds[] = {
    {'d', "domain", "DOMAIN", "The domain to show or change"},
    {'v', "vcpuid", "VCPU", "Not here: a domain's vCPUs share its parameters"},
    {'p', "period", "PERIOD", "Microseconds after which the budget is renewed"},
    {'b', "budget", "BUDGET", "Microseconds that it may run in each period"},
    {'e', "extratime", "EXTRA", "1: it gets time that nobody has reserved, too; 0: it does not"},
    {'c', "cpupool", "CPUPOOL", "Only domains of this pool"},
    END,
};
static const struct option_row of_cpupool_create[] = {
    {'f', "defconfig", "FILE", "The configuration file"},
    {'n', "dryrun", NULL, "Print what would be made, make nothing (as xl -N)"},
    END,
};
static const struct option_row of_cpupool_list[] = {
    {'c', "cpus", NULL, "List the CPUs of each pool"},
    END,
};
static const struct option_row of_block_detach[] = {
    {'f', "force", NULL, "Do not wait for the guest to let it go: it may lose data"},
    END,
};
static const struct option_row of_help[] = {
    {'l', "long", NULL, "Accepted; the list is always whole"},
    {'w', "words", NULL, NULL},
    END,
};
static const struct option_row of_supervise[] = {
    {'F', NULL, NULL, "Stay in the foreground"},
    END,
};

/* ---- commands: name, group, flags, operands at least and at most, options, usage, help, function
 */

#define CHANGES COMMAND_CHANGES
#define DRY     COMMAND_CHANGES | COMMAND_DRY_RUN
/* A subcommand of Xen's that is not here, and why */
#define ABSENT(name, usage, help, why)                             \
    {                                                              \
        name, GROUP_ABSENT, 0, 0, -1, NULL, usage, help, NULL, why \
    }
#define NOT_HVM     "not in these tools: it is for HVM guests, and guests on Arm are none"
#define NOT_PCI     "not in these tools yet: devices of the host cannot be given to guests"
#define NOT_USB     "not in these tools yet: USB devices of the host cannot be given to guests"
#define NOT_VTPM    "not in these tools: there is no virtual TPM here"
#define NOT_DISPLAY "not in these tools: there are no virtual displays and sound cards here"
#define NOT_SAVED   "not in these tools yet: a guest's state cannot be written out"
#define NOT_MOVED   "not in these tools yet: a guest cannot be moved to another host"
#define NOT_PSR     "not in these tools yet: this machine's caches are neither watched nor divided"
#define NOT_TMEM    "not in these tools: transcendent memory left Xen with version 4.13"
#define NOT_FLASK   "not in these tools yet: the hypervisor has no Flask policy"

const struct command commands[] = {
    {"create", GROUP_LIFE, DRY, 0, -1, of_create, "[<ConfigFile>] [<key>=<value>...]",
     "Create a guest from a configuration file", command_create,
     "Each <key>=<value> is a line of the configuration and overrides the file: see xl.cfg(5).\n"
     "An interrupted or failed create leaves nothing behind."},
    {"config-update", GROUP_LIFE, DRY, 1, -1, of_config_update,
     "<Domain> [<ConfigFile>] [<key>=<value>...]",
     "Replace the configuration that a guest's next start will use", command_config_update, NULL},
    {"list", GROUP_LOOK, 0, 0, -1, of_list, "[<Domain>...]", "List domains", command_list,
     "State: r runs, b waits, p is paused, s has shut down, c has crashed, d is going away."},
    {"destroy", GROUP_LIFE, CHANGES, 1, 1, of_destroy, "<Domain>",
     "End a guest at once, without asking it", command_destroy, NULL},
    {"shutdown", GROUP_LIFE, CHANGES, 0, -1, of_shutdown, "<-a|Domain...>",
     "Ask guests to shut down", command_shutdown, NULL},
    {"reboot", GROUP_LIFE, CHANGES, 0, -1, of_shutdown, "<-a|Domain...>", "Ask guests to reboot",
     command_reboot, NULL},
    {"pause", GROUP_LIFE, CHANGES, 1, 1, NULL, "<Domain>", "Stop a domain where it is",
     command_pause, NULL},
    {"unpause", GROUP_LIFE, CHANGES, 1, 1, NULL, "<Domain>", "Let a paused domain go on",
     command_unpause, NULL},
    {"rename", GROUP_LIFE, CHANGES, 2, 2, NULL, "<Domain> <NewName>", "Give a guest another name",
     command_rename, NULL},
    {"console", GROUP_LOOK, CHANGES, 1, 1, of_console, "<Domain>", "Talk to a guest's console",
     command_console, "^] leaves it."},
    {"dump-core", GROUP_LIFE, CHANGES, 1, 2, NULL, "<Domain> [<File>]",
     "Write a guest's memory and registers to a file", command_dump_core,
     "Without a file: /var/lib/xen/dump/<Name>-<time>. The guest is paused meanwhile."},
    {"trigger", GROUP_LIFE, CHANGES, 2, 3, NULL,
     "<Domain> <nmi|reset|init|power|sleep|s3resume> [<vCPU>]", "Press a button of a guest",
     command_trigger, NULL},
    {"button-press", GROUP_LIFE, CHANGES, 2, 2, NULL, "<Domain> <power|sleep>",
     "Press a button of a guest; trigger does the same", command_button_press, NULL},
    {"sysrq", GROUP_LIFE, CHANGES, 2, 2, NULL, "<Domain> <letter>",
     "Send a system request to a guest's kernel", command_sysrq, NULL},
    {"domid", GROUP_LOOK, 0, 1, 1, NULL, "<DomainName>", "Print a domain's number", command_domid,
     NULL},
    {"domname", GROUP_LOOK, 0, 1, 1, NULL, "<DomainId>", "Print a domain's name", command_domname,
     NULL},
    {"vm-list", GROUP_LOOK, 0, 0, 0, NULL, "", "List domains by their UUIDs", command_vm_list,
     NULL},
    {"uptime", GROUP_LOOK, 0, 0, -1, of_uptime, "[<Domain>...]",
     "Print for how long domains have been up", command_uptime, NULL},
    {"top", GROUP_LOOK, 0, 0, 0, of_top, "", "Show again and again who uses the CPUs", command_top,
     NULL},
    {"vcpu-list", GROUP_CPU, 0, 0, -1, NULL, "[<Domain>...]",
     "List vCPUs, where they run and where they may", command_vcpu_list, NULL},
    {"vcpu-pin", GROUP_CPU, DRY, 3, 4, of_vcpu_pin,
     "<Domain> <vCPU|all> <hard affinity|-|all> [<soft affinity|-|all>]",
     "Say on which CPUs a vCPU must run, and on which it should", command_vcpu_pin,
     "CPUs are written as 0-3,^2,8; - leaves an affinity as it is."},
    {"vcpu-set", GROUP_CPU, CHANGES, 2, 2, of_vcpu_set, "<Domain> <vCPUs>",
     "Say how many vCPUs a guest shall use", command_vcpu_set, NULL},
    {"sched-credit", GROUP_CPU, CHANGES, 0, 0, of_sched_credit, "",
     "Show or change parameters of the credit scheduler", command_sched_credit, NULL},
    {"sched-credit2", GROUP_CPU, CHANGES, 0, 0, of_sched_credit2, "",
     "Show or change parameters of the credit2 scheduler", command_sched_credit2, NULL},
    {"sched-rtds", GROUP_CPU, CHANGES, 0, 0, of_sched_rtds, "",
     "Show or change parameters of the RTDS scheduler", command_sched_rtds, NULL},
    {"cpupool-create", GROUP_CPU, DRY, 0, -1, of_cpupool_create,
     "[<ConfigFile>] [<key>=<value>...]", "Make a pool of CPUs", command_cpupool_create,
     "Keys: name=\"NAME\", sched=\"credit|credit2|rtds|null\", cpus=\"LIST\", nodes=\"LIST\";\n"
     "see xlcpupool.cfg(5)."},
    {"cpupool-list", GROUP_CPU, 0, 0, 1, of_cpupool_list, "[<Pool>]", "List pools of CPUs",
     command_cpupool_list, NULL},
    {"cpupool-destroy", GROUP_CPU, CHANGES, 1, 1, NULL, "<Pool>", "End a pool of CPUs",
     command_cpupool_destroy, NULL},
    {"cpupool-rename", GROUP_CPU, CHANGES, 2, 2, NULL, "<Pool> <NewName>",
     "Give a pool another name", command_cpupool_rename, NULL},
    {"cpupool-cpu-add", GROUP_CPU, CHANGES, 2, 2, NULL, "<Pool> <CPUs|node:NODES>",
     "Give a pool more CPUs", command_cpupool_cpu_add, NULL},
    {"cpupool-cpu-remove", GROUP_CPU, CHANGES, 2, 2, NULL, "<Pool> <CPUs|node:NODES>",
     "Take CPUs from a pool", command_cpupool_cpu_remove, NULL},
    {"cpupool-migrate", GROUP_CPU, CHANGES, 2, 2, NULL, "<Domain> <Pool>",
     "Move a domain into another pool", command_cpupool_migrate, NULL},
    {"cpupool-numa-split", GROUP_CPU, CHANGES, 0, 0, NULL, "", "Make one pool of each NUMA node",
     command_cpupool_numa_split, NULL},
    {"mem-set", GROUP_MEMORY, CHANGES, 2, 2, NULL, "<Domain> <Memory>[b|k|m|g|t]",
     "Say how much memory a guest shall use", command_mem_set,
     "Without a unit the number means MiB. The guest's balloon driver does it."},
    {"mem-max", GROUP_MEMORY, CHANGES, 2, 2, NULL, "<Domain> <Memory>[b|k|m|g|t]",
     "Say how much memory a domain may have at most", command_mem_max,
     "Without a unit the number means MiB."},
    {"claims", GROUP_MEMORY, 0, 0, 0, NULL, "", "List memory that is promised but not given yet",
     command_claims, NULL},
    {"sharing", GROUP_MEMORY, 0, 0, 1, NULL, "[<Domain>]", "List memory that domains share",
     command_sharing, NULL},
    {"block-attach", GROUP_DEVICE, DRY, 2, -1, NULL, "<Domain> <disk>...", "Give a guest a disk",
     command_block_attach, "The disk is written as in xl-disk-configuration(5)."},
    {"block-list", GROUP_DEVICE, 0, 1, -1, NULL, "<Domain>...", "List a guest's disks",
     command_block_list, NULL},
    {"block-detach", GROUP_DEVICE, CHANGES, 2, 2, of_block_detach, "<Domain> <disk>",
     "Take a disk from a guest", command_block_detach, "The disk's name (xvda) or its number."},
    {"network-attach", GROUP_DEVICE, DRY, 1, -1, NULL, "<Domain> [<key>=<value>...]",
     "Give a guest a network interface", command_network_attach,
     "Keys as in xl-network-configuration(5): mac, bridge, script, ip, vifname, rate, backend."},
    {"network-list", GROUP_DEVICE, 0, 1, -1, NULL, "<Domain>...",
     "List a guest's network interfaces", command_network_list, NULL},
    {"network-detach", GROUP_DEVICE, CHANGES, 2, 2, NULL, "<Domain> <number|MAC>",
     "Take a network interface from a guest", command_network_detach, NULL},
    {"channel-list", GROUP_DEVICE, 0, 1, -1, NULL, "<Domain>...", "List a guest's channels",
     command_channel_list, NULL},
    {"info", GROUP_HOST, 0, 0, 0, of_info, "", "Print what the host is and has", command_info,
     NULL},
    {"dmesg", GROUP_HOST, 0, 0, 0, of_dmesg, "", "Print the hypervisor's log", command_dmesg, NULL},
    {"debug-keys", GROUP_HOST, CHANGES, 1, 1, NULL, "<Keys>",
     "Press debug keys of the hypervisor; the answer is in its log", command_debug_keys,
     "Key h lists the keys."},
    {"getenforce", GROUP_HOST, 0, 0, 0, NULL, "", "Print whether a Flask policy is enforced",
     command_getenforce, "There is none: it prints \"Disabled\"."},
    {"help", GROUP_HOST, 0, 0, 1, of_help, "[<command>]", "List the commands, or explain one",
     command_help, NULL},
    {LIFE_SUPERVISE_WORD, GROUP_HOST, COMMAND_HIDDEN, 0, 0, of_supervise, "",
     "Act when guests end, as their configurations say", command_supervise,
     "One process for all guests; create starts it."},
    ABSENT("vncviewer", "<Domain>", "Show a guest's VNC display",
           "not in these tools yet: guests on Arm have no VNC display"),
    ABSENT("cd-insert", "<Domain> <drive> <file>", "Put a CD into a guest's drive", NOT_HVM),
    ABSENT("cd-eject", "<Domain> <drive>", "Take the CD from a guest's drive", NOT_HVM),
    ABSENT("qemu-monitor-command", "<Domain> <command>", "Talk to a guest's device model", NOT_HVM),
    ABSENT("pci-attach", "<Domain> <BDF>", "Give a guest a PCI device", NOT_PCI),
    ABSENT("pci-detach", "<Domain> <BDF>", "Take a PCI device from a guest", NOT_PCI),
    ABSENT("pci-list", "<Domain>", "List a guest's PCI devices", NOT_PCI),
    ABSENT("pci-assignable-add", "<BDF>", "Keep a PCI device for guests", NOT_PCI),
    ABSENT("pci-assignable-remove", "<BDF>", "Keep a PCI device for guests no more", NOT_PCI),
    ABSENT("pci-assignable-list", "", "List PCI devices kept for guests", NOT_PCI),
    ABSENT("usbctrl-attach", "<Domain> [<key>=<value>...]", "Give a guest a USB controller",
           NOT_USB),
    ABSENT("usbctrl-detach", "<Domain> <number>", "Take a USB controller from a guest", NOT_USB),
    ABSENT("usbdev-attach", "<Domain> <key>=<value>...", "Give a guest a USB device", NOT_USB),
    ABSENT("usbdev-detach", "<Domain> <controller> <port>", "Take a USB device from a guest",
           NOT_USB),
    ABSENT("usb-list", "<Domain>", "List a guest's USB devices", NOT_USB),
    ABSENT("vtpm-attach", "<Domain> [<key>=<value>...]", "Give a guest a TPM", NOT_VTPM),
    ABSENT("vtpm-detach", "<Domain> <number>", "Take a TPM from a guest", NOT_VTPM),
    ABSENT("vtpm-list", "<Domain>...", "List a guest's TPMs", NOT_VTPM),
    ABSENT("vkb-attach", "<Domain> <keyboard>...", "Give a guest a keyboard", NOT_DISPLAY),
    ABSENT("vkb-detach", "<Domain> <number>", "Take a keyboard from a guest", NOT_DISPLAY),
    ABSENT("vkb-list", "<Domain>...", "List a guest's keyboards", NOT_DISPLAY),
    ABSENT("vdispl-attach", "<Domain> <display>...", "Give a guest a display", NOT_DISPLAY),
    ABSENT("vdispl-detach", "<Domain> <number>", "Take a display from a guest", NOT_DISPLAY),
    ABSENT("vdispl-list", "<Domain>...", "List a guest's displays", NOT_DISPLAY),
    ABSENT("vsnd-attach", "<Domain> <card>...", "Give a guest a sound card", NOT_DISPLAY),
    ABSENT("vsnd-detach", "<Domain> <number>", "Take a sound card from a guest", NOT_DISPLAY),
    ABSENT("vsnd-list", "<Domain>...", "List a guest's sound cards", NOT_DISPLAY),
    ABSENT("save", "<Domain> <File>", "Write a guest's state to a file and end it", NOT_SAVED),
    ABSENT("restore", "<File>", "Go on with a guest from a file", NOT_SAVED),
    ABSENT("migrate", "<Domain> <host>", "Move a guest to another host", NOT_MOVED),
    ABSENT("migrate-receive", "", "Receive a guest from another host", NOT_MOVED),
    ABSENT("remus", "<Domain> <host>", "Keep a copy of a guest on another host", NOT_MOVED),
    ABSENT("set-parameters", "<parameters>", "Change parameters of the hypervisor",
           "not in these tools: the hypervisor's parameters are set when it boots"),
    ABSENT("setenforce", "<1|0|Enforcing|Permissive>", "Enforce the Flask policy, or not",
           NOT_FLASK),
    ABSENT("loadpolicy", "<File>", "Load a Flask policy", NOT_FLASK),
    ABSENT("devd", "", "Serve devices in a driver domain",
           "not in these tools yet: devices are served by the control domain"),
    ABSENT("psr-hwinfo", "", "Print what the caches can do", NOT_PSR),
    ABSENT("psr-cmt-attach", "<Domain>", "Watch a domain's use of the cache", NOT_PSR),
    ABSENT("psr-cmt-detach", "<Domain>", "Watch a domain's use of the cache no more", NOT_PSR),
    ABSENT("psr-cmt-show", "<type> [<Domain>]", "Print how much cache domains use", NOT_PSR),
    ABSENT("psr-cat-set", "<Domain> <mask>", "Give a domain its part of the cache", NOT_PSR),
    ABSENT("psr-cat-cbm-set", "<Domain> <mask>", "Give a domain its part of the cache", NOT_PSR),
    ABSENT("psr-cat-show", "[<Domain>]", "Print which part of the cache domains have", NOT_PSR),
    ABSENT("psr-mba-set", "<Domain> <value>", "Limit a domain's memory bandwidth", NOT_PSR),
    ABSENT("psr-mba-show", "[<Domain>]", "Print the limits of memory bandwidth", NOT_PSR),
    ABSENT("sched-sedf", "", "Show or change parameters of the SEDF scheduler",
           "not in these tools: the SEDF scheduler left Xen with version 4.6"),
    ABSENT("tmem-list", "<Domain|-a>", "List pools of transcendent memory", NOT_TMEM),
    ABSENT("tmem-freeze", "<Domain|-a>", "Freeze transcendent memory", NOT_TMEM),
    ABSENT("tmem-thaw", "<Domain|-a>", "Thaw transcendent memory", NOT_TMEM),
    ABSENT("tmem-set", "<Domain|-a>", "Change transcendent memory", NOT_TMEM),
    ABSENT("tmem-shared-auth", "<Domain|-a>", "Allow transcendent memory to be shared", NOT_TMEM),
    ABSENT("tmem-freeable", "", "Print how much transcendent memory could be freed", NOT_TMEM),
};
const size_t nr_commands = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
    const size_t length = strlen(name);
    const struct command *found = NULL;
    unsigned nr_found = 0;
    for (size_t i = 0; i < nr_commands; i++) {
        const struct command *c = &commands[i];
        if (strncmp(c->name, name, length) == 0) {
            if (c->name[length] == '\0') {
                return c;
            }
            if (!(c->flags & COMMAND_HIDDEN)) {
                found = c;
                nr_found++;
            }
        }
    }
    return length > 0 && nr_found == 1 ? found : NULL;
}

void command_say_unknown(const char *name)
{
    const char *candidates[sizeof(commands) / sizeof(commands[0])];
    size_t nr = 0;
    for (size_t i = 0; i < nr_commands; i++) {
        if (!(commands[i].flags & COMMAND_HIDDEN)) {
            candidates[nr++] = commands[i].name;
        }
    }
    const char *nearest = nearest_word(name, candidates, nr);
    if (nearest != NULL) {
        message_error("no command '%s'; did you mean '%s'?", name, nearest);
    } else {
        message_error("no command '%s'; see xl help", name);
    }
}
