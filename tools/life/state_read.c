/* SPDX-License-Identifier: MIT */
/* Reading state files: apart from state.c because json-c and lib/json.h share a name. */
#include "life/private.h"
#include "life/state.h"
#include <errno.h>
#include <string.h>
#include <json-c/json.h>
#include "config/config.h"
#include "lib/message.h"
#include "lib/text.h"

#define MAX_BYTES (1024 * 1024)

static bool get_number(struct json_object *root, const char *key, uint64_t *out)
{
    struct json_object *o;
    if (!json_object_object_get_ex(root, key, &o) || !json_object_is_type(o, json_type_int) ||
        json_object_get_int64(o) < 0) {
        return false;
    }
    *out = (uint64_t)json_object_get_int64(o);
    return true;
}

static int decode(const char *path, struct json_object *root, struct state *out)
{
    struct json_object *restarts;
    struct json_object *config;
    uint64_t version;
    uint64_t domid;
    if (!get_number(root, "version", &version) || version != STATE_VERSION ||
        !get_number(root, "domid", &domid) || domid > 0x7fef ||
        !get_number(root, "begin", &out->begin_s) ||
        !json_object_object_get_ex(root, "config", &config) ||
        !json_object_is_type(config, json_type_object)) {
        message_error("%s is not what these tools write", path);
        return -EINVAL;
    }
    struct json_object *supervised;
    out->domid = (uint32_t)domid;
    out->is_supervised = json_object_object_get_ex(root, "supervised", &supervised) &&
                         json_object_get_boolean(supervised);
    if (json_object_object_get_ex(root, "restarts", &restarts) &&
        json_object_is_type(restarts, json_type_array)) {
        size_t nr = json_object_array_length(restarts);
        size_t first = nr > STATE_MAX_RESTARTS ? nr - STATE_MAX_RESTARTS : 0;
        for (size_t i = first; i < nr; i++) {
            out->restart_s[out->nr_restarts++] =
                (uint64_t)json_object_get_int64(json_object_array_get_idx(restarts, i));
        }
    }
    const char *text = json_object_to_json_string(config);
    return config_read_json(path, text, strlen(text), &out->config);
}

int state_read(const uint8_t uuid[16], struct state *out)
{
    struct text text = {};
    char path[400];
    *out = (struct state){};
    int error = state_path(uuid, path, sizeof path);
    error = error != 0 ? error : text_read_file(&text, path, MAX_BYTES);
    if (error == 0) {
        struct json_object *root = json_tokener_parse(text_string(&text));
        if (root == NULL || !json_object_is_type(root, json_type_object)) {
            message_error("%s is not what these tools write", path);
            error = -EINVAL;
        } else {
            error = decode(path, root, out);
        }
        json_object_put(root);
    } else if (error != -ENOENT) {
        message_error("can't read %s: %s", path, strerror(-error));
    }
    text_fini(&text);
    if (error != 0) {
        state_fini(out);
    }
    return error;
}
