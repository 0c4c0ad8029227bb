/* SPDX-License-Identifier: MIT */
#include "base/format.h"
#include "base/string.h"
#include "fw/firmware.h"
#include "log/log.h"

/* Names that somebody asked for; they are literals, so pointers are enough. */
#define KNOWN_MAX 64u
static const char *known[KNOWN_MAX];
static u32 nr_known;

static void note(const char *name)
{
    for (u32 i = 0; i < nr_known; i++) {
        if (strcmp(known[i], name) == 0) {
            return;
        }
    }
    if (nr_known < KNOWN_MAX) {
        known[nr_known++] = name;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word from *at on: its length, 0 at the end. *at is moved to its start. */
static u32 next_word(const char **at)
{
    while (is_space(**at)) {
        (*at)++;
    }
    u32 n = 0;
    while ((*at)[n] && !is_space((*at)[n])) {
        n++;
    }
    return n;
}

/* Does a word of n characters set name? *value is where its value starts. */
static bool sets(const char *word, u32 n, const char *name, const char **value)
{
    u32 len = (u32)strlen(name);
    if (n < len || strncmp(word, name, len) != 0 || (n > len && word[len] != '=')) {
        return false;
    }
    *value = n > len ? word + len + 1 : word + n;
    return true;
}

/* The last one counts. */
static bool find(const char *name, char *out, u32 size)
{
    const char *at = firmware.xen_bootargs, *value;
    bool found = false;
    for (u32 n; (n = next_word(&at)) != 0; at += n) {
        if (sets(at, n, name, &value)) {
            found = true;
            u32 len = (u32)(at + n - value);
            string_copy(out, value, len + 1 < size ? len + 1 : size);
        }
    }
    return found;
}

bool option_find(const char *name, char *out, u32 size)
{
    note(name);
    return find(name, out, size);
}

bool option_is_on(const char *name, bool fallback)
{
    char text[16], negated[40];
    note(name);
    if (find(name, text, sizeof(text))) {
        static const char *const off[] = {"0", "no", "off", "false"};
        for (u32 i = 0; i < ARRAY_LEN(off); i++) {
            if (strcmp(text, off[i]) == 0) {
                return false;
            }
        }
        return true;
    }
    format(negated, sizeof(negated), "no-%s", name);
    return find(negated, text, sizeof(text)) ? false : fallback;
}

u64 option_number(const char *name, u64 fallback)
{
    char text[32];
    if (!option_find(name, text, sizeof(text))) {
        return fallback;
    }
    const char *end;
    u64 value = parse_u64(text, &end);
    if (end == text || *end != '\0') {
        log_warn("option %s=%s: not a number, %llu is used", name, text, fallback);
        return fallback;
    }
    return value;
}

static bool is_known(const char *word, u32 n)
{
    const char *value;
    for (u32 i = 0; i < nr_known; i++) {
        if (sets(word, n, known[i], &value) ||
            (n > 3 && strncmp(word, "no-", 3) == 0 && sets(word + 3, n - 3, known[i], &value))) {
            return true;
        }
    }
    return false;
}

void option_warn_unknown(void)
{
    const char *at = firmware.xen_bootargs;
    for (u32 n; (n = next_word(&at)) != 0; at += n) {
        if (!is_known(at, n)) {
            log_warn("boot option \"%.*s\" is not known", (int)n, at);
        }
    }
}
