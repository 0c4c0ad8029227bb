// SPDX-License-Identifier: MIT
/*
 * What Debian's xl and ours said to Debian's store daemon (test/store/record.c), said to ours: the
 * answers must be the same. The recorder heard only the socket. What a kernel wrote meanwhile
 * through its ring shows when an answer differs from ours: then it is written here too, by a client
 * that stands for the kernels. Only reads and lists may differ, only where kernels write, and only
 * so often.
 */
#include "xenstored/peer_host.h"

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

enum { CONNECTIONS = 256, WAITING = 64, IDS = 64, FROM_CLIENT = 0, FROM_DAEMON = 1, ENDED = 2 };

struct answer { /* ours, until the recorded one comes by */
    struct wire_header asked;
    char path[128];
    uint32_t type, bytes;
    char payload[WIRE_MAX_PAYLOAD + 1];
};

struct tape {
    struct xenstored x;
    struct peer kernel, peer[CONNECTIONS];
    bool is_open[CONNECTIONS];
    struct answer *answer[CONNECTIONS];
    unsigned first[CONNECTIONS], nr[CONNECTIONS];
    struct {
        uint32_t theirs, ours;
    } id[CONNECTIONS][IDS];
    unsigned requests, differences, events, unheard, retries;
};

static uint32_t our_id(struct tape *tape, unsigned who, uint32_t theirs)
{
    for (unsigned i = 0; i < IDS && theirs != 0; i++) {
        if (tape->id[who][i].theirs == theirs) {
            return tape->id[who][i].ours;
        }
    }
    return theirs;
}

static bool is_for_domains(uint32_t type)
{
    return type == WIRE_INTRODUCE;
}

/* A request, said to our daemon at once; the answer waits for the recorded one. */
static void ask(struct tape *tape, unsigned who, const struct wire_header *header,
                const char *payload)
{
    assert_true(tape->nr[who] < WAITING);
    struct answer *answer = &tape->answer[who][(tape->first[who] + tape->nr[who]++) % WAITING];
    struct peer *peer = &tape->peer[who];
    answer->asked = *header;
    snprintf(answer->path, sizeof(answer->path), "%.*s", (int)header->bytes, payload);
    if (is_for_domains(header->type)) {
        /* There is no such domain here: as if it were */
        struct account *account = account_open(&tape->x.accounts, (uint32_t)atoi(payload), 0);
        account->is_introduced = true;
        fire_special(&tape->x, SPECIAL_INTRODUCE, 1);
    }
    peer_ask(peer, header->type, our_id(tape, who, header->transaction), payload, header->bytes);
    answer->type = peer->type;
    answer->bytes = peer->bytes;
    memcpy(answer->payload, peer->payload, peer->bytes + 1);
    tape->requests++;
}

