/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/message.h"

#define APPEAR_MS 30000 /* a backend's driver, after its nodes are there */
#define CLOSE_MS  30000 /* a guest's end, asked to close */
#define REMOVE_MS 30000 /* a backend whose guest's end has gone */
#define BEGIN_MS  30000 /* a backend's driver that is there, to have looked at its device */

const char *device_drivers = "/sys/bus/xen-backend/drivers";

/* Devices that take part in a wait, and what is wanted of their backend's state. */
struct backends {
    struct store_want *want;
    char **path;
    struct device **device;
    size_t nr;
};

static void backends_fini(struct backends *b)
{
    for (size_t i = 0; i < b->nr; i++) {
        free(b->path[i]);
    }
    free(b->want);
    free(b->path);
    free(b->device);
}

/* skip: one word a device, or NULL. */
static int backends_init(struct backends *b, struct device *d, size_t nr, const bool *skip,
                         enum store_met (*is_met)(const char *, void *))
{
    *b = (struct backends){
        .want = calloc(nr + 1, sizeof *b->want),
        .path = calloc(nr + 1, sizeof *b->path),
        .device = calloc(nr + 1, sizeof *b->device),
    };
    int error = b->want == NULL || b->path == NULL || b->device == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < nr; i++) {
        if (device_has_front_only(&d[i]) || (skip != NULL && skip[i])) {
            continue;
        }
        char *back = device_back_path(&d[i]);
        char *path = NULL;
        if (back == NULL || asprintf(&path, "%s/state", back) < 0) {
            error = -ENOMEM;
        } else {
            b->path[b->nr] = path;
            b->device[b->nr] = &d[i];
            b->want[b->nr++] = (struct store_want){.path = path, .is_met = is_met};
        }
        free(back);
    }
    if (error != 0) {
        message_error("no memory to wait for devices");
        backends_fini(b);
    }
    return error;
}

/* InitWait or further; a backend that closes at once will never be. */
static enum store_met has_appeared(const char *value, void *arg)
{
    unsigned long state = value == NULL ? DEVICE_UNKNOWN : strtoul(value, NULL, 10);
    if (state == DEVICE_CLOSING || state == DEVICE_CLOSED) {
        return STORE_HOPELESS;
    }
    return state >= DEVICE_INIT_WAIT ? STORE_MET : STORE_NOT_YET;
}

static enum store_met has_begun(const char *value, void *arg)
{
    return value == NULL || strtoul(value, NULL, 10) > DEVICE_INITIALISING ? STORE_MET
                                                                           : STORE_NOT_YET;
}

static enum store_met has_closed(const char *value, void *arg)
{
    return value == NULL || strtoul(value, NULL, 10) == DEVICE_CLOSED ? STORE_MET : STORE_NOT_YET;
}

/* The driver's own words, if it left any. */
static void say_not_there(struct store *s, const struct device *d)
{
    const struct device_kind *kind = device_kind(d->class);
    char *why = NULL;
    (void)store_read(s, &why, NULL, "/local/domain/%u/error/backend/%s/%u/%u/error", d->backend,
                     kind->name, d->domid, d->id);
    if (why != NULL) {
        message_error("%s: its backend says: %s", d->label, why);
    } else if (d->backend != 0) {
        message_error("%s: no backend appeared in domain %u; does `xl devd` run there?", d->label,
                      d->backend);
    } else if (kind->driver == NULL) {
        message_error("%s: no backend appeared; does Kanso's xenconsoled run?", d->label);
    } else {
        message_error("%s: no backend appeared; is the module %s loaded?", d->label, kind->driver);
    }
    free(why);
}

static int wait_for_backends(struct store *s, struct device *d, size_t nr, int cancel_fd)
{
    struct backends b;
    int error = backends_init(&b, d, nr, NULL, has_appeared);
    if (error != 0) {
        return error;
    }
    error = store_wait(s, b.want, b.nr, clock_now_ms() + APPEAR_MS, cancel_fd);
    for (size_t i = 0; (error == -ETIMEDOUT || error == -ECANCELED) && i < b.nr; i++) {
        if (!b.want[i].done) {
            say_not_there(s, b.device[i]);
        }
    }
    backends_fini(&b);
    return error == -ECANCELED ? -EIO : error;
}

static bool has_script(const struct device *d)
{
    return d->script != NULL && !d->is_built_in && d->backend == 0;
}

static int run_scripts(struct store *s, struct device *d, size_t nr, bool is_removal, int cancel_fd)
{
    struct script_run *run = calloc(nr + 1, sizeof *run);
    if (run == NULL) {
        message_error("no memory to run scripts");
        return -ENOMEM;
    }
    size_t nr_runs = 0;
    for (size_t i = 0; i < nr; i++) {
        if (has_script(&d[i])) {
            run[nr_runs++] = (struct script_run){.device = &d[i], .is_removal = is_removal};
        }
    }
    int error = script_run_all(s, run, nr_runs, cancel_fd);
    free(run);
    return error;
}

int device_plug(struct store *s, struct device *d, size_t nr, int cancel_fd)
{
    int error = disk_attach_files(s, d, nr);
    if (error == 0) {
        error = wait_for_backends(s, d, nr, cancel_fd);
    }
    return error != 0 ? error : run_scripts(s, d, nr, false, cancel_fd);
}

/* Tells backends that their device shall go for good. with_front: the guest's end goes as well, so
 * that nobody is asked. A node that is not there (any more) is not made anew. */
