/* SPDX-License-Identifier: MIT */
/*
 * Creating a guest is a list of steps. Each adds one thing, none takes one away: what a step that
 * fails leaves behind is taken away by the walk that destroys any guest, so there is one way down
 * and it is always tested. Between steps we look whether the user interrupted.
 */
#include "life/private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "build/build.h"
#include "config/config.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/progress.h"

struct create {
    struct life *l;
    struct guest_config *config;
    const struct life_create_options *options;
    const struct create_history *history;
    int name_lock, disk_lock; /* -1: not held */
    struct build *build;
    struct build_result result;
    struct found found;         /* by the bootloader */
    struct guest_config booted; /* *config with what it found, which stays its owner */
    uint32_t pool;
    uint16_t domid;
    struct device *device;
    size_t nr_devices;
    struct progress progress;
    bool has_state;
};

static int step_reserve(struct create *c)
{
    return life_reserve_name(c->config->name, &c->name_lock);
}

static int step_check(struct create *c)
{
    return c->options->no_check ? 0 : life_check(c->l, c->config);
}

static int step_settle(struct create *c)
{
    return config_settle(c->config);
}

static int step_open(struct create *c)
{
    int error = life_find_pool(c->l, c->config->pool, &c->pool);
    return error != 0 ? error : build_open(&c->build, c->config);
}

static int step_make_domain(struct create *c)
{
    return build_create(c->build, c->l->hv, c->pool, &c->domid);
}

/* The configuration stays what it was: the guest's next start asks the bootloader anew. */
static int step_bootload(struct create *c)
{
    if (c->config->bootloader == NULL) {
        return 0;
    }
    int error = bootloader_run(c->l, c->config, c->domid, c->options->console, c->history != NULL,
                               &c->found);
    if (error == 0) {
        c->booted = *c->config;
        c->booted.kernel = c->found.kernel;
        c->booted.ramdisk = c->found.ramdisk;
        c->booted.cmdline = c->found.args;
        error = build_set_kernel(c->build, &c->booted);
        bootloader_clean(c->domid);
    }
    return error;
}

static void show(void *context, uint64_t done, uint64_t total)
{
    struct create *c = context;
    c->progress.total = total;
    progress_update(&c->progress, done);
}

static int step_load(struct create *c)
{
    if (!c->options->quiet) {
        progress_begin(&c->progress, "loading", 0);
        build_set_progress(c->build, show, c);
    }
    int error = build_boot(c->build, &c->result);
    if (!c->options->quiet) {
        progress_end(&c->progress);
    }
    return error;
}

static int add_vifs(struct create *c)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < c->config->nr_vifs; i++) {
        const struct guest_vif *vif = &c->config->vif[i];
        uint32_t id = vif->devid < 0 ? (uint32_t)i : (uint32_t)vif->devid;
        error = device_from_vif(c->l->store, c->domid, vif, id, &c->device[c->nr_devices]);
        c->nr_devices += error == 0;
    }
    return error;
}

static int add_channels(struct create *c)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < c->config->nr_channels; i++) {
        error = device_from_channel(c->domid, &c->config->channel[i], (uint32_t)i + 1,
                                    &c->device[c->nr_devices]);
        c->nr_devices += error == 0;
    }
    return error;
}

static int step_devices(struct create *c)
{
    const struct guest_config *config = c->config;
    c->device =
        calloc(1 + config->nr_disks + config->nr_vifs + config->nr_channels, sizeof *c->device);
    if (c->device == NULL) {
        message_error("no memory for the guest's devices");
        return -ENOMEM;
    }
    int error =
        device_from_console(c->domid, c->result.console_gfn, c->result.console_port, &c->device[0]);
    c->nr_devices = error == 0;
    for (size_t i = 0; error == 0 && i < config->nr_disks; i++) {
        error =
            device_from_disk(c->l->store, c->domid, &config->disk[i], &c->device[c->nr_devices]);
        c->nr_devices += error == 0;
    }
    error = error != 0 ? error : add_vifs(c);
    return error != 0 ? error : add_channels(c);
}

/* Another create may have taken a disk since our check: under this lock nobody does. */
static int step_claim_disks(struct create *c)
{
    int error = 0;
    if (c->config->nr_disks == 0) {
        return 0;
    }
    c->disk_lock = life_lock("disks", true);
    if (c->disk_lock < 0) {
        message_error("can't lock %s/disks.lock: %s", life_run_folder(), strerror(-c->disk_lock));
        return c->disk_lock;
    }
    for (size_t i = 0; error == 0 && i < c->config->nr_disks; i++) {
        error = device_check_disk(c->l->store, &c->config->disk[i], c->domid);
    }
    return error;
}

