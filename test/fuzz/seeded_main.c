/* SPDX-License-Identifier: MIT */
/*
 * hypercalls [--seed N] [--calls N] [--seconds N] [--round N] [--cpus N] [--gic 2|3] [--ask N]
 *            [--list] [--faults] [--check] [FILE...]
 *
 * The hypercall fuzzer from a seed: rounds of some thousand calls, each on new domains. The same
 * seed does the same; --round begins with that round. Every N calls, 250 unless told, the
 * specification is asked. With files each is one input, as libFuzzer's
 * and AFL++'s are.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/spinlock.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/wrap.h"

#define CALLS_A_ROUND 1500u
#define FIRST_FLAG    7u
#define NR_OPTIONS    10u

static struct {
    u64 seed, calls, seconds, round, cpus, gic, ask, list, faults, check;
} option = {.seed = 1, .calls = 100000, .seconds = 1u << 30, .cpus = 2, .gic = 3, .ask = 250};

static void print_repeat(void)
{
    fprintf(stderr, "fuzz: again: --seed %llu --round %llu --cpus %llu --gic %llu --ask %llu%s\n",
            option.seed, option.round, option.cpus, option.gic, option.ask,
            option.faults ? " --faults" : "");
}

/* Answers the first operand's place. */
static int read_options(int argc, char **argv)
{
    static const struct {
        const char *name;
        u64 *value;
    } names[] = {{"--seed", &option.seed},     {"--calls", &option.calls},
                 {"--round", &option.round},   {"--seconds", &option.seconds},
                 {"--cpus", &option.cpus},     {"--gic", &option.gic},
                 {"--ask", &option.ask},       {"--list", &option.list},
                 {"--faults", &option.faults}, {"--check", &option.check}};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        u32 n = 0;
        while (n < NR_OPTIONS && strcmp(argv[i], names[n].name) != 0) {
            n++;
        }
        const bool is_flag = n >= FIRST_FLAG;
        if (n == NR_OPTIONS || (!is_flag && i + 1 == argc)) {
            fprintf(stderr,
                    "usage: %s --seed N --calls N --seconds N --round N --cpus N --gic N --ask N"
                    " --list --faults --check FILE...\n",
                    argv[0]);
            exit(2);
        }
        *names[n].value = is_flag ? 1 : strtoull(argv[++i], NULL, 0);
    }
    return i;
}

static const char *file_now;

static void print_file(void)
{
    fprintf(stderr, "fuzz: again: --cpus %llu --gic %llu %s\n", option.cpus, option.gic, file_now);
}

static void run_file(const char *name)
{
    static u8 bytes[1u << 16];
    FILE *f = fopen(name, "rb");
    if (!f) {
        fprintf(stderr, "fuzz: %s: cannot be opened\n", name);
        exit(2);
    }
    const u64 nr_bytes = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    file_now = name;
    fuzz_run(bytes, nr_bytes, 0, INPUT_ACTIONS_MAX);
}

int main(int argc, char **argv)
{
    const int first_file = read_options(argc, argv);
    machine_print_repeat = first_file < argc ? print_file : print_repeat;
    fuzz_boot((u32)option.cpus, (u32)option.gic);
    if (option.check) {
        fuzz_check_calls();
        return 0;
    }
    wrap_disturbs = DEBUG;
    fuzz_faults = option.faults;
    fuzz_ask_calls = option.ask != 0 ? (u32)option.ask : 1;
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    const u64 end = (u64)time(NULL) + option.seconds;
    for (int i = first_file; i < argc; i++) {
        run_file(argv[i]);
    }
    while (first_file == argc && report_calls() < option.calls && (u64)time(NULL) < end) {
        fuzz_run(NULL, 0, option.seed * 1000003 + option.round, CALLS_A_ROUND);
        option.round++;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    report_print(stdout, option.list);
    if (option.list) {
        wrap_print_sites(stdout);
    }
    if (first_file < argc) {
        printf("%d inputs, %llu calls; no finding\n", argc - first_file, report_calls());
        return 0;
    }
    printf("seed %llu: %llu calls in %.1f s of CPU, %.0f a second; no finding\n", option.seed,
           report_calls(), seconds, (double)report_calls() / seconds);
    return 0;
}
