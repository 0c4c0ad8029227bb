// SPDX-License-Identifier: MIT
#include "xenstored/xenstored.h"
#include "lib/message.h"
#include "xenstored/guest.h"
#include "xenstored/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define COLLECT_TURN 1024

static int make_tree(struct xenstored *x)
{
    struct permissions *list = permissions_create(1, 0);
    if (list == NULL) {
        return -ENOMEM;
    }
    list->entry[0] = (struct permission){0};
    for (unsigned i = 0; i < SPECIAL_NR; i++) {
        x->special[i] = permissions_get(list);
    }
    x->root = tree_plant(&x->tree, list);
    int err = x->root == NULL ? -ENOMEM : 0;
    err = err < 0 ? err : tree_add(&x->tree, &x->root, "/tool", NULL, 0, list);
    err = err < 0 ? err : tree_add(&x->tree, &x->root, "/tool/xenstored", NULL, 0, list);
    permissions_put(list);
    return err;
}

int xenstored_init(struct xenstored *x)
{
    memset(x, 0, sizeof(*x));
    x->listener.fd = -1;
    x->ready_last = &x->ready;
    quota_init(&x->quota);
    uint64_t seed[2];
    if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
        seed[0] = (uint64_t)(uintptr_t)x ^ loop_now_ms() << 20;
        seed[1] = seed[0] * 0x9e3779b97f4a7c15ULL;
    }
    x->tree.seed = seed[0] | 1;
    x->watches.seed = seed[1];
    int err = loop_init(&x->loop);
    if (err < 0) {
        return err;
    }
    struct account *own = account_open(&x->accounts, 0, 0);
    if (own != NULL) {
        own->is_introduced = true;
        own->nodes = 3; /* those of make_tree() */
    }
    err = own == NULL ? -ENOMEM : make_tree(x);
    if (err < 0) {
        message_error("no memory for the store");
        xenstored_fini(x);
    }
    return err;
}

void xenstored_fini(struct xenstored *x)
{
    while (x->clients != NULL) {
        client_destroy(x->clients);
    }
    socket_close(x);
    guest_close(x);
    watch_fini(&x->watches);
    account_fini(&x->accounts);
    tree_put(&x->tree, x->root);
    while (tree_collect(&x->tree, COLLECT_TURN)) {
    }
    for (unsigned i = 0; i < SPECIAL_NR; i++) {
        permissions_put(x->special[i]);
    }
    if (x->log != NULL) {
        fclose(x->log);
    }
    loop_fini(&x->loop);
}

/* Each that is ready has one turn; who becomes ready meanwhile waits for the next. */
static void work(struct xenstored *x)
{
    for (unsigned nr = x->nr_ready; nr > 0 && x->ready != NULL; nr--) {
        client_work(client_next_ready(x));
    }
}

static void flush(struct xenstored *x)
{
    while (x->flush != NULL) {
        struct client *client = x->flush;
        x->flush = client->flush_next;
        client_flush(client);
        client->is_flushing = false;
        if (client->is_broken) {
            client_destroy(client);
        }
    }
}

int xenstored_turn(struct xenstored *x, int milliseconds)
{
    const bool is_busy = x->ready != NULL || x->has_garbage;
    const int nr = loop_turn(&x->loop, is_busy ? 0 : milliseconds);
    if (nr < 0) {
        return nr;
    }
    work(x);
    flush(x);
    x->has_garbage = tree_collect(&x->tree, COLLECT_TURN);
    if (x->log != NULL) {
        fflush(x->log);
    }
    return 0;
}
