/* SPDX-License-Identifier: MIT */
#include "device/private.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TRIES 64

static int configure(const char *node, int file, bool writable, bool is_direct, const char *name)
{
    int fd = open(node, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    struct loop_config config = {.fd = (uint32_t)file};
    config.info.lo_flags =
        (writable ? 0 : LO_FLAGS_READ_ONLY) | (is_direct ? LO_FLAGS_DIRECT_IO : 0);
    strncpy((char *)config.info.lo_file_name, name, LO_NAME_SIZE - 1);
    int error = ioctl(fd, LOOP_CONFIGURE, &config) == 0 ? 0 : -errno;
    close(fd);
    return error;
}

/* Between asking for a free device and taking it another process may have taken it: -EBUSY. */
static int take_free(int control, int file, bool writable, bool is_direct, const char *name,
                     char **node)
{
    for (int i = 0; i < TRIES; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0) {
            return -errno;
        }
        if (asprintf(node, "/dev/loop%d", number) < 0) {
            *node = NULL;
            return -ENOMEM;
        }
        int error = configure(*node, file, writable, is_direct, name);
        if (error == 0) {
            return 0;
        }
        free(*node);
        *node = NULL;
        if (error != -EBUSY) {
            return error;
        }
    }
    return -EBUSY;
}

int disk_loop_attach(const char *file, bool writable, bool is_direct, char **node)
{
    *node = NULL;
    int fd = open(file, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    int error = take_free(control, fd, writable, is_direct, file, node);
    close(control);
    close(fd);
    return error;
}

int disk_loop_detach(const char *node)
{
    int fd = open(node, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    int error = ioctl(fd, LOOP_CLR_FD) == 0 || errno == ENXIO ? 0 : -errno;
    close(fd);
    return error;
}
