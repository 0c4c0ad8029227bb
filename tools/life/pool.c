/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "abi/sysctl.h"
#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"

static int find_by_name(struct life *l, const char *name, uint32_t *pool)
{
    struct store_list list;
    bool found = false;
    int error = store_list(l->store, &list, "/local/pool");
    for (size_t i = 0; error == 0 && !found && i < list.nr; i++) {
        char *value = NULL;
        if (store_read(l->store, &value, NULL, "/local/pool/%s/name", list.name[i]) == 0 &&
            strcmp(value, name) == 0) {
            *pool = (uint32_t)strtoul(list.name[i], NULL, 10);
            found = true;
        }
        free(value);
    }
    store_list_fini(&list);
    return found ? 0 : -ENOENT;
}

int life_find_pool(struct life *l, const char *word, uint32_t *pool)
{
    struct xen_sysctl_cpupool_op info = {};
    uint64_t number;
    *pool = 0;
    if (word == NULL || strcmp(word, "Pool-0") == 0) {
        return 0;
    }
    int error = 0;
    if (number_parse(word, 0, UINT32_MAX - 1, &number) == 0) {
        *pool = (uint32_t)number;
    } else {
        error = find_by_name(l, word, pool);
    }
    error = error != 0 ? error : hv_get_pool(l->hv, *pool, &info, NULL, 0);
    if (error == -ENOENT || (error == 0 && info.cpupool_id != *pool)) {
        message_error("there is no CPU pool \"%s\"; `xl cpupool-list` shows what there is", word);
        return -ENOENT;
    }
    if (error != 0) {
        message_error("can't ask for CPU pool \"%s\": %s", word, strerror(-error));
    }
    return error;
}

bool life_pid_runs(const char *file)
{
    FILE *f = fopen(file, "re");
    int pid = 0;
    bool is_read = f != NULL && fscanf(f, "%d", &pid) == 1 && pid > 0;
    if (f != NULL) {
        fclose(f);
    }
    return is_read && (kill(pid, 0) == 0 || errno == EPERM);
}
