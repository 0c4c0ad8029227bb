/* SPDX-License-Identifier: MIT */
/*
 * The keys of xl.cfg: one table, a row a key. Every key of the manuals of Xen 4.5 to 4.17 has its
 * row; those that mean nothing here yet say why. The manual page and the shell's completion are
 * checked against the table.
 */
#pragma once
#include <stdint.h>

#include "config/parse.h"

enum config_wanted {
    WANT_NUMBER,
    WANT_BOOL, /* 0 or 1; other numbers count as 1, as in Xen */
    WANT_STRING,
    WANT_WORD, /* a string that is one of words */
    WANT_LIST, /* of strings */
    WANT_STRING_OR_LIST,
    WANT_ANY
};
enum config_fate {
    KEY_TAKEN,
    KEY_IGNORED, /* a warning, unless it is off */
    KEY_REFUSED  /* an error, unless it is off: the guest would lack what was asked for */
};

struct config_word {
    const char *word; /* NULL ends a list */
    int value;
};

struct config_reader {
    struct config_report *report;
    const struct config_tree *tree;
    struct guest_config *c;
    bool is_whole; /* the text had no errors: what is not in the tree was not said */
};

/* Takes a value whose type is right. 0, -EINVAL (reported) or -ENOMEM. */
struct config_key;
typedef int config_take(struct config_reader *r, const struct config_key *key,
                        const struct config_value *v);

struct config_key {
    const char *name;
    enum config_wanted wanted;
    enum config_fate fate;
    uint16_t offset, size; /* of the member of struct guest_config */
    uint16_t scale;        /* a number is multiplied by it; 0: 1 */
    int64_t low, high;     /* of a number */
    const struct config_word *words;
    config_take *take;    /* instead of storing at offset */
    const char *harmless; /* of what is ignored or refused: this word is as good as off */
    const char *why; /* it is ignored or refused; of what is taken: why not to use it (a warning) */
    const char *help; /* one line, without its name */
};

/* All of them, in the order of the manual page. */
const struct config_key *config_keys(size_t *nr);

/* NULL: there is no such key; then *near is what was probably meant, or NULL. */
const struct config_key *config_find_key(const char *name, const char **near);

extern const struct config_word config_actions[];

/* Takes all settings of the tree. 0 or -ENOMEM; what is wrong is in the report. */
int config_take_all(struct config_reader *r);

/* What one key means for another, and the defaults. As above. */
int config_check(struct config_reader *r);

/* In take.c, disk.c, vif.c: the functions of rows. */
config_take config_take_type, config_take_builder, config_take_cpus, config_take_uuid,
    config_take_args, config_take_later, config_take_disks, config_take_vifs, config_take_channels;

/* A number, a string, a list: what v is, in words; into 96 bytes. */
const char *config_found(const struct config_value *v, char words[96]);
