// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/terminal.h"
#include "lib/text.h"
#include "xl/command.h"

static const char *const group_title[NR_GROUPS] = {
    [GROUP_LIFE] = "Guests",
    [GROUP_LOOK] = "What runs",
    [GROUP_CPU] = "CPUs, schedulers and pools",
    [GROUP_MEMORY] = "Memory",
    [GROUP_DEVICE] = "Devices",
    [GROUP_HOST] = "The host",
    [GROUP_ABSENT] = "Known from Xen, not in these tools: each says why",
};

/* Four lines, then one a command with a blank before it: scripts (and completions) read it so. */
void help_all(void)
{
    const bool colour = terminal_has_colour(STDOUT_FILENO);
    const bool for_people = terminal_is(STDOUT_FILENO);
    printf("Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n");
    for (int group = 0; group < NR_GROUPS; group++) {
        if (for_people) {
            printf("%s%s%s\n", terminal_colour(colour, COLOUR_BOLD), group_title[group],
                   terminal_colour(colour, COLOUR_NONE));
        }
        for (size_t i = 0; i < nr_commands; i++) {
            const struct command *c = &commands[i];
            if ((int)c->group != group || c->flags & COMMAND_HIDDEN) {
                continue;
            }
            printf(" %-19s ", c->name);
            if (strlen(c->name) > 19) {
                printf("\n %-19s ", "");
            }
            printf("%s\n", c->help);
        }
    }
}

/* "xl [-vtT] list [options] [<Domain>...]" */
static void add_usage(struct text *out, const struct command *c)
{
    text_add(out, "xl [-vtT%s%s] %s", c->flags & COMMAND_DRY_RUN ? "N" : "",
             c->flags & COMMAND_CHANGES ? "f" : "", c->name);
    if (c->options != NULL) {
        text_add(out, " [options]");
    }
    if (c->usage[0] != '\0') {
        text_add(out, " %s", c->usage);
    }
}

void help_usage(const struct command *command)
{
    struct text out = {0};
    add_usage(&out, command);
    fprintf(stderr, "Usage: %s\n", text_string(&out));
    text_fini(&out);
}

/* "-f FILE, --defconfig=FILE", as long as it is */
static void add_option(struct text *out, const struct option_row *o)
{
    if (o->letter != 0) {
        text_add(out, "-%c%s%s", o->letter, o->argument == NULL ? "" : " ",
                 o->argument == NULL ? "" : o->argument);
    }
    if (o->name != NULL) {
        text_add(out, "%s--%s%s%s", o->letter != 0 ? ", " : "", o->name,
                 o->argument == NULL ? "" : "=", o->argument == NULL ? "" : o->argument);
    }
}

int help_command(const struct command *command)
{
    struct text out = {0};
    text_add(&out, "Usage: ");
    add_usage(&out, command);
    text_add(&out, "\n\n%s.\n", command->help);
    if (command->options != NULL) {
        text_add(&out, "\nOptions:\n\n");
    }
    for (const struct option_row *o = command->options; o != NULL && (o->letter || o->name); o++) {
        if (o->help == NULL) {
            continue;
        }
        const size_t start = out.length;
        add_option(&out, o);
        text_pad(&out, ' ', 34 - (long)(out.length - start));
        text_add(&out, "  %s\n", o->help);
    }
    if (command->more != NULL) {
        text_add(&out, "\n%s%s", command->more, command->run == NULL ? ".\n" : "\n");
    }
    const int status = out.failed ? XL_FAILURE : XL_OK;
    if (status == XL_OK) {
        fputs(text_string(&out), stdout);
    } else {
        message_error("out of memory");
    }
    text_fini(&out);
    return status;
}

/* What completion.bash asks for: a word a line, what an option takes after "=", last the usage. */
static void list_words(const struct command *command)
{
    if (command == NULL) {
        for (size_t i = 0; i < nr_commands; i++) {
            if (!(commands[i].flags & COMMAND_HIDDEN) && commands[i].run != NULL) {
                puts(commands[i].name);
            }
        }
        return;
    }
    for (const struct option_row *o = command->options; o != NULL && (o->letter || o->name); o++) {
        const char *equals = o->argument != NULL ? "=" : "";
        const char *argument = o->argument != NULL ? o->argument : "";
        if (o->help != NULL && o->letter != 0) {
            printf("-%c%s%s\n", o->letter, equals, argument);
        }
        if (o->help != NULL && o->name != NULL) {
            printf("--%s%s%s\n", o->name, equals, argument);
        }
    }
    puts(command->usage);
}

int command_help(struct call *call)
{
    const char *name = call->nr_args > 0 ? call->args[0] : NULL;
    if (call_has(call, 'w')) {
        const struct command *command = name == NULL ? NULL : command_find(name);
        if (name == NULL || command != NULL) {
            list_words(command);
        }
        return XL_OK;
    }
    if (name == NULL) {
        help_all();
        return XL_OK;
    }
    const struct command *command = command_find(name);
    if (command == NULL) {
        command_say_unknown(name);
        return XL_USAGE;
    }
    return help_command(command);
}