static int ask_to_close(struct store *s, struct device *d, size_t nr, bool with_front)
{
    struct store_txn t;
    store_txn_init(&t);
    for (size_t i = 0; i < nr; i++) {
        if (device_has_front_only(&d[i])) {
            continue;
        }
        char *front = device_front_path(&d[i]);
        char *back = device_back_path(&d[i]);
        enum device_state state = device_state(s, &d[i], true);
        if (front == NULL || back == NULL) {
            t.error = -ENOMEM;
        } else if (state != DEVICE_UNKNOWN) {
            store_txn_write(&t, "0", "%s/online", back);
            if (state != DEVICE_CLOSED) {
                store_txn_write_number(&t, DEVICE_CLOSING, "%s/state", back);
            }
        }
        if (with_front && front != NULL) {
            store_txn_remove(&t, "%s", front);
        }
        free(front);
        free(back);
    }
    int error = store_txn_commit(s, &t);
    store_txn_fini(&t);
    return error;
}

/* -ETIMEDOUT if some did not get there; the first of them in *late. */
static int wait_until(struct store *s, struct device *d, size_t nr, const bool *skip,
                      enum store_met (*is_met)(const char *, void *), unsigned limit_ms,
                      int cancel_fd, const struct device **late)
{
    struct backends b;
    int error = backends_init(&b, d, nr, skip, is_met);
    if (error != 0) {
        return error;
    }
    error = store_wait(s, b.want, b.nr, clock_now_ms() + limit_ms, cancel_fd);
    for (size_t i = 0; i < b.nr; i++) {
        if (!b.want[i].done) {
            *late = b.device[i];
            break;
        }
    }
    backends_fini(&b);
    return error;
}

static int remove_nodes(struct store *s, struct device *d, size_t nr)
{
    struct store_txn t;
    store_txn_init(&t);
    for (size_t i = 0; i < nr; i++) {
        device_txn_remove(&t, &d[i]);
    }
    int error = store_txn_commit(s, &t);
    store_txn_fini(&t);
    return error;
}

static bool has_driver(const struct device *d)
{
    return d->backend == 0 &&
           device_path_exists("%s/%s", device_drivers, device_kind(d->class)->name);
}

/* A driver that is about to look at its device writes nodes until it says InitWait. Were they taken
 * away before, those it writes after would be there again and nobody would remove them: so each
 * that will come is awaited. */
static int let_begin(struct store *s, struct device *d, size_t nr, const bool *skip, int cancel_fd)
{
    const struct device *late = NULL;
    int error = wait_until(s, d, nr, skip, has_begun, BEGIN_MS, cancel_fd, &late);
    if (error != -ETIMEDOUT || late == NULL) {
        return error;
    }
    message_warning("%s: its backend's driver did not look at it in %d s; it is removed all the "
                    "same",
                    late->label, BEGIN_MS / 1000);
    return 0;
}

static int close_in_time(struct store *s, struct device *d, size_t nr, const bool *skip,
                         bool forced, int cancel_fd)
{
    const struct device *late = NULL;
    unsigned limit_ms = forced ? REMOVE_MS : CLOSE_MS;
    int error = ask_to_close(s, d, nr, forced);
    error = error != 0 ? error : wait_until(s, d, nr, skip, has_closed, limit_ms, cancel_fd, &late);
    if (error != -ETIMEDOUT || late == NULL) {
        return error;
    }
    if (!forced) {
        message_error("%s: domain %u did not let go of it in %d s; is it in use there?%s",
                      late->label, late->domid, CLOSE_MS / 1000,
                      late->class == DEVICE_VBD ? " --force takes it away" : "");
        return -ETIMEDOUT;
    }
    message_warning("%s: its backend did not close in %d s; it is removed all the same",
                    late->label, REMOVE_MS / 1000);
    return 0;
}

/* A backend whose driver never came does not close by itself: there is nobody to wait for. The
 * daemon behind a channel lets go of it when its nodes have gone. */
static int close_ends(struct store *s, struct device *d, size_t nr, bool forced, int cancel_fd)
{
    bool *skip = calloc(nr + 1, sizeof *skip);
    bool is_any_served = false, is_any_new = false;
    int error = 0;
    if (skip == NULL) {
        message_error("no memory to close devices");
        return -ENOMEM;
    }
    for (size_t i = 0; i < nr; i++) {
        enum device_state state =
            d[i].class == DEVICE_CONSOLE ? DEVICE_UNKNOWN : device_state(s, &d[i], true);
        bool is_new = state == DEVICE_INITIALISING && has_driver(&d[i]);
        skip[i] = state <= DEVICE_INITIALISING && !is_new;
        is_any_served |= !skip[i];
        is_any_new |= is_new;
    }
    if (is_any_new) {
        error = let_begin(s, d, nr, skip, cancel_fd);
    }
    if (error == 0 && is_any_served) {
        error = close_in_time(s, d, nr, skip, forced, cancel_fd);
    }
    free(skip);
    return error;
}

int device_unplug(struct store *s, struct device *d, size_t nr, bool forced, int cancel_fd)
{
    int error = close_ends(s, d, nr, forced, cancel_fd);
    if (error != 0 && !(forced && error != -EPIPE)) {
        return error;
    }
    /* a removal that was begun is brought to its end: no cancel_fd from here on */
    int failed = run_scripts(s, d, nr, true, -1);
    for (size_t i = 0; i < nr; i++) {
        disk_detach_file(&d[i]);
    }
    error = remove_nodes(s, d, nr);
    return error != 0 ? error : failed;
}
