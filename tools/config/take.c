// SPDX-License-Identifier: MIT
#include "config/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/devices.h"

const char *config_found(const struct config_value *v, char words[96])
{
    if (v->type == CONFIG_LIST) {
        return v->nr_items == 0 ? "an empty list" : "a list";
    }
    snprintf(words, 96, "the %s%s%.60s%s", v->type == CONFIG_STRING ? "string " : "number ",
             v->type == CONFIG_STRING ? "\"" : "", v->string, v->type == CONFIG_STRING ? "\"" : "");
    return words;
}

static int wrong_type(struct config_reader *r, const struct config_key *key,
                      const struct config_value *v, const char *wanted)
{
    char found[96];
    config_wrong(r->report, v->at, "%s: %s is wanted, this is %s", key->name, wanted,
                 config_found(v, found));
    return -EINVAL;
}

static void store_number(struct config_reader *r, const struct config_key *key, int64_t n)
{
    char *member = (char *)r->c + key->offset;
    if (key->size == sizeof(bool)) {
        *(bool *)member = n != 0;
    } else if (key->size == sizeof(int)) {
        const int value = (int)n;
        memcpy(member, &value, sizeof(value));
    } else {
        memcpy(member, &n, sizeof(n));
    }
}

static int take_number(struct config_reader *r, const struct config_key *key,
                       const struct config_value *v)
{
    int64_t n;
    if (!config_value_number(v, &n)) {
        return wrong_type(r, key, v, "a number");
    }
    if (n < key->low || n > key->high) {
        config_wrong(r->report, v->at, "%s: a number from %" PRId64 " to %" PRId64 " is wanted",
                     key->name, key->low, key->high);
        return -EINVAL;
    }
    store_number(r, key, n * (key->scale == 0 ? 1 : key->scale));
    return 0;
}

static int take_bool(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    int64_t n;
    if (!config_value_number(v, &n)) {
        return wrong_type(r, key, v, "0 or 1");
    }
    store_number(r, key, n != 0);
    return 0;
}

static int take_word(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    char list[200] = "";
    for (const struct config_word *w = key->words; w->word != NULL; w++) {
        if (strcmp(w->word, v->string) == 0) {
            store_number(r, key, w->value);
            return 0;
        }
        const size_t n = strlen(list);
        snprintf(list + n, sizeof(list) - n, "%s%s",
                 n == 0              ? ""
                 : w[1].word == NULL ? " or "
                                     : ", ",
                 w->word);
    }
    char found[96];
    config_wrong(r->report, v->at, "%s: %s is wanted, this is %s", key->name, list,
                 config_found(v, found));
    return -EINVAL;
}

/* An empty string is not said. */
static int take_string(struct config_reader *r, const struct config_key *key,
                       const struct config_value *v)
{
    char **member = (char **)((char *)r->c + key->offset);
    if (v->string[0] == '\0') {
        return 0;
    }
    *member = strdup(v->string);
    return *member == NULL ? config_no_memory(r->report) : 0;
}

/* The type is right, or it is said what is wrong with it. */
static int check_type(struct config_reader *r, const struct config_key *key,
                      const struct config_value *v)
{
    const bool is_list = v->type == CONFIG_LIST;
    switch (key->wanted) {
    case WANT_STRING:
    case WANT_WORD:
        return is_list ? wrong_type(r, key, v, "a string") : 0;
    case WANT_LIST:
        if (!is_list) {
            return wrong_type(r, key, v, "a list of strings");
        }
        break;
    case WANT_NUMBER:
    case WANT_BOOL:
    case WANT_STRING_OR_LIST:
    case WANT_ANY:
        break;
    }
    for (size_t i = 0; key->wanted != WANT_ANY && i < v->nr_items; i++) {
        if (v->item[i].type == CONFIG_LIST) {
            return wrong_type(r, key, &v->item[i], "a string");
        }
    }
    return 0;
}

/* Whether a value says "no, thank you": 0, "", [], or a word that means it. */
static bool is_off(const struct config_key *key, const struct config_value *v)
{
    int64_t n;
    if (v->type == CONFIG_LIST) {
        return v->nr_items == 0;
    }
    if (v->string[0] == '\0' || (config_value_number(v, &n) && n == 0)) {
        return true;
    }
    const size_t length = strlen(v->string);
    for (const char *s = key->harmless; s != NULL && *s != '\0'; s += strspn(s, " ")) {
        const size_t word = strcspn(s, " ");
        if (word == length && memcmp(s, v->string, word) == 0) {
            return true;
        }
        s += word;
    }
    return false;
}

