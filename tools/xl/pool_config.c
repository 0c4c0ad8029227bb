// SPDX-License-Identifier: MIT
#include "xl/pool_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"
#include "lib/message.h"
#include "lib/nearest.h"
#include "lib/text.h"
#include "xl/command.h"

static const char *const keys[] = {"name", "sched", "cpus", "nodes"};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

void pool_config_fini(struct pool_config *c)
{
    free(c->name);
    free(c->sched);
    free(c->cpus);
    free(c->nodes);
    *c = (struct pool_config){0};
}

static const char *nearest_key(const char *name)
{
    return nearest_word(name, keys, NR_KEYS);
}

static bool is_key(const char *name)
{
    for (size_t i = 0; i < NR_KEYS; i++) {
        if (strcmp(keys[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* A string, or a list of numbers and strings joined by commas, each after `prefix`. To be freed. */
static char *joined(struct config_report *r, const struct config_value *v, const char *prefix)
{
    struct text out = {0};
    const size_t nr = v->type == CONFIG_LIST ? v->nr_items : 1;
    for (size_t i = 0; i < nr; i++) {
        const struct config_value *item = v->type == CONFIG_LIST ? &v->item[i] : v;
        if (item->type == CONFIG_LIST) {
            config_wrong(r, item->at, "a list in a list");
            break;
        }
        text_add(&out, "%s%s%s", i > 0 ? "," : "", prefix, item->string);
    }
    char *s = text_take(&out);
    if (s == NULL) {
        config_no_memory(r);
    }
    return s;
}

static char *word(struct config_report *r, const struct config_value *v)
{
    if (v->type == CONFIG_LIST) {
        config_wrong(r, v->at, "a list where one word is wanted");
        return NULL;
    }
    return joined(r, v, "");
}

static void take_values(struct config_report *r, const struct config_tree *tree,
                        struct pool_config *c)
{
    for (size_t i = 0; i < tree->nr_settings; i++) {
        const struct config_setting *s = &tree->setting[i];
        const struct config_value *v = &s->value;
        if (!is_key(s->name)) {
            const char *nearest = nearest_key(s->name);
            config_odd(r, s->at, "unknown key '%s'%s%s%s", s->name,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "");
        } else if (strcmp(s->name, "name") == 0) {
            c->name = word(r, v);
        } else if (strcmp(s->name, "sched") == 0) {
            c->sched = word(r, v);
        } else if (strcmp(s->name, "cpus") == 0) {
            c->cpus = joined(r, v, "");
        } else {
            c->nodes = joined(r, v, "node:");
        }
    }
}

static int read_sources(const struct config_source *source, size_t nr, struct pool_config *c)
{
    struct config_report *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    r->source = source;
    r->nr_sources = nr;
    struct config_tree tree = {0};
    int err = 0;
    for (unsigned i = 0; i < nr && err == 0; i++) {
        err = config_parse(r, i, &tree);
    }
    if (err == 0) {
        take_values(r, &tree, c);
    }
    const int said = config_say(r);
    config_tree_fini(&tree);
    free(r);
    if (said != 0 || err != 0) {
        return said != 0 ? said : err;
    }
    if (c->name == NULL || *c->name == '\0') {
        message_error("a pool needs a name: name=\"NAME\"");
        return -EINVAL;
    }
    return 0;
}

int pool_config_read(struct call *call, struct pool_config *c)
{
    *c = (struct pool_config){.file = call_value(call, 'f')};
    struct config_source *source = calloc((size_t)call->nr_args + 1, sizeof(*source));
    if (source == NULL) {
        message_error("out of memory");
        return -ENOMEM;
    }
    size_t nr = 1; /* the file is the first one */
    for (int i = 0; i < call->nr_args; i++) {
        const char *arg = call->args[i];
        if (strchr(arg, '=') == NULL && c->file == NULL) {
            c->file = arg;
        } else {
            source[nr++] = (struct config_source){NULL, arg, strlen(arg)};
        }
    }
    struct text text = {0};
    int err = 0;
    if (c->file != NULL) {
        err = text_read_file(&text, c->file, CONFIG_MAX_BYTES);
        if (err != 0) {
            message_error("cannot read %s: %s", c->file, strerror(-err));
        }
    }
    source[0] =
        (struct config_source){c->file == NULL ? "" : c->file, text_string(&text), text.length};
    if (err == 0) {
        err = read_sources(c->file == NULL ? source + 1 : source, c->file == NULL ? nr - 1 : nr, c);
    }
    text_fini(&text);
    free(source);
    return err;
}
