// SPDX-License-Identifier: MIT
/* CONTROL: what an administrator asks or sets, by xenstore-control. */
#include "xenstored/request.h"
#include "lib/message.h"
#include "xenstored/client.h"
#include "xenstored/path.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_ROOM WIRE_MAX_PAYLOAD

static int answer_text(struct request *r, const char *text)
{
    return request_answer(r, text, strlen(text) + 1);
}

static int control_log(struct request *r)
{
    if (r->nr != 2) {
        return -EINVAL;
    }
    if (strcmp(r->string[1], "on") == 0) {
        if (r->x->log == NULL) {
            /* Where it goes is said by -T or logfile; without them to where messages go */
            const int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
            r->x->log = copy < 0 ? NULL : fdopen(copy, "a");
            if (r->x->log == NULL) {
                if (copy >= 0) {
                    close(copy);
                }
                return -EIO;
            }
        }
    } else if (strcmp(r->string[1], "off") == 0) {
        if (r->x->log != NULL) {
            fclose(r->x->log);
            r->x->log = NULL;
        }
    } else {
        return -EINVAL;
    }
    return request_answer_ok(r);
}

static int control_logfile(struct request *r)
{
    if (r->nr != 2) {
        return -EINVAL;
    }
    FILE *log = fopen(r->string[1], "ae");
    if (log == NULL) {
        return -errno;
    }
    if (r->x->log != NULL) {
        fclose(r->x->log);
    }
    r->x->log = log;
    return request_answer_ok(r);
}

static int control_print(struct request *r)
{
    if (r->nr != 2) {
        return -EINVAL;
    }
    message_warning("%s", r->string[1]);
    return request_answer_ok(r);
}

/* What the tree says of itself must agree with what is counted. */
struct survey {
    unsigned nr_faults;
    unsigned nr_owners;
    uint32_t *nodes; /* of each domain */
};

static int look(const char *path, unsigned length, const struct tree_node *node, void *arg)
{
    struct survey *survey = arg;
    survey->nr_faults += node->refs == 0 || node->permissions->nr == 0 || node->gen_below == 0;
    const uint16_t owner = permissions_owner(node->permissions);
    if (owner < survey->nr_owners) {
        survey->nodes[owner]++;
    }
    return 0;
}

static int control_check(struct request *r)
{
    struct xenstored *x = r->x;
    char path[PATH_ROOM] = "/";
    struct survey survey = {.nr_owners = x->accounts.room,
                            .nodes = calloc(x->accounts.room, sizeof(uint32_t))};
    if (survey.nodes == NULL) {
        return -ENOMEM;
    }
    tree_walk(x->root, path, 1, look, &survey);
    for (unsigned i = 0; i < x->accounts.room; i++) {
        const struct account *account = x->accounts.of[i];
        if (account != NULL && account->nodes != survey.nodes[i]) {
            message_warning("domain %u owns %u nodes, %u were counted", i, survey.nodes[i],
                            account->nodes);
            survey.nr_faults++;
        }
    }
    free(survey.nodes);
    return survey.nr_faults > 0 ? -EIO : request_answer_ok(r);
}

static int control_memreport(struct request *r)
{
    const struct xenstored *x = r->x;
    char text[TEXT_ROOM];
    size_t queued = 0;
    unsigned transactions = 0;
    for (const struct client *client = x->clients; client != NULL; client = client->next) {
        queued += client->queued_bytes + client->input_bytes;
        transactions += client->transactions != NULL;
    }
    snprintf(text, sizeof(text),
             "nodes            : %10zu in memory, %zu bytes\n"
             "clients          : %10u\n"
             "in transactions  : %10u\n"
             "watches          : %10u\n"
             "waiting          : %10zu bytes\n"
             "domains          : %10u\n"
             "requests         : %10" PRIu64 "\n",
             x->tree.nr_nodes, x->tree.bytes, x->nr_clients, transactions, x->watches.nr, queued,
             x->accounts.nr, x->nr_requests);
    if (r->nr == 1) {
        return answer_text(r, text);
    }
    FILE *out = r->nr == 2 ? fopen(r->string[1], "we") : NULL;
    if (out == NULL) {
        return r->nr == 2 ? -errno : -EINVAL;
    }
    fputs(text, out);
    return fclose(out) != 0 ? -errno : request_answer_ok(r);
}

