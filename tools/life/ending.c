/* SPDX-License-Identifier: MIT */
/* What happens to a guest that ended by itself: its configuration's on_* words. */
#include "life/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "abi/sched.h"
#include "config/config.h"
#include "hv/hv.h"
#include "lib/clock.h"
#include "lib/message.h"

#define LOG_FOLDER     "/var/log/xen"
#define DUMP_FOLDER    "/var/lib/xen/dump"
#define RESTART_WINDOW 60 /* seconds in which restarts are counted */
#define MAX_RESTARTS   5  /* in that time */
#define DELAY_MS       1000

static const char *folder(const char *variable, const char *otherwise)
{
    const char *named = getenv(variable);
    return named != NULL ? named : otherwise;
}

int ending_open_log(const char *name)
{
    char path[512];
    const char *where = folder("KANSO_LOG", LOG_FOLDER);
    int len = snprintf(path, sizeof path, "%s/xl-%s.log", where, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -ENAMETOOLONG;
    }
    (void)mkdir(where, 0755);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    return fd < 0 ? -errno : fd;
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    char when[32];
    char text[512];
    time_t now = time(NULL);
    struct tm tm;
    va_list arguments;
    strftime(when, sizeof when, "%F %T", localtime_r(&now, &tm));
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(2, "%s %s\n", when, text);
}

static const char *reason_word(unsigned reason)
{
    static const char *const word[] = {
        [SHUTDOWN_poweroff] = "powered off",
        [SHUTDOWN_reboot] = "rebooted",
        [SHUTDOWN_suspend] = "suspended",
        [SHUTDOWN_crash] = "crashed",
        [SHUTDOWN_watchdog] = "was stopped by its watchdog",
        [SHUTDOWN_soft_reset] = "reset itself",
    };
    return reason <= SHUTDOWN_MAX ? word[reason] : "ended for an unknown reason";
}

static enum guest_action action_for(const struct guest_config *c, unsigned reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return c->on_poweroff;
    case SHUTDOWN_reboot:
        return c->on_reboot;
    case SHUTDOWN_watchdog:
        return c->on_watchdog;
    case SHUTDOWN_soft_reset:
        return c->on_soft_reset;
    default:
        return c->on_crash;
    }
}

static void dump(struct life *l, const struct state *state)
{
    char path[512];
    char when[32];
    const char *where = folder("KANSO_DUMP", DUMP_FOLDER);
    time_t now = time(NULL);
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m%d-%H%M.%S", localtime_r(&now, &tm));
    (void)mkdir(where, 0700);
    snprintf(path, sizeof path, "%s/%s-%s.core", where, state->config.name, when);
    if (life_dump_core(l, state->domid, path) == 0) {
        note("its memory is in %s", path);
    }
}

/* Counts this restart; says how long to wait before it, or that it is the last straw. */
static bool may_restart(struct state *state, unsigned *delay_ms)
{
    uint64_t now = (uint64_t)time(NULL);
    size_t recent = 0;
    for (size_t i = 0; i < state->nr_restarts; i++) {
        recent += state->restart_s[i] + RESTART_WINDOW > now;
    }
    if (recent >= MAX_RESTARTS) {
        note("it came back %d times in %d s: it is not started again", MAX_RESTARTS,
             RESTART_WINDOW);
        return false;
    }
    *delay_ms = recent == 0 ? 0 : DELAY_MS << (recent - 1);
    if (*delay_ms != 0) {
        note("restart %zu in %d s: waiting %u s first", recent + 1, RESTART_WINDOW,
             *delay_ms / 1000);
    }
    if (state->nr_restarts == STATE_MAX_RESTARTS) {
        memmove(state->restart_s, state->restart_s + 1,
                (STATE_MAX_RESTARTS - 1) * sizeof state->restart_s[0]);
        state->nr_restarts--;
    }
    state->restart_s[state->nr_restarts++] = now;
    return true;
}

static int create_again(struct life *l, struct state *state)
{
    uint32_t domid;
    struct create_history history = {state->restart_s, state->nr_restarts};
    int error = life_create_again(l, &state->config, &history, &domid);
    if (error == 0) {
        note("it runs again, as domain %u", domid);
    } else {
        note("it could not be started again");
        state_remove(state->config.uuid);
    }
    return error;
}

static int restart(struct life *l, struct state *state)
{
    int error = life_take_away(l, state->domid, true);
    if (error == 0 && !state_exists(state->config.uuid)) {
        note("it was destroyed meanwhile");
        return 0;
    }
    return error != 0 ? error : create_again(l, state);
}

/* The first of NAME-1, NAME-2, ... that is free. */
static int free_name(struct life *l, const char *name, char *out, size_t room)
{
    for (unsigned i = 1; i < 1000; i++) {
        uint32_t domid;
        int len = snprintf(out, room, "%s-%u", name, i);
        if (len < 0 || (size_t)len >= room) {
            return -ENAMETOOLONG;
        }
        if (!life_has_name(l, out, &domid)) {
            return 0;
        }
    }
    return -EEXIST;
}

/* The dead one keeps its memory for whoever wants to look, under another name and uuid; its devices
 * go, for the new one takes them. */
