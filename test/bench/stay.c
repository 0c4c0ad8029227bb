/* SPDX-License-Identifier: MIT */
/*
 * A QEMU plugin that measures each stay at EL2: the hypervisor's instructions from an entry by the
 * vectors for lower levels to the next one (in between only guests run, whose instructions do not
 * count). Idle is in place, so a WFI ends a stay and its wake-up begins one. What runs before the
 * first entry, boot, is none. Where a CPU that idles goes on working it looks at its interrupts
 * before it enters a function of idle= (names likewise): that begins one, too.
 *
 * The report in out=: how many stays, a histogram by powers of two, how many were over limit=, and
 * the worst ten kinds. A kind is the first functions that a stay enters; with it come the functions
 * that its longest took most instructions in. A stay that enters a function of exempt= (names with
 * + between) is counted apart. symbols= is what nm -n prints of the image. One CPU only: QEMU 7.2
 * has one counter for all of them.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_api1.h"

#define VECTORS_BYTES 0x800
#define LOWER_LEVELS  0x400 /* the upper half of each table */
#define SLOT_BYTES    0x80
#define WFI           0xd503207f
#define NR_SYMBOLS    8192
#define NR_BLOCKS     (1u << 16)
#define PATH_LENGTH   16
#define NR_KINDS      512
#define NR_WORST      10
#define NR_MOST       4

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct symbol {
    uint64_t address;
    char name[64];
    bool exempt, idle;
};

/* A translated block. Those of one address and length are the same. */
struct block {
    uint64_t address;
    size_t length;
    unsigned symbol;
    bool entry;    /* begins a stay */
    bool waits;    /* ends one: what follows begins one */
    bool function; /* begins at its symbol */
};

struct most {
    unsigned symbol;
    uint64_t insns;
};

/* The path is what makes the kind. */
struct kind {
    unsigned path[PATH_LENGTH], length;
    uint64_t times, over, longest;
    struct most most[NR_MOST];
};

static struct symbol symbols[NR_SYMBOLS];
static unsigned nr_symbols;
static struct block *blocks[NR_BLOCKS];
static struct kind kinds[NR_KINDS];
static unsigned nr_kinds;
static uint64_t lo, hi, limit = 20000, vectors, vectors_end;
static FILE *out;

static uint64_t insns; /* at EL2, counted inline */
static uint64_t nr_stays, nr_over, longest, nr_exempt, longest_exempt, histogram[64];

/* The stay under way. */
static struct {
    bool open, exempt, woken;
    uint64_t begin, last; /* insns at its begin, at its last block's */
    const struct block *block;
    struct kind kind;
    unsigned nr_touched, touched[NR_SYMBOLS];
    uint64_t in[NR_SYMBOLS]; /* instructions by symbol */
} stay;

static unsigned find_symbol(uint64_t address)
{
    unsigned low = 0, high = nr_symbols;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (symbols[middle].address <= address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- the end of a stay */

static struct kind *find_kind(const struct kind *k)
{
    for (unsigned i = 0; i < nr_kinds; i++) {
        if (kinds[i].length == k->length &&
            memcmp(kinds[i].path, k->path, k->length * sizeof(k->path[0])) == 0) {
            return &kinds[i];
        }
    }
    if (nr_kinds == NR_KINDS) { /* the shortest makes room */
        unsigned shortest = 0;
        for (unsigned i = 1; i < nr_kinds; i++) {
            shortest = kinds[i].longest < kinds[shortest].longest ? i : shortest;
        }
        kinds[shortest] = *k;
        return &kinds[shortest];
    }
    kinds[nr_kinds] = *k;
    return &kinds[nr_kinds++];
}

static void note_most(struct most *most)
{
    memset(most, 0, NR_MOST * sizeof(*most));
    for (unsigned i = 0; i < stay.nr_touched; i++) {
        struct most m = {stay.touched[i], stay.in[stay.touched[i]]};
        for (unsigned at = 0; at < NR_MOST; at++) {
            if (m.insns > most[at].insns) {
                struct most other = most[at];
                most[at] = m;
                m = other;
            }
        }
    }
}

static void take_block(void)
{
    if (stay.block) {
        unsigned symbol = stay.block->symbol;
        if (stay.in[symbol] == 0) {
            stay.touched[stay.nr_touched++] = symbol;
        }
        stay.in[symbol] += insns - stay.last;
    }
    stay.last = insns;
}

static void end_stay(void)
{
    uint64_t length = insns - stay.begin;
    if (stay.exempt) {
        nr_exempt++;
        longest_exempt = length > longest_exempt ? length : longest_exempt;
    } else {
        nr_stays++;
        nr_over += length > limit;
        longest = length > longest ? length : longest;
        histogram[length ? 63 - __builtin_clzl(length) : 0]++;
        if (length > limit / 8) {
            struct kind *k = find_kind(&stay.kind);
            k->times++;
            k->over += length > limit;
            if (length > k->longest) {
                k->longest = length;
                note_most(k->most);
            }
        }
    }
    for (unsigned i = 0; i < stay.nr_touched; i++) {
        stay.in[stay.touched[i]] = 0;
    }
    stay.nr_touched = 0;
}

static void begin_stay(void)
{
    stay.open = true;
    stay.exempt = stay.woken = false;
    stay.begin = insns;
    stay.kind = (struct kind){0};
}

/* ---- what QEMU calls */

static void executed(unsigned cpu, void *data)
{
    const struct block *b = data;
    (void)cpu;
    take_block();
    if (b->entry || stay.woken) {
        if (stay.open) {
            end_stay();
        }
        begin_stay();
    }
    stay.block = b;
    if (!stay.open) {
        return;
    }
    stay.woken = b->waits;
    stay.exempt |= symbols[b->symbol].exempt;
    struct kind *k = &stay.kind;
    if ((b->function || k->length == 0) && k->length < PATH_LENGTH &&
        (k->length == 0 || k->path[k->length - 1] != b->symbol)) {
        k->path[k->length++] = b->symbol;
    }
}

static struct block *make_block(const struct qemu_plugin_tb *tb)
{
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    size_t length = qemu_plugin_tb_n_insns(tb);
    unsigned at = (address >> 2) * 31 + length;
    while (blocks[at % NR_BLOCKS]) {
        struct block *b = blocks[at % NR_BLOCKS];
        if (b->address == address && b->length == length) {
            return b;
        }
        at++;
    }
    struct block *b = calloc(1, sizeof(*b));
    uint32_t last;
    memcpy(&last, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, length - 1)), sizeof(last));
    b->address = address;
    b->length = length;
    b->symbol = find_symbol(address);
    b->function = symbols[b->symbol].address == address;
    b->waits = last == WFI;
    uint64_t slot = (address - vectors) % VECTORS_BYTES;
    b->entry = (address >= vectors && address < vectors_end && slot >= LOWER_LEVELS &&
                slot % SLOT_BYTES == 0) ||
               (b->function && symbols[b->symbol].idle);
    blocks[at % NR_BLOCKS] = b;
    return b;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    if (address < lo || address >= hi) {
        return;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(tb, i),
                                                   PLUGIN_INLINE_ADD_U64, &insns, 1);
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, make_block(tb));
}

