// SPDX-License-Identifier: MIT
#include "xenstore/command.h"
#include "lib/clock.h"
#include "lib/message.h"
#include "store/store.h"
#include "xenstore/escape.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#define PERMISSIONS_COLUMN 60

static int fail(const char *what, const char *path)
{
    message_error("%s %s: %s", what, path, strerror(errno));
    return EXIT_FAILURE;
}

static int run_read(struct xs_handle *xs, unsigned transaction,
                    const struct command_options *options, int nr, char **word)
{
    for (int i = 0; i < nr; i++) {
        unsigned bytes;
        char *value = xs_read(xs, transaction, word[i], &bytes);
        if (value == NULL) {
            return fail("cannot read", word[i]);
        }
        if (options->prefix) {
            printf("%s: ", word[i]);
        }
        if (options->raw) {
            fwrite(value, 1, bytes, stdout);
        } else {
            char *text = escape_value(value, bytes);
            printf("%s\n", text != NULL ? text : "");
            free(text);
        }
        free(value);
    }
    return EXIT_SUCCESS;
}

static int run_list(struct xs_handle *xs, unsigned transaction,
                    const struct command_options *options, int nr, char **word)
{
    for (int i = 0; i < nr; i++) {
        unsigned names;
        char **name = xs_directory(xs, transaction, word[i], &names);
        if (name == NULL) {
            return fail("cannot list", word[i]);
        }
        for (unsigned k = 0; k < names; k++) {
            printf("%s%s%s\n", options->prefix ? word[i] : "",
                   options->prefix && strcmp(word[i], "/") != 0 ? "/" : "", name[k]);
        }
        free(name);
    }
    return EXIT_SUCCESS;
}

static void print_permissions(struct xs_handle *xs, unsigned transaction, const char *path,
                              int column)
{
    unsigned nr;
    struct xs_permissions *list = xs_get_permissions(xs, transaction, path, &nr);
    if (column >= 0) {
        putchar(' ');
        for (column++; column < PERMISSIONS_COLUMN; column++) {
            putchar(column % 2 != 0 ? '.' : ' ');
        }
    } else {
        putchar(' ');
    }
    fputs("  (", stdout);
    for (unsigned i = 0; list != NULL && i < nr; i++) {
        printf("%s%c%u", i > 0 ? "," : "", "nrwb"[list[i].perms & 3], list[i].id);
    }
    putchar(')');
    free(list);
}

/* What is below path, level by level; a node that vanishes meanwhile is left out. */
static int list_below(struct xs_handle *xs, unsigned transaction,
                      const struct command_options *options, const char *path, int level)
{
    unsigned names;
    char **name = xs_directory(xs, transaction, path, &names);
    if (name == NULL) {
        return level > 0 && errno == ENOENT ? EXIT_SUCCESS : fail("cannot list", path);
    }
    int result = EXIT_SUCCESS;
    for (unsigned i = 0; i < names && result == EXIT_SUCCESS; i++) {
        char *below;
        unsigned bytes;
        if (asprintf(&below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name[i]) < 0) {
            result = fail("cannot list", path);
            break;
        }
        char *value = xs_read(xs, transaction, below, &bytes);
        char *text = value != NULL ? escape_value(value, bytes) : NULL;
        const int column = printf("%*s%s = \"%s\"", options->full_path ? 0 : level, "",
                                  options->full_path ? below : name[i], text != NULL ? text : "");
        if (options->permissions) {
            print_permissions(xs, transaction, below, options->full_path ? -1 : column);
        }
        putchar('\n');
        free(text);
        free(value);
        result = list_below(xs, transaction, options, below, level + 1);
        free(below);
    }
    free(name);
    return result;
}

static int run_ls(struct xs_handle *xs, unsigned transaction, const struct command_options *options,
                  int nr, char **word)
{
    int result = EXIT_SUCCESS;
    for (int i = 0; i < nr && result == EXIT_SUCCESS; i++) {
        result = list_below(xs, transaction, options, word[i], 0);
    }
    return nr > 0 ? result : list_below(xs, transaction, options, "/", 0);
}

static int run_exists(struct xs_handle *xs, unsigned transaction,
                      const struct command_options *options, int nr, char **word)
{
    for (int i = 0; i < nr; i++) {
        char *value = xs_read(xs, transaction, word[i], NULL);
        if (value == NULL) {
            return EXIT_FAILURE;
        }
        free(value);
    }
    return EXIT_SUCCESS;
}

static int run_write(struct xs_handle *xs, unsigned transaction,
                     const struct command_options *options, int nr, char **word)
{
    for (int i = 0; i < nr; i += 2) {
        char *value = strdup(word[i + 1]);
        if (value == NULL) {
            return fail("cannot write", word[i]);
        }
        const size_t bytes = options->raw ? strlen(value) : escape_undo(value);
        const bool is_written = xs_write(xs, transaction, word[i], value, (unsigned)bytes);
        free(value);
        if (!is_written) {
            return fail("cannot write", word[i]);
        }
    }
    return EXIT_SUCCESS;
}

/* Parents that have neither a value nor other children go too. */
static int remove_empty_parents(struct xs_handle *xs, unsigned transaction, const char *path)
{
    char *parent = strdup(path);
    int result = parent != NULL ? EXIT_SUCCESS : fail("cannot remove", path);
    for (char *slash; parent != NULL && (slash = strrchr(parent, '/')) != NULL && slash > parent;) {
        unsigned names = 1;
        unsigned bytes = 1;
        *slash = '\0';
        char **name = xs_directory(xs, transaction, parent, &names);
        char *value = xs_read(xs, transaction, parent, &bytes);
        const bool is_empty = name != NULL && value != NULL && names == 0 && bytes == 0;
        free(name);
        free(value);
        if (!is_empty) {
            break;
        }
        if (!xs_rm(xs, transaction, parent)) {
            result = fail("cannot remove", parent);
            break;
        }
    }
    free(parent);
    return result;
}