static int set_aside(struct life *l, const struct state *state)
{
    char name[256];
    char old_uuid[UUID_TEXT];
    char new_uuid[UUID_TEXT];
    struct guest_config drawn = {};
    struct store_txn t;
    int error = free_name(l, state->config.name, name, sizeof name);
    error = error != 0 ? error : config_settle(&drawn);
    error = error != 0 ? error : hv_set_domain_handle(l->hv, (uint16_t)state->domid, drawn.uuid);
    error = error != 0 ? error : life_take_devices(l, state->domid);
    if (error != 0) {
        message_error("can't set the old guest aside: %s", strerror(-error));
        return error;
    }
    life_uuid_text(state->config.uuid, old_uuid);
    life_uuid_text(drawn.uuid, new_uuid);
    store_txn_init(&t);
    store_txn_remove(&t, "/vm/%s", old_uuid);
    store_txn_write(&t, name, "/vm/%s/name", new_uuid);
    store_txn_write(&t, new_uuid, "/vm/%s/uuid", new_uuid);
    store_txn_write(&t, name, "/local/domain/%u/name", state->domid);
    char vm[8 + UUID_TEXT];
    snprintf(vm, sizeof vm, "/vm/%s", new_uuid);
    store_txn_write(&t, vm, "/local/domain/%u/vm", state->domid);
    error = store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    if (error == 0) {
        note("the old one is kept as \"%s\", domain %u", name, state->domid);
    }
    return error;
}

static int rename_restart(struct life *l, struct state *state)
{
    int error = set_aside(l, state);
    return error != 0 ? error : create_again(l, state);
}

static int preserve(struct state *state)
{
    state->is_supervised = false;
    note("it is kept as it is; `xl destroy` takes it away");
    return state_write(state);
}

static int act(struct life *l, struct state *state, enum guest_action action)
{
    switch (action) {
    case ACTION_RESTART:
        return restart(l, state);
    case ACTION_RENAME_RESTART:
        return rename_restart(l, state);
    case ACTION_PRESERVE:
        return preserve(state);
    case ACTION_COREDUMP_RESTART:
        dump(l, state);
        return restart(l, state);
    case ACTION_COREDUMP_DESTROY:
        dump(l, state);
        break;
    case ACTION_SOFT_RESET:
        note("soft-reset is not there on this architecture: it is destroyed");
        break;
    case ACTION_DESTROY:
        break;
    }
    return life_take_away(l, state->domid, false);
}

struct delay {
    struct life *l;
    uint32_t domid;
};

static enum store_met is_gone(const char *value, void *arg)
{
    struct delay *d = arg;
    struct xen_domctl_getdomaininfo info;
    return hv_get_domain(d->l->hv, (uint16_t)d->domid, &info) != 0 ||
                   (info.flags & XEN_DOMINF_dying) != 0 /* when it goes nobody is told */
               ? STORE_MET
               : STORE_NOT_YET;
}

/* Waits that long, with the ended guest still there to be seen and destroyed; true if it was. */
static bool is_destroyed_meanwhile(struct life *l, uint32_t domid, unsigned delay_ms)
{
    struct delay d = {.l = l, .domid = domid};
    struct store_want want = {.path = "@releaseDomain", .is_met = is_gone, .arg = &d};
    return delay_ms != 0 &&
           store_wait(l->store, &want, 1, clock_now_ms() + delay_ms, -1) != -ETIMEDOUT;
}

/* A user's destroy and we never work on one guest at the same time, and theirs wins: it takes the
 * state file away before it waits for the lock. */
static int act_alone(struct life *l, struct state *state, enum guest_action action)
{
    bool restarts = action == ACTION_RESTART || action == ACTION_RENAME_RESTART ||
                    action == ACTION_COREDUMP_RESTART;
    unsigned delay_ms = 0;
    if (restarts && !may_restart(state, &delay_ms)) {
        action = action == ACTION_COREDUMP_RESTART ? ACTION_COREDUMP_DESTROY : ACTION_DESTROY;
    }
    if (is_destroyed_meanwhile(l, state->domid, delay_ms)) {
        note("it was destroyed meanwhile");
        return 0;
    }
    int lock = life_lock_guest(state->config.uuid);
    int error = 0;
    if (state_exists(state->config.uuid)) {
        error = act(l, state, action);
    } else {
        note("it was destroyed meanwhile");
    }
    life_unlock_guest(state->config.uuid, lock);
    return error;
}

int ending_handle(uint32_t domid, const uint8_t uuid[16])
{
    struct life life;
    struct state state;
    struct xen_domctl_getdomaininfo info;
    if (state_read(uuid, &state) != 0) {
        return 1;
    }
    int log = ending_open_log(state.config.name);
    if (log >= 0) {
        dup2(log, 2);
        close(log);
    }
    int error = life_open(&life);
    error = error != 0 ? error : life_info(&life, domid, false, &info);
    if (error == 0) {
        unsigned reason = info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
        enum guest_action action = action_for(&state.config, reason);
        note("guest \"%s\" (domain %u) %s: %s", state.config.name, domid, reason_word(reason),
             config_action_name(action));
        error = act_alone(&life, &state, action);
    }
    life_close(&life);
    state_fini(&state);
    return error == 0 ? 0 : 1;
}
