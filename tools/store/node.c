/* SPDX-License-Identifier: MIT */
#include "store/private.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_read(struct store *s, char **value, size_t *len, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_READ, 0, p, NULL, 0, value, len);
    free(p);
    return error;
}

int store_read_number(struct store *s, uint64_t *value, const char *path, ...)
{
    STORE_PATH(p, path);
    char *text = NULL;
    int error = store_ask(s, WIRE_READ, 0, p, NULL, 0, &text, NULL);
    free(p);
    if (error != 0) {
        return error;
    }
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    bool is_number = *text >= '0' && *text <= '9' && *end == 0 && errno == 0;
    free(text);
    if (!is_number) {
        return -EINVAL;
    }
    *value = number;
    return 0;
}

bool store_exists(struct store *s, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_READ, 0, p, NULL, 0, NULL, NULL);
    free(p);
    return error == 0;
}

int store_write(struct store *s, const char *value, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_WRITE, 0, p, value, strlen(value), NULL, NULL);
    free(p);
    return error;
}

int store_remove(struct store *s, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_RM, 0, p, NULL, 0, NULL, NULL);
    free(p);
    return error;
}

/* Takes over len bytes of names, a zero behind each. */
static int split(struct store_list *out, char *names, size_t len)
{
    size_t nr = 0;
    for (size_t i = 0; i < len; i++) {
        nr += names[i] == 0;
    }
    char **name = calloc(nr + 1, sizeof *name);
    if (name == NULL) {
        free(names);
        return -ENOMEM;
    }
    char *at = names;
    for (size_t i = 0; i < nr; i++) {
        name[i] = at;
        at += strlen(at) + 1;
    }
    *out = (struct store_list){.name = name, .nr = nr, .storage = names};
    return 0;
}

/* Appends the names of one part; *is_last when it ends with an empty name. */
static int append_part(char **names, size_t *len, const char *part, size_t part_len, bool *is_last)
{
    *is_last =
        part_len > 0 && part[part_len - 1] == 0 && (part_len == 1 || part[part_len - 2] == 0);
    size_t more = part_len - *is_last;
    char *grown = realloc(*names, *len + more + 1);
    if (grown == NULL) {
        return -ENOMEM;
    }
    memcpy(grown + *len, part, more);
    *names = grown;
    *len += more;
    return 0;
}