static int step_nodes(struct create *c)
{
    struct store_txn t;
    struct nodes nodes = {.domid = c->domid,
                          .config = c->config,
                          .store_gfn = c->result.store_gfn,
                          .store_port = c->result.store_port,
                          .vuart_gfn = c->result.vuart_gfn,
                          .vuart_port = c->result.vuart_port};
    store_txn_init(&t);
    nodes_add(&t, &nodes);
    for (size_t i = 0; i < c->nr_devices; i++) {
        device_txn_add(&t, &c->device[i]);
    }
    int error = store_txn_commit(c->l->store, &t);
    store_txn_fini(&t);
    if (c->disk_lock >= 0) {
        close(c->disk_lock);
        c->disk_lock = -1;
    }
    return error;
}

static int step_introduce(struct create *c)
{
    int error = store_introduce(c->l->store, c->domid, c->result.store_gfn, c->result.store_port);
    if (error != 0) {
        message_error("xenstored does not take the new domain %u: %s", c->domid, strerror(-error));
    }
    return error;
}

static int step_plug(struct create *c)
{
    return device_plug(c->l->store, c->device, c->nr_devices, c->l->cancel_fd);
}

static int step_record(struct create *c)
{
    struct state state = {.domid = c->domid,
                          .is_supervised = !c->options->no_supervisor,
                          .begin_s = (uint64_t)time(NULL),
                          .config = *c->config};
    for (size_t i = 0; c->history != NULL && i < c->history->nr_restarts; i++) {
        state.restart_s[state.nr_restarts++] = c->history->restart_s[i];
    }
    c->has_state = true;
    return state_write(&state);
}

static int step_supervise(struct create *c)
{
    return c->options->no_supervisor ? 0 : supervisor_start();
}

static int step_unpause(struct create *c)
{
    if (c->options->paused) {
        return 0;
    }
    int error = hv_unpause_domain(c->l->hv, c->domid);
    if (error != 0) {
        message_error("can't start domain %u: %s", c->domid, strerror(-error));
    }
    return error;
}

static const struct {
    const char *what;
    int (*run)(struct create *c);
} steps[] = {
    {"reserve the name", step_reserve},
    {"check", step_check},
    {"draw what was not said", step_settle},
    {"open kernel and ramdisk", step_open},
    {"make the domain", step_make_domain},
    {"run its bootloader", step_bootload},
    {"load it", step_load},
    {"describe its devices", step_devices},
    {"claim its disks", step_claim_disks},
    {"write its nodes", step_nodes},
    {"introduce it to the store", step_introduce},
    {"plug its devices", step_plug},
    {"record it", step_record},
    {"have it supervised", step_supervise},
    {"start it", step_unpause},
};

static int run_steps(struct create *c)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (life_is_cancelled(c->l)) {
            message_error("interrupted; guest \"%s\" is not created", c->config->name);
            return -EINTR;
        }
        message_detail(1, "guest \"%s\": %s", c->config->name, steps[i].what);
        int error = steps[i].run(c);
        if (error != 0) {
            message_detail(1, "guest \"%s\": that failed: %s", c->config->name, strerror(-error));
            return error;
        }
    }
    return 0;
}

/* What is left to do whether it went well or not. */
static void let_go(struct create *c)
{
    build_close(c->build);
    found_fini(&c->found);
    for (size_t i = 0; i < c->nr_devices; i++) {
        device_fini(&c->device[i]);
    }
    free(c->device);
    if (c->disk_lock >= 0) {
        close(c->disk_lock);
    }
    life_release_name(c->config->name, c->name_lock);
}

static int create(struct create *c, uint32_t *domid)
{
    int error = run_steps(c);
    if (error != 0) {
        build_close(c->build); /* its windows into the guest's memory go before the guest */
        c->build = NULL;
        if (c->domid != 0) {
            (void)life_take_away(c->l, c->domid, !c->has_state || c->history != NULL);
        }
    }
    let_go(c);
    *domid = error == 0 ? c->domid : 0;
    return error;
}

int life_create(struct life *l, struct guest_config *config,
                const struct life_create_options *options, uint32_t *domid)
{
    struct create c = {
        .l = l, .config = config, .options = options, .name_lock = -1, .disk_lock = -1};
    return create(&c, domid);
}

int life_create_again(struct life *l, struct guest_config *config,
                      const struct create_history *history, uint32_t *domid)
{
    static const struct life_create_options options = {.quiet = true};
    struct create c = {.l = l,
                       .config = config,
                       .options = &options,
                       .history = history,
                       .name_lock = -1,
                       .disk_lock = -1};
    return create(&c, domid);
}
