/* SPDX-License-Identifier: MIT */
/* Inside life/: what its files share. */
#pragma once
#include "device/device.h"
#include "life/life.h"

struct xen_domctl_getdomaininfo;

/* A sentence about a guest that begins with its name or number. */
void life_error(struct life *l, uint32_t domid, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "xxxxxxxx-xxxx-..." */
#define UUID_TEXT 37
void life_uuid_text(const uint8_t uuid[16], char out[UUID_TEXT]);

/* What the hypervisor knows of it; -ESRCH is said, and so is asking for domain 0 if it may not be.
 */
int life_info(struct life *l, uint32_t domid, bool may_be_zero,
              struct xen_domctl_getdomaininfo *info);
/* The user interrupted. */
bool life_is_cancelled(const struct life *l);

/* A pool of CPUs by name or number (NULL: the first) to its number; -ENOENT is said. */
int life_find_pool(struct life *l, const char *word, uint32_t *pool);
/* Is there a process of the number that stands in a file? */
bool life_pid_runs(const char *file);

/* ---- name.c */

/* -EEXIST, said, if a guest other than `domid` (STORE_NOBODY) has it; -EINVAL for what is no name.
 */
int life_check_name(struct life *l, const char *name, uint32_t domid);
/* Does a guest have that name? Silent. */
bool life_has_name(struct life *l, const char *name, uint32_t *domid);
/* Keeps the name for this process until it is released; -EBUSY, said, if another process creates a
 * guest of that name right now. */
int life_reserve_name(const char *name, int *fd);
void life_release_name(const char *name, int fd);

/* ---- lock.c */

/* /run/kanso, or what KANSO_RUN names: locks. /var/lib/kanso/guest, or KANSO_STATE: state files. */
const char *life_run_folder(void);
const char *life_state_folder(void);
/* An open file with an exclusive lock on it, or negative errno: -EWOULDBLOCK if wait is false and
 * somebody has it. Silent. */
int life_lock(const char *name, bool wait);
/* And its end: the file goes. fd -1: nothing. */
void life_unlock(const char *name, int fd);
/* Whoever ends or restarts a guest holds this; waits for it. Without it (negative) one goes on. */
int life_lock_guest(const uint8_t uuid[16]);
void life_unlock_guest(const uint8_t uuid[16], int fd);

/* ---- state.c: the state file of a guest */

#define STATE_MAX_RESTARTS 8
struct state {
    uint32_t domid;
    bool is_supervised;                     /* somebody shall act when it ends */
    uint64_t begin_s;                       /* wall clock: when this incarnation was started */
    uint64_t restart_s[STATE_MAX_RESTARTS]; /* the latest ones, oldest first */
    size_t nr_restarts;
    struct guest_config config;
};
void state_fini(struct state *state);
int state_write(const struct state *state);
/* -ENOENT silent, all else said. */
int state_read(const uint8_t uuid[16], struct state *out);
void state_remove(const uint8_t uuid[16]);
bool state_exists(const uint8_t uuid[16]);
/* The state of a domain that runs; -ENOENT silent: not ours. */
int state_of(struct life *l, uint32_t domid, struct state *out);
/* A deep copy: what came out of the one is in the other. */
int state_copy_config(const struct guest_config *from, struct guest_config *to);

/* ---- nodes.c: a domain's own nodes */

struct nodes {
    uint32_t domid;
    const struct guest_config *config;
    uint64_t store_gfn, vuart_gfn;
    uint32_t store_port, vuart_port; /* of vuart: 0, none */
};
void nodes_add(struct store_txn *t, const struct nodes *n);
void nodes_remove(struct store_txn *t, uint32_t domid, const uint8_t uuid[16]);

/* ---- create.c, destroy.c */

/* keep_state: its file stays, for a guest that comes again. */
int life_take_away(struct life *l, uint32_t domid, bool keep_state);
/* Nodes, devices and scripts of domains that are no more: of a destroy that was killed half way. */
void life_sweep(struct life *l);
/* The devices alone, forced. */
int life_take_devices(struct life *l, uint32_t domid);

struct create_history {
    const uint64_t *restart_s;
    size_t nr_restarts;
};
int life_create_again(struct life *l, struct guest_config *config,
                      const struct create_history *history, uint32_t *domid);

/* ---- supervisor.c, ending.c */

int supervisor_start(void);
/* Does what a guest's on_* words say, in a process of its own; returns its exit status. */
int ending_handle(uint32_t domid, const uint8_t uuid[16]);
/* The log of a guest, opened for appending, or a negative errno. */
int ending_open_log(const char *name);
