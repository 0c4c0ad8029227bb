// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NR_WORDS (CPU_SET_BITS / 64)

/* Digits at *s, which is moved behind them; false: none, or too large a CPU. */
static bool read_cpu(const char **s, unsigned *cpu, const char **why)
{
    unsigned n = 0;
    if (!isdigit((unsigned char)**s)) {
        *why = "a CPU's number, a range (0-3), \"all\" or one of them after ^ is expected";
        return false;
    }
    for (; isdigit((unsigned char)**s); (*s)++) {
        n = n * 10 + (unsigned)(**s - '0');
        if (n >= CPU_SET_BITS) {
            *why = "a CPU's number is at most 1023";
            return false;
        }
    }
    *cpu = n;
    return true;
}

static bool ends(const char *s)
{
    return *s == ',' || *s == '\0' || *s == ' ';
}

/* One part of a list, up to its comma. */
static bool read_part(const char **s, uint64_t words[NR_WORDS], const char **why)
{
    const bool is_away = **s == '^';
    *s += is_away;
    unsigned first = 0;
    unsigned last = CPU_SET_BITS - 1;
    if (strncmp(*s, "all", 3) == 0 && ends(*s + 3)) {
        *s += 3;
    } else if (strncmp(*s, "node", 4) == 0) {
        *why = "node: is not supported yet: name CPUs by their numbers";
        return false;
    } else {
        if (!read_cpu(s, &first, why)) {
            return false;
        }
        last = first;
        if (**s == '-') {
            (*s)++;
            if (!read_cpu(s, &last, why)) {
                return false;
            }
        }
    }
    if (last < first) {
        *why = "the range ends before it begins";
        return false;
    }
    for (unsigned n = first; n <= last; n++) {
        const uint64_t bit = UINT64_C(1) << n % 64;
        words[n / 64] = is_away ? words[n / 64] & ~bit : words[n / 64] | bit;
    }
    return true;
}

static bool read_parts(const char *s, uint64_t words[NR_WORDS], const char **why)
{
    for (;;) {
        s += strspn(s, " ");
        if (!read_part(&s, words, why)) {
            return false;
        }
        s += strspn(s, " ");
        if (*s == '\0') {
            return true;
        }
        if (*s++ != ',') {
            *why = "CPUs and ranges are separated by commas";
            return false;
        }
    }
}

int config_read_cpus(const char *text, struct cpu_set *set, const char **why)
{
    uint64_t words[NR_WORDS] = {0};
    *set = (struct cpu_set){0};
    if (!read_parts(text, words, why)) {
        return -EINVAL;
    }
    size_t nr_words = NR_WORDS;
    while (nr_words > 0 && words[nr_words - 1] == 0) {
        nr_words--;
    }
    if (nr_words == 0) {
        *why = "no CPU is left";
        return -EINVAL;
    }
    set->word = malloc(nr_words * sizeof(*set->word));
    if (set->word == NULL) {
        *why = "out of memory";
        return -ENOMEM;
    }
    memcpy(set->word, words, nr_words * sizeof(*set->word));
    set->nr_words = nr_words;
    return 0;
}
