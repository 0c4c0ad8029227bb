// SPDX-License-Identifier: MIT
/*
 * xl-disk-configuration: words between commas. A word with "=" or a flag stands anywhere; other
 * words are, in this order, target, format, vdev, access. The old form begins with prefixes (phy:,
 * file:, tap:aio:), then the format is left out: phy:/dev/vg/x,xvda,w.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/devices.h"
#include "config/keys.h"
#include "config/words.h"

enum said { NOT_SAID, LEFT_EMPTY, SAID };
enum access { READS, WRITES, SHARES };

struct disk_reader {
    struct config_words words;
    struct guest_disk *d;
    enum said has_target, has_format, has_vdev, has_access; /* named or by position */
    bool is_old; /* a prefix was there: no format follows */
    enum access access;
};

static const struct config_word formats[] = {{"raw", DISK_RAW},     {"qcow", DISK_QCOW},
                                             {"qcow2", DISK_QCOW2}, {"vhd", DISK_VHD},
                                             {"qed", DISK_QED},     {NULL, 0}};

static bool find_word(const struct config_word *list, const struct config_word_span *word,
                      int *value)
{
    for (; list->word != NULL; list++) {
        if (config_is(word, list->word)) {
            *value = list->value;
            return true;
        }
    }
    return false;
}

/* Each may be said once, and before that left empty; *has remembers. */
static int once(struct disk_reader *r, const struct config_word_span *word, const char *name,
                enum said *has)
{
    if (*has == SAID) {
        return config_wrong_word(&r->words, word, "%s is said twice", name);
    }
    *has = word->length == 0 ? LEFT_EMPTY : SAID;
    return 0;
}

static int take_format(struct disk_reader *r, const struct config_word_span *word)
{
    const int err = once(r, word, "the format", &r->has_format);
    if (err != 0 || word->length == 0) {
        return err;
    }
    int value;
    if (!find_word(formats, word, &value)) {
        return config_wrong_word(&r->words, word,
                                 "unknown format \"%.*s\"; the form is TARGET,FORMAT,VDEV,ACCESS "
                                 "and an empty FORMAT means raw",
                                 WORD_ARGS(word));
    }
    if (value != DISK_RAW) {
        return config_wrong_word(
            &r->words, word, "format %.*s is not supported yet: needs QEMU as the disk's backend",
            WORD_ARGS(word));
    }
    r->d->format = (enum disk_format)value;
    return 0;
}

static int take_devtype(struct disk_reader *r, const struct config_word_span *word)
{
    if (config_is(word, "cdrom")) {
        r->d->cdrom = true;
        r->d->removable = true;
        return 0;
    }
    if (config_is(word, "disk") || word->length == 0) {
        return 0;
    }
    return config_wrong_word(&r->words, word, "unknown devtype \"%.*s\": it is cdrom or disk",
                             WORD_ARGS(word));
}

static int take_vdev(struct disk_reader *r, const struct config_word_span *word)
{
    int err = once(r, word, "the vdev", &r->has_vdev);
    if (err != 0 || word->length == 0) {
        return err;
    }
    /* hdc:cdrom, the old way to say devtype */
    struct config_word_span name = *word;
    struct config_word_span devtype;
    if (config_split(word, ':', &name, &devtype)) {
        err = take_devtype(r, &devtype);
    }
    if (err == 0) {
        err = config_copy(&r->words, &name, "the vdev", &r->d->vdev);
    }
    if (err == 0 && (r->d->vdev == NULL || !config_disk_number(r->d->vdev, &r->d->number))) {
        err = config_wrong_word(&r->words, &name,
                                "\"%.*s\" is no virtual disk: xvda, xvda1, sda, hda, d0p1 or a "
                                "number is expected",
                                WORD_ARGS(&name));
    }
    return err;
}

static int take_access(struct disk_reader *r, const struct config_word_span *word)
{
    static const struct config_word modes[] = {{"r", READS},   {"ro", READS},  {"w", WRITES},
                                               {"rw", WRITES}, {"w!", SHARES}, {"rw!", SHARES},
                                               {NULL, READS}};
    const int err = once(r, word, "the access", &r->has_access);
    if (err != 0 || word->length == 0) {
        return err;
    }
    int value;
    if (!find_word(modes, word, &value)) {
        return config_wrong_word(&r->words, word,
                                 "unknown access \"%.*s\": it is r (ro), w (rw) or w!",
                                 WORD_ARGS(word));
    }
    r->access = (enum access)value;
    return 0;
}