static bool has_name(const char *names, size_t bytes, const char *name)
{
    for (size_t at = 0; at < bytes; at += strlen(names + at) + 1) {
        if (strcmp(names + at, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_names(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    for (size_t at = 0; at < a_bytes; at += strlen(a + at) + 1) {
        if (!has_name(b, b_bytes, a + at)) {
            return false;
        }
    }
    return a_bytes == b_bytes;
}

/* Where dom0's kernel and guests write, and what was there before the recorder was. */
static bool is_kernels(const char *path)
{
    if (strncmp(path, "/local/pool/", 12) == 0 || strcmp(path, "/local/domain") == 0 ||
        (strncmp(path, "/local/domain/0", 15) == 0 && strchr("/", path[15]) != NULL)) {
        return true;
    }
    return strncmp(path, "/local/domain/", 14) == 0 &&
           (strstr(path, "/backend/") != NULL || strstr(path, "/device/") != NULL ||
            strstr(path, "/control") != NULL || strstr(path, "/data") != NULL ||
            strstr(path, "/attr") != NULL || strstr(path, "/drivers") != NULL ||
            strstr(path, "/cpu") != NULL || strstr(path, "/console") != NULL ||
            strstr(path, "/memory") != NULL);
}

/* A kernel did this meanwhile. */
static void catch_up(struct tape *tape, unsigned who, const struct answer *ours,
                     const struct wire_header *header, const char *payload)
{
    /* Within a transaction through that: else its own reads would be in conflict with it */
    const uint32_t id = our_id(tape, who, ours->asked.transaction);
    struct peer *kernel = id != 0 ? &tape->peer[who] : &tape->kernel;
    tape->differences++;
    if (!is_kernels(ours->path)) {
        fail_msg("%s %s: '%.*s', ours '%.*s'", wire_type_name(ours->asked.type), ours->path,
                 (int)header->bytes, payload, (int)ours->bytes, ours->payload);
    }
    if (header->type == WIRE_ERROR) {
        peer_call(kernel, WIRE_RM, id, ours->path, NULL);
    } else if (ours->asked.type == WIRE_READ) {
        char value[WIRE_MAX_PAYLOAD + 1];
        snprintf(value, sizeof(value), "%.*s", (int)header->bytes, payload);
        peer_write(kernel, id, ours->path, value);
    } else if (ours->asked.type == WIRE_DIRECTORY) {
        for (size_t at = 0; at < header->bytes; at += strlen(payload + at) + 1) {
            char path[512];
            snprintf(path, sizeof(path), "%s/%s", ours->path, payload + at);
            peer_call(kernel, WIRE_MKDIR, id, path, NULL);
        }
    }
}

static void compare(struct tape *tape, unsigned who, const struct wire_header *header,
                    const char *payload)
{
    assert_true(tape->nr[who] > 0);
    struct answer *ours = &tape->answer[who][tape->first[who]];
    tape->first[who] = (tape->first[who] + 1) % WAITING;
    tape->nr[who]--;
    assert_int_equal(ours->asked.request, header->request);
    const uint32_t type = ours->asked.type;
    if (is_for_domains(type)) {
        return;
    }
    if (type == WIRE_TRANSACTION_START && header->type == type) {
        static unsigned next;
        const unsigned slot = next++ % IDS;
        tape->id[who][slot].theirs = (uint32_t)atoi(payload);
        tape->id[who][slot].ours = (uint32_t)atoi(ours->payload);
        return;
    }
    if (type == WIRE_TRANSACTION_END && header->type == WIRE_ERROR && ours->type == type) {
        tape->retries++; /* theirs saw a conflict that is none */
        return;
    }
    const bool equal =
        header->type == ours->type &&
        (type == WIRE_DIRECTORY && header->type == type
             ? same_names(payload, header->bytes, ours->payload, ours->bytes)
             : header->bytes == ours->bytes && memcmp(payload, ours->payload, ours->bytes) == 0);
    if (!equal) {
        if (type != WIRE_READ && type != WIRE_DIRECTORY && type != WIRE_GET_PERMS) {
            fail_msg("connection %u: %s %s: '%.*s', ours '%.*s'", who, wire_type_name(type),
                     ours->path, (int)header->bytes, payload, (int)ours->bytes, ours->payload);
        }
        catch_up(tape, who, ours, header, payload);
    }
}

/* An event that theirs sent: ours has sent it by now, or a kernel made it. */
static void hear(struct tape *tape, unsigned who, const char *payload, uint32_t bytes)
{
    char wanted[WIRE_MAX_PAYLOAD + 1];
    memcpy(wanted, payload, bytes);
    wanted[strlen(wanted)] = ' ';
    tape->events++;
    while (peer_event(&tape->peer[who])) {
        if (strcmp(tape->peer[who].payload, wanted) == 0) {
            return;
        }
    }
    tape->unheard++;
}

static void play(struct tape *tape, const char *name)
{
    gzFile file = gzopen(name, "rb");
    assert_non_null(file);
    for (;;) {
        struct wire_header header;
        char payload[WIRE_MAX_PAYLOAD + 1];
        const int who = gzgetc(file);
        const int what = gzgetc(file);
        if (who < 0) {
            break;
        }
        if (what == ENDED) {
            if (tape->is_open[who]) {
                peer_close(&tape->peer[who]);
                tape->is_open[who] = false;
                tape->nr[who] = tape->first[who] = 0; /* another may come with its number */
                memset(tape->id[who], 0, sizeof(tape->id[who]));
            }
            continue;
        }
        assert_int_equal(gzread(file, &header, sizeof(header)), sizeof(header));
        assert_true(header.bytes <= WIRE_MAX_PAYLOAD);
        assert_int_equal(gzread(file, payload, header.bytes), header.bytes);
        payload[header.bytes] = '\0';
        if (!tape->is_open[who]) {
            peer_open(&tape->peer[who], &tape->x, 0);
            tape->is_open[who] = true;
            tape->answer[who] = tape->answer[who] != NULL ? tape->answer[who]
                                                          : calloc(WAITING, sizeof(struct answer));
        }
        if (what == FROM_CLIENT) {
            ask(tape, (unsigned)who, &header, payload);
        } else if (header.type == WIRE_WATCH_EVENT) {
            hear(tape, (unsigned)who, payload, header.bytes);
        } else {
            compare(tape, (unsigned)who, &header, payload);
        }
    }
    gzclose(file);
}

static void traces(void **state)
{
    glob_t found;
    assert_int_equal(glob("test/store/*.trace.gz", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct tape *tape = calloc(1, sizeof(*tape));
        assert_int_equal(xenstored_init(&tape->x), 0);
        peer_open(&tape->kernel, &tape->x, 0);
        /* What xen-init-dom0 does before the first xl */
        peer_write(&tape->kernel, 0, "/local/domain/0/name", "Domain-0");
        peer_write(&tape->kernel, 0, "/local/domain/0/domid", "0");
        play(tape, found.gl_pathv[i]);
        print_message("%s: %u requests, %u answers differ by what kernels wrote, %u of %u events "
                      "theirs alone, %u needless retries\n",
                      found.gl_pathv[i], tape->requests, tape->differences, tape->unheard,
                      tape->events, tape->retries);
        assert_true(tape->requests > 100);
        assert_true(tape->differences * 5 < tape->requests);
        for (unsigned who = 0; who < CONNECTIONS; who++) {
            if (tape->is_open[who]) {
                peer_close(&tape->peer[who]);
            }
            free(tape->answer[who]);
        }
        assert_int_equal(peer_call(&tape->kernel, WIRE_CONTROL, 0, "check", NULL), 0);
        peer_close(&tape->kernel);
        xenstored_fini(&tape->x);
        assert_int_equal(tape->x.tree.nr_nodes, 0);
        free(tape);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(traces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
