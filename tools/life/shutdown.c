/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "abi/domctl.h"
#include "abi/sched.h"
#include "hv/hv.h"
#include "lib/clock.h"
#include "lib/message.h"

#define TAKE_MS 30000 /* a guest's driver, to take the request */

static const char *word_of(enum life_request request)
{
    static const char *const word[] = {[LIFE_POWEROFF] = "poweroff",
                                       [LIFE_REBOOT] = "reboot",
                                       [LIFE_SUSPEND] = "suspend",
                                       [LIFE_HALT] = "halt"};
    return word[request];
}

/* The guest's driver answers by emptying the node; one that is gone has taken it as well. */
static enum store_met is_taken(const char *value, void *arg)
{
    return value == NULL || *value == 0 ? STORE_MET : STORE_NOT_YET;
}

static int put_requests(struct life *l, const uint32_t *domid, size_t nr, const char *word)
{
    struct store_txn t;
    store_txn_init(&t);
    for (size_t i = 0; i < nr; i++) {
        store_txn_write(&t, word, "/local/domain/%u/control/shutdown", domid[i]);
    }
    int error = store_txn_commit(l->store, &t);
    store_txn_fini(&t);
    return error;
}

/* Who did not take it is told and the request is withdrawn: it must not hit a driver that comes
 * later. */
static int judge(struct life *l, const uint32_t *domid, const struct store_want *want, size_t nr)
{
    int error = 0;
    for (size_t i = 0; i < nr; i++) {
        if (!want[i].done) {
            life_error(l, domid[i],
                       "it does not listen: nobody took the request in %d s; `xl destroy %u` ends "
                       "it",
                       TAKE_MS / 1000, domid[i]);
            (void)store_write(l->store, "", "/local/domain/%u/control/shutdown", domid[i]);
            error = -ETIMEDOUT;
        }
    }
    return error;
}

static int wait_taken(struct life *l, const uint32_t *domid, size_t nr)
{
    struct store_want *want = calloc(nr, sizeof *want);
    char(*path)[64] = calloc(nr, sizeof *path);
    int error = want == NULL || path == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < nr; i++) {
        snprintf(path[i], sizeof path[i], "/local/domain/%u/control/shutdown", domid[i]);
        want[i] = (struct store_want){.path = path[i], .is_met = is_taken};
    }
    if (error == 0) {
        error = store_wait(l->store, want, nr, clock_now_ms() + TAKE_MS, l->cancel_fd);
    }
    if (error == -ETIMEDOUT) {
        error = judge(l, domid, want, nr);
    }
    free(want);
    free(path);
    return error;
}

static bool has_ended(struct life *l, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;
    return hv_get_domain(l->hv, (uint16_t)domid, &info) != 0 ||
           (info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying)) != 0;
}

struct end_wait {
    struct life *l;
    const uint32_t *domid;
    size_t nr;
    size_t nr_ended; /* the first ones of them; who has ended is not asked for again */
};

/* The special node has no value: its watch says that some domain ended, the hypervisor says which.
 */
static enum store_met have_ended(const char *value, void *arg)
{
    struct end_wait *w = arg;
    while (w->nr_ended < w->nr && has_ended(w->l, w->domid[w->nr_ended])) {
        w->nr_ended++;
    }
    return w->nr_ended == w->nr ? STORE_MET : STORE_NOT_YET;
}

static int wait_ended(struct life *l, const uint32_t *domid, size_t nr)
{
    struct end_wait w = {.l = l, .domid = domid, .nr = nr};
    struct store_want want = {.path = "@releaseDomain", .is_met = have_ended, .arg = &w};
    return store_wait(l->store, &want, 1, CLOCK_NEVER, l->cancel_fd);
}

int life_shutdown(struct life *l, const uint32_t *domid, size_t nr, enum life_request request,
                  bool wait)
{
    if (nr == 0) {
        return 0;
    }
    for (size_t i = 0; i < nr; i++) {
        struct xen_domctl_getdomaininfo info;
        int error = life_info(l, domid[i], false, &info);
        if (error != 0) {
            return error;
        }
    }
    int error = put_requests(l, domid, nr, word_of(request));
    error = error != 0 ? error : wait_taken(l, domid, nr);
    return error != 0 || !wait ? error : wait_ended(l, domid, nr);
}
