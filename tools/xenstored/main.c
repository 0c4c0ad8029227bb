// SPDX-License-Identifier: MIT
/* The store daemon's command line. Options keep the names that scripts for Xen's xenstored pass. */
#include "lib/message.h"
#include "xenstored/guest.h"
#include "xenstored/socket.h"
#include "xenstored/wire.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION     "Kanso xenstored 1"
#define RUN_DIR     "/run/xenstored"
#define SOCKET_NAME "socket"

enum { OPTION_VERSION = 256 };

struct settings {
    bool no_domain; /* no hypervisor: a store for tests */
    bool foreground;
    bool print_pid;
    const char *pid_file;
    const char *log_file;
    const char *run_dir;
    struct quota quota;
};

static const char help[] =
    "usage: xenstored [OPTION...]\n"
    "The store of a machine's control domain: serves clients on " RUN_DIR "/" SOCKET_NAME
    ",\nthis domain's kernel and guests.\n\n"
    "  -D, --no-domain-init      no hypervisor: serve the socket only\n"
    "  -F, --pid-file FILE       write the daemon's process number there\n"
    "  -N, --no-fork             stay in the foreground\n"
    "  -P, --output-pid          print the daemon's process number\n"
    "  -T, --trace-file FILE     write every request there; SIGHUP begins it anew\n"
    "  -E, --entry-nb N          quota: nodes a domain\n"
    "  -S, --entry-size N        quota: bytes a value\n"
    "  -W, --watch-nb N          quota: watches a domain\n"
    "  -t, --transaction N       quota: transactions a domain\n"
    "  -A, --perm-nb N           quota: permissions a node\n"
    "  -M, --path-max N          quota: bytes a path\n"
    "  -Q, --quota NAME=N        quota: any of those that 'xenstore-control quota' lists\n"
    "  -q, --quota-soft memory=N warn beyond\n"
    "  -H, -h, --help            this text\n"
    "      --version\n"
    "For scripts that pass them, and without effect here (the store is in memory and a damaged "
    "one\n"
    "does not exist): -R, --no-recovery; -I, --internal-db [on|off]; -V, --verbose;\n"
    "-w, --timeout NAME=N.\n"
    "The directory of the socket: XENSTORED_RUNDIR, else " RUN_DIR ".\n";

static const struct option options[] = {
    {"no-domain-init", no_argument, NULL, 'D'},
    {"pid-file", required_argument, NULL, 'F'},
    {"help", no_argument, NULL, 'H'},
    {"no-fork", no_argument, NULL, 'N'},
    {"output-pid", no_argument, NULL, 'P'},
    {"trace-file", required_argument, NULL, 'T'},
    {"entry-nb", required_argument, NULL, 'E'},
    {"entry-size", required_argument, NULL, 'S'},
    {"watch-nb", required_argument, NULL, 'W'},
    {"transaction", required_argument, NULL, 't'},
    {"perm-nb", required_argument, NULL, 'A'},
    {"path-max", required_argument, NULL, 'M'},
    {"quota", required_argument, NULL, 'Q'},
    {"quota-soft", required_argument, NULL, 'q'},
    {"timeout", required_argument, NULL, 'w'},
    {"no-recovery", no_argument, NULL, 'R'},
    {"verbose", no_argument, NULL, 'V'},
    {"internal-db", optional_argument, NULL, 'I'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* An option that sets one quota by number. */
static int set_number(struct settings *settings, const char *name, const char *word)
{
    uint32_t value;
    if (wire_number(word, UINT32_MAX, &value) < 0 || quota_set(&settings->quota, name, value) < 0) {
        message_error("'%s' is no value for the quota '%s'", word, name);
        return -EINVAL;
    }
    return 0;
}

static int set_soft(struct settings *settings, const char *word)
{
    uint32_t value;
    if (strncmp(word, "memory=", 7) != 0 || wire_number(word + 7, UINT32_MAX, &value) < 0) {
        message_error("'%s' is no soft quota: memory=BYTES", word);
        return -EINVAL;
    }
    return quota_set_soft(&settings->quota, "memory", value);
}

static int set_option(struct settings *settings, int letter, const char *word)
{
    static const struct {
        int letter;
        const char *quota;
    } numbers[] = {{'E', "nodes"},        {'S', "entry-size"},       {'W', "watches"},
                   {'t', "transactions"}, {'A', "node-permissions"}, {'M', "path-max"}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].letter == letter) {
            return set_number(settings, numbers[i].quota, word);
        }
    }
    switch (letter) {
    case 'D':
        settings->no_domain = true;
        return 0;
    case 'F':
        settings->pid_file = word;
        return 0;
    case 'N':
        settings->foreground = true;
        return 0;
    case 'P':
        settings->print_pid = true;
        return 0;
    case 'T':
        settings->log_file = word;
        return 0;
    case 'Q':
        if (quota_set_word(&settings->quota, word) < 0) {
            message_error("'%s' is no quota: NAME=NUMBER", word);
            return -EINVAL;
        }
        return 0;
    case 'q':
        return set_soft(settings, word);
    case 'R':
    case 'I':
    case 'V':
    case 'w':
        return 0;
    default:
        return -EINVAL;
    }
}

