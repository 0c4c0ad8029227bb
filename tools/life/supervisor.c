/* SPDX-License-Identifier: MIT */
/*
 * One process for all guests. The store says which domain ended, one hypercall asks for it, the
 * state file says what to do; a child does it, so that a slow guest keeps nobody waiting and all it
 * says goes into that guest's log. The supervisor itself knows only which children are at work and
 * which domain is whose, and a second one started after its death knows as much after one look at
 * all. A store that does not say who (Debian's of 4.17), or had too much to say, makes it look at
 * all as well.
 */
#include "life/private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "abi/sched.h"
#include "abi/xen.h"
#include "hv/hv.h"
#include "lib/message.h"

#define LOCK       "supervisor"
#define END        "end" /* the watch of domains' ends */
#define MAX_DOMAIN XEN_DOMID_FIRST_RESERVED

extern char **environ;

/* A child at work on a guest that ended. */
struct worker {
    struct worker *next;
    pid_t pid;
    uint32_t domid;
    uint8_t uuid[16];
};

struct supervisor {
    struct life life;
    int signal_fd;
    struct worker *workers;
    uint8_t (*guest)[16]; /* by number, who had it when last looked; zeros: not known */
    bool is_told_who;     /* the store names domains; when it does not it means all */
    bool is_stopped;
};

static const struct worker *find_worker(const struct supervisor *s, const uint8_t uuid[16])
{
    for (const struct worker *w = s->workers; w != NULL; w = w->next) {
        if (memcmp(w->uuid, uuid, sizeof w->uuid) == 0) {
            return w;
        }
    }
    return NULL;
}

static void start_worker(struct supervisor *s, const struct xen_domctl_getdomaininfo *info)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        message_error("no memory to act on the end of domain %u", info->domain);
        return;
    }
    w->domid = info->domain;
    memcpy(w->uuid, info->handle, sizeof w->uuid);
    w->pid = fork();
    if (w->pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        close(s->signal_fd);
        _exit(ending_handle(w->domid, w->uuid));
    }
    if (w->pid < 0) {
        message_error("can't act on the end of domain %u: %s", info->domain, strerror(errno));
        free(w);
        return;
    }
    w->next = s->workers;
    s->workers = w;
}

/* A guest of ours that ended by itself, and that nobody acts on yet. Suspended guests wait for who
 * asked them to. */
static bool is_to_be_handled(struct supervisor *s, const struct xen_domctl_getdomaininfo *info)
{
    struct state state;
    unsigned reason = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    if (info->domain == 0 || !(info->flags & XEN_DOMINF_shutdown) ||
        (info->flags & XEN_DOMINF_dying) || reason == SHUTDOWN_suspend ||
        find_worker(s, info->handle) != NULL || state_read(info->handle, &state) != 0) {
        return false;
    }
    bool is_ours = state.is_supervised && state.domid == info->domain;
    state_fini(&state);
    return is_ours;
}

static int order(const void *a, const void *b)
{
    const struct xen_domctl_getdomaininfo *one = a;
    const struct xen_domctl_getdomaininfo *other = b;
    return memcmp(one->handle, other->handle, sizeof one->handle);
}

/* "UUID.json" back to its 16 bytes. */
static bool parse_file_name(const char *name, uint8_t uuid[16])
{
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        at += name[at] == '-';
        if (sscanf(name + at, "%2x", &byte) != 1) {
            return false;
        }
        uuid[i] = (uint8_t)byte;
        at += 2;
    }
    return strcmp(name + at, ".json") == 0;
}

