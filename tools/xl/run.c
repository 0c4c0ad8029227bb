// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "lib/message.h"
#include "lib/progress.h"
#include "xl/command.h"

/* Options before the subcommand; the words taken, or -1. */
static int parse_global(int argc, char **argv, struct global_options *global)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return 0;
        }
        if (strcmp(argv[i], "--dry-run") == 0) {
            global->dry_run = true;
            continue;
        }
        for (const char *s = argv[i] + 1; *s != '\0'; s++) {
            switch (*s) {
            case 'v':
                global->verbose++;
                break;
            case 'N':
                global->dry_run = true;
                break;
            case 'f':
                global->force = true;
                break;
            case 't':
                progress_force();
                break;
            case 'T':
                global->timestamps = true;
                break;
            default:
                message_error("no global option '%s'; see xl help", argv[i]);
                return -1;
            }
        }
    }
    return i;
}

static int run(const struct command *command, const struct global_options *global, int argc,
               char **argv)
{
    struct call call;
    int status = call_parse(&call, command, global, argc, argv);
    if (status != XL_OK) {
        /* said */
    } else if (call_has(&call, 'h')) {
        status = help_command(command);
    } else if (command->run == NULL) {
        message_error("%s: %s", command->name, command->more);
        status = XL_ABSENT;
    } else if (global->dry_run && !(command->flags & COMMAND_DRY_RUN)) {
        message_error("%s: there is no dry run (-N) of it", command->name);
        status = XL_USAGE;
    } else {
        status = command->run(&call);
    }
    call_fini(&call);
    return status;
}

int xl_run(int argc, char **argv)
{
    struct global_options global = {0};
    const int first = parse_global(argc, argv, &global);
    if (first < 0) {
        return XL_USAGE;
    }
    message_set_level((int)global.verbose);
    message_set_timestamps(global.timestamps);
    if (first == 0 || first == argc) {
        help_all();
        return first == 0 ? XL_OK : XL_USAGE;
    }
    const struct command *command = command_find(argv[first]);
    if (command == NULL) {
        command_say_unknown(argv[first]);
        return XL_USAGE;
    }
    int status = run(command, &global, argc - first - 1, argv + first + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        message_error("cannot write the output");
        status = XL_FAILURE;
    }
    return status;
}