static int take_backend_type(struct disk_reader *r, const struct config_word_span *word)
{
    if (config_is(word, "phy")) {
        r->d->backend = DISK_PHY;
        return 0;
    }
    const bool is_known =
        config_is(word, "qdisk") || config_is(word, "tap") || config_is(word, "standalone");
    return config_wrong_word(&r->words, word,
                             is_known ? "backendtype %.*s is not supported yet: phy is"
                                      : "unknown backendtype \"%.*s\": phy is supported",
                             WORD_ARGS(word));
}

static int take_specification(struct disk_reader *r, const struct config_word_span *word)
{
    if (word->length == 0 || config_is(word, "xen")) {
        return 0;
    }
    return config_wrong_word(&r->words, word, "specification %.*s is not supported yet: xen is",
                             WORD_ARGS(word));
}

static int take_script(struct disk_reader *r, const struct config_word_span *word)
{
    return config_copy(&r->words, word, "script", &r->d->script);
}

static int take_backend(struct disk_reader *r, const struct config_word_span *word)
{
    return config_copy(&r->words, word, "backend", &r->d->backend_domain);
}

static int take_colo(struct disk_reader *r, const struct config_word_span *word)
{
    return config_wrong_word(&r->words, word, "COLO is not supported yet");
}

static const struct {
    const char *name;
    int (*take)(struct disk_reader *r, const struct config_word_span *value);
} named[] = {
    {"format", take_format},    {"vdev", take_vdev},
    {"access", take_access},    {"devtype", take_devtype},
    {"backend", take_backend},  {"backendtype", take_backend_type},
    {"script", take_script},    {"specification", take_specification},
    {"colo-host", take_colo},   {"colo-port", take_colo},
    {"colo-export", take_colo}, {"active-disk", take_colo},
    {"hidden-disk", take_colo},
};

static int take_named(struct disk_reader *r, const struct config_word_span *key,
                      const struct config_word_span *value)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
        if (config_is(key, named[i].name)) {
            return named[i].take(r, value);
        }
    }
    const size_t nr = sizeof(named) / sizeof(*named);
    const char *names[sizeof(named) / sizeof(*named) + 1] = {"target"};
    for (size_t i = 0; i < nr; i++) {
        names[i + 1] = named[i].name;
    }
    return config_unknown_word(&r->words, key, names, nr + 1);
}

/* True if the word is a flag; then *err is the outcome. */
static bool take_flag(struct disk_reader *r, const struct config_word_span *word, int *err)
{
    struct guest_disk *d = r->d;
    *err = 0;
    if (config_is(word, "cdrom")) {
        d->cdrom = true;
        d->removable = true;
    } else if (config_is(word, "direct-io-safe")) {
        d->direct_io_safe = true;
    } else if (config_is(word, "discard") || config_is(word, "no-discard")) {
        d->no_discard = word->s[0] == 'n';
    } else if (config_is(word, "trusted") || config_is(word, "untrusted")) {
        d->untrusted = word->s[0] == 'u';
    } else if (config_is(word, "colo") || config_is(word, "no-colo")) {
        *err = word->s[0] == 'c' ? take_colo(r, word) : 0;
    } else {
        return false;
    }
    return true;
}

/* The prefix before a colon of the old form, into p; false: none is there. */
static bool split_prefix(const struct config_word_span *target, struct config_word_span *p)
{
    size_t n = 0;
    while (n < target->length && (islower((unsigned char)target->s[n]) ||
                                  (n > 0 && isdigit((unsigned char)target->s[n])))) {
        n++;
    }
    if (n == 0 || n >= target->length || target->s[n] != ':') {
        return false;
    }
    *p = (struct config_word_span){.s = target->s, .length = n, .offset = target->offset};
    return true;
}

/* One old prefix. Of those that are ignored, only letters were important to other tools. */
static int take_prefix(struct disk_reader *r, const struct config_word_span *prefix, bool *found)
{
    static const char *const ignored[] = {"phy",     "file", "tap",   "tap2",
                                          "tapdisk", "aio",  "ioemu", NULL};
    static const char *const scripts[] = {"iscsi", "nbd", "enbd", "drbd", NULL};
    *found = true;
    for (size_t i = 0; ignored[i] != NULL; i++) {
        if (config_is(prefix, ignored[i])) {
            return 0;
        }
    }
    int value;
    if (find_word(formats, prefix, &value)) {
        return take_format(r, prefix);
    }
    for (size_t i = 0; scripts[i] != NULL; i++) {
        if (config_is(prefix, scripts[i])) {
            char name[16] = "block-";
            strcat(name, scripts[i]);
            const struct config_word_span script = {
                .s = name, .length = strlen(name), .offset = prefix->offset};
            return take_script(r, &script);
        }
    }
    *found = false;
    return 0;
}