static int quota_of_domain(struct request *r)
{
    uint32_t domid;
    if (wire_number(r->string[1], UINT16_MAX, &domid) < 0) {
        return -EINVAL;
    }
    const struct account *account = account_find(&r->x->accounts, domid);
    if (account == NULL) {
        return -ENOENT;
    }
    char text[512];
    snprintf(text, sizeof(text),
             "Domain %" PRIu32 ":\n"
             "nodes           : %8u\nwatches         : %8u\ntransactions    : %8u\n"
             "outstanding     : %8u\nmemory          : %8" PRIu64 "\n",
             domid, account->nodes, account->watches, account->transactions,
             account->client != NULL ? account->client->nr_answers : 0, account->memory);
    return answer_text(r, text);
}

static int set_quota(struct request *r, int (*set)(struct quota *, const char *, uint32_t))
{
    uint32_t value;
    if (r->nr != 4 || strcmp(r->string[1], "set") != 0 ||
        wire_number(r->string[3], UINT32_MAX, &value) < 0 ||
        set(&r->x->quota, r->string[2], value) < 0) {
        return -EINVAL;
    }
    return request_answer_ok(r);
}

static int control_quota(struct request *r)
{
    char text[TEXT_ROOM];
    if (r->nr == 2) {
        return quota_of_domain(r);
    }
    if (r->nr != 1) {
        return set_quota(r, quota_set);
    }
    quota_print(&r->x->quota, text, sizeof(text));
    return answer_text(r, text);
}

static int control_quota_soft(struct request *r)
{
    char text[TEXT_ROOM];
    if (r->nr != 1) {
        return set_quota(r, quota_set_soft);
    }
    quota_print_soft(&r->x->quota, text, sizeof(text));
    return answer_text(r, text);
}

/* Which domains have a name. The tools ask for it instead of reading all names. */
struct search {
    struct path_name child; /* "name" */
    const char *name;
    size_t length;
    char text[TEXT_ROOM];
    size_t used;
};

/* A child of /local/domain and those beside it; as deep as their treap. */
static void search(struct search *out, const struct tree_node *domain)
{
    if (domain == NULL) {
        return;
    }
    search(out, domain->left);
    const struct tree_node *node = tree_find_child(domain, &out->child);
    const struct tree_value *value = node != NULL ? node->value : NULL;
    if (value != NULL && value->bytes == out->length &&
        memcmp(value->data, out->name, value->bytes) == 0 &&
        out->used + domain->name_length + 2 <= sizeof(out->text)) {
        out->used += (size_t)snprintf(out->text + out->used, sizeof(out->text) - out->used, "%s\n",
                                      domain->name);
    }
    search(out, domain->right);
}

static int control_named(struct request *r)
{
    if (r->nr != 2) {
        return -EINVAL;
    }
    struct search out = {
        .child = path_name_read("name"), .name = r->string[1], .length = strlen(r->string[1])};
    const struct tree_node *top = tree_find(r->x->root, "/local/domain");
    search(&out, top != NULL && out.length > 0 ? top->children : NULL);
    return answer_text(r, out.text);
}

static int control_help(struct request *r);

static const struct command {
    const char *name;
    int (*run)(struct request *r);
    const char *help;
} commands[] = {
    {"check", control_check, ""},
    {"log", control_log, "on|off"},
    {"logfile", control_logfile, "<file>"},
    {"memreport", control_memreport, "[<file>]"},
    {"named", control_named, "<name>"},
    {"print", control_print, "<string>"},
    {"quota", control_quota, "[set <name> <val>|<domid>]"},
    {"quota-soft", control_quota_soft, "[set <name> <val>]"},
    {"help", control_help, ""},
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int control_help(struct request *r)
{
    char text[TEXT_ROOM];
    size_t used = 0;
    for (size_t i = 0; i < NR_COMMANDS; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\t%s\n", commands[i].name,
                                 commands[i].help);
    }
    return answer_text(r, text);
}

int request_control(struct request *r)
{
    for (size_t i = 0; i < NR_COMMANDS; i++) {
        if (strcmp(commands[i].name, r->string[0]) == 0) {
            return commands[i].run(r);
        }
    }
    return -EINVAL;
}
