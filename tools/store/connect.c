/* SPDX-License-Identifier: MIT */
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/message.h"

#define SOCKET "/run/xenstored/socket"
#define DEVICE "/dev/xen/xenbus"

static int start(int fd, bool is_device, struct store **out)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        close(fd);
        message_error("no memory for a connection to the store");
        return -ENOMEM;
    }
    s->fd = fd;
    s->is_device = is_device;
    s->next_request = 1;
    s->last = &s->first;
    *out = s;
    return 0;
}

int store_open_fd(int fd, struct store **out)
{
    return start(fd, false, out);
}

static int connect_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* The kernel's way to a store that lives in another domain. Where it lives here, and does not run,
 * that device would let us wait for ever: the socket's folder tells the two apart. */
static int connect_device(void)
{
    if (access("/run/xenstored", F_OK) == 0) {
        return -ENOENT;
    }
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int store_open(struct store **out)
{
    const char *named = getenv("XENSTORED_PATH");
    const char *path = named != NULL ? named : SOCKET;
    int fd = connect_socket(path);
    bool is_device = false;
    if (fd == -ENOENT && named == NULL) {
        int device = connect_device();
        is_device = device >= 0;
        fd = is_device ? device : fd;
    }
    if (fd == -ENOENT || fd == -ECONNREFUSED) {
        message_error("xenstored does not run (nobody answers on %s); start it, e.g. by "
                      "`systemctl start xenstored` or `service xen start`",
                      path);
        return fd;
    }
    if (fd < 0) {
        message_error("can't talk to xenstored by %s: %s", path, strerror(-fd));
        return fd;
    }
    return start(fd, is_device, out);
}

void store_close(struct store *s)
{
    if (s == NULL) {
        return;
    }
    close(s->fd);
    for (struct queued_event *event = s->first; event != NULL;) {
        struct queued_event *next = event->next;
        free(event);
        event = next;
    }
    free(s->handed_out);
    free(s->out);
    free(s);
}

int store_fd(const struct store *s)
{
    return s->fd;
}
