/* SPDX-License-Identifier: MIT */
/*
 * Kernel images: what a file is, where a guest wants it in memory, and its bytes one after the
 * other as they belong there. It knows the formats and nothing else; nothing is ever unpacked as a
 * whole.
 *
 *     Image      arm64, magic "ARM\x64" at 56; load at text_offset above a 2 MiB boundary
 *     zImage     arm, magic 0x016f2818 at 0x24; loads and unpacks itself
 *     gzip, zstd an Image or zImage packed
 *     zboot      an EFI program ("MZ", "zimg" at 4) around an Image packed by gzip or zstd
 *
 * What else people try (bzImage, ELF, other packers, a device tree, U-Boot's uImage) is told by
 * name. Everything in a file is a guest's: each field is checked before it counts.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_kind { IMAGE_ARM64, IMAGE_ARM32, IMAGE_DATA };
enum image_packing { IMAGE_RAW, IMAGE_GZIP, IMAGE_ZSTD };

struct image {
    enum image_kind kind;
    enum image_packing packing;
    unsigned bits;         /* 64 or 32: what the first vCPU starts in */
    uint64_t text_offset;  /* ARM64: from a 2 MiB boundary to the first byte, below 2 MiB */
    uint64_t memory_bytes; /* from the first byte on, what it takes with its bss; 0: not told */
    uint64_t bytes;        /* to be read; 0: packed, known at the end */
    uint64_t file_bytes;   /* size of the file, for progress */
    struct image_opened *opened; /* image.c's own */
};

/* Looks at the start of the file only. A failure has had its sentence, which names the file. The
 * path is kept by pointer. */
int image_open(struct image *image, const char *path);
/* Any other file that a guest gets as it is: IMAGE_DATA, raw; what says in a word what it should
 * be.
 */
int image_open_data(struct image *image, const char *path, const char *what);
/* The same as image_open() for an open file, which becomes the image's even on failure; name is for
 * messages. */
int image_open_fd(struct image *image, int fd, const char *name);
/* The next bytes into to: less than wanted only at the end, then 0. The count or a negative errno,
 * which has had its sentence: read error, damaged or truncated. */
long image_read(struct image *image, void *to, size_t bytes);
/*
 * The next bytes in memory of the image's, page-aligned and good until the next call: a raw file is
 * mapped, what is packed is unpacked into one buffer. bytes: at most, whole pages, the same each
 * time. How many, 0 at the end; a negative errno as above. Do not mix with image_read(). A file
 * that is cut short meanwhile leaves pages that can't be read: only let the kernel read them.
 */
long image_next(struct image *image, const void **at, size_t bytes);
/* How many bytes of the file have been used. */
uint64_t image_progress(const struct image *image);
void image_close(struct image *image); /* may be closed already, or all zero */
