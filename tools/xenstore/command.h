/* SPDX-License-Identifier: MIT */
/* The commands of xenstore-read and its kin. Each answers the program's exit code and has said what
 * was wrong. */
#pragma once
#include <stdbool.h>

struct xs_handle;

struct command_options {
    bool full_path;   /* -f */
    bool permissions; /* -p of ls */
    bool prefix;      /* -p of read and list */
    bool raw;         /* -R */
    bool tidy;        /* -t */
    bool upto;        /* -u */
    bool recursive;   /* -r */
    int count;        /* -n; -1: for ever */
};

struct command {
    const char *name;
    const char *letters; /* of getopt() */
    int least, step;     /* words: at least, and a multiple of */
    bool is_changing;    /* as one transaction, tried again on a conflict */
    const char *usage;
    int (*run)(struct xs_handle *xs, unsigned transaction, const struct command_options *options,
               int nr, char **word);
};

/* The table's end has no name. */
extern const struct command xenstore_commands[];
