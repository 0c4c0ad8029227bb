/* SPDX-License-Identifier: MIT */
#include "store/private.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/message.h"

int store_errno(const char *word)
{
    static const struct {
        const char *word;
        int error;
    } table[] = {
        {"ENOENT", ENOENT}, {"EAGAIN", EAGAIN}, {"EEXIST", EEXIST},   {"EINVAL", EINVAL},
        {"EACCES", EACCES}, {"EPERM", EPERM},   {"ENOMEM", ENOMEM},   {"ENOSPC", ENOSPC},
        {"E2BIG", E2BIG},   {"EBUSY", EBUSY},   {"EROFS", EROFS},     {"EISDIR", EISDIR},
        {"ENOSYS", ENOSYS}, {"EIO", EIO},       {"EISCONN", EISCONN}, {"ENOTEMPTY", ENOTEMPTY},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].word, word) == 0) {
            return -table[i].error;
        }
    }
    return -EIO;
}

char *store_path(const char *format, va_list arguments)
{
    char *path;
    int len = vasprintf(&path, format, arguments);
    if (len < 0) {
        return NULL;
    }
    if (len > STORE_MAX_PATH) {
        free(path);
        return NULL;
    }
    return path;
}

static bool grow(struct store *s, size_t len)
{
    if (s->out_len + len <= s->out_room) {
        return true;
    }
    size_t room = s->out_room * 2 + len;
    char *out = realloc(s->out, room);
    if (out == NULL) {
        s->out_error = -ENOMEM;
        return false;
    }
    s->out = out;
    s->out_room = room;
    return true;
}

void store_put(struct store *s, uint32_t type, uint32_t transaction, const char *path,
               const void *bytes, size_t len)
{
    size_t path_len = path == NULL ? 0 : strlen(path) + 1;
    struct wire_header header = {
        .type = type,
        .request = s->next_request + (uint32_t)s->nr_out,
        .transaction = transaction,
        .bytes = (uint32_t)(path_len + len),
    };
    if (path == NULL || path_len + len > WIRE_MAX_PAYLOAD) {
        s->out_error = -ENAMETOOLONG;
        return;
    }
    if (!grow(s, sizeof header + header.bytes)) {
        return;
    }
    memcpy(s->out + s->out_len, &header, sizeof header);
    memcpy(s->out + s->out_len + sizeof header, path, path_len);
    if (len > 0) {
        memcpy(s->out + s->out_len + sizeof header + path_len, bytes, len);
    }
    s->out_len += sizeof header + header.bytes;
    s->nr_out++;
}

static int broken(struct store *s, const char *why)
{
    if (!s->is_broken) {
        message_error("the connection to xenstored broke: %s", why);
        s->is_broken = true;
    }
    return -EPIPE;
}

/* Sends a piece of out from *sent on; with a device exactly one message, as its driver wants. */
static int send_some(struct store *s, size_t *sent)
{
    size_t len = s->out_len - *sent;
    ssize_t n;
    if (s->is_device) {
        struct wire_header header;
        memcpy(&header, s->out + *sent, sizeof header);
        n = write(s->fd, s->out + *sent, sizeof header + header.bytes);
    } else {
        n = send(s->fd, s->out + *sent, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : broken(s, strerror(errno));
    }
    *sent += (size_t)n;
    return 0;
}

static int queue_event(struct store *s, const char *data, size_t len)
{
    const char *end = memchr(data, 0, len);
    if (end == NULL || memchr(end + 1, 0, len - (size_t)(end + 1 - data)) == NULL) {
        return broken(s, "it sent an event that is none");
    }
    struct queued_event *event = malloc(sizeof *event + len);
    if (event == NULL) {
        return -ENOMEM;
    }
    event->next = NULL;
    memcpy(event->path, data, len);
    event->token = event->path + (end + 1 - data);
    *s->last = event;
    s->last = &event->next;
    return 0;
}

static void consume(struct store *s, size_t len)
{
    s->in_len -= len;
    memmove(s->in, s->in + len, s->in_len);
}

/* 1: an answer lies complete at the start of in; 0: not yet. Events before it go to the queue. */
static int look(struct store *s)
{
    struct wire_header header;
    while (s->in_len >= sizeof header) {
        memcpy(&header, s->in, sizeof header);
        if (header.bytes > WIRE_MAX_PAYLOAD) {
            return broken(s, "it sent a message longer than the protocol allows");
        }
        if (s->in_len < sizeof header + header.bytes) {
            return 0;
        }
        if (header.type != WIRE_WATCH_EVENT) {
            return 1;
        }
        int error = queue_event(s, s->in + sizeof header, header.bytes);
        if (error != 0) {
            return error;
        }
        consume(s, sizeof header + header.bytes);
    }
    return 0;
}

int store_receive(struct store *s, bool wait)
{
    int found = look(s);
    if (found != 0) {
        return found;
    }
    if (s->is_broken) {
        return -EPIPE;
    }
    ssize_t n;
    if (s->is_device) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (!wait && poll(&p, 1, 0) <= 0) {
            return 0;
        }
        n = read(s->fd, s->in + s->in_len, sizeof s->in - s->in_len);
    } else {
        n = recv(s->fd, s->in + s->in_len, sizeof s->in - s->in_len, wait ? 0 : MSG_DONTWAIT);
    }
    if (n == 0) {
        return broken(s, "the daemon has gone");
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : broken(s, strerror(errno));
    }
    s->in_len += (size_t)n;
    return look(s);
}