/* ---- the report */

static void print_kind(const struct kind *k)
{
    fprintf(out, "worst %lu times %lu over %lu path", k->longest, k->times, k->over);
    for (unsigned i = 0; i < k->length; i++) {
        fprintf(out, "%c%s", i ? '>' : ' ', symbols[k->path[i]].name);
    }
    fprintf(out, " most");
    for (unsigned i = 0; i < NR_MOST && k->most[i].insns; i++) {
        fprintf(out, "%c%s:%lu", i ? ',' : ' ', symbols[k->most[i].symbol].name, k->most[i].insns);
    }
    fprintf(out, "\n");
}

static int by_length(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return x->longest < y->longest ? 1 : x->longest > y->longest ? -1 : 0;
}

static void report(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    fprintf(out, "stays %lu longest %lu over %lu exempt %lu longest-exempt %lu\n", nr_stays,
            longest, nr_over, nr_exempt, longest_exempt);
    for (unsigned i = 0; i < 64; i++) {
        if (histogram[i]) {
            fprintf(out, "below %lu %lu\n", 2ul << i, histogram[i]);
        }
    }
    qsort(kinds, nr_kinds, sizeof(kinds[0]), by_length);
    for (unsigned i = 0; i < nr_kinds && i < NR_WORST; i++) {
        print_kind(&kinds[i]);
    }
    fclose(out);
}

/* ---- arguments */

/* Text only, in order of address: the output of nm -n. (Symbols of debug information have no name.)
 */
static bool read_symbols(const char *path)
{
    FILE *f = fopen(path, "r");
    struct symbol s = {0};
    char type, line[256];
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx %c %63s", &s.address, &type, s.name) == 3 &&
            (type == 't' || type == 'T') && nr_symbols < NR_SYMBOLS) {
            if (strncmp(s.name, "trap_vectors", 12) == 0) {
                vectors = vectors ? vectors : s.address;
                vectors_end = s.address + VECTORS_BYTES;
            }
            symbols[nr_symbols++] = s;
        }
    }
    if (f) {
        fclose(f);
    }
    return vectors_end != 0;
}

static void mark(char *names, size_t flag)
{
    for (char *name = strtok(names, "+"); name; name = strtok(NULL, "+")) {
        bool found = false;
        for (unsigned i = 0; i < nr_symbols; i++) {
            if (strcmp(symbols[i].name, name) == 0) {
                found = *((bool *)((char *)&symbols[i] + flag)) = true;
            }
        }
        if (!found) {
            fprintf(stderr, "stay.so: no function '%s'\n", name);
            exit(1);
        }
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
                                                               int argc, char **argv)
{
    (void)info;
    const char *symbol_file = "";
    char *exempt = NULL;
    char *idle = NULL;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "lo=", 3) == 0) {
            lo = strtoull(argv[i] + 3, NULL, 0);
        } else if (strncmp(argv[i], "hi=", 3) == 0) {
            hi = strtoull(argv[i] + 3, NULL, 0);
        } else if (strncmp(argv[i], "limit=", 6) == 0) {
            limit = strtoull(argv[i] + 6, NULL, 0);
        } else if (strncmp(argv[i], "symbols=", 8) == 0) {
            symbol_file = argv[i] + 8;
        } else if (strncmp(argv[i], "exempt=", 7) == 0) {
            exempt = argv[i] + 7;
        } else if (strncmp(argv[i], "idle=", 5) == 0) {
            idle = argv[i] + 5;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        } else {
            fprintf(stderr, "stay.so: unknown argument '%s'\n", argv[i]);
            return -1;
        }
    }
    if (!out || !read_symbols(symbol_file)) {
        fprintf(stderr, "stay.so: wants lo= hi= out= symbols=\n");
        return -1;
    }
    if (exempt) {
        mark(exempt, offsetof(struct symbol, exempt));
    }
    if (idle) {
        mark(idle, offsetof(struct symbol, idle));
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