static int take_target(struct disk_reader *r, const struct config_word_span *word)
{
    int err = once(r, word, "the target", &r->has_target);
    struct config_word_span target = *word;
    struct config_word_span prefix;
    while (err == 0 && split_prefix(&target, &prefix)) {
        bool found;
        err = take_prefix(r, &prefix, &found);
        if (!found) {
            /* A word before a slash was meant as a prefix; else it is part of a script's target */
            if (err == 0 && target.length > prefix.length + 1 &&
                prefix.s[prefix.length + 1] == '/') {
                err = config_wrong_word(&r->words, &prefix, "unknown prefix \"%.*s:\"",
                                        WORD_ARGS(&prefix));
            }
            break;
        }
        r->is_old = true;
        const size_t cut = prefix.length + 1;
        target.s += cut;
        target.offset += cut;
        target.length -= cut;
    }
    return err == 0 ? config_copy(&r->words, &target, "the target", &r->d->target) : err;
}

/* Whether a word at the place of the format is the vdev of an old form. */
static bool is_old_vdev(const struct disk_reader *r, const struct config_word_span *word)
{
    int value;
    if (word->length == 0 || r->has_format != NOT_SAID || r->has_vdev != NOT_SAID) {
        return false;
    }
    return (r->is_old && !find_word(formats, word, &value)) ||
           memchr(word->s, ':', word->length) != NULL;
}

static int take_position(struct disk_reader *r, const struct config_word_span *word)
{
    if (r->has_target == NOT_SAID) {
        return take_target(r, word);
    }
    if (is_old_vdev(r, word)) {
        r->has_format = LEFT_EMPTY;
        return take_vdev(r, word);
    }
    if (r->has_format == NOT_SAID) {
        return take_format(r, word);
    }
    if (r->has_vdev == NOT_SAID) {
        return take_vdev(r, word);
    }
    if (r->has_access == NOT_SAID) {
        return take_access(r, word);
    }
    return config_wrong_word(&r->words, word, "\"%.*s\" is one word too many", WORD_ARGS(word));
}

/* target= takes all the rest, commas too. It may follow an empty target at its position. */
static int take_rest(struct disk_reader *r, const struct config_word_span *value)
{
    struct config_word_span rest;
    config_rest(&r->words, value->offset, &rest);
    r->has_target = SAID;
    return config_copy(&r->words, &rest, "the target", &r->d->target);
}

static int take_word(struct disk_reader *r, const struct config_word_span *word)
{
    struct config_word_span key;
    struct config_word_span value;
    int err;
    if (config_split(word, '=', &key, &value)) {
        return config_is(&key, "target") ? take_rest(r, &value) : take_named(r, &key, &value);
    }
    return take_flag(r, word, &err) ? err : take_position(r, word);
}

/* A path that does not begin with "/" is one of /dev. */
static int complete_target(struct disk_reader *r)
{
    struct guest_disk *d = r->d;
    if (d->target == NULL || d->script != NULL || d->target[0] == '/') {
        return 0;
    }
    const size_t size = strlen("/dev/") + strlen(d->target) + 1;
    char *path = malloc(size);
    if (path == NULL) {
        return config_no_memory(r->words.report);
    }
    strcpy(path, "/dev/");
    strcat(path, d->target);
    free(d->target);
    d->target = path;
    return 0;
}

static int complete(struct disk_reader *r)
{
    struct guest_disk *d = r->d;
    const struct config_word_span start = {0};
    if (d->vdev == NULL) {
        return config_wrong_word(&r->words, &start, "no vdev is said, e.g. xvda");
    }
    if (d->target == NULL && !d->removable) {
        return config_wrong_word(&r->words, &start, "no target is said, and it is no cdrom");
    }
    if (d->target == NULL) {
        d->format = DISK_EMPTY;
    }
    d->writable = !d->cdrom && r->access != READS;
    d->shared = d->writable && r->access == SHARES;
    return complete_target(r);
}

int config_take_disk(struct config_report *report, const struct config_value *v,
                     struct guest_disk *d)
{
    *d = (struct guest_disk){.at = v->at};
    struct disk_reader r = {
        .words = {.report = report, .value = v, .key = "disk"}, .d = d, .access = WRITES};
    struct config_word_span word;
    int err = 0;
    while (err == 0 && config_next_word(&r.words, &word)) {
        err = take_word(&r, &word);
    }
    err = err == 0 ? complete(&r) : err;
    if (err != 0) {
        guest_disk_fini(d);
    }
    return err;
}
