// SPDX-License-Identifier: MIT
/*
 * xenstore-read, -write, -ls and the others as one program: its name or its first word chooses the
 * command. Options and outputs are those that scripts know from Xen's.
 */
#include "lib/message.h"
#include "xenstore/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#define TRIES 16

static const struct command *find(const char *name)
{
    const char *dash = strrchr(name, '-');
    const char *slash = strrchr(name, '/');
    name = dash != NULL ? dash + 1 : slash != NULL ? slash + 1 : name;
    const struct command *command = xenstore_commands;
    while (command->name != NULL && strcmp(command->name, name) != 0) {
        command++;
    }
    return command->name != NULL ? command : NULL;
}

static int print_commands(FILE *out)
{
    fputs("usage: xenstore COMMAND ..., or xenstore-COMMAND ...\n", out);
    for (const struct command *command = xenstore_commands; command->name != NULL; command++) {
        fprintf(out, "  %-8s %s\n", command->name, command->usage);
    }
    return EXIT_FAILURE;
}

/* False: wrong, or only help is wanted; the usage is printed. */
static bool read_options(const struct command *command, int argc, char **argv,
                         struct command_options *options, bool *socket_only)
{
    int letter;
    while ((letter = getopt(argc, argv, command->letters)) != -1) {
        options->full_path |= letter == 'f';
        options->permissions |= letter == 'p';
        options->prefix |= letter == 'p';
        options->raw |= letter == 'R';
        options->tidy |= letter == 't';
        options->upto |= letter == 'u';
        options->recursive |= letter == 'r';
        *socket_only |= letter == 's';
        if (letter == 'n') {
            options->count = atoi(optarg);
        }
        if (letter == 'h' || letter == '?') {
            return false;
        }
    }
    return argc - optind >= command->least && (argc - optind) % command->step == 0;
}

/* The whole command once more when somebody else was faster. */
static int run(struct xs_handle *xs, const struct command *command,
               const struct command_options *options, int nr, char **word)
{
    if (!command->is_changing) {
        return command->run(xs, XBT_NULL, options, nr, word);
    }
    for (unsigned i = 0; i < TRIES; i++) {
        const xs_transaction_t transaction = xs_transaction_start(xs);
        if (transaction == XBT_NULL) {
            break;
        }
        const int result = command->run(xs, transaction, options, nr, word);
        const bool is_done = xs_transaction_end(xs, transaction, result != EXIT_SUCCESS);
        if (result != EXIT_SUCCESS || is_done || errno != EAGAIN) {
            return is_done ? result : EXIT_FAILURE;
        }
    }
    message_error("the store has no transaction for this: %s", strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    message_program("xenstore");
    const struct command *command = find(argv[0]);
    if (command == NULL && argc > 1) {
        command = find(argv[1]);
        argc--;
        argv++;
    }
    if (command == NULL) {
        return print_commands(stderr);
    }
    struct command_options options = {.count = -1};
    bool socket_only = false;
    if (!read_options(command, argc, argv, &options, &socket_only)) {
        fprintf(stderr, "usage: xenstore-%s %s\n", command->name, command->usage);
        return EXIT_FAILURE;
    }
    struct xs_handle *xs = xs_open(socket_only ? XS_OPEN_SOCKETONLY : 0);
    if (xs == NULL) {
        message_error("no store daemon answers: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    const int result = run(xs, command, &options, argc - optind, argv + optind);
    xs_close(xs);
    return result;
}