static int run_rm(struct xs_handle *xs, unsigned transaction, const struct command_options *options,
                  int nr, char **word)
{
    for (int i = 0; i < nr; i++) {
        if (!xs_rm(xs, transaction, word[i])) {
            return fail("cannot remove", word[i]);
        }
        if (options->tidy && remove_empty_parents(xs, transaction, word[i]) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

static int permit_below(struct xs_handle *xs, unsigned transaction, const char *path,
                        struct xs_permissions *list, unsigned nr, bool recursive)
{
    if (!xs_set_permissions(xs, transaction, path, list, nr)) {
        return fail("cannot set permissions of", path);
    }
    unsigned names = 0;
    char **name = recursive ? xs_directory(xs, transaction, path, &names) : NULL;
    int result = EXIT_SUCCESS;
    for (unsigned i = 0; i < names && result == EXIT_SUCCESS; i++) {
        char *below;
        if (asprintf(&below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name[i]) < 0) {
            result = fail("cannot set permissions of", path);
        } else {
            result = permit_below(xs, transaction, below, list, nr, true);
            free(below);
        }
    }
    free(name);
    return result;
}

static int run_chmod(struct xs_handle *xs, unsigned transaction,
                     const struct command_options *options, int nr, char **word)
{
    const unsigned entries = (unsigned)nr - 1;
    struct xs_permissions *list = calloc(entries, sizeof(*list));
    int result = list != NULL ? EXIT_SUCCESS : fail("cannot set permissions of", word[0]);
    for (unsigned i = 0; i < entries && result == EXIT_SUCCESS; i++) {
        if (!xs_strings_to_perms(&list[i], 1, word[i + 1])) {
            message_error("'%s' is no permission: n, r, w or b and a domain's number, like r5",
                          word[i + 1]);
            result = EXIT_FAILURE;
        }
    }
    if (result == EXIT_SUCCESS) {
        result = permit_below(xs, transaction, word[0], list, entries, options->recursive);
    }
    char *parent = strdup(word[0]);
    for (char *slash; result == EXIT_SUCCESS && options->upto && parent != NULL &&
                      (slash = strrchr(parent, '/')) != NULL && slash > parent;) {
        *slash = '\0';
        result = permit_below(xs, transaction, parent, list, entries, false);
    }
    free(parent);
    free(list);
    return result;
}

static int watch_until(struct store *s, int left, int nr, char **word)
{
    for (int i = 0; i < nr; i++) {
        const int error = store_watch(s, word[i], "%s", word[i]);
        if (error != 0) {
            errno = -error;
            return fail("cannot watch", word[i]);
        }
    }
    for (; left != 0; left -= left > 0) {
        struct store_event event;
        const int some = store_event_next(s, &event, CLOCK_NEVER);
        if (some <= 0) {
            errno = -some;
            return fail("no more events of", word[0]);
        }
        printf("%s\n", event.path);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}

/*
 * The first event of each watch says only that it is set, and is shown as Xen's does. The tools'
 * own client, because libxenstore reads events in a thread, and in a static program it asks for too
 * small a stack for that.
 */
static int run_watch(struct xs_handle *xs, unsigned transaction,
                     const struct command_options *options, int nr, char **word)
{
    struct store *s = NULL;
    if (store_open(&s) != 0) {
        return EXIT_FAILURE;
    }
    const int result = watch_until(s, options->count, nr, word);
    store_close(s);
    return result;
}

static int run_control(struct xs_handle *xs, unsigned transaction,
                       const struct command_options *options, int nr, char **word)
{
    char text[4096];
    size_t used = 0;
    for (int i = 1; i < nr; i++) {
        const size_t bytes = strlen(word[i]) + 1;
        if (used + bytes > sizeof(text)) {
            errno = E2BIG;
            return fail("cannot send", word[0]);
        }
        memcpy(text + used, word[i], bytes);
        used += bytes;
    }
    char *answer = xs_control_command(xs, word[0], text, (unsigned)used);
    if (answer == NULL) {
        return fail("refused:", word[0]);
    }
    printf("%s\n", answer);
    free(answer);
    return EXIT_SUCCESS;
}

const struct command xenstore_commands[] = {
    {"read", "hpsR", 1, 1, false, "[-p] [-s] [-R] PATH...", run_read},
    {"list", "hps", 1, 1, false, "[-p] [-s] PATH...", run_list},
    {"ls", "hfps", 0, 1, false, "[-f] [-p] [-s] [PATH...]", run_ls},
    {"exists", "hps", 1, 1, false, "[-s] PATH...", run_exists},
    {"write", "hsR", 2, 2, true, "[-s] [-R] PATH VALUE...", run_write},
    {"rm", "hst", 1, 1, true, "[-s] [-t] PATH...", run_rm},
    {"chmod", "hsur", 2, 1, true, "[-s] [-u] [-r] PATH PERMISSION...", run_chmod},
    {"watch", "hsn:", 1, 1, false, "[-s] [-n NUMBER] PATH...", run_watch},
    {"control", "hs", 1, 1, false, "COMMAND [ARGUMENT...]", run_control},
    {NULL, NULL, 0, 0, false, NULL, NULL},
};