static int take(struct config_reader *r, const struct config_key *key,
                const struct config_setting *s)
{
    const struct config_value *v = &s->value;
    if (key->fate != KEY_TAKEN) {
        if (is_off(key, v)) {
            return 0;
        }
        if (key->fate == KEY_IGNORED) {
            config_odd(r->report, s->at, "%s is ignored: %s", key->name, key->why);
        } else {
            config_wrong(r->report, s->at, "%s is not supported yet: %s", key->name, key->why);
        }
        return 0;
    }
    if (key->why != NULL) {
        config_odd(r->report, s->at, "%s is deprecated: %s", key->name, key->why);
    }
    const int err = check_type(r, key, v);
    if (err != 0) {
        return err;
    }
    if (key->take != NULL) {
        return key->take(r, key, v);
    }
    switch (key->wanted) {
    case WANT_NUMBER:
        return take_number(r, key, v);
    case WANT_BOOL:
        return take_bool(r, key, v);
    case WANT_WORD:
        return take_word(r, key, v);
    default:
        return take_string(r, key, v);
    }
}

int config_take_all(struct config_reader *r)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    r->c->place = calloc(nr, sizeof(*r->c->place));
    if (r->c->place == NULL) {
        return config_no_memory(r->report);
    }
    for (size_t i = 0; i < r->tree->nr_settings; i++) {
        const struct config_setting *s = &r->tree->setting[i];
        const char *near;
        const struct config_key *key = config_find_key(s->name, &near);
        if (key == NULL) {
            config_odd(r->report, s->at, "unknown key \"%s\" is ignored%s%s%s", s->name,
                       near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                       near == NULL ? "" : "?");
            continue;
        }
        r->c->place[key - keys] = s->at;
        if (take(r, key, s) == -ENOMEM) {
            return -ENOMEM;
        }
    }
    return 0;
}

struct config_place config_place_of(const struct guest_config *c, const char *key)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    const struct config_key *found = config_find_key(key, NULL);
    if (c->place == NULL || found == NULL) {
        return (struct config_place){0};
    }
    return c->place[found - keys];
}

/* ---- rows with a function of their own ---- */

int config_take_type(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    if (strcmp(v->string, "pvh") == 0) {
        return 0;
    }
    if (strcmp(v->string, "pv") == 0 || strcmp(v->string, "generic") == 0) {
        config_odd(r->report, v->at, "%s: the guest will be PVH: there are no PV guests on Arm",
                   key->name);
        return 0;
    }
    if (strcmp(v->string, "hvm") == 0) {
        config_wrong(r->report, v->at, "%s=\"hvm\" is not supported yet: needs HVM guests",
                     key->name);
        return -EINVAL;
    }
    char found[96];
    config_wrong(r->report, v->at, "%s: pvh is wanted, this is %s", key->name,
                 config_found(v, found));
    return -EINVAL;
}

int config_take_builder(struct config_reader *r, const struct config_key *key,
                        const struct config_value *v)
{
    return config_take_type(r, key, v);
}

/* Read again by config_check(), together. */
int config_take_later(struct config_reader *r, const struct config_key *key,
                      const struct config_value *v)
{
    return 0;
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
bool config_read_uuid(const char *s, uint8_t uuid[16])
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    if (strlen(s) != strlen(form)) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; form[i] != '\0'; i++) {
        const char *digit = strchr(digits, s[i]);
        if (form[i] == '-' ? s[i] != '-' : digit == NULL) {
            return false;
        }
        if (form[i] == 'x') {
            const uint8_t value = (uint8_t)((digit - digits) % 16);
            uuid[n / 2] = (uint8_t)(n % 2 == 0 ? value << 4 : uuid[n / 2] | value);
            n++;
        }
    }
    return true;
}

int config_take_uuid(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    if (!config_read_uuid(v->string, r->c->uuid)) {
        return wrong_type(r, key, v, "a UUID like 01234567-89ab-cdef-0123-456789abcdef");
    }
    r->c->has_uuid = true;
    return 0;
}

