// SPDX-License-Identifier: MIT
#include "image/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MIB (1024ULL * 1024)

/* arm64's header, all little endian: code at 0, then text_offset, image_size, flags */
#define ARM64_TEXT_OFFSET 8
#define ARM64_IMAGE_SIZE  16
#define ARM64_FLAGS       24
#define ARM64_MAGIC       56
#define ARM64_PE          60
#define ARM64_BYTES       64
#define ARM64_BIG_ENDIAN  1U
/* Kernels before 3.17 leave image_size 0; their text_offset is in no sure byte order. */
#define ARM64_OLD_TEXT_OFFSET 0x80000U

/* arm's zImage: magic, first and last address */
#define ARM32_MAGIC 0x24
#define ARM32_START 0x28
#define ARM32_END   0x2c
#define ARM32_BYTES 0x30

/* EFI zboot */
#define ZBOOT_OFFSET 8
#define ZBOOT_BYTES  12
#define ZBOOT_TYPE   24

static uint32_t read16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read32(const uint8_t *p)
{
    return read16(p) | read16(p + 2) << 16;
}

static uint64_t read64(const uint8_t *p)
{
    return read32(p) | (uint64_t)read32(p + 4) << 32;
}

static bool has(const uint8_t *head, size_t bytes, size_t at, const void *magic, size_t length)
{
    return at + length <= bytes && memcmp(head + at, magic, length) == 0;
}

static bool find_zboot(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                       enum image_packing *packing, uint64_t *offset, uint64_t *payload_bytes)
{
    if (bytes < 64 || !has(head, bytes, 0, "MZ", 2) || !has(head, bytes, 4, "zimg", 4)) {
        return false;
    }
    *offset = read32(head + ZBOOT_OFFSET);
    *payload_bytes = read32(head + ZBOOT_BYTES);
    const bool is_zstd = has(head, bytes, ZBOOT_TYPE, "zstd", 4); /* also zstd22 */
    *packing = is_zstd ? IMAGE_ZSTD : IMAGE_GZIP;
    return (is_zstd || has(head, bytes, ZBOOT_TYPE, "gzip", 5)) && *offset < file_bytes &&
           *payload_bytes <= file_bytes - *offset;
}

bool format_find_payload(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                         enum image_packing *packing, uint64_t *offset, uint64_t *payload_bytes)
{
    if (find_zboot(head, bytes, file_bytes, packing, offset, payload_bytes)) {
        return true;
    }
    *offset = 0;
    *payload_bytes = file_bytes;
    *packing = has(head, bytes, 0, "\x1f\x8b", 2)           ? IMAGE_GZIP
               : has(head, bytes, 0, "\x28\xb5\x2f\xfd", 4) ? IMAGE_ZSTD
                                                            : IMAGE_RAW;
    return *packing != IMAGE_RAW;
}

/* ---- what it is when it is nothing for a guest */

static const struct {
    size_t at, length;
    const char *magic, *what;
} other[] = {
    {0x202, 4, "HdrS",
     "an x86 kernel (bzImage); guests of this machine take arm64 and arm kernels"},
    {4, 4, "zimg", "an EFI zboot kernel that is damaged, or packed otherwise than by gzip or zstd"},
    {0, 6,
     "\xfd"
     "7zXZ",
     "packed by xz, which is not unpacked here: unpack it first"},
    {0, 3, "BZh", "packed by bzip2, which is not unpacked here: unpack it first"},
    {0, 4, "\x02\x21\x4c\x18", "packed by lz4, which is not unpacked here: unpack it first"},
    {0, 4, "\x04\x22\x4d\x18", "packed by lz4, which is not unpacked here: unpack it first"},
    {0, 4, "\x89LZO", "packed by lzop, which is not unpacked here: unpack it first"},
    {0, 3, "\x5d\0\0", "packed by lzma, which is not unpacked here: unpack it first"},
    {0, 2, "\x1f\x8b", "packed again: unpack it first"},
    {0, 4, "\x28\xb5\x2f\xfd", "packed again: unpack it first"},
    {0, 4, "\x27\x05\x19\x56", "a U-Boot uImage: give the kernel that is in it"},
    {0, 4, "\xd0\x0d\xfe\xed", "a device tree (or a FIT image), no kernel"},
    {0, 6, "070701", "an initial ramdisk (cpio), no kernel"},
    {0, 2, "#!", "a script, no kernel"},
};

static const char *name_elf(const uint8_t *head, size_t bytes, char why[128])
{
    const uint32_t machine = bytes >= 20 ? read16(head + 18) : 0;
    const char *of = machine == 183  ? "arm64"
                     : machine == 40 ? "arm"
                     : machine == 62 ? "x86-64"
                     : machine == 3  ? "x86"
                                     : "another architecture";
    const char *advice = machine == 183  ? ": give its Image"
                         : machine == 40 ? ": give its zImage"
                                         : "";
    snprintf(why, 128, "an ELF file for %s, which guests do not start from%s", of, advice);
    return why;
}