/* 0: go on; 1: done, with help or version; negative: wrong, said. */
static int read_options(int argc, char **argv, struct settings *settings)
{
    int letter;
    while ((letter = getopt_long(argc, argv, "DF:HhNPT:E:S:W:t:A:M:Q:q:w:RVI::", options, NULL)) !=
           -1) {
        if (letter == 'H' || letter == 'h') {
            fputs(help, stdout);
            return 1;
        }
        if (letter == OPTION_VERSION) {
            puts(VERSION);
            return 1;
        }
        if (set_option(settings, letter, optarg) < 0) {
            fputs("Try 'xenstored --help'.\n", stderr);
            return -EINVAL;
        }
    }
    /* "--internal-db on": the word stands apart */
    if (optind < argc && strcmp(argv[optind], "on") != 0 && strcmp(argv[optind], "off") != 0) {
        message_error("unknown argument '%s'", argv[optind]);
        return -EINVAL;
    }
    return 0;
}

static int write_pid(const char *path)
{
    FILE *file = fopen(path, "we");
    const bool is_written = file != NULL && fprintf(file, "%ld\n", (long)getpid()) > 0;
    if (file == NULL || fclose(file) != 0 || !is_written) {
        message_error("%s: %s", path, strerror(errno));
        return -EIO;
    }
    return 0;
}

/* Everything that can be wrong is, before anybody is told that the store is there. */
static int start(struct xenstored *x, const struct settings *settings)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/" SOCKET_NAME, settings->run_dir);
    int err = xenstored_init(x);
    if (err < 0) {
        return err;
    }
    x->quota = settings->quota;
    if (settings->log_file != NULL) {
        x->log = fopen(settings->log_file, "ae");
        if (x->log == NULL) {
            message_error("%s: %s", settings->log_file, strerror(errno));
            return -EIO;
        }
    }
    mkdir(settings->run_dir, 0755);
    err = socket_listen(x, path);
    if (err == 0 && !settings->no_domain) {
        err = guest_open(x);
        err = err < 0 ? err : guest_connect_own(x);
    }
    if (err == 0 && settings->pid_file != NULL) {
        err = write_pid(settings->pid_file);
    }
    if (err == 0 && settings->print_pid) {
        printf("%ld\n", (long)getpid());
        fflush(stdout);
    }
    return err;
}

/* The parent ends when the child says that clients can come, with what it says. */
static int wait_for_child(int fd)
{
    unsigned char status = 1;
    const ssize_t n = read(fd, &status, 1);
    return n == 1 ? status : 1;
}

static void detach(bool keeps_folder)
{
    if (!keeps_folder && chdir("/") < 0) {
        message_warning("/: %s", strerror(errno));
    }
    const int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO) {
            close(null);
        }
    }
}

/* SIGHUP: the log file was moved away, a new one is begun. */
struct hangup {
    struct loop_signals signals;
    struct xenstored *x;
    const char *log_file;
};

static void hang_up(struct loop_signals *signals, int number)
{
    struct hangup *hangup = (struct hangup *)((char *)signals - offsetof(struct hangup, signals));
    if (hangup->x->log != NULL && hangup->log_file != NULL) {
        FILE *log = fopen(hangup->log_file, "ae");
        if (log != NULL) {
            fclose(hangup->x->log);
            hangup->x->log = log;
        }
    }
}

static int serve(const struct settings *settings, int ready)
{
    struct xenstored *x = malloc(sizeof(*x));
    if (x == NULL) {
        message_error("no memory");
        return EXIT_FAILURE;
    }
    int err = start(x, settings);
    static const int hangups[] = {SIGHUP, 0};
    struct hangup hangup = {.signals.caught = hang_up, .x = x, .log_file = settings->log_file};
    if (err == 0) {
        err = loop_signals_init(&x->loop, &hangup.signals, hangups);
    }
    const unsigned char status = err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (ready >= 0) {
        if (write(ready, &status, 1) < 0) {
            err = -EPIPE;
        }
        close(ready);
        if (err == 0) {
            detach(settings->log_file != NULL);
        }
    }
    while (err == 0) {
        err = xenstored_turn(x, -1);
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    message_program("xenstored");
    struct settings settings = {.run_dir = getenv("XENSTORED_RUNDIR")};
    quota_init(&settings.quota);
    const int result = read_options(argc, argv, &settings);
    if (result != 0) {
        return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (settings.run_dir == NULL) {
        settings.run_dir = RUN_DIR;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (settings.foreground) {
        return serve(&settings, -1);
    }
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) {
        message_error("no pipe: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    const pid_t child = fork();
    if (child < 0) {
        message_error("no process: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (child > 0) {
        close(ready[1]);
        return wait_for_child(ready[0]);
    }
    close(ready[0]);
    setsid();
    umask(0022);
    return serve(&settings, ready[1]);
}