/* One set, at the next place of a list. */
static int take_cpu_set(struct config_reader *r, const struct config_key *key,
                        const struct config_value *v, struct cpu_set *set)
{
    const char *why = NULL;
    const int err = config_read_cpus(v->string, set, &why);
    if (err == -ENOMEM) {
        return config_no_memory(r->report);
    }
    if (err != 0) {
        config_wrong(r->report, v->at, "%s: \"%.60s\": %s", key->name, v->string, why);
    }
    return err;
}

/* A string counts for all vCPUs: config_check() copies it. */
int config_take_cpus(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    const bool is_list = v->type == CONFIG_LIST;
    const size_t nr = is_list ? v->nr_items : 1;
    struct cpu_set *sets = calloc(nr + 1, sizeof(*sets));
    if (sets == NULL) {
        return config_no_memory(r->report);
    }
    const bool is_soft = strcmp(key->name, "cpus_soft") == 0;
    *(is_soft ? &r->c->cpus_soft : &r->c->cpus) = sets;
    *(is_soft ? &r->c->nr_cpus_soft : &r->c->nr_cpus) = nr;
    for (size_t i = 0; i < nr; i++) {
        const int err = take_cpu_set(r, key, is_list ? &v->item[i] : v, &sets[i]);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

static int add_arg(struct config_reader *r, const char *s, size_t length)
{
    size_t n = 0;
    while (r->c->bootloader_args != NULL && r->c->bootloader_args[n] != NULL) {
        n++;
    }
    char **grown = reallocarray(r->c->bootloader_args, n + 2, sizeof(*grown));
    if (grown == NULL) {
        return config_no_memory(r->report);
    }
    r->c->bootloader_args = grown;
    grown[n + 1] = NULL;
    grown[n] = strndup(s, length);
    return grown[n] == NULL ? config_no_memory(r->report) : 0;
}

/* A list, or (deprecated) a string of words. */
int config_take_args(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < v->nr_items; i++) {
        err = add_arg(r, v->item[i].string, strlen(v->item[i].string));
    }
    if (v->type == CONFIG_LIST) {
        return err;
    }
    config_odd(r->report, v->at, "%s: a string is deprecated: make a list of arguments", key->name);
    const char *s = v->string + strspn(v->string, " \t\n");
    while (err == 0 && *s != '\0') {
        const size_t length = strcspn(s, " \t\n");
        err = add_arg(r, s, length);
        s += length;
        s += strspn(s, " \t\n");
    }
    return err;
}

/* An array for a list; elements are filled by the caller and counted as they come. */
static void *make_array(struct config_reader *r, const struct config_value *v, size_t size)
{
    void *array = calloc(v->nr_items + 1, size);
    if (array == NULL) {
        config_no_memory(r->report);
    }
    return array;
}

int config_take_disks(struct config_reader *r, const struct config_key *key,
                      const struct config_value *v)
{
    r->c->disk = make_array(r, v, sizeof(*r->c->disk));
    if (r->c->disk == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < v->nr_items; i++) {
        const int err = config_take_disk(r->report, &v->item[i], &r->c->disk[r->c->nr_disks]);
        if (err == -ENOMEM) {
            return err;
        }
        r->c->nr_disks += err == 0;
    }
    return 0;
}

int config_take_vifs(struct config_reader *r, const struct config_key *key,
                     const struct config_value *v)
{
    r->c->vif = make_array(r, v, sizeof(*r->c->vif));
    if (r->c->vif == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < v->nr_items; i++) {
        struct guest_vif *vif = &r->c->vif[r->c->nr_vifs];
        const int err = config_take_vif(r->report, &v->item[i], vif);
        if (err == -ENOMEM) {
            return err;
        }
        if (err == 0) {
            vif->devid = vif->devid < 0 ? (int)i : vif->devid;
            r->c->nr_vifs++;
        }
    }
    return 0;
}

int config_take_channels(struct config_reader *r, const struct config_key *key,
                         const struct config_value *v)
{
    r->c->channel = make_array(r, v, sizeof(*r->c->channel));
    if (r->c->channel == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < v->nr_items; i++) {
        const int err =
            config_take_channel(r->report, &v->item[i], &r->c->channel[r->c->nr_channels]);
        if (err == -ENOMEM) {
            return err;
        }
        r->c->nr_channels += err == 0;
    }
    return 0;
}
