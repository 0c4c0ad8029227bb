/* SPDX-License-Identifier: MIT */
/*
 * The kernel of dom0 as the boot loader left it: an arm64 Image (Linux'
 * Documentation/arch/arm64/booting.rst), raw or packed by gzip (RFC 1952). An EFI zboot image is
 * named and refused: its inner packing needs its own loader.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include "base/err.h"
#include "base/types.h"

struct image {
    const u8 *data; /* the module */
    u64 data_bytes;
    bool packed;     /* gzip: image_unpack() instead of a copy */
    u64 file_bytes;  /* of the unpacked file */
    u64 text_offset; /* from a 2 MiB boundary */
    u64 image_bytes; /* in memory, bss included; the first instruction is its first byte */
    bool anywhere;   /* may lie at any 2 MiB boundary, else near the start of RAM */
};

/* Reads the header. E_INVAL with *why, a phrase that ends the sentence "dom0's kernel at ADDRESS
 * ...". */
enum err image_decode(const void *data, u64 bytes, struct image *out, const char **why);
/* Writes the file_bytes of a packed image to out. E_INVAL when the packing is broken or its
 * checksum differs. */
enum err image_unpack(const struct image *image, void *out);

/* inflate.c: RFC 1951 and 1952. Unpacks a gzip file; stops quietly after out_bytes, so that a
 * header can be looked at alone. *done: bytes written. E_INVAL: not gzip or broken; E_NOSPC: the
 * file is longer than out_bytes. */
enum err inflate_gzip(const u8 *in, u64 in_bytes, u8 *out, u64 out_bytes, u64 *done);
/* The unpacked size modulo 2^32 that the last four bytes tell; 0 when the file is too short. */
u32 inflate_gzip_bytes(const u8 *in, u64 in_bytes);

#endif
