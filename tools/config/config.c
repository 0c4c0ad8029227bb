// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/devices.h"
#include "config/keys.h"
#include "lib/message.h"
#include "lib/text.h"

static void set_defaults(struct guest_config *c)
{
    *c = (struct guest_config){
        .sched = {.weight = -1, .cap = -1, .period_us = -1, .budget_us = -1, .extratime = -1},
        .on_poweroff = ACTION_DESTROY,
        .on_reboot = ACTION_RESTART,
        .on_crash = ACTION_DESTROY,
        .on_watchdog = ACTION_DESTROY,
        .on_soft_reset = ACTION_SOFT_RESET,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .max_grant_version = -1,
    };
}

static int fill(struct config_reader *r, struct config_tree *tree)
{
    int err = 0;
    for (unsigned n = 0; err == 0 && n < r->report->nr_sources; n++) {
        err = config_parse(r->report, n, tree);
    }
    r->is_whole = r->report->nr_errors == 0;
    err = err == 0 ? config_take_all(r) : err;
    return err == 0 ? config_check(r) : err;
}

/* Sources are complete: read them, say all, and leave c complete or empty. */
static int read_sources(struct config_report *report, struct guest_config *c)
{
    struct config_tree tree = {0};
    struct config_reader r = {.report = report, .tree = &tree, .c = c};
    set_defaults(c);
    const char *name = report->source[0].name;
    c->file = strdup(name == NULL ? "command line" : name);
    if (c->file == NULL) {
        config_no_memory(report);
    } else {
        (void)fill(&r, &tree); /* whatever failed is in the report */
    }
    config_tree_fini(&tree);
    const int err = config_say(report);
    if (err != 0) {
        guest_config_fini(c);
    }
    return err;
}

int config_read_text(const char *name, const char *data, size_t size, const char *const *args,
                     size_t nr_args, struct guest_config *c)
{
    *c = (struct guest_config){0};
    struct config_report *report = calloc(1, sizeof(*report));
    struct config_source *source = calloc(nr_args + 1, sizeof(*source));
    int err = -ENOMEM;
    if (report == NULL || source == NULL) {
        message_error("out of memory");
    } else {
        source[0] = (struct config_source){.name = name, .data = data, .size = size};
        for (size_t i = 0; i < nr_args; i++) {
            source[i + 1] = (struct config_source){.data = args[i], .size = strlen(args[i])};
        }
        report->source = source;
        report->nr_sources = nr_args + 1;
        err = read_sources(report, c);
    }
    free(source);
    free(report);
    return err;
}

int config_read(const char *path, const char *const *args, size_t nr_args, struct guest_config *c)
{
    *c = (struct guest_config){0};
    struct text t = {0};
    int err = path == NULL ? 0 : text_read_file(&t, path, CONFIG_MAX_BYTES);
    if (err == -E2BIG) {
        message_error("%s: a configuration has at most %d bytes", path, CONFIG_MAX_BYTES);
    } else if (err != 0) {
        message_error("%s: %s", path, err == -ENOMEM ? "out of memory" : strerror(-err));
    } else {
        err = config_read_text(path, text_string(&t), t.length, args, nr_args, c);
    }
    text_fini(&t);
    return err;
}

void config_error(const struct guest_config *c, struct config_place at, const char *format, ...)
{
    const struct config_source source = {.name = c->file};
    char place[512];
    char said[1024];
    va_list words;
    va_start(words, format);
    if (vsnprintf(said, sizeof(said), format, words) < 0) {
        said[0] = '\0';
    }
    va_end(words);
    config_place_words(&source, 1, at, place, sizeof(place));
    message_error("%s%s", place, said);
}

/* The words of a command line as one string with commas; as if it were the first argument. */
static char *join(const char *const *words, size_t nr_words)
{
    struct text t = {0};
    for (size_t i = 0; i < nr_words; i++) {
        text_add(&t, "%s%s", i == 0 ? "" : ",", words[i]);
    }
    return text_take(&t);
}

/* Reads one device by `take`, which fills what `device` points to. */
static int read_device(const char *const *words, size_t nr_words,
                       int (*take)(struct config_report *, const struct config_value *, void *),
                       void *device)
{
    struct config_report *report = calloc(1, sizeof(*report));
    char *text = join(words, nr_words);
    int err = -ENOMEM;
    if (report == NULL || text == NULL) {
        message_error("out of memory");
    } else {
        const struct config_source source[2] = {{0}, {.data = text, .size = strlen(text)}};
        const struct config_value value = {.type = CONFIG_STRING,
                                           .at = {.source = 1, .line = 1, .column = 1},
                                           .exact = true,
                                           .string = text};
        report->source = source;
        report->nr_sources = 2;
        (void)take(report, &value, device); /* whatever failed is in the report */
        err = config_say(report);
    }
    free(text);
    free(report);
    return err;
}

static int take_disk(struct config_report *r, const struct config_value *v, void *d)
{
    return config_take_disk(r, v, d);
}

static int take_vif(struct config_report *r, const struct config_value *v, void *vif)
{
    return config_take_vif(r, v, vif);
}

int config_read_disk(const char *const *words, size_t nr_words, struct guest_disk *d)
{
    *d = (struct guest_disk){0};
    return read_device(words, nr_words, take_disk, d);
}

int config_read_vif(const char *const *words, size_t nr_words, struct guest_vif *v)
{
    *v = (struct guest_vif){0};
    return read_device(words, nr_words, take_vif, v);
}
