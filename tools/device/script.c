/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/message.h"

#define LIMIT_MS 40000 /* what Xen's tools give a script */
#define GRACE_MS 5000  /* after the user interrupted */
#define MAX_SAID 2048

extern char **environ;

/* A script under way. */
struct running {
    pid_t pid;
    int pidfd, output; /* -1: over */
    int status;
    size_t nr_said;
    char said[MAX_SAID + 1]; /* the end of what it wrote */
};

#define NR_VARIABLES 9

static void variable(char **env, size_t *nr, const char *name, const char *value)
{
    if (value != NULL && asprintf(&env[*nr], "%s=%s", name, value) >= 0) {
        (*nr)++;
    }
}

/* What Xen's scripts expect of their environment, before what we have ourselves. */
static char **make_environment(const struct device *d, size_t *nr_own)
{
    size_t inherited = 0;
    size_t nr = 0;
    while (environ[inherited] != NULL) {
        inherited++;
    }
    char **env = calloc(inherited + NR_VARIABLES + 1, sizeof *env);
    if (env == NULL) {
        return NULL;
    }
    const char *class = device_class_name(d->class);
    char path[64];
    char interface[32];
    snprintf(path, sizeof path, "backend/%s/%u/%u", class, d->domid, d->id);
    snprintf(interface, sizeof interface, "vif%u.%u", d->domid, d->id);
    variable(env, &nr, "script", d->script);
    variable(env, &nr, "XENBUS_TYPE", class);
    variable(env, &nr, "XENBUS_PATH", path);
    variable(env, &nr, "XENBUS_BASE_PATH", "backend");
    if (d->class == DEVICE_VIF) {
        const char *gateway = device_value(&d->back, "gatewaydev");
        variable(env, &nr, "vif", interface);
        variable(env, &nr, "netdev", gateway == NULL ? "" : gateway);
    }
    if (getenv("PATH") == NULL) {
        variable(env, &nr, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    }
    *nr_own = nr;
    memcpy(env + nr, environ, inherited * sizeof *env);
    return env;
}

/* Its own process group, so that a Ctrl-C for us does not stop it half way, and no blocked signals:
 * we block ours to read them from a descriptor. */
static int spawn(struct running *r, const struct device *d, bool is_removal, int output)
{
    const struct device_kind *kind = device_kind(d->class);
    char *argv[] = {d->script, (char *)(is_removal ? kind->remove : kind->add),
                    (char *)kind->argument, NULL};
    size_t nr_own = 0;
    char **env = make_environment(d, &nr_own);
    if (env == NULL) {
        return -ENOMEM;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = -posix_spawn(&r->pid, d->script, &actions, &attributes, argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < nr_own; i++) {
        free(env[i]);
    }
    free(env);
    return error;
}

static int start(struct running *r, const struct device *d, bool is_removal)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return -errno;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    int error = spawn(r, d, is_removal, pair[1]);
    close(pair[1]);
    if (error == 0) {
        r->pidfd = pidfd_open(r->pid, 0);
        if (r->pidfd < 0) {
            error = -errno;
            kill(-r->pid, SIGKILL);
            waitpid(r->pid, NULL, 0);
        }
    }
    if (error != 0) {
        close(pair[0]);
        return error;
    }
    r->output = pair[0];
    return 0;
}

/* Keeps the end of what a script says. */
static void listen_to(struct running *r)
{
    char piece[512];
    ssize_t n;
    while ((n = read(r->output, piece, sizeof piece)) > 0) {
        size_t more = (size_t)n;
        if (r->nr_said + more > MAX_SAID) {
            size_t drop = r->nr_said + more - MAX_SAID;
            memmove(r->said, r->said + drop, r->nr_said - drop);
            r->nr_said -= drop;
        }
        memcpy(r->said + r->nr_said, piece, more);
        r->nr_said += more;
        r->said[r->nr_said] = 0;
    }
    if (n == 0) {
        close(r->output);
        r->output = -1;
    }
}

static void reap(struct running *r)
{
    waitpid(r->pid, &r->status, 0);
    close(r->pidfd);
    r->pidfd = -1;
    if (r->output >= 0) {
        listen_to(r);
    }
    if (r->output >= 0) {
        close(r->output); /* a child of the script may keep its end: we do not wait for that one */
        r->output = -1;
    }
}

static size_t count_running(const struct running *r, size_t nr)
{
    size_t left = 0;
    for (size_t i = 0; i < nr; i++) {
        left += r[i].pidfd >= 0;
    }
    return left;
}

/* One poll of all. 0, -EINTR: cancelled, -ETIMEDOUT. */
static int wait_some(struct running *r, size_t nr, struct pollfd *p, uint64_t deadline_ms,
                     int cancel_fd)
{
    for (size_t i = 0; i < nr; i++) {
        p[2 * i] = (struct pollfd){.fd = r[i].pidfd, .events = POLLIN};
        p[2 * i + 1] = (struct pollfd){.fd = r[i].output, .events = POLLIN};
    }
    p[2 * nr] = (struct pollfd){.fd = cancel_fd, .events = POLLIN};
    int n = poll(p, 2 * nr + 1, clock_left_ms(deadline_ms));
    if (n < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (size_t i = 0; i < nr; i++) {
        if (p[2 * i + 1].revents != 0) {
            listen_to(&r[i]);
        }
        if (p[2 * i].revents != 0) {
            reap(&r[i]);
        }
    }
    if (p[2 * nr].revents != 0) {
        return -EINTR;
    }
    return n == 0 && clock_left_ms(deadline_ms) == 0 ? -ETIMEDOUT : 0;
}

/* Until all are over; those that are not in time are killed. Returns why it was cut short, or 0. */
static int wait_for_all(struct running *r, size_t nr, int cancel_fd)
{
    struct pollfd p[2 * nr + 1];
    uint64_t deadline = clock_now_ms() + LIMIT_MS;
    int why = 0;
    while (count_running(r, nr) > 0) {
        int error = wait_some(r, nr, p, deadline, cancel_fd);
        if (error == -EINTR) {
            why = error;
            cancel_fd = -1;
            deadline = clock_now_ms() + GRACE_MS;
        } else if (error != 0) {
            why = why != 0 ? why : error;
            break;
        }
    }
    for (size_t i = 0; i < nr; i++) {
        if (r[i].pidfd >= 0) {
            kill(-r[i].pid, SIGKILL);
            reap(&r[i]);
        }
    }
    return why;
}

/* The last line that is not empty. */
static const char *last_line(char *said)
{
    size_t len = strlen(said);
    while (len > 0 && (said[len - 1] == '\n' || said[len - 1] == ' ')) {
        said[--len] = 0;
    }
    char *line = strrchr(said, '\n');
    return line == NULL ? said : line + 1;
}

/* One sentence, from the store, else from what it wrote, else from how it ended. */
static int judge(struct store *s, struct running *r, const struct script_run *run)
{
    const struct device *d = run->device;
    char *text = NULL;
    char *back = device_back_path(d);
    if (back != NULL && !run->is_removal) {
        (void)store_read(s, &text, NULL, "%s/hotplug-error", back);
    }
    free(back);
    bool is_good = WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
    if (is_good && (text == NULL || *text == 0)) {
        free(text);
        return 0;
    }
    const char *why = text != NULL && *text != 0 ? text : last_line(r->said);
    char ended[64];
    if (WIFSIGNALED(r->status)) {
        snprintf(ended, sizeof ended, "was killed by signal %d", WTERMSIG(r->status));
    } else {
        snprintf(ended, sizeof ended, "ended with status %d", WEXITSTATUS(r->status));
    }
    message_error("%s: %s %s%s%s", d->label, d->script, *why == 0 ? ended : "failed",
                  *why == 0 ? "" : ": ", why);
    free(text);
    return -EIO;
}

static int finish(struct store *s, struct running *r, struct script_run *run, int why)
{
    if (run->error != 0) {
        message_error("%s: can't run %s: %s", run->device->label, run->device->script,
                      strerror(-run->error));
        return run->error;
    }
    if (why == -ETIMEDOUT && WIFSIGNALED(r->status)) {
        message_error("%s: %s was stopped after %d s without an end", run->device->label,
                      run->device->script, LIMIT_MS / 1000);
        return -ETIMEDOUT;
    }
    if (why == -EINTR && WIFSIGNALED(r->status)) {
        return -EINTR;
    }
    return judge(s, r, run);
}

int script_run_all(struct store *s, struct script_run *run, size_t nr, int cancel_fd)
{
    if (nr == 0) {
        return 0;
    }
    struct running *r = calloc(nr, sizeof *r);
    if (r == NULL) {
        message_error("no memory to run scripts");
        return -ENOMEM;
    }
    for (size_t i = 0; i < nr; i++) {
        r[i].pidfd = r[i].output = -1;
        run[i].error = start(&r[i], run[i].device, run[i].is_removal);
    }
    int why = wait_for_all(r, nr, cancel_fd);
    int first = why == -EINTR ? why : 0;
    for (size_t i = 0; i < nr; i++) {
        run[i].error = finish(s, &r[i], &run[i], why);
        first = first != 0 ? first : run[i].error;
    }
    free(r);
    return first;
}
