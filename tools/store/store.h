/* SPDX-License-Identifier: MIT */
/*
 * A client of the store. It speaks the wire protocol itself (the sizes and numbers of xs_wire.h)
 * and not through libxenstore, for two reasons: requests go out many at a time and their answers
 * come back many at a time, so that a transaction of sixty writes costs three round trips and not
 * sixty-two; and answers and watch events arrive on one descriptor in one thread, so that a wait is
 * one poll().
 *
 *      tool                                store
 *       |--- TRANSACTION_START ------------>|
 *       |<------------------------- id -----|
 *       |--- WRITE, WRITE, MKDIR, ... ----->|   as one write()
 *       |<------------ OK, OK, OK, ... -----|
 *       |--- TRANSACTION_END T ------------>|   EAGAIN: all of it once more
 *
 * Context: one thread per connection; a child after fork() opens its own. Functions return 0 or a
 * negative errno: the store's own answer, or -EPIPE when the daemon has gone (said once). "Not
 * there" (-ENOENT) is never said, other answers only where noted. Paths are printf formats.
 */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define STORE_MAX_PATH     3072
#define STORE_MAX_VALUE    4096
#define STORE_NOBODY       UINT32_MAX
#define store_format(f, a) __attribute__((format(printf, f, a)))

/*
 * Connects to /run/xenstored/socket, or what XENSTORED_PATH names, else /dev/xen/xenbus when the
 * store lives in another domain. Says a sentence if no daemon answers.
 */
int store_open(struct store **out);
/* The same over a socket that is already connected; it belongs to the store now. For tests. */
int store_open_fd(int fd, struct store **out);
void store_close(struct store *s); /* NULL is fine */
/* Readable: store_event_next() may have something. */
int store_fd(const struct store *s);

/* The value with a zero behind it, to be freed; *len without that zero, may be NULL. */
int store_read(struct store *s, char **value, size_t *len, const char *path, ...)
    store_format(4, 5);
/* A decimal number. -EINVAL if the node holds something else. */
int store_read_number(struct store *s, uint64_t *value, const char *path, ...) store_format(3, 4);
/* True if the node exists and can be read. */
bool store_exists(struct store *s, const char *path, ...) store_format(2, 3);
int store_write(struct store *s, const char *value, const char *path, ...) store_format(3, 4);
int store_remove(struct store *s, const char *path, ...) store_format(2, 3);

/* The names of the children, sorted as the store has them. Large directories come in parts. */
struct store_list {
    char **name;
    size_t nr;
    char *storage;
};
int store_list(struct store *s, struct store_list *out, const char *path, ...) store_format(3, 4);
void store_list_fini(struct store_list *list);

/* Reads many nodes in one round trip: value[i] is NULL where path[i] is not there. Free each. */
int store_read_many(struct store *s, size_t nr, char *const *path, char **value);

/* Who owns a node and who else may read it (STORE_NOBODY); everybody else nothing. */
struct store_access {
    uint32_t owner, reader;
};
/* Permissions as the store writes them, "n0" "r5" each with a zero behind it; *len bytes. */
int store_read_permissions(struct store *s, char **value, size_t *len, const char *path, ...)
    store_format(4, 5);
int store_write_permissions(struct store *s, const char *const *words, size_t nr, const char *path,
                            ...) store_format(4, 5);

/* Domains' rings; the caller is privileged. */
int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port);
int store_release(struct store *s, uint32_t domid);
int store_is_introduced(struct store *s, uint32_t domid, bool *is_introduced);
/* A command of XS_CONTROL, words as they are; the answer is to be freed. */
int store_control(struct store *s, const char *const *words, size_t nr, char **answer);

/*
 * A list of changes that happens as a whole or not at all. Adding never fails outwardly: the first
 * error (no memory, a path too long) is kept and commit returns it with nothing done. Children
 * inherit the permissions of the directory they are made in, so a batch makes directories with
 * permissions first and then writes into them.
 */
struct store_txn {
    struct store_op *op;
    size_t nr, room;
    int error;
};
void store_txn_init(struct store_txn *t);
void store_txn_fini(struct store_txn *t);
void store_txn_write(struct store_txn *t, const char *value, const char *path, ...)
    store_format(3, 4);
void store_txn_write_number(struct store_txn *t, uint64_t value, const char *path, ...)
    store_format(3, 4);
/* Makes the directory if it is not there and gives it to access; what is in it stays. */
void store_txn_directory(struct store_txn *t, struct store_access access, const char *path, ...)
    store_format(3, 4);
void store_txn_permit(struct store_txn *t, struct store_access access, const char *path, ...)
    store_format(3, 4);
/* Not being there is fine. */
void store_txn_remove(struct store_txn *t, const char *path, ...) store_format(2, 3);
/* The commit fails with -EEXIST if the node is there, or with -ENOENT if it is not. */
void store_txn_expect_absent(struct store_txn *t, const char *path, ...) store_format(2, 3);
void store_txn_expect(struct store_txn *t, const char *path, ...) store_format(2, 3);
/*
 * Does it, again on a conflict up to STORE_TXN_TRIES times. -EEXIST, -ENOENT as above, silent; any
 * other failure is said with the path that it was about. t may be committed again afterwards.
 */
int store_txn_commit(struct store *s, struct store_txn *t);
#define STORE_TXN_TRIES 16

/*
 * Watches and events. An event's strings live until the next call on this store. Events that arrive
 * while a request waits for its answer are kept in order.
 */
struct store_event {
    const char *path, *token;
};
int store_watch(struct store *s, const char *token, const char *path, ...) store_format(3, 4);
/*
 * Of "@introduceDomain" or "@releaseDomain": events name the domain, "@releaseDomain/7", if the
 * store knows how (Debian's of 4.17 does not). An event of the plain path means all: it is the
 * first one, and comes when there were too many.
 */
int store_watch_domains(struct store *s, const char *token, const char *special);
/* The domain that such an event's path names; false: none. */
bool store_event_domid(const char *path, uint16_t *domid);
/* Also drops events of that watch that are still queued. */
int store_unwatch(struct store *s, const char *token, const char *path, ...) store_format(3, 4);
/* 1: *out is one; 0: none until the deadline (of lib/clock.h; 0 does not wait); negative: errno. */
int store_event_next(struct store *s, struct store_event *out, uint64_t deadline_ms);

/*
 * Waits until every wanted node satisfies its predicate (value NULL: not there; called once at the
 * start and after each change of its node). Returns 0, -ETIMEDOUT at the deadline, -EINTR when
 * cancel_fd (or -1) becomes readable, -ECANCELED when a predicate says so. Which ones are met is in
 * `done` in every case. No watch stays behind. "@releaseDomain" and "@introduceDomain" may be
 * waited for, too: they have no value, the predicate looks elsewhere.
 */
enum store_met { STORE_NOT_YET, STORE_MET, STORE_HOPELESS };
struct store_want {
    const char *path;
    enum store_met (*is_met)(const char *value, void *arg);
    void *arg;
    bool done;
};
int store_wait(struct store *s, struct store_want *want, size_t nr, uint64_t deadline_ms,
               int cancel_fd);
/* Predicates: the node is there, is gone, has the string arg, is a number >= *(unsigned *)arg. */
enum store_met store_met_exists(const char *value, void *arg);
enum store_met store_met_gone(const char *value, void *arg);
enum store_met store_met_equal(const char *value, void *arg);
enum store_met store_met_at_least(const char *value, void *arg);
