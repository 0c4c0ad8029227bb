// SPDX-License-Identifier: MIT
#include "xenstored/quota.h"
#include "xenstored/path.h"
#include "xenstored/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct row {
    const char *name;
    size_t offset;
    uint32_t max;
    const char *help;
} rows[] = {
    {"nodes", offsetof(struct quota, nodes), UINT32_MAX, "Nodes per domain"},
    {"watches", offsetof(struct quota, watches), UINT32_MAX, "Watches per domain"},
    {"transactions", offsetof(struct quota, transactions), UINT32_MAX, "Transactions per domain"},
    {"outstanding", offsetof(struct quota, outstanding), UINT32_MAX,
     "Outstanding requests per domain"},
    {"transaction-nodes", offsetof(struct quota, transaction_nodes), UINT32_MAX,
     "Max. number of accessed nodes per transaction"},
    {"memory", offsetof(struct quota, memory_bytes), UINT32_MAX,
     "Total Xenstore memory per domain (error level)"},
    {"node-permissions", offsetof(struct quota, permissions), WIRE_MAX_PAYLOAD,
     "Max. number of permissions per node"},
    {"path-max", offsetof(struct quota, path_bytes), PATH_MAX_RELATIVE, "Max. length of a path"},
    {"entry-size", offsetof(struct quota, entry_bytes), WIRE_MAX_PAYLOAD, "Max. size of a value"},
};
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

void quota_init(struct quota *quota)
{
    *quota = (struct quota){
        .nodes = 1000,
        .watches = 128,
        .transactions = 10,
        .outstanding = 20,
        .transaction_nodes = 1024,
        .entry_bytes = 2048,
        .permissions = 5,
        .path_bytes = PATH_MAX_RELATIVE,
        .memory_bytes = (2U << 20) + (512U << 10),
        .memory_soft_bytes = 2U << 20,
    };
}

int quota_set(struct quota *quota, const char *name, uint32_t value)
{
    for (size_t i = 0; i < NR_ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            if (value > rows[i].max) {
                return -EINVAL;
            }
            memcpy((char *)quota + rows[i].offset, &value, sizeof(value));
            return 0;
        }
    }
    return -ENOENT;
}

int quota_set_soft(struct quota *quota, const char *name, uint32_t value)
{
    if (strcmp(name, "memory") != 0) {
        return -ENOENT;
    }
    quota->memory_soft_bytes = value;
    return 0;
}

int quota_set_word(struct quota *quota, const char *word)
{
    char name[32];
    const size_t length = strcspn(word, "=");
    uint32_t value;
    if (word[length] != '=' || length >= sizeof(name) ||
        wire_number(word + length + 1, UINT32_MAX, &value) < 0) {
        return -EINVAL;
    }
    memcpy(name, word, length);
    name[length] = '\0';
    return quota_set(quota, name, value);
}

size_t quota_print(const struct quota *quota, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "Quota settings:\n");
    for (size_t i = 0; i < NR_ROWS && used < room; i++) {
        uint32_t value;
        memcpy(&value, (const char *)quota + rows[i].offset, sizeof(value));
        used += (size_t)snprintf(out + used, room - used, "%-17s: %8u %s\n", rows[i].name, value,
                                 rows[i].help);
    }
    return used < room ? used : room - 1;
}

size_t quota_print_soft(const struct quota *quota, char *out, size_t room)
{
    const size_t used = (size_t)snprintf(
        out, room, "Quota settings:\n%-17s: %8u Total Xenstore memory per domain (warning level)\n",
        "memory", quota->memory_soft_bytes);
    return used < room ? used : room - 1;
}
