// SPDX-License-Identifier: MIT
#include "xenstored/domains.h"
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "xenstored/client.h"
#include "xenstored/guest.h"
#include "xenstored/path.h"
#include "xenstored/request.h"
#include "xenstored/view.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

/* The account of a domain; without a hypervisor all domains are. */
static int open_account(struct xenstored *x, uint32_t domid, const struct hv_domain_state *state)
{
    struct account *account =
        state->exists ? account_open(&x->accounts, domid, x->tree.generation) : NULL;
    if (account == NULL) {
        return state->exists ? -ENOMEM : -ENOENT;
    }
    account->unique_id = state->unique_id;
    return 0;
}

int domains_name(struct xenstored *x, uint32_t domid)
{
    struct hv_domain_state state = {.exists = true};
    if (account_find(&x->accounts, domid) != NULL) {
        return 0;
    }
    if (domid >= ACCOUNT_MAX ||
        (x->events != NULL && hv_get_state(x->events->hv, (uint16_t)domid, &state) < 0)) {
        return -ENOENT;
    }
    return open_account(x, domid, &state);
}

#define ORPHANS 64 /* found in one walk */

struct orphans {
    uint16_t owner;
    unsigned nr;
    char *path[ORPHANS];
};

/* Is path below the last one that was found? That takes it along. */
static bool is_found(const struct orphans *orphans, const char *path)
{
    const char *last = orphans->nr > 0 ? orphans->path[orphans->nr - 1] : NULL;
    const size_t length = last != NULL ? strlen(last) : 0;
    return last != NULL && strncmp(path, last, length) == 0 && path[length] == '/';
}

static int find_orphan(const char *path, unsigned length, const struct tree_node *node, void *arg)
{
    struct orphans *orphans = arg;
    if (permissions_owner(node->permissions) != orphans->owner || length <= 1 ||
        is_found(orphans, path)) {
        return 0;
    }
    orphans->path[orphans->nr] = strdup(path);
    if (orphans->path[orphans->nr] == NULL) {
        return -ENOMEM;
    }
    return ++orphans->nr == ORPHANS;
}

static int remove_orphan(struct xenstored *x, const char *path)
{
    struct tree_node *removed;
    const int err = tree_remove(&x->tree, &x->root, path, &removed);
    if (err == 0) {
        view_discharge(x, removed, path);
        fire_gone(x, removed, path);
        tree_put(&x->tree, removed);
    }
    return err;
}

static void remove_orphans_below(struct xenstored *x, const struct account *account,
                                 const char *top)
{
    int err = 0;
    while (account->nodes > 0 && err >= 0) {
        struct orphans orphans = {.owner = account->domid};
        char at[PATH_ROOM];
        const int length = snprintf(at, sizeof(at), "%s", top);
        const struct tree_node *node = tree_find(x->root, top);
        err = node == NULL ? 0 : tree_walk(node, at, (unsigned)length, find_orphan, &orphans);
        if (orphans.nr == 0) {
            return;
        }
        for (unsigned i = 0; i < orphans.nr; i++) {
            const int result = remove_orphan(x, orphans.path[i]);
            err = result < 0 ? result : err;
            free(orphans.path[i]);
        }
    }
}

/* Nodes that nobody owns would be the next domain's of that number. They are in its own directory;
 * the whole tree is walked, which all guests together make large, only if there are others. */
static void remove_orphans(struct xenstored *x, const struct account *account)
{
    char own[32];
    snprintf(own, sizeof(own), "/local/domain/%u", account->domid);
    remove_orphans_below(x, account, own);
    remove_orphans_below(x, account, "/");
}

/* A guest's client with a target may do what that one may. Few have one. */
static void refresh_subjects(struct xenstored *x)
{
    if (!x->has_targets) {
        return;
    }
    for (struct client *client = x->clients; client != NULL; client = client->next) {
        client->subject = account_subject(&x->accounts, client->account);
    }
}

void domains_remove(struct xenstored *x, uint16_t domid)
{
    struct account *account = account_find(&x->accounts, domid);
    if (account == NULL || domid == 0) {
        return;
    }
    if (account->client != NULL) {
        client_destroy(account->client);
    }
    remove_orphans(x, account);
    account_close(&x->accounts, domid);
    refresh_subjects(x);
}

/* What the hypervisor says of the number now. It may be another domain's by now. */
static void check(struct xenstored *x, struct account *account, const struct hv_domain_state *state)
{
    const uint16_t domid = account->domid;
    const bool is_introduced = account->is_introduced;
    const bool is_other =
        state->unique_id != 0 && account->unique_id != 0 && state->unique_id != account->unique_id;
    if (!state->exists || state->is_dead || is_other) {
        domains_remove(x, domid);
    } else if (state->is_shut_down && !account->is_shut_down) {
        account->is_shut_down = true;
    } else {
        return;
    }
    if (is_introduced) {
        fire_special(x, SPECIAL_RELEASE, domid);
    }
}

/* Numbers that no domain has, from one that is known on. */
static void check_gone(struct xenstored *x, uint32_t from, uint32_t until)
{
    static const struct hv_domain_state gone = {.exists = false};
    for (; from < until; from++) {
        struct account *account = account_find(&x->accounts, from);
        if (account != NULL) {
            check(x, account, &gone);
        }
    }
}

