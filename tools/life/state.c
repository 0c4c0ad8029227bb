/* SPDX-License-Identifier: MIT */
/*
 * A guest's state file: {"version", "domid", "supervised", "begin", "restarts": [...], "config"}.
 * It is written beside its place and renamed into it, so that a reader sees the old one or the new
 * one. It need not survive the machine's crash: the guests do not either.
 */
#include "life/private.h"
#include "life/state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "abi/domctl.h"
#include "config/config.h"
#include "hv/hv.h"
#include "lib/json.h"
#include "lib/message.h"
#include "lib/text.h"

void state_fini(struct state *state)
{
    guest_config_fini(&state->config);
    *state = (struct state){};
}

int state_path(const uint8_t uuid[16], char *path, size_t room)
{
    char text[UUID_TEXT];
    life_uuid_text(uuid, text);
    int len = snprintf(path, room, "%s/%s.json", life_state_folder(), text);
    return len < 0 || (size_t)len >= room ? -ENAMETOOLONG : 0;
}

static int make_folders(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s", life_state_folder());
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static void write_json(const struct state *state, struct text *out)
{
    struct json j;
    json_begin(&j, out);
    json_open_object(&j, NULL);
    json_int(&j, "version", STATE_VERSION);
    json_int(&j, "domid", state->domid);
    json_bool(&j, "supervised", state->is_supervised);
    json_int(&j, "begin", (int64_t)state->begin_s);
    json_open_array(&j, "restarts");
    for (size_t i = 0; i < state->nr_restarts; i++) {
        json_int(&j, NULL, (int64_t)state->restart_s[i]);
    }
    json_close_array(&j);
    json_open_object(&j, "config");
    config_write_json(&j, &state->config);
    json_close_object(&j);
    json_close_object(&j);
}

static int write_file(const char *path, const char *text, size_t len)
{
    char beside[512];
    int n = snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof beside) {
        return -ENAMETOOLONG;
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    ssize_t written = write(fd, text, len);
    int error = written < 0 ? -errno : (size_t)written != len ? -ENOSPC : 0;
    if (close(fd) != 0 && error == 0) {
        error = -errno;
    }
    if (error == 0 && rename(beside, path) != 0) {
        error = -errno;
    }
    if (error != 0) {
        unlink(beside);
    }
    return error;
}

int state_write(const struct state *state)
{
    struct text text = {};
    char path[400];
    int error = state_path(state->config.uuid, path, sizeof path);
    write_json(state, &text);
    if (error == 0) {
        error = text.failed ? -ENOMEM : make_folders();
    }
    if (error == 0) {
        error = write_file(path, text_string(&text), text.length);
    }
    text_fini(&text);
    if (error != 0) {
        message_error("can't write what guest %s is into %s: %s", state->config.name,
                      life_state_folder(), strerror(-error));
    }
    return error;
}

void state_remove(const uint8_t uuid[16])
{
    char path[400];
    if (state_path(uuid, path, sizeof path) == 0) {
        (void)unlink(path);
    }
}

bool state_exists(const uint8_t uuid[16])
{
    char path[400];
    return state_path(uuid, path, sizeof path) == 0 && access(path, F_OK) == 0;
}

int state_of(struct life *l, uint32_t domid, struct state *out)
{
    struct xen_domctl_getdomaininfo info;
    int error = life_info(l, domid, false, &info);
    error = error != 0 ? error : state_read(info.handle, out);
    if (error == 0 && out->domid != domid) {
        state_fini(out);
        error = -ENOENT;
    }
    return error;
}

int state_copy_config(const struct guest_config *from, struct guest_config *to)
{
    struct text text = {};
    struct json j;
    json_begin(&j, &text);
    json_open_object(&j, NULL);
    config_write_json(&j, from);
    json_close_object(&j);
    int error = text.failed ? -ENOMEM
                            : config_read_json("the guest's configuration", text_string(&text),
                                               text.length, to);
    text_fini(&text);
    return error;
}

int life_config(struct life *l, uint32_t domid, struct guest_config *out)
{
    struct state state;
    int error = state_of(l, domid, &state);
    if (error == -ENOENT) {
        life_error(l, domid,
                   "it was not made by these tools, so they do not know its configuration");
    }
    if (error == 0) {
        *out = state.config;
    }
    return error;
}

int life_set_config(struct life *l, uint32_t domid, const struct guest_config *config)
{
    struct state state;
    struct state next;
    int error = state_of(l, domid, &state);
    if (error == -ENOENT) {
        life_error(l, domid, "it was not made by these tools, so they can't keep a configuration");
    }
    if (error != 0) {
        return error;
    }
    next = state;
    next.config = (struct guest_config){};
    error = state_copy_config(config, &next.config);
    if (error == 0) {
        memcpy(next.config.uuid, state.config.uuid, sizeof next.config.uuid);
        next.config.has_uuid = true;
        error = state_write(&next);
    }
    guest_config_fini(&next.config);
    state_fini(&state);
    return error;
}
