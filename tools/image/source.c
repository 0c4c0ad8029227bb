// SPDX-License-Identifier: MIT
#include "image/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/message.h"

#define INPUT_BYTES (64U * 1024)
#define GZIP_ONLY   (16 + MAX_WBITS)

struct source {
    int fd;
    const char *name;
    enum image_packing packing;
    uint64_t start, at, end; /* bytes in the file: first, next, behind the last */
    bool is_done;            /* the packer has said so */
    z_stream gzip;
    ZSTD_DStream *zstd;
    size_t input_at, input_bytes;
    uint8_t input[]; /* INPUT_BYTES if packed */
};

int source_create(struct source **out, int fd, const char *name, enum image_packing packing,
                  uint64_t offset, uint64_t bytes)
{
    struct source *s = malloc(sizeof(*s) + (packing != IMAGE_RAW ? INPUT_BYTES : 0));
    if (s == NULL) {
        close(fd);
        return -ENOMEM;
    }
    *s = (struct source){.fd = fd,
                         .name = name,
                         .packing = packing,
                         .start = offset,
                         .at = offset,
                         .end = offset + bytes};
    bool is_ready = true;
    if (packing == IMAGE_GZIP) {
        is_ready = inflateInit2(&s->gzip, GZIP_ONLY) == Z_OK;
    } else if (packing == IMAGE_ZSTD) {
        s->zstd = ZSTD_createDStream();
        is_ready = s->zstd != NULL;
    }
    if (!is_ready) {
        s->packing = IMAGE_RAW; /* nothing of a packer's to give back */
        source_destroy(s);
        return -ENOMEM;
    }
    *out = s;
    return 0;
}

void source_destroy(struct source *s)
{
    if (s == NULL) {
        return;
    }
    if (s->packing == IMAGE_GZIP) {
        inflateEnd(&s->gzip);
    }
    ZSTD_freeDStream(s->zstd);
    close(s->fd);
    free(s);
}

void *source_map(const struct source *s, uint64_t offset, size_t bytes)
{
    void *at =
        mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, s->fd, (off_t)(s->start + offset));
    return at != MAP_FAILED ? at : NULL;
}

uint64_t source_progress(const struct source *s)
{
    return s->at - s->start;
}

const char *source_name(const struct source *s)
{
    return s->name;
}

/* The next bytes of the file, fewer only at the end. */
static long read_file(struct source *s, uint8_t *to, size_t bytes)
{
    const size_t wanted = s->end - s->at < bytes ? (size_t)(s->end - s->at) : bytes;
    size_t got = 0;
    while (got < wanted) {
        const ssize_t n = pread(s->fd, to + got, wanted - got, (off_t)s->at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            message_error("%s: %s", s->name, n < 0 ? strerror(errno) : "it has become shorter");
            return n < 0 ? -errno : -EIO;
        }
        got += (size_t)n;
        s->at += (size_t)n;
    }
    return (long)got;
}

static int refill(struct source *s)
{
    if (s->input_at < s->input_bytes) {
        return 0;
    }
    const long n = read_file(s, s->input, INPUT_BYTES);
    if (n < 0) {
        return (int)n;
    }
    s->input_at = 0;
    s->input_bytes = (size_t)n;
    if (n == 0) {
        message_error("%s: truncated: what is packed in it does not end", s->name);
        return -EBADMSG;
    }
    return 0;
}

static int say_damaged(const struct source *s, const char *why)
{
    message_error("%s: damaged: %s", s->name, why != NULL ? why : "it can't be unpacked");
    return -EBADMSG;
}

/* One round of a packer: takes from the input, gives to to[*got], sets is_done at its end. */
static int gunzip(struct source *s, uint8_t *to, size_t bytes, size_t *got)
{
    s->gzip.next_in = s->input + s->input_at;
    s->gzip.avail_in = (uInt)(s->input_bytes - s->input_at);
    s->gzip.next_out = to + *got;
    const size_t room = bytes - *got < (1U << 30) ? bytes - *got : 1U << 30;
    s->gzip.avail_out = (uInt)room;
    const int result = inflate(&s->gzip, Z_NO_FLUSH);
    s->input_at = s->input_bytes - s->gzip.avail_in;
    *got += room - s->gzip.avail_out;
    s->is_done = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR) {
        message_error("%s: out of memory", s->name);
        return -ENOMEM;
    }
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR
               ? 0
               : say_damaged(s, s->gzip.msg);
}

static int unzstd(struct source *s, uint8_t *to, size_t bytes, size_t *got)
{
    ZSTD_inBuffer in = {.src = s->input, .size = s->input_bytes, .pos = s->input_at};
    ZSTD_outBuffer out = {.dst = to, .size = bytes, .pos = *got};
    const size_t result = ZSTD_decompressStream(s->zstd, &out, &in);
    s->input_at = in.pos;
    *got = out.pos;
    s->is_done = result == 0;
    return ZSTD_isError(result) ? say_damaged(s, ZSTD_getErrorName(result)) : 0;
}

long source_read(struct source *s, void *to, size_t bytes)
{
    if (s->packing == IMAGE_RAW) {
        return read_file(s, to, bytes);
    }
    size_t got = 0;
    while (got < bytes && !s->is_done) {
        int error = refill(s);
        if (error == 0) {
            error =
                s->packing == IMAGE_GZIP ? gunzip(s, to, bytes, &got) : unzstd(s, to, bytes, &got);
        }
        if (error != 0) {
            return error;
        }
    }
    return (long)got;
}
