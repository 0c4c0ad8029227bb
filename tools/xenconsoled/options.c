// SPDX-License-Identifier: MIT
#include "xenconsoled/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/message.h"

enum { LOG = 256, LOG_FOLDER, PID_FILE, REPLACE_ESCAPE };

static const struct option words[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"verbose", no_argument, NULL, 'v'},
    {"interactive", no_argument, NULL, 'i'},
    {"log", required_argument, NULL, LOG},
    {"log-dir", required_argument, NULL, LOG_FOLDER},
    {"pid-file", required_argument, NULL, PID_FILE},
    {"timestamp", required_argument, NULL, 't'},
    {"overflow-data", required_argument, NULL, 'o'},
    {"replace-escape", no_argument, NULL, REPLACE_ESCAPE},
    {0},
};

static const char help[] =
    "Usage: xenconsoled [OPTION]...\n"
    "Guests' consoles as terminals (xl console) and log files.\n"
    "\n"
    "  --log=WHAT            log none (default), guest, hv (the hypervisor) or all\n"
    "  --log-dir=FOLDER      where to (default /var/log/xen/console): guest-NAME.log,\n"
    "                        hypervisor.log\n"
    "  -t, --timestamp=WHAT  the time before each line of these logs: none, guest, hv, all\n"
    "  --replace-escape      write a dot for the escape character into logs\n"
    "  -o, --overflow-data=DO  when 64 KiB wait for a reader, discard the oldest (default), or "
    "keep\n"
    "                        all: then the guest waits, too\n"
    "  --pid-file=FILE       default /run/xen/xenconsoled.pid\n"
    "  -i, --interactive     stay in the foreground, messages on standard error\n"
    "  -v, --verbose         say more\n"
    "  -h, --help; -V, --version\n"
    "\n"
    "SIGHUP opens all logs again, after they were moved away. SIGTERM ends the daemon; guests'\n"
    "output waits in their rings until it is started again.\n";

/* none, guest, hv or all. */
static int parse_what(const char *option, const char *word, bool *guests, bool *hypervisor)
{
    *guests = !strcmp(word, "guest") || !strcmp(word, "all");
    *hypervisor = !strcmp(word, "hv") || !strcmp(word, "all");
    if (*guests || *hypervisor || !strcmp(word, "none")) {
        return 0;
    }
    message_error("--%s=%s: it takes none, guest, hv or all", option, word);
    return -EINVAL;
}

static int parse_overflow(const char *word, bool *keeps)
{
    *keeps = !strcmp(word, "keep");
    if (*keeps || !strcmp(word, "discard")) {
        return 0;
    }
    message_error("--overflow-data=%s: it takes discard or keep", word);
    return -EINVAL;
}

static int parse_one(int option, struct consoled_options *o)
{
    switch (option) {
    case 'h':
        fputs(help, stdout);
        return 1;
    case 'V':
        puts("xenconsoled of Kanso, for Xen's console protocol");
        return 1;
    case 'v':
        o->is_verbose = true;
        return 0;
    case 'i':
        o->is_interactive = true;
        return 0;
    case 't':
        return parse_what("timestamp", optarg, &o->stamps_guests, &o->stamps_hypervisor);
    case 'o':
        return parse_overflow(optarg, &o->keeps);
    case LOG:
        return parse_what("log", optarg, &o->logs_guests, &o->logs_hypervisor);
    case LOG_FOLDER:
        o->log_folder = optarg;
        return 0;
    case PID_FILE:
        o->pid_file = optarg;
        return 0;
    case REPLACE_ESCAPE:
        o->replaces_escape = true;
        return 0;
    default: // getopt has said what
        fputs("Try xenconsoled --help.\n", stderr);
        return -EINVAL;
    }
}

int consoled_options_parse(int argc, char **argv, struct consoled_options *options)
{
    *options = (struct consoled_options){.log_folder = "/var/log/xen/console",
                                         .pid_file = "/run/xen/xenconsoled.pid"};
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "hVvit:o:", words, NULL)) >= 0) {
        const int err = parse_one(option, options);
        if (err != 0) {
            return err;
        }
    }
    if (optind < argc) {
        message_error("%s: no such word; try --help", argv[optind]);
        return -EINVAL;
    }
    return 0;
}
