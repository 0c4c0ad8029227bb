// SPDX-License-Identifier: MIT
/* The words of channel=: backend=, name=, connection=pty|socket, path=. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "config/devices.h"
#include "config/words.h"

struct channel_reader {
    struct config_words words;
    struct guest_channel *c;
    char *connection;
};

static int take_word(struct channel_reader *r, const struct config_word_span *word)
{
    struct config_word_span key;
    struct config_word_span value;
    if (!config_split(word, '=', &key, &value)) {
        return config_wrong_word(&r->words, word, "\"%.*s\" is not KEY=VALUE", WORD_ARGS(word));
    }
    if (config_is(&key, "name")) {
        return config_copy(&r->words, &value, "name", &r->c->name);
    }
    if (config_is(&key, "backend")) {
        return config_copy(&r->words, &value, "backend", &r->c->backend_domain);
    }
    if (config_is(&key, "path")) {
        return config_copy(&r->words, &value, "path", &r->c->path);
    }
    if (config_is(&key, "connection")) {
        return config_copy(&r->words, &value, "connection", &r->connection);
    }
    static const char *const names[] = {"name", "backend", "path", "connection"};
    return config_unknown_word(&r->words, &key, names, sizeof(names) / sizeof(*names));
}

static int complete(struct channel_reader *r)
{
    const struct config_word_span start = {0};
    if (r->c->name == NULL) {
        return config_wrong_word(&r->words, &start, "name= is missing");
    }
    if (r->connection == NULL) {
        return config_wrong_word(&r->words, &start, "connection= is missing: pty or socket");
    }
    const bool is_socket = strcasecmp(r->connection, "socket") == 0;
    if (!is_socket && strcasecmp(r->connection, "pty") != 0) {
        return config_wrong_word(
            &r->words, &start, "unknown connection \"%.80s\": it is pty or socket", r->connection);
    }
    if (is_socket != (r->c->path != NULL)) {
        return config_wrong_word(&r->words, &start,
                                 is_socket ? "connection=socket needs path="
                                           : "path= is for connection=socket only");
    }
    return 0;
}

void guest_channel_fini(struct guest_channel *c)
{
    free(c->name);
    free(c->path);
    free(c->backend_domain);
    *c = (struct guest_channel){0};
}

int config_take_channel(struct config_report *report, const struct config_value *v,
                        struct guest_channel *c)
{
    *c = (struct guest_channel){.at = v->at};
    struct channel_reader r = {.words = {.report = report, .value = v, .key = "channel"}, .c = c};
    struct config_word_span word;
    int err = 0;
    while (err == 0 && config_next_word(&r.words, &word)) {
        err = word.length == 0 ? 0 : take_word(&r, &word);
    }
    err = err == 0 ? complete(&r) : err;
    free(r.connection);
    if (err != 0) {
        guest_channel_fini(c);
    }
    return err;
}
