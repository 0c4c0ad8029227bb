/* SPDX-License-Identifier: MIT */
/*
 * For tests: the store as simply as it can be said. All nodes lie in one array; a transaction
 * starts by copying it. Slow, without a hash, a tree or a pointer to think about.
 *
 * Half of its lines are nodes, rights and quotas. The others are there because it says exactly
 * which commits are in conflict and who is told of what: a shorter one could only say "maybe" to
 * both.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { REF_NODES = 600, REF_NOTES = 200, REF_WATCHES = 64, REF_EVENTS = 400, REF_PERMS = 4 };

struct ref_node {
    char path[48], value[16];
    int nr_perms, perm_domid[REF_PERMS], perm_access[REF_PERMS];
    uint64_t value_gen, perms_gen, children_gen;
};

struct ref_map {
    int nr;
    struct ref_node node[REF_NODES];
};

struct ref_transaction {
    bool is_open;
    int domid;
    struct ref_map base, now;
    int nr_notes;
    struct ref_note {
        char path[48];
        unsigned what; /* as transaction.h's */
    } note[REF_NOTES];
};

struct ref_watch {
    int client;
    char path[48], token[8];
    bool is_relative;
};

struct reference {
    struct ref_map map;
    uint64_t gen;
    int max_nodes;
    int nr_watches, nr_events;
    struct ref_watch watch[REF_WATCHES];
    struct ref_event {
        int client;
        char text[64]; /* "path token", as the client is told */
    } event[REF_EVENTS];
    int client_domid[4];
};

/* Requests of the client with this number. t: NULL, or its transaction. Paths are absolute. Answers
 * 0 or a negative errno. */
void ref_init(struct reference *r);
int ref_read(struct reference *r, int client, struct ref_transaction *t, const char *path,
             const char **value);
/* Names with a blank behind each, numbers first. */
int ref_list(struct reference *r, int client, struct ref_transaction *t, const char *path,
             char *names);
int ref_write(struct reference *r, int client, struct ref_transaction *t, const char *path,
              const char *value);
int ref_make(struct reference *r, int client, struct ref_transaction *t, const char *path);
int ref_remove(struct reference *r, int client, struct ref_transaction *t, const char *path);
int ref_permit(struct reference *r, int client, struct ref_transaction *t, const char *path, int nr,
               const int *domid, const int *access);
void ref_start(struct reference *r, int client, struct ref_transaction *t);
int ref_commit(struct reference *r, int client, struct ref_transaction *t);
int ref_watch(struct reference *r, int client, const char *path, bool is_relative,
              const char *token);
int ref_unwatch(struct reference *r, int client, const char *path, bool is_relative,
                const char *token);
