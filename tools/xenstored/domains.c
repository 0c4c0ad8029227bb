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

int domains_name(struct xenstored *x, uint32_t domid)
{
    if (account_find(&x->accounts, domid) != NULL) {
        return 0;
    }
    if (domid >= ACCOUNT_MAX) {
        return -ENOENT;
    }
    if (x->events != NULL) {
        struct xen_domctl_getdomaininfo info;
        if (hv_get_domain(x->events->hv, (uint16_t)domid, &info) < 0) {
            return -ENOENT;
        }
    }
    return account_open(&x->accounts, domid, x->tree.generation) != NULL ? 0 : -ENOMEM;
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

/* Nodes that nobody owns would be the next domain's of that number. Tools remove a domain's nodes
 * before it dies, so there is seldom one. */
static void remove_orphans(struct xenstored *x, const struct account *account)
{
    int err = 0;
    while (account->nodes > 0 && err >= 0) {
        struct orphans orphans = {.owner = account->domid};
        char at[PATH_ROOM] = "/";
        err = tree_walk(x->root, at, 1, find_orphan, &orphans);
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

static void refresh_subjects(struct xenstored *x)
{
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

/* What the hypervisor says of a domain; NULL: it has none of that number. */
static void check(struct xenstored *x, struct account *account,
                  const struct xen_domctl_getdomaininfo *info, bool *tell)
{
    if (info == NULL || (info->flags & XEN_DOMINF_dying) != 0) {
        *tell |= account->is_introduced;
        domains_remove(x, account->domid);
    } else if ((info->flags & XEN_DOMINF_shutdown) != 0 && !account->is_shut_down) {
        account->is_shut_down = true;
        *tell |= account->is_introduced;
    }
}

void domains_check_all(struct xenstored *x)
{
    struct xen_domctl_getdomaininfo info[BATCH];
    uint32_t next = 1;
    bool tell = false;
    while (next < ACCOUNT_MAX) {
        const int nr = hv_list_domains(x->events->hv, (uint16_t)next, info, BATCH);
        if (nr < 0) {
            message_error("listing domains: %s", strerror(-nr));
            break;
        }
        for (int i = 0; i <= nr; i++) {
            const uint32_t until = i < nr ? info[i].domain : nr < BATCH ? ACCOUNT_MAX : next;
            for (; next < until; next++) {
                struct account *account = account_find(&x->accounts, next);
                if (account != NULL) {
                    check(x, account, NULL, &tell);
                }
            }
            struct account *account = i < nr ? account_find(&x->accounts, next) : NULL;
            if (account != NULL) {
                check(x, account, &info[i], &tell);
            }
            next += i < nr;
        }
    }
    if (tell) {
        fire_special(x, SPECIAL_RELEASE);
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
    int err = x->events == NULL ? -ENOENT : domains_name(x, domid);
    if (err == 0) {
        err = guest_connect(x, account_find(&x->accounts, domid), frame, port);
    }
    if (err < 0) {
        return err;
    }
    struct account *account = account_find(&x->accounts, domid);
    if (!account->is_introduced) {
        account->is_introduced = true;
        fire_special(x, SPECIAL_INTRODUCE);
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
    domains_remove(r->x, account->domid);
    fire_special(r->x, SPECIAL_RELEASE);
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
