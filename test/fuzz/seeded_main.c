/* SPDX-License-Identifier: MIT */
/*
 * hypercalls [--seed N] [--calls N] [--seconds N] [--round N] [--cpus N] [--gic 2|3] [--list]
 *            [--faults] [--check]
 *
 * The hypercall fuzzer from a seed: rounds of some thousand calls, each on new domains. The same
 * seed does the same; --round begins with that round.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/spinlock.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/wrap.h"

#define CALLS_A_ROUND 1500u
#define FIRST_FLAG    6u
#define NR_OPTIONS    9u

static struct {
    u64 seed, calls, seconds, round, cpus, gic, list, faults, check;
} option = {.seed = 1, .calls = 100000, .seconds = 1u << 30, .cpus = 2, .gic = 3};

static void print_repeat(void)
{
    fprintf(stderr, "fuzz: again: --seed %llu --round %llu --cpus %llu --gic %llu%s\n", option.seed,
            option.round, option.cpus, option.gic, option.faults ? " --faults" : "");
}

static void read_options(int argc, char **argv)
{
    static const struct {
        const char *name;
        u64 *value;
    } names[] = {{"--seed", &option.seed},   {"--calls", &option.calls}, {"--round", &option.round},
                 {"--seconds", &option.seconds}, {"--cpus", &option.cpus},   {"--gic", &option.gic},     {"--list", &option.list},
                 {"--faults", &option.faults}, {"--check", &option.check}};
    for (int i = 1; i < argc; i++) {
        u32 n = 0;
        while (n < NR_OPTIONS && strcmp(argv[i], names[n].name) != 0) {
            n++;
        }
        const bool is_flag = n >= FIRST_FLAG;
        if (n == NR_OPTIONS || (!is_flag && i + 1 == argc)) {
            fprintf(stderr, "usage: %s --seed N --calls N --seconds N --round N --cpus N --gic N"
                    " --list --faults --check\n", argv[0]);
            exit(2);
        }
        *names[n].value = is_flag ? 1 : strtoull(argv[++i], NULL, 0);
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    machine_print_repeat = print_repeat;
    fuzz_boot((u32)option.cpus, (u32)option.gic);
    if (option.check) {
        fuzz_check_calls();
        return 0;
    }
    wrap_disturbs = DEBUG;
    fuzz_faults = option.faults;
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    const u64 end = (u64)time(NULL) + option.seconds;
    while (report_calls() < option.calls && (u64)time(NULL) < end) {
        fuzz_run(NULL, 0, option.seed * 1000003 + option.round, CALLS_A_ROUND);
        option.round++;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    report_print(stdout, option.list);
    if (option.list) {
        wrap_print_sites(stdout);
    }
    printf("seed %llu: %llu calls in %.1f s of CPU, %.0f a second; no finding\n", option.seed,
           report_calls(), seconds, (double)report_calls() / seconds);
    return 0;
}
