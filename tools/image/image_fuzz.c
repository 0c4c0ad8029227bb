// SPDX-License-Identifier: MIT
/* Any bytes as a kernel file: opened, and read up to 64 MiB in pieces of odd sizes. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/message.h"

#define LIMIT (64L * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

void message_error(const char *format, ...)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint8_t piece[65537];
    struct image image;
    const int fd = memfd_create("kernel", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes) {
        abort();
    }
    if (image_open_fd(&image, fd, "k") != 0) {
        return 0;
    }
    if (image.text_offset >= 2 * 1024 * 1024 || (image.bits != 32 && image.bits != 64)) {
        abort();
    }
    long n, all = 0;
    do {
        n = image_read(&image, piece, sizeof(piece));
        all += n > 0 ? n : 0;
    } while (n == (long)sizeof(piece) && all < LIMIT);
    if (n > (long)sizeof(piece) || (image.bytes != 0 && all > (long)image.bytes)) {
        abort();
    }
    image_close(&image);
    return 0;
}
