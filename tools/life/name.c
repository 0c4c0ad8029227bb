/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "abi/domctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"

struct names {
    uint32_t *domid;
    char **path, **name;
    size_t nr;
};

static void names_fini(struct names *n)
{
    for (size_t i = 0; i < n->nr; i++) {
        free(n->path[i]);
        free(n->name[i]);
    }
    free(n->domid);
    free(n->path);
    free(n->name);
}

/* The names of all domains that there are: one hypercall, one round trip to the store. What a store
 * still knows of domains that are gone does not count. */
static int names_read(struct life *l, struct names *n)
{
    struct xen_domctl_getdomaininfo *info = NULL;
    unsigned nr = 0;
    *n = (struct names){};
    int error = hv_list_all_domains(l->hv, &info, &nr);
    if (error != 0) {
        return error;
    }
    *n = (struct names){
        .domid = calloc(nr + 1, sizeof *n->domid),
        .path = calloc(nr + 1, sizeof *n->path),
        .name = calloc(nr + 1, sizeof *n->name),
    };
    error = n->domid == NULL || n->path == NULL || n->name == NULL ? -ENOMEM : 0;
    for (unsigned i = 0; error == 0 && i < nr; i++) {
        n->domid[i] = info[i].domain;
        if (asprintf(&n->path[i], "/local/domain/%u/name", info[i].domain) < 0) {
            n->path[i] = NULL;
            error = -ENOMEM;
        }
        n->nr++;
    }
    free(info);
    return error != 0 ? error : store_read_many(l->store, n->nr, n->path, n->name);
}

/* Our store says it itself, which costs next to nothing however many guests there are. -ENOENT:
 * nobody has it; -EINVAL and others: it is Debian's. */
static int ask_store(struct life *l, const char *name, uint32_t but, uint32_t *domid)
{
    const char *const words[] = {"named", name};
    struct xen_domctl_getdomaininfo info;
    char *answer = NULL;
    char *rest = NULL;
    int error = store_control(l->store, words, 2, &answer);
    if (error != 0) {
        return error == -ENOENT ? -EINVAL : error;
    }
    error = -ENOENT;
    for (char *word = strtok_r(answer, "\n", &rest); error == -ENOENT && word != NULL;
         word = strtok_r(NULL, "\n", &rest)) {
        uint64_t number;
        if (number_parse(word, 0, 0x7fef, &number) == 0 && number != but) {
            error = hv_get_domain(l->hv, (uint16_t)number, &info);
            error = error == -ESRCH ? -ENOENT : error;
            *domid = (uint32_t)number;
        }
    }
    free(answer);
    return error;
}

int life_find_name(struct life *l, const char *name, uint32_t but, uint32_t *domid)
{
    struct names n;
    int error = ask_store(l, name, but, domid);
    if (error == 0 || error == -ENOENT) {
        return error;
    }
    error = names_read(l, &n);
    bool found = false;
    for (size_t i = 0; error == 0 && !found && i < n.nr; i++) {
        if (n.domid[i] != but && n.name[i] != NULL && strcmp(n.name[i], name) == 0) {
            *domid = n.domid[i];
            found = true;
        }
    }
    names_fini(&n);
    return error != 0 ? error : found ? 0 : -ENOENT;
}

static int check_form(const char *name)
{
    const char *why = NULL;
    if (name == NULL || *name == 0) {
        why = "a guest needs a name";
    } else if (number_is_decimal(name)) {
        why = "a name of digits only would be taken for a number";
    } else if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        why = "a name can't have a \"/\" in it, or be \".\" or \"..\": logs are called by it";
    } else if (strlen(name) > 200) {
        why = "a name can have 200 letters";
    }
    if (why != NULL) {
        message_error("%s", why);
    }
    return why == NULL ? 0 : -EINVAL;
}

int life_check_name(struct life *l, const char *name, uint32_t domid)
{
    uint32_t other;
    int error = check_form(name);
    if (error != 0) {
        return error;
    }
    error = life_find_name(l, name, domid, &other);
    if (error == 0) {
        message_error("there is a guest \"%s\" already: domain %u", name, other);
        return -EEXIST;
    }
    if (error != -ENOENT) {
        message_error("can't read the names of the guests: %s", strerror(-error));
    }
    return error == -ENOENT ? 0 : error;
}

bool life_has_name(struct life *l, const char *name, uint32_t *domid)
{
    return life_find_name(l, name, STORE_NOBODY, domid) == 0;
}

void life_release_name(const char *name, int fd)
{
    char *lock = NULL;
    if (asprintf(&lock, "name-%s", name) < 0) {
        lock = NULL;
    }
    life_unlock(lock == NULL ? "" : lock, fd);
    free(lock);
}

int life_reserve_name(const char *name, int *fd)
{
    char *lock = NULL;
    *fd = -1;
    int error = check_form(name);
    if (error != 0) {
        return error;
    }
    if (asprintf(&lock, "name-%s", name) < 0) {
        message_error("no memory for a name");
        return -ENOMEM;
    }
    *fd = life_lock(lock, false);
    free(lock);
    if (*fd >= 0) {
        return 0;
    }
    error = *fd;
    *fd = -1;
    if (error == -EWOULDBLOCK) {
        message_error("another process creates a guest \"%s\" right now", name);
        return -EBUSY;
    }
    message_error("can't lock the name \"%s\" in %s: %s", name, life_run_folder(),
                  strerror(-error));
    return error;
}