/* One pass over a large directory; *changed when its generation was another one half way. */
static int read_parts(struct store *s, const char *path, char **names, size_t *len, bool *changed)
{
    char generation[32] = "";
    *changed = false;
    for (bool is_last = false; !is_last && !*changed;) {
        char offset[32];
        int offset_len = snprintf(offset, sizeof offset, "%zu", *len) + 1;
        char *data = NULL;
        size_t data_len = 0;
        int error = store_ask(s, WIRE_DIRECTORY_PART, 0, path, offset, (size_t)offset_len, &data,
                              &data_len);
        if (error != 0) {
            return error;
        }
        size_t head = strlen(data) + 1;
        if (head >= data_len || head > sizeof generation) {
            free(data);
            return -EIO;
        }
        *changed = *len != 0 && strcmp(generation, data) != 0;
        memcpy(generation, data, head);
        error = append_part(names, len, data + head, data_len - head, &is_last);
        free(data);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int list_in_parts(struct store *s, const char *path, struct store_list *out)
{
    for (int i = 0; i < STORE_TXN_TRIES; i++) {
        char *names = NULL;
        size_t len = 0;
        bool changed;
        int error = read_parts(s, path, &names, &len, &changed);
        if (error == 0 && !changed) {
            return split(out, names, len);
        }
        free(names);
        if (error != 0) {
            return error;
        }
    }
    return -EAGAIN;
}

int store_list(struct store *s, struct store_list *out, const char *path, ...)
{
    STORE_PATH(p, path);
    char *names = NULL;
    size_t len = 0;
    *out = (struct store_list){};
    int error = store_ask(s, WIRE_DIRECTORY, 0, p, NULL, 0, &names, &len);
    if (error == 0) {
        error = split(out, names, len);
    } else if (error == -E2BIG) {
        error = list_in_parts(s, p, out);
    }
    free(p);
    return error;
}

void store_list_fini(struct store_list *list)
{
    free(list->name);
    free(list->storage);
    *list = (struct store_list){};
}

struct many {
    char **value;
    int error;
};

static void take_many(void *arg, const struct store_answer *answer)
{
    struct many *many = arg;
    if (answer->error == -ENOENT) {
        return;
    }
    char *copy = answer->error == 0 ? malloc(answer->len + 1) : NULL;
    if (copy == NULL) {
        many->error = answer->error != 0 ? answer->error : -ENOMEM;
        return;
    }
    memcpy(copy, answer->data, answer->len + 1);
    many->value[answer->index] = copy;
}

int store_read_many(struct store *s, size_t nr, char *const *path, char **value)
{
    struct many many = {.value = value};
    for (size_t i = 0; i < nr; i++) {
        value[i] = NULL;
        store_put(s, WIRE_READ, 0, path[i], NULL, 0);
    }
    int error = store_exchange(s, take_many, &many);
    error = error != 0 ? error : many.error;
    for (size_t i = 0; error != 0 && i < nr; i++) {
        free(value[i]);
        value[i] = NULL;
    }
    return error;
}

int store_read_permissions(struct store *s, char **value, size_t *len, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_GET_PERMS, 0, p, NULL, 0, value, len);
    free(p);
    return error;
}

/* Words with a zero behind each, as many requests want them. */
static char *join(const char *const *words, size_t nr, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < nr; i++) {
        *len += strlen(words[i]) + 1;
    }
    char *joined = malloc(*len + 1);
    size_t at = 0;
    for (size_t i = 0; joined != NULL && i < nr; i++) {
        size_t n = strlen(words[i]) + 1;
        memcpy(joined + at, words[i], n);
        at += n;
    }
    return joined;
}

int store_write_permissions(struct store *s, const char *const *words, size_t nr, const char *path,
                            ...)
{
    STORE_PATH(p, path);
    size_t len;
    char *joined = join(words, nr, &len);
    int error =
        joined == NULL ? -ENOMEM : store_ask(s, WIRE_SET_PERMS, 0, p, joined, len, NULL, NULL);
    free(joined);
    free(p);
    return error;
}

int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port)
{
    char id[16];
    char rest[64];
    snprintf(id, sizeof id, "%u", domid);
    int len = snprintf(rest, sizeof rest, "%" PRIu64 "%c%u", gfn, 0, port) + 1;
    return store_ask(s, WIRE_INTRODUCE, 0, id, rest, (size_t)len, NULL, NULL);
}

int store_release(struct store *s, uint32_t domid)
{
    char id[16];
    snprintf(id, sizeof id, "%u", domid);
    return store_ask(s, WIRE_RELEASE, 0, id, NULL, 0, NULL, NULL);
}

int store_is_introduced(struct store *s, uint32_t domid, bool *is_introduced)
{
    char id[16];
    char *answer = NULL;
    snprintf(id, sizeof id, "%u", domid);
    int error = store_ask(s, WIRE_IS_DOMAIN_INTRODUCED, 0, id, NULL, 0, &answer, NULL);
    if (error == 0) {
        *is_introduced = strcmp(answer, "T") == 0;
        free(answer);
    }
    return error;
}

int store_control(struct store *s, const char *const *words, size_t nr, char **answer)
{
    if (nr == 0) {
        return -EINVAL;
    }
    size_t len;
    char *rest = join(words + 1, nr - 1, &len);
    int error =
        rest == NULL ? -ENOMEM : store_ask(s, WIRE_CONTROL, 0, words[0], rest, len, answer, NULL);
    free(rest);
    return error;
}