static void check_all(struct xenstored *x)
{
    struct xen_domctl_getdomaininfo info[BATCH];
    uint32_t next = 1;
    int nr = BATCH;
    while (nr == BATCH) {
        nr = hv_list_domains(x->events->hv, (uint16_t)next, info, BATCH);
        if (nr < 0) {
            message_error("listing domains: %s", strerror(-nr));
            return;
        }
        for (int i = 0; i < nr; i++) {
            const struct hv_domain_state state = {
                .exists = true,
                .is_shut_down = (info[i].flags & XEN_DOMINF_shutdown) != 0,
                .is_dead = (info[i].flags & XEN_DOMINF_dying) != 0,
            };
            check_gone(x, next, info[i].domain);
            next = info[i].domain;
            struct account *account = account_find(&x->accounts, next++);
            if (account != NULL) {
                check(x, account, &state);
            }
        }
    }
    check_gone(x, next, x->accounts.room);
}

/* One after the other; false: the hypervisor can't say all. */
static bool hear_changes(struct xenstored *x)
{
    struct hv_domain_state state;
    uint16_t domid;
    int err;
    while ((err = hv_next_changed(x->events->hv, &domid, &state)) == 0) {
        struct account *account = domid == 0 ? NULL : account_find(&x->accounts, domid);
        if (account != NULL) {
            check(x, account, &state);
        }
    }
    return err == -ENOENT;
}

void domains_check(struct xenstored *x)
{
    if (!hear_changes(x)) {
        check_all(x);
    }
}

/* ---- the requests */

static int number_of(struct request *r, unsigned i, uint32_t *domid)
{
    return wire_number(r->string[i], ACCOUNT_MAX - 1, domid);
}

/* A domain that was introduced. */
static int introduced(struct request *r, unsigned i, struct account **account)
{
    uint32_t domid;
    if (number_of(r, i, &domid) < 0) {
        return -EINVAL;
    }
    *account = account_find(&r->x->accounts, domid);
    return *account != NULL && (*account)->is_introduced ? 0 : -ENOENT;
}

/* The account of the domain that has the number now: of one that had it before and has gone we may
 * not have been told yet. What the hypervisor has to tell by now, that this one came at least, is
 * heard here, so that it does not pile up until some domain ends: no VIRQ is sent of a coming. */
static int renew(struct xenstored *x, uint32_t domid)
{
    struct hv_domain_state state;
    if (x->events == NULL) {
        return -ENOENT;
    }
    hear_changes(x);
    struct account *account = account_find(&x->accounts, domid);
    if (hv_get_state(x->events->hv, (uint16_t)domid, &state) < 0) {
        return -ENOENT;
    }
    if (account != NULL) {
        check(x, account, &state);
    }
    return open_account(x, domid, &state);
}

int request_introduce(struct request *r)
{
    struct xenstored *x = r->x;
    uint32_t domid;
    uint32_t frame;
    uint32_t port;
    if (number_of(r, 0, &domid) < 0 || wire_number(r->string[1], UINT32_MAX, &frame) < 0 ||
        wire_number(r->string[2], UINT32_MAX, &port) < 0 || domid == 0) {
        return -EINVAL;
    }
    int err = renew(x, domid);
    if (err == 0) {
        err = guest_connect(x, account_find(&x->accounts, domid), frame, port);
    }
    if (err < 0) {
        return err;
    }
    struct account *account = account_find(&x->accounts, domid);
    if (!account->is_introduced) {
        account->is_introduced = true;
        fire_special(x, SPECIAL_INTRODUCE, account->domid);
    }
    return request_answer_ok(r);
}

int request_release(struct request *r)
{
    struct account *account;
    const int err = introduced(r, 0, &account);
    if (err < 0) {
        return err;
    }
    if (account->domid == 0) {
        return -EINVAL;
    }
    const uint16_t domid = account->domid;
    domains_remove(r->x, domid);
    fire_special(r->x, SPECIAL_RELEASE, domid);
    return request_answer_ok(r);
}

int request_resume(struct request *r)
{
    struct account *account;
    const int err = introduced(r, 0, &account);
    if (err < 0) {
        return err;
    }
    account->is_shut_down = false;
    return request_answer_ok(r);
}

int request_set_target(struct request *r)
{
    struct account *account;
    struct account *target;
    int err = introduced(r, 0, &account);
    err = err < 0 ? err : introduced(r, 1, &target);
    if (err < 0) {
        return err;
    }
    account->target = target->domid;
    r->x->has_targets = true;
    refresh_subjects(r->x);
    return request_answer_ok(r);
}

int request_is_introduced(struct request *r)
{
    uint32_t domid;
    if (wire_number(r->string[0], UINT16_MAX, &domid) < 0) {
        return -EINVAL;
    }
    const struct account *account = account_find(&r->x->accounts, domid);
    return request_answer(r, account != NULL && account->is_introduced ? "T" : "F", 2);
}

int request_domain_path(struct request *r)
{
    uint32_t domid;
    char path[32];
    if (wire_number(r->string[0], UINT16_MAX, &domid) < 0) {
        return -EINVAL;
    }
    return request_answer(
        r, path, (size_t)snprintf(path, sizeof(path), "/local/domain/%u", (unsigned)domid) + 1);
}
