/* SPDX-License-Identifier: MIT */
/*
 * Boot options: words of the hypervisor's command line, "name" or "name=value". The table says
 * which there are; a word that is in no row is warned about, and nothing else happens.
 */
#include "base/format.h"
#include "base/string.h"
#include "fw/firmware.h"
#include "log/log.h"

static const char *const known[] = {
    "abi",    "bootscrub",      "console",  "console_to_ring",
    "dom0",   "dom0_max_vcpus", "dom0_mem", "dom0_vcpus_pin",
    "dtuart", "guest_loglvl",   "loglvl",   "noreboot",
    "sched",  "sync_console",   "watchdog", "xsm",
};

/* The next word at *text, its length, and *text moved behind it; 0 at the end. */
static u32 next_word(const char **text, const char **word)
{
    while (**text == ' ') {
        (*text)++;
    }
    *word = *text;
    while (**text != '\0' && **text != ' ') {
        (*text)++;
    }
    return (u32)(*text - *word);
}

static u32 name_length(const char *word, u32 length)
{
    const char *equals = memchr(word, '=', length);
    return equals ? (u32)(equals - word) : length;
}

static bool is_name(const char *word, u32 length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

bool option_find(const char *name, char *out, u32 size)
{
    const char *text = firmware.xen_bootargs;
    const char *word;
    bool found = false;
    for (u32 length; (length = next_word(&text, &word)) != 0;) {
        u32 end = name_length(word, length);
        if (!is_name(word, end, name)) {
            continue;
        }
        u32 skip = end < length ? end + 1 : end;
        u32 bytes = length - skip;
        bytes = bytes < size ? bytes : size - 1;
        memcpy(out, word + skip, bytes);
        out[bytes] = '\0';
        found = true; /* the last one counts */
    }
    return found;
}

bool option_is_on(const char *name, bool fallback)
{
    static const char *const off[] = {"0", "no", "off", "false"};
    char text[16];
    char negated[40];
    if (!option_find(name, text, sizeof(text))) {
        format(negated, sizeof(negated), "no-%s", name);
        return option_find(negated, text, sizeof(text)) ? false : fallback;
    }
    for (u32 i = 0; i < ARRAY_LEN(off); i++) {
        if (strcmp(text, off[i]) == 0) {
            return false;
        }
    }
    return true;
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
        log_warn("boot option %s=%s is not a number: %llu is used", name, text, fallback);
        return fallback;
    }
    return value;
}

void option_warn_unknown(void)
{
    const char *text = firmware.xen_bootargs;
    const char *word;
    for (u32 length; (length = next_word(&text, &word)) != 0;) {
        u32 end = name_length(word, length);
        u32 no = end > 3 && memcmp(word, "no-", 3) == 0 ? 3 : 0;
        bool is_known = false;
        for (u32 i = 0; i < ARRAY_LEN(known) && !is_known; i++) {
            is_known = is_name(word, end, known[i]) || is_name(word + no, end - no, known[i]);
        }
        if (!is_known) {
            log_warn("boot option '%.*s' is not known and has no effect", (int)length, word);
        }
    }
}
