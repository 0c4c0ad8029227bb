/* SPDX-License-Identifier: MIT */
/*
 * xl: what people type. Every subcommand is one row of a table (table.c): its name, its options as
 * data, its sentence of help and the function that does it. Usage, help, completion, the check of
 * arguments and the guess at mistyped words all come from that row.
 *
 *      argv --run.c--> global options, name --table.c--> row --call.c--> struct call --> row.run()
 *
 * A command says what went wrong (message_error, or a lower room did) and returns an exit status.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "life/life.h"

/* What the program ends with; xl(1) documents it. */
enum xl_status {
    XL_OK = 0,
    XL_FAILURE = 1, /* it was tried and did not work, or there is no such domain */
    XL_USAGE = 2,   /* no such command or option, arguments missing, too many or of a wrong form */
    XL_ABSENT = 3,  /* a subcommand or option of Xen's that these tools do not have (yet) */
};

struct option_row {
    char letter;          /* 0: none */
    const char *name;     /* the long form, NULL: none */
    const char *argument; /* what follows it, as in help: "FILE"; NULL: nothing */
    const char *help;     /* a line or more, NULL: accepted, not shown */
};

enum command_group {
    GROUP_LIFE,
    GROUP_LOOK,
    GROUP_CPU,
    GROUP_MEMORY,
    GROUP_DEVICE,
    GROUP_HOST,
    GROUP_ABSENT,
    NR_GROUPS
};

/* For `flags` of a row. */
#define COMMAND_CHANGES 1u /* something; its usage shows Xen's -f, which is accepted */
#define COMMAND_DRY_RUN 2u /* it knows -N */
#define COMMAND_HIDDEN  4u /* not for people: no line of help */

struct call;

struct command {
    const char *name;
    enum command_group group;
    unsigned flags;
    int min_args, max_args;           /* operands; max -1: any number */
    const struct option_row *options; /* ended by an empty row; NULL: none */
    const char *usage;                /* of the operands: "<Domain> <Name>"; "" for none */
    const char *help;                 /* one line, no full stop */
    int (*run)(struct call *call);    /* NULL: these tools have no such command; more says why */
    const char *more;                 /* further sentences of help, NULL: none */
};

struct global_options {
    unsigned verbose;
    bool dry_run, force, timestamps;
};

/* An option as it was given. */
struct given {
    const struct option_row *row;
    const char *value; /* NULL if it takes none */
};

struct call {
    const struct command *command;
    const struct global_options *global;
    struct given *given; /* in the order of the command line */
    size_t nr_given;
    char **args; /* operands */
    int nr_args;
    struct life life;
    bool is_open;
};

/* ---- run.c: all of xl but main(); returns the exit status */
int xl_run(int argc, char **argv);

/* ---- table.c */
extern const struct command commands[];
extern const size_t nr_commands;

/* By its name or an unambiguous beginning of it; NULL if there is none. */
const struct command *command_find(const char *name);
/* Says that there is no such command, and which may be meant. */
void command_say_unknown(const char *name);

/* ---- call.c */

/*
 * Takes options and operands apart. The options are checked against the row, operands counted;
 * XL_OK or XL_USAGE, said. "-h" and "--help" come out as an option with letter 'h'.
 */
int call_parse(struct call *call, const struct command *command,
               const struct global_options *global, int argc, char **argv);
void call_fini(struct call *call);

bool call_has(const struct call *call, char letter);
unsigned call_count(const struct call *call, char letter);
/* The last value that was given, NULL if none. */
const char *call_value(const struct call *call, char letter);

/* Opens hypervisor and store once; XL_OK or XL_FAILURE, said. They are closed by call_fini(). */
int call_open(struct call *call);

/* The domain of an operand, by number or name; XL_OK or XL_FAILURE, said with the nearest name. */
int call_find_domain(struct call *call, const char *word, uint32_t *domid);

/* call_open() and the domain of the first operand. */
int call_first_domain(struct call *call, uint32_t *domid);

/* A status from what the rooms below return: they have said what was wrong. */
int call_status(int err);

/* Prints a table on standard output. NULL, which is one for which there was no memory, and a table
 * that is not whole are said: 0 or a negative errno. */
struct table;
int call_print_table(const struct table *t);

/* Says what is wrong with an operand and how the command is used; XL_USAGE. */
int call_misused(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- help.c */
void help_all(void);
int help_command(const struct command *command);
/* One line, as error messages end with it. */
void help_usage(const struct command *command);

/* ---- one function a row: life.c, create.c, ... */
#define COMMAND(name) int command_##name(struct call *call)
COMMAND(block_attach);
COMMAND(block_detach);
COMMAND(block_list);
COMMAND(button_press);
COMMAND(channel_list);
COMMAND(claims);
COMMAND(config_update);
COMMAND(console);
COMMAND(cpupool_cpu_add);
COMMAND(cpupool_cpu_remove);
COMMAND(cpupool_create);
COMMAND(cpupool_destroy);
COMMAND(cpupool_list);
COMMAND(cpupool_migrate);
COMMAND(cpupool_numa_split);
COMMAND(cpupool_rename);
COMMAND(create);
COMMAND(debug_keys);
COMMAND(destroy);
COMMAND(dmesg);
COMMAND(domid);
COMMAND(domname);
COMMAND(dump_core);
COMMAND(getenforce);
COMMAND(help);
COMMAND(info);
COMMAND(list);
COMMAND(mem_max);
COMMAND(mem_set);
COMMAND(network_attach);
COMMAND(network_detach);
COMMAND(network_list);
COMMAND(pause);
COMMAND(reboot);
COMMAND(rename);
COMMAND(sched_credit);
COMMAND(sched_credit2);
COMMAND(sched_rtds);
COMMAND(sharing);
COMMAND(shutdown);
COMMAND(supervise);
COMMAND(sysrq);
COMMAND(top);
COMMAND(trigger);
COMMAND(unpause);
COMMAND(uptime);
COMMAND(vcpu_list);
COMMAND(vcpu_pin);
COMMAND(vcpu_set);
COMMAND(vm_list);
#undef COMMAND
