// SPDX-License-Identifier: MIT
/* xl create, config-update. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "hv/hv.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/message.h"
#include "xl/command.h"
#include "xl/console.h"
#include "xl/domain.h"

/* The operands from `first` on: a file, unless -f names it, and lines of configuration. */
static int read_config(struct call *call, int first, struct guest_config *config)
{
    const char *file = call_value(call, 'f');
    const char **line = calloc((size_t)call->nr_args + 1, sizeof(*line));
    if (line == NULL) {
        message_error("out of memory");
        return XL_FAILURE;
    }
    size_t nr = 0;
    int status = XL_OK;
    for (int i = first; i < call->nr_args && status == XL_OK; i++) {
        if (strchr(call->args[i], '=') != NULL) {
            line[nr++] = call->args[i];
        } else if (file == NULL) {
            file = call->args[i];
        } else {
            status = call_misused(call, "'%s' is neither the configuration file nor key=value",
                                  call->args[i]);
        }
    }
    if (status == XL_OK && file == NULL && nr == 0) {
        status = call_misused(call, "which configuration file?");
    }
    if (status == XL_OK) {
        if (file != NULL && !call_has(call, 'q')) {
            fprintf(stderr, "Parsing config from %s\n", file);
        }
        status = call_status(config_read(file, line, nr, config));
    }
    free(line);
    return status;
}

static int print_config(const struct guest_config *config)
{
    struct text out = {0};
    struct json j;
    json_begin(&j, &out);
    json_open_object(&j, NULL);
    config_write_json(&j, config);
    json_close_object(&j);
    const int status = out.failed ? XL_FAILURE : XL_OK;
    if (status == XL_OK) {
        fputs(text_string(&out), stdout);
    } else {
        message_error("out of memory");
    }
    text_fini(&out);
    return status;
}

/* Until the domain is there no more, or dead; the store says when one is released, and not again
 * when it goes. */
static int wait_for_end(struct life *l, uint32_t domid)
{
    int err = store_watch(l->store, "end", "@releaseDomain");
    struct xen_domctl_getdomaininfo info;
    while (err == 0 && hv_get_domain(l->hv, (uint16_t)domid, &info) == 0 &&
           (info.flags & XEN_DOMINF_dying) == 0) {
        struct pollfd wait[2] = {
            {store_fd(l->store), POLLIN, 0},
            {l->cancel_fd, POLLIN, 0},
        };
        struct store_event event;
        if (store_event_next(l->store, &event, 0) == 0) {
            poll(wait, 2, -1);
        }
        if (wait[1].revents != 0) {
            err = -EINTR;
        }
    }
    store_unwatch(l->store, "end", "@releaseDomain");
    return err == -EINTR ? 0 : err;
}

static int create(struct call *call, struct guest_config *config)
{
    int status = call_open(call);
    if (status != XL_OK) {
        return status;
    }
    life_catch_signals(&call->life);
    const bool console = call_has(call, 'c');
    const bool paused = call_has(call, 'p');
    const struct life_create_options options = {
        .paused = paused || console,
        .no_supervisor = call_has(call, 'e'),
        .quiet = call_has(call, 'q'),
        .console = console,
    };
    uint32_t domid;
    status = call_status(life_create(&call->life, config, &options, &domid));
    if (status == XL_OK && console) {
        status = call_status(console_attach(&call->life, domid, CONSOLE_PV, 0, !paused));
    }
    if (status == XL_OK && call_has(call, 'F')) {
        status = call_status(wait_for_end(&call->life, domid));
    }
    return status;
}

int command_create(struct call *call)
{
    if (call_has(call, 'V') || call_has(call, 'A')) {
        message_error("create: options -V and -A are not in these tools yet: guests on Arm have no "
                      "VNC display");
        return XL_ABSENT;
    }
    if (call_has(call, 'd')) {
        message_set_level(1);
    }
    struct guest_config config = {0};
    int status = read_config(call, 0, &config);
    if (status != XL_OK) {
        return status;
    }
    if (call_has(call, 'n') || call->global->dry_run) {
        status = print_config(&config);
    } else if (config_settle(&config) != 0) {
        status = XL_FAILURE;
    } else {
        status = create(call, &config);
    }
    guest_config_fini(&config);
    return status;
}

int command_config_update(struct call *call)
{
    if (call_has(call, 'd')) {
        message_set_level(1);
    }
    struct guest_config config = {0};
    int status = read_config(call, 1, &config);
    if (status != XL_OK) {
        return status;
    }
    uint32_t domid;
    if (call->global->dry_run) {
        status = print_config(&config);
    } else {
        status = call_first_domain(call, &domid);
        if (status == XL_OK) {
            status = call_status(life_set_config(&call->life, domid, &config));
        }
    }
    guest_config_fini(&config);
    return status;
}
