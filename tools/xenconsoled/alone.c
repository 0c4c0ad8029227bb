// SPDX-License-Identifier: MIT
#include "xenconsoled/alone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/message.h"

/* The number that its holder wrote, 0 if there is none yet. */
static long holder(int fd)
{
    char text[24] = "";
    return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

static int refuse(int fd, const char *path)
{
    const long pid = holder(fd);
    char process[40] = "";
    if (pid > 0) {
        snprintf(process, sizeof(process), ", process %ld", pid);
    }
    message_error("another xenconsoled runs already%s (it has locked %s)", process, path);
    return -EBUSY;
}

/* Both kinds of locks: those of flock() and those of fcntl() do not see each other. */
static int lock(int fd)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fcntl(fd, F_SETLK, &whole) < 0) {
        return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
    }
    return 0;
}

int alone_take(const char *path)
{
    char text[24];
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int err = fd < 0 ? -errno : lock(fd);
    if (err == -EBUSY) {
        err = refuse(fd, path);
    } else if (err == 0) {
        const int nr = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
        err = ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)nr, 0) != nr ? -EIO : 0;
    }
    if (err < 0 && err != -EBUSY) {
        message_error("%s: %s", path, strerror(-err));
    }
    if (err < 0 && fd >= 0) {
        close(fd);
    }
    return err;
}
