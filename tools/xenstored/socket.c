// SPDX-License-Identifier: MIT
#include "xenstored/socket.h"
#include "lib/message.h"
#include "xenstored/client.h"
#include "xenstored/xenstored.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPT_TURN 16
#define BACKLOG     128

static ssize_t socket_read(struct client *client, void *data, size_t room)
{
    const ssize_t n = recv(client->source.fd, data, room, MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    return n == 0 ? -EPIPE : n;
}

static ssize_t socket_write(struct client *client, const struct iovec *part, int nr)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)part, .msg_iovlen = (size_t)nr};
    const ssize_t n = sendmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    return n;
}

static void socket_settle(struct client *client, bool may_read, bool wants_write)
{
    const uint32_t events = (may_read ? EPOLLIN : 0U) | (wants_write ? EPOLLOUT : 0U);
    if (events != client->source_events &&
        loop_change(&client->x->loop, &client->source, events) == 0) {
        client->source_events = events;
    }
}

static void socket_close_client(struct client *client)
{
    struct xenstored *x = client->x;
    loop_remove(&x->loop, &client->source);
    close(client->source.fd);
    /* There may have been none left */
    if (x->listener.fd >= 0) {
        loop_change(&x->loop, &x->listener, EPOLLIN);
    }
}

static const struct transport transport = {socket_read, socket_write, socket_settle,
                                           socket_close_client};

static void client_is_ready(struct loop_source *source, uint32_t events)
{
    struct client *client = (struct client *)((char *)source - offsetof(struct client, source));
    client_ready(client);
}

int socket_add(struct xenstored *x, int fd)
{
    struct client *client = client_create(x, &transport, account_find(&x->accounts, 0));
    if (client == NULL) {
        close(fd);
        return -ENOMEM;
    }
    client->source = (struct loop_source){.fd = fd, .ready = client_is_ready};
    client->source_events = EPOLLIN;
    const int err = loop_add(&x->loop, &client->source, EPOLLIN);
    if (err < 0) {
        client_destroy(client);
    }
    return err;
}

static void accept_some(struct loop_source *source, uint32_t events)
{
    struct xenstored *x =
        (struct xenstored *)((char *)source - offsetof(struct xenstored, listener));
    for (unsigned i = 0; i < ACCEPT_TURN; i++) {
        const int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                message_warning("no more connections can be had: %s", strerror(errno));
                loop_change(&x->loop, source, 0);
            }
            return;
        }
        socket_add(x, fd);
    }
}

int socket_listen_fd(struct xenstored *x, int fd)
{
    x->listener = (struct loop_source){.fd = fd, .ready = accept_some};
    const int err = loop_add(&x->loop, &x->listener, EPOLLIN);
    if (err < 0) {
        close(fd);
        x->listener.fd = -1;
    }
    return err;
}

int socket_listen(struct xenstored *x, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        message_error("%s: too long for a socket's name", path);
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err = fd < 0 ? -errno : 0;
    if (err == 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        close(fd);
        message_error("%s: a store daemon answers there already", path);
        return -EADDRINUSE;
    }
    if (err == 0) {
        unlink(path);
        const mode_t mask = umask(0177);
        err = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
        umask(mask);
    }
    if (err == 0) {
        err = listen(fd, BACKLOG) < 0 ? -errno : socket_listen_fd(x, fd);
    } else if (fd >= 0) {
        close(fd);
    }
    if (err < 0) {
        message_error("%s: %s", path, strerror(-err));
    }
    return err;
}

void socket_close(struct xenstored *x)
{
    if (x->listener.fd >= 0) {
        loop_remove(&x->loop, &x->listener);
        close(x->listener.fd);
        x->listener.fd = -1;
    }
}