/* Guests that other tools destroyed, or that did not survive the machine's end. info is sorted. */
static void remove_stale(struct supervisor *s, const struct xen_domctl_getdomaininfo *info,
                         unsigned nr)
{
    DIR *folder = opendir(life_state_folder());
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct xen_domctl_getdomaininfo key = {};
        if (parse_file_name(entry->d_name, key.handle) &&
            bsearch(&key, info, nr, sizeof *info, order) == NULL &&
            find_worker(s, key.handle) == NULL) {
            state_remove(key.handle);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

/* That guest has the number no more. Its file says so, too, unless the guest came again. */
static void forget(struct supervisor *s, uint32_t domid)
{
    static const uint8_t nobody[16];
    uint8_t *uuid = s->guest[domid];
    struct state state;
    if (memcmp(uuid, nobody, sizeof nobody) != 0 && find_worker(s, uuid) == NULL &&
        state_read(uuid, &state) == 0) {
        if (state.domid == domid) {
            state_remove(uuid);
        }
        state_fini(&state);
    }
    memset(uuid, 0, sizeof s->guest[domid]);
}

static int look_at_domain(struct supervisor *s, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info = {};
    int error = hv_get_domain(s->life.hv, (uint16_t)domid, &info);
    if (error != 0 && error != -ESRCH) {
        message_error("can't ask for domain %u: %s", domid, strerror(-error));
        return error;
    }
    if (info.flags & XEN_DOMINF_dying) { /* nobody is told when it goes altogether */
        info = (struct xen_domctl_getdomaininfo){};
    }
    if (memcmp(s->guest[domid], info.handle, sizeof info.handle) != 0) {
        forget(s, domid);
    }
    memcpy(s->guest[domid], info.handle, sizeof info.handle);
    if (is_to_be_handled(s, &info)) {
        start_worker(s, &info);
    }
    return 0;
}

static int look_at_domains(struct supervisor *s)
{
    struct xen_domctl_getdomaininfo *info = NULL;
    unsigned nr = 0;
    int error = hv_list_all_domains(s->life.hv, &info, &nr);
    if (error != 0) {
        message_error("can't list the domains: %s", strerror(-error));
        return error;
    }
    memset(s->guest, 0, MAX_DOMAIN * sizeof *s->guest);
    for (unsigned i = 0; i < nr; i++) {
        memcpy(s->guest[info[i].domain % MAX_DOMAIN], info[i].handle, sizeof *s->guest);
        if (is_to_be_handled(s, &info[i])) {
            start_worker(s, &info[i]);
        }
    }
    qsort(info, nr, sizeof *info, order);
    remove_stale(s, info, nr);
    free(info);
    return 0;
}

/* It may have left a domain that ended again meanwhile: the one it made, or the one it was for. */
static int look_after(struct supervisor *s, const struct worker *w)
{
    struct state state;
    memcpy(s->guest[w->domid], w->uuid, sizeof w->uuid); /* whatever we heard of it meanwhile */
    int error = look_at_domain(s, w->domid);
    if (error == 0 && state_read(w->uuid, &state) == 0) {
        error = state.domid != w->domid ? look_at_domain(s, state.domid) : 0;
        state_fini(&state);
    }
    return error;
}

static int reap_workers(struct supervisor *s)
{
    int error = 0;
    for (struct worker **at = &s->workers; *at != NULL;) {
        struct worker *w = *at;
        if (waitpid(w->pid, NULL, WNOHANG) == w->pid) {
            *at = w->next;
            int failed = look_after(s, w);
            error = error != 0 ? error : failed;
            free(w);
        } else {
            at = &w->next;
        }
    }
    return error;
}

static int take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        s->is_stopped = s->is_stopped || info.ssi_signo != SIGCHLD;
    }
    return reap_workers(s);
}

/* A domain's coming is of interest only for its number, and a store that does not name it will not
 * name its end either. */
static int take_events(struct supervisor *s)
{
    struct store_event event;
    bool all = false;
    int some;
    int error = 0;
    while ((some = store_event_next(s->life.store, &event, 0)) > 0) {
        uint16_t domid;
        if (store_event_domid(event.path, &domid)) {
            s->is_told_who = true;
            int failed = look_at_domain(s, domid);
            error = error != 0 ? error : failed;
        } else {
            all = all || s->is_told_who || strcmp(event.token, END) == 0;
        }
    }
    error = some < 0 ? some : error;
    return error == 0 && all ? look_at_domains(s) : error;
}

static int catch_signals(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 ? -errno : 0;
}

static int run(struct supervisor *s)
{
    life_sweep(&s->life);
    int error = look_at_domains(s);
    while (error == 0 && !s->is_stopped) {
        struct pollfd p[] = {{.fd = store_fd(s->life.store), .events = POLLIN},
                             {.fd = s->signal_fd, .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        error = take_events(s);
        if (error == 0 && p[1].revents != 0) {
            error = take_signals(s);
        }
    }
    return error;
}

/* Its own session, and no terminal: who started it may go. */
static void detach(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = ending_open_log("supervisor");
    setsid();
    dup2(null, 0);
    dup2(null, 1);
    dup2(log >= 0 ? log : null, 2);
    if (chdir("/") != 0) {
        message_warning("can't leave the folder that it was started in");
    }
}

int life_supervise(bool foreground)
{
    struct supervisor s = {.signal_fd = -1};
    int lock = life_lock(LOCK, false);
    if (lock < 0) {
        if (lock != -EWOULDBLOCK) {
            message_error("can't lock %s/%s.lock: %s", life_run_folder(), LOCK, strerror(-lock));
        }
        return lock == -EWOULDBLOCK ? 0 : 1;
    }
    if (!foreground) {
        detach();
    }
    s.guest = calloc(MAX_DOMAIN, sizeof *s.guest);
    int error = s.guest == NULL ? -ENOMEM : catch_signals(&s);
    error = error != 0 ? error : life_open(&s.life);
    if (error == 0) {
        error = store_watch_domains(s.life.store, END, "@releaseDomain");
    }
    if (error == 0) {
        error = store_watch_domains(s.life.store, "begin", "@introduceDomain");
    }
    error = error != 0 ? error : run(&s);
    while (s.workers != NULL) { /* they go on */
        struct worker *w = s.workers;
        s.workers = w->next;
        free(w);
    }
    free(s.guest);
    life_close(&s.life);
    life_unlock(LOCK, lock);
    return error == 0 ? 0 : 1;
}

/* If its lock is free it does not run. Two that start at once settle that by the same lock. */
int supervisor_start(void)
{
    int lock = life_lock(LOCK, false);
    if (lock == -EWOULDBLOCK) {
        return 0;
    }
    if (lock >= 0) {
        close(lock);
    }
    char *argv[] = {"xl", LIFE_SUPERVISE_WORD, NULL};
    pid_t pid;
    sigset_t none;
    posix_spawnattr_t attributes;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = -posix_spawn(&pid, "/proc/self/exe", NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        message_error("can't start the supervisor: %s", strerror(-error));
    }
    return error;
}
