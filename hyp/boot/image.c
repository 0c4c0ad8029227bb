/* SPDX-License-Identifier: MIT */
#include "boot/image.h"

#include "base/addr.h"
#include "base/bits.h"
#include "base/string.h"

/* The header that an arm64 Image starts with; all fields little endian, as we are. */
struct image_header {
    u32 code0, code1;
    u64 text_offset;
    u64 image_size;
    u64 flags;
    u64 res2, res3, res4;
    u32 magic;
    u32 pe_offset;
};
_Static_assert(sizeof(struct image_header) == 64, "the format's own size");

#define IMAGE_MAGIC           0x644d5241u /* "ARM\x64" */
#define IMAGE_FLAG_BIG_ENDIAN BIT(0)
#define IMAGE_FLAG_ANYWHERE   BIT(3)
#define IMAGE_OLD_TEXT_OFFSET 0x80000u /* kernels before 3.17 leave image_size 0 and mean this */
/* More than any kernel has, little enough that sums of it with an address never wrap. */
#define IMAGE_MAX_BYTES (1ULL << 32)

static enum err decode_header(const struct image_header *h, struct image *out, const char **why)
{
    if (h->magic != IMAGE_MAGIC) {
        *why = memcmp(h, "MZ", 2) == 0 && memcmp((const u8 *)h + 4, "zimg", 4) == 0
                   ? "is an EFI zboot image: unpack it first (its payload is the Image)"
                   : "is no arm64 Image: no magic at byte 56";
        return E_INVAL;
    }
    if (h->flags & IMAGE_FLAG_BIG_ENDIAN) {
        *why = "is big endian";
        return E_INVAL;
    }
    out->anywhere = h->flags & IMAGE_FLAG_ANYWHERE;
    out->text_offset = h->image_size == 0 ? IMAGE_OLD_TEXT_OFFSET : h->text_offset;
    out->image_bytes = MAX(h->image_size, out->file_bytes);
    if (out->text_offset >= (2u << 20) || !is_aligned(out->text_offset, PAGE_SIZE) ||
        out->image_bytes > IMAGE_MAX_BYTES) {
        *why = "has a header with sizes that can't be";
        return E_INVAL;
    }
    return OK;
}

enum err image_decode(const void *data, u64 bytes, struct image *out, const char **why)
{
    struct image_header header;
    *out = (struct image){.data = data, .data_bytes = bytes, .file_bytes = bytes};
    if (bytes < sizeof(header)) {
        *why = "is too short for an Image";
        return E_INVAL;
    }
    memcpy(&header, data, sizeof(header));
    const u8 *first = data;
    if (first[0] == 0x1f && first[1] == 0x8b) {
        u64 done = 0;
        out->packed = true;
        out->file_bytes = inflate_gzip_bytes(data, bytes);
        enum err e = inflate_gzip(data, bytes, (u8 *)&header, sizeof(header), &done);
        if ((e != OK && e != E_NOSPC) || done != sizeof(header)) {
            *why = "is a broken gzip file";
            return E_INVAL;
        }
    }
    return decode_header(&header, out, why);
}

enum err image_unpack(const struct image *image, void *out)
{
    u64 done = 0;
    enum err e = inflate_gzip(image->data, image->data_bytes, out, image->file_bytes, &done);
    return e == OK && done == image->file_bytes ? OK : E_INVAL;
}
