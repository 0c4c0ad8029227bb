/* SPDX-License-Identifier: MIT */
#include "life/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *life_run_folder(void)
{
    const char *folder = getenv("KANSO_RUN");
    return folder != NULL ? folder : "/run/kanso";
}

const char *life_state_folder(void)
{
    const char *folder = getenv("KANSO_STATE");
    return folder != NULL ? folder : "/var/lib/kanso/guest";
}

/* The file may go between open and lock, by the one who had it: then it is tried anew. */
static int lock_once(const char *path, bool wait)
{
    struct stat ours;
    struct stat named;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    int error = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
    if (error == 0 && (fstat(fd, &ours) != 0 || stat(path, &named) != 0 ||
                       ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)) {
        error = -EAGAIN;
    }
    if (error != 0) {
        close(fd);
    }
    return error != 0 ? error : fd;
}

int life_lock(const char *name, bool wait)
{
    char path[512];
    int len = snprintf(path, sizeof path, "%s/%s.lock", life_run_folder(), name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -ENAMETOOLONG;
    }
    if (mkdir(life_run_folder(), 0755) != 0 && errno != EEXIST) {
        return -errno;
    }
    int fd = -EAGAIN;
    for (int i = 0; i < 100 && (fd == -EINTR || (fd == -EAGAIN && (i == 0 || wait))); i++) {
        fd = lock_once(path, wait);
    }
    return fd;
}

void life_unlock(const char *name, int fd)
{
    char path[512];
    if (fd < 0) {
        return;
    }
    int len = snprintf(path, sizeof path, "%s/%s.lock", life_run_folder(), name);
    if (len > 0 && (size_t)len < sizeof path) {
        (void)unlink(path);
    }
    close(fd);
}

int life_lock_guest(const uint8_t uuid[16])
{
    char name[8 + UUID_TEXT] = "guest-";
    life_uuid_text(uuid, name + strlen(name));
    return life_lock(name, true);
}

void life_unlock_guest(const uint8_t uuid[16], int fd)
{
    char name[8 + UUID_TEXT] = "guest-";
    life_uuid_text(uuid, name + strlen(name));
    life_unlock(name, fd);
}
