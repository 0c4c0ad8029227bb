// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/message.h"
#include "xenconsoled/alone.h"
#include "xenconsoled/consoled.h"
#include "xenconsoled/options.h"

static const char message_file[] = "/var/log/xen/xenconsoled.log";

/* Two descriptors a guest: as many as the system lets us. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        const rlim_t most = limit.rlim_max > 1 << 20 ? limit.rlim_max : 1 << 20;
        limit = (struct rlimit){most, most};
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
    }
}

/* The parent ends when the child is ready (0) or has failed (1); only the child returns, with the
 * descriptor on which it says so. */
static int go_into_background(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        message_error("no pipe: %s", strerror(errno));
        return -EIO;
    }
    const pid_t child = fork();
    if (child < 0) {
        message_error("no process: %s", strerror(errno));
        return -EIO;
    }
    if (child > 0) {
        char ready = 0;
        close(ends[1]);
        _exit(read(ends[0], &ready, 1) == 1 && ready ? 0 : 1);
    }
    close(ends[0]);
    setsid();
    return ends[1];
}

static void leave_terminal(void)
{
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int messages = open(message_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    messages = messages < 0 ? nothing : messages;
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(messages, STDERR_FILENO);
    if (chdir("/") < 0) {
        message_warning("/: %s", strerror(errno));
    }
}

int main(int argc, char **argv)
{
    static struct consoled daemon;
    struct consoled_options options;
    message_program("xenconsoled");
    const int parsed = consoled_options_parse(argc, argv, &options);
    if (parsed != 0) {
        return parsed > 0 ? 0 : 1;
    }
    message_set_level(options.is_verbose ? 1 : 0);
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    raise_limits();
    const int parent = options.is_interactive ? -1 : go_into_background();
    if (!options.is_interactive && parent < 0) {
        return 1;
    }
    mkdir("/run/xen", 0755);
    if (alone_take(ALONE_FILE) < 0 || alone_take(options.pid_file) < 0) {
        return 1;
    }
    int err = consoled_init(&daemon, &options);
    if (err == 0 && parent >= 0) {
        leave_terminal();
        if (write(parent, "y", 1) != 1) {
            message_warning("the parent has not waited");
        }
        close(parent);
    }
    if (err == 0) {
        err = consoled_run(&daemon);
    }
    consoled_fini(&daemon);
    unlink(options.pid_file);
    return err < 0 ? 1 : 0;
}