/* An EFI program that has no kernel header: whose it is stands behind "PE". */
static const char *name_efi(const uint8_t *head, size_t bytes, char why[128])
{
    const uint32_t pe = bytes >= 64 ? read32(head + ARM64_PE) : 0;
    if (pe > bytes || bytes - pe < 6 || !has(head, bytes, pe, "PE\0", 4)) {
        return "no kernel that is known here";
    }
    const uint32_t machine = read16(head + pe + 4);
    const char *of = machine == 0xaa64   ? "arm64"
                     : machine == 0x8664 ? "x86-64"
                     : machine == 0x14c  ? "x86"
                                         : "another architecture";
    snprintf(why, 128, "an EFI program for %s without a kernel's header", of);
    return why;
}

static const char *name_other(const uint8_t *head, size_t bytes, char why[128])
{
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        if (has(head, bytes, other[i].at, other[i].magic, other[i].length)) {
            return other[i].what;
        }
    }
    if (has(head, bytes, 0,
            "\x7f"
            "ELF",
            4)) {
        return name_elf(head, bytes, why);
    }
    return has(head, bytes, 0, "MZ", 2) ? name_efi(head, bytes, why)
                                        : "no kernel that is known here";
}

/* ---- kernels */

/* Where the last section of an EFI stub's table ends in the file: so long it must be. 0: no table.
 */
static uint64_t find_pe_end(const uint8_t *head, size_t bytes)
{
    const uint64_t pe = read32(head + ARM64_PE);
    if (pe < ARM64_BYTES || pe > bytes || bytes - pe < 24 || !has(head, bytes, pe, "PE\0", 4)) {
        return 0;
    }
    const uint32_t nr = read16(head + pe + 6);
    const uint64_t table = pe + 24 + read16(head + pe + 20);
    uint64_t end = 0;
    for (uint32_t i = 0; i < nr && table + (i + 1) * 40ULL <= bytes; i++) {
        const uint8_t *section = head + table + i * 40ULL;
        const uint64_t last = (uint64_t)read32(section + 16) + read32(section + 20);
        end = last > end ? last : end;
    }
    return end;
}

static const char *decode_arm64(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                                struct image *image, uint64_t *least_bytes, char why[128])
{
    const uint64_t image_size = read64(head + ARM64_IMAGE_SIZE);
    const uint64_t flags = read64(head + ARM64_FLAGS);
    const bool is_old = image_size == 0;
    image->kind = IMAGE_ARM64;
    image->bits = 64;
    image->bytes = file_bytes;
    image->text_offset = is_old ? ARM64_OLD_TEXT_OFFSET : read64(head + ARM64_TEXT_OFFSET);
    image->memory_bytes = is_old ? 0 : image_size > file_bytes ? image_size : file_bytes;
    if (!is_old && (flags & ARM64_BIG_ENDIAN) != 0) {
        return "a big-endian kernel; guests are little-endian";
    }
    if (image->text_offset >= 2 * MIB || image->text_offset % 4096 != 0) {
        snprintf(why, 128,
                 "damaged: its text offset 0x%" PRIx64 " is no multiple of 4 KiB below 2 MiB",
                 image->text_offset);
        return why;
    }
    *least_bytes = find_pe_end(head, bytes);
    if (file_bytes != 0 && file_bytes < *least_bytes) {
        snprintf(why, 128, "truncated: %" PRIu64 " bytes of at least %" PRIu64, file_bytes,
                 *least_bytes);
        return why;
    }
    return NULL;
}

static const char *decode_arm32(const uint8_t *head, uint64_t file_bytes, struct image *image,
                                uint64_t *least_bytes, char why[128])
{
    const uint32_t start = read32(head + ARM32_START);
    const uint32_t end = read32(head + ARM32_END);
    image->kind = IMAGE_ARM32;
    image->bits = 32;
    image->text_offset = 0;
    image->memory_bytes = 0;              /* it unpacks itself */
    image->bytes = end - (uint64_t)start; /* a device tree behind it would hide the guest's own */
    *least_bytes = image->bytes;
    if (end <= start || end - start < ARM32_BYTES) {
        return "damaged: a zImage that ends before it starts";
    }
    if (start != 0) {
        snprintf(why, 128, "a zImage linked for address 0x%x; guests take those that run anywhere",
                 start);
        return why;
    }
    if (file_bytes != 0 && image->bytes > file_bytes) {
        snprintf(why, 128, "truncated: %" PRIu64 " bytes of %" PRIu64, file_bytes, image->bytes);
        return why;
    }
    return NULL;
}

const char *format_decode(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                          struct image *image, uint64_t *least_bytes, char why[128])
{
    *least_bytes = 0;
    if (bytes >= ARM64_BYTES && has(head, bytes, ARM64_MAGIC, "ARM\x64", 4)) {
        return decode_arm64(head, bytes, file_bytes, image, least_bytes, why);
    }
    if (bytes >= ARM32_BYTES && has(head, bytes, ARM32_MAGIC, "\x18\x28\x6f\x01", 4)) {
        return decode_arm32(head, file_bytes, image, least_bytes, why);
    }
    if (has(head, bytes, ARM32_MAGIC, "\x01\x6f\x28\x18", 4)) {
        return "a big-endian zImage; guests are little-endian";
    }
    return name_other(head, bytes, why);
}
