// SPDX-License-Identifier: MIT
/* Each row of the table is consistent with itself, and every subcommand of Xen has one. */
#include <ctype.h>

#include "xl/machine_test.h"

/* The subcommands of xl in Xen 4.5 to 4.17, x86 and Arm. */
static const char *const of_xen[] = {
    "create",
    "config-update",
    "list",
    "destroy",
    "shutdown",
    "reboot",
    "pci-attach",
    "pci-detach",
    "pci-list",
    "pci-assignable-add",
    "pci-assignable-remove",
    "pci-assignable-list",
    "pause",
    "unpause",
    "console",
    "vncviewer",
    "save",
    "migrate",
    "restore",
    "migrate-receive",
    "dump-core",
    "cd-insert",
    "cd-eject",
    "mem-max",
    "mem-set",
    "button-press",
    "vcpu-list",
    "vcpu-pin",
    "vcpu-set",
    "vm-list",
    "info",
    "sharing",
    "sched-credit",
    "sched-credit2",
    "sched-sedf",
    "sched-rtds",
    "domid",
    "domname",
    "rename",
    "trigger",
    "sysrq",
    "debug-keys",
    "set-parameters",
    "dmesg",
    "top",
    "network-attach",
    "network-list",
    "network-detach",
    "channel-list",
    "block-attach",
    "block-list",
    "block-detach",
    "vtpm-attach",
    "vtpm-list",
    "vtpm-detach",
    "vkb-attach",
    "vkb-list",
    "vkb-detach",
    "vdispl-attach",
    "vdispl-list",
    "vdispl-detach",
    "vsnd-attach",
    "vsnd-list",
    "vsnd-detach",
    "uptime",
    "claims",
    "tmem-list",
    "tmem-freeze",
    "tmem-thaw",
    "tmem-set",
    "tmem-shared-auth",
    "tmem-freeable",
    "cpupool-create",
    "cpupool-list",
    "cpupool-destroy",
    "cpupool-rename",
    "cpupool-cpu-add",
    "cpupool-cpu-remove",
    "cpupool-migrate",
    "cpupool-numa-split",
    "getenforce",
    "setenforce",
    "loadpolicy",
    "remus",
    "devd",
    "psr-hwinfo",
    "psr-cmt-attach",
    "psr-cmt-detach",
    "psr-cmt-show",
    "psr-cat-cbm-set",
    "psr-cat-set",
    "psr-cat-show",
    "psr-mba-set",
    "psr-mba-show",
    "usbctrl-attach",
    "usbctrl-detach",
    "usbdev-attach",
    "usbdev-detach",
    "usb-list",
    "qemu-monitor-command",
    "help",
};
#define NR_OF_XEN (sizeof(of_xen) / sizeof(of_xen[0]))

static void complete(void **state)
{
    for (size_t i = 0; i < NR_OF_XEN; i++) {
        const struct command *c = command_find(of_xen[i]);
        if (c == NULL || strcmp(c->name, of_xen[i]) != 0) {
            fail_msg("no row for %s", of_xen[i]);
        }
    }
}

/* Operands that must be there: "<...>" outside of brackets. Several if it ends in dots. */
static void count_usage(const char *usage, int *min, bool *any)
{
    int depth = 0;
    *min = 0;
    *any = false;
    for (const char *s = usage; *s != '\0'; s++) {
        depth += (*s == '[') - (*s == ']');
        *min += *s == '<' && depth == 0 && (s == usage || s[-1] == ' ');
        *any |= strncmp(s, "...", 3) == 0;
    }
}

static void rows(void **state)
{
    for (size_t i = 0; i < nr_commands; i++) {
        const struct command *c = &commands[i];
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(c->name, commands[k].name);
        }
        for (const char *s = c->name; *s != '\0'; s++) {
            assert_true(islower((unsigned char)*s) || isdigit((unsigned char)*s) || *s == '-');
        }
        assert_true(isupper((unsigned char)c->help[0]));
        assert_int_not_equal(c->help[strlen(c->help) - 1], '.');
        assert_null(strchr(c->help, '\n'));
        assert_true(c->run != NULL || c->group == GROUP_ABSENT);
        if (c->run == NULL) {
            assert_memory_equal(c->more, "not in these tools", 18); /* and then why */
            continue;
        }
        int min;
        bool any;
        count_usage(c->usage, &min, &any);
        /* "<-a|Domain...>": the domain may be missing */
        assert_int_equal(min, strncmp(c->usage, "<-a|", 4) == 0 ? 1 : c->min_args);
        assert_int_equal(any, c->max_args < 0);
        assert_true(c->max_args < 0 || c->max_args >= c->min_args);
        assert_int_equal(c->usage[0] == '\0', c->max_args == 0);
    }
}

static void options(void **state)
{
    for (size_t i = 0; i < nr_commands; i++) {
        const struct option_row *first = commands[i].options;
        for (const struct option_row *o = first; o != NULL && (o->letter || o->name); o++) {
            assert_true(o->letter == 0 || isalpha((unsigned char)o->letter));
            assert_int_not_equal(o->letter, 'h'); /* that is --help everywhere */
            for (const struct option_row *p = first; p < o; p++) {
                assert_true(o->letter == 0 || p->letter != o->letter);
                assert_true(o->name == NULL || p->name == NULL || strcmp(p->name, o->name) != 0);
            }
            if (o->help != NULL) {
                assert_true(isupper((unsigned char)o->help[0]) ||
                            isdigit((unsigned char)o->help[0]) ||
                            islower((unsigned char)o->help[0]));
                assert_int_not_equal(o->help[strlen(o->help) - 1], '.');
            }
        }
    }
}

static void found(void **state)
{
    assert_string_equal(command_find("list")->name, "list");
    assert_string_equal(command_find("sched-credit")->name, "sched-credit"); /* exact wins */
    assert_string_equal(command_find("unp")->name, "unpause");
    assert_null(command_find("vcpu"));
    assert_null(command_find(""));
    assert_null(command_find("superv")); /* hidden: its whole name only */
    assert_string_equal(command_find("supervise")->name, "supervise");
}

static void absent(void **state)
{
    for (size_t i = 0; i < nr_commands; i++) {
        if (commands[i].run != NULL) {
            continue;
        }
        char wanted[512];
        snprintf(wanted, sizeof(wanted), "xl: error: %s: %s\n", commands[i].name, commands[i].more);
        assert_int_equal(machine_run(commands[i].name, "one", "-x", "--any=thing", NULL),
                         XL_ABSENT);
        assert_string_equal(machine_err, wanted);
        assert_string_equal(machine_out, "");
        assert_int_equal(machine_run(commands[i].name, "--help", NULL), XL_OK);
        assert_non_null(strstr(machine_out, commands[i].more));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(complete, machine_start),
        cmocka_unit_test_setup(rows, machine_start),
        cmocka_unit_test_setup(options, machine_start),
        cmocka_unit_test_setup(found, machine_start),
        cmocka_unit_test_setup(absent, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