/* Hands out the answer at the start of in, which must be that of request number index. */
static int hand_out(struct store *s, size_t index, store_take *take, void *arg)
{
    struct wire_header header;
    memcpy(&header, s->in, sizeof header);
    if (header.request != s->next_request + (uint32_t)index) {
        return broken(s, "it answered what was not asked");
    }
    char data[WIRE_MAX_PAYLOAD + 1];
    memcpy(data, s->in + sizeof header, header.bytes);
    data[header.bytes] = 0;
    struct store_answer answer = {.index = index, .data = data, .len = header.bytes};
    if (header.type == WIRE_ERROR) {
        answer.error = store_errno(data);
    }
    consume(s, sizeof header + header.bytes);
    take(arg, &answer);
    return 0;
}

static int wait_both(struct store *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN | POLLOUT};
    return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

/* Sending and receiving go together: a store that stops reading until its answers are taken, and a
 * client that stops reading until its requests are sent, would wait for each other for ever. */
static int exchange(struct store *s, store_take *take, void *arg)
{
    size_t sent = 0;
    for (size_t answered = 0; answered < s->nr_out;) {
        size_t before = sent;
        int error = sent < s->out_len ? send_some(s, &sent) : 0;
        if (error != 0) {
            return error;
        }
        int found = store_receive(s, sent == s->out_len);
        if (found < 0) {
            return found;
        }
        if (found > 0) {
            error = hand_out(s, answered, take, arg);
            answered++;
        } else if (sent < s->out_len && sent == before) {
            error = wait_both(s);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int store_exchange(struct store *s, store_take *take, void *arg)
{
    int error = s->out_error;
    if (error == 0) {
        error = s->is_broken ? -EPIPE : exchange(s, take, arg);
        s->next_request += (uint32_t)s->nr_out;
    }
    s->out_len = 0;
    s->nr_out = 0;
    s->out_error = 0;
    return error;
}

struct asked {
    int error;
    char **data;
    size_t *len;
};

static void take_one(void *arg, const struct store_answer *answer)
{
    struct asked *asked = arg;
    asked->error = answer->error;
    if (answer->error != 0 || asked->data == NULL) {
        return;
    }
    *asked->data = malloc(answer->len + 1);
    if (*asked->data == NULL) {
        asked->error = -ENOMEM;
        return;
    }
    memcpy(*asked->data, answer->data, answer->len + 1);
    if (asked->len != NULL) {
        *asked->len = answer->len;
    }
}

int store_ask(struct store *s, uint32_t type, uint32_t transaction, const char *path,
              const void *bytes, size_t len, char **data, size_t *data_len)
{
    struct asked asked = {.data = data, .len = data_len};
    store_put(s, type, transaction, path, bytes, len);
    int error = store_exchange(s, take_one, &asked);
    return error != 0 ? error : asked.error;
}
