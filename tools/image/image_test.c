// SPDX-License-Identifier: MIT
#include "image/image.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#include "lib/failing.h"
#include "lib/message.h"

#define KERNEL_BYTES 300000U

static char said[512];
static unsigned nr_said;
static uint8_t kernel[KERNEL_BYTES], packed[2 * KERNEL_BYTES], back[2 * KERNEL_BYTES];

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
    nr_said++;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* An arm64 Image with an EFI stub's section table, its content hard to pack. */
static int setup(void **state)
{
    uint32_t random = 1;
    for (unsigned i = 0; i < KERNEL_BYTES; i++) {
        random = random * 1103515245 + 12345;
        kernel[i] = (uint8_t)(random >> 16) & 0x3f;
    }
    memset(kernel, 0, 0x200);
    memcpy(kernel, "MZ", 2);
    put32(kernel + 16, 0x80000); /* image size: 512 KiB with bss */
    put32(kernel + 24, 0xa);
    memcpy(kernel + 56, "ARM\x64", 4);
    put32(kernel + 60, 64);
    memcpy(kernel + 64, "PE\0\0\x64\xaa\x02\0", 8);
    put32(kernel + 64 + 20, 160);
    put32(kernel + 64 + 24 + 160 + 16, 0x10000); /* .text: size and place in the file */
    put32(kernel + 64 + 24 + 160 + 20, 0x10000);
    put32(kernel + 64 + 24 + 160 + 40 + 16, KERNEL_BYTES - 0x20000);
    put32(kernel + 64 + 24 + 160 + 40 + 20, 0x20000);
    said[0] = '\0';
    nr_said = 0;
    return 0;
}

static int file_of(const void *content, size_t bytes)
{
    const int fd = memfd_create("kernel", MFD_CLOEXEC);
    assert_int_equal(write(fd, content, bytes), bytes);
    return fd;
}

static int open_bytes(struct image *image, const void *content, size_t bytes)
{
    return image_open_fd(image, file_of(content, bytes), "/boot/k");
}

static void refused(const void *content, size_t bytes, const char *sentence)
{
    struct image image;
    nr_said = 0;
    assert_int_equal(open_bytes(&image, content, bytes), -ENOEXEC);
    assert_string_equal(said, sentence);
    assert_int_equal(nr_said, 1);
    assert_null(image.opened);
}

/* Reads all of it in pieces of a size. */
static long read_all(struct image *image, size_t piece)
{
    long all = 0;
    for (;;) {
        const long n = image_read(image, back + all, piece);
        if (n < 0) {
            return n;
        }
        all += n;
        if ((size_t)n < piece) {
            return all;
        }
    }
}

static size_t gzip(const void *from, size_t bytes)
{
    z_stream z = {.next_in = (void *)from,
                  .avail_in = (uInt)bytes,
                  .next_out = packed,
                  .avail_out = sizeof(packed)};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const size_t n = z.total_out;
    deflateEnd(&z);
    return n;
}

static size_t zstd(const void *from, size_t bytes)
{
    const size_t n = ZSTD_compress(packed, sizeof(packed), from, bytes, 3);
    assert_false(ZSTD_isError(n));
    return n;
}

/* Wraps what is packed as EFI zboot; the result is in back. */
static size_t zboot(size_t bytes, const char *type)
{
    memset(back, 0, 512);
    memcpy(back, "MZ\0\0zimg", 8);
    put32(back + 8, 512);
    put32(back + 12, (uint32_t)bytes);
    strcpy((char *)back + 24, type);
    memcpy(back + 512, packed, bytes);
    memcpy(back + 512 + bytes, "the program's rest", 18);
    return 512 + bytes + 18;
}

static void plain_image(void **state)
{
    struct image image;
    assert_int_equal(open_bytes(&image, kernel, KERNEL_BYTES), 0);
    assert_int_equal(image.kind, IMAGE_ARM64);
    assert_int_equal(image.packing, IMAGE_RAW);
    assert_int_equal(image.bits, 64);
    assert_int_equal(image.text_offset, 0);
    assert_int_equal(image.memory_bytes, 0x80000);
    assert_int_equal(image.bytes, KERNEL_BYTES);
    assert_int_equal(read_all(&image, 7001), KERNEL_BYTES);
    assert_memory_equal(back, kernel, KERNEL_BYTES);
    assert_int_equal(image_progress(&image), KERNEL_BYTES);
    assert_int_equal(image_read(&image, back, 10), 0);
    image_close(&image);
    image_close(&image);
    assert_int_equal(nr_said, 0);
}

/* The same bytes in windows: mapped, or unpacked into one buffer. */
static void windows(void **state)
{
    const size_t gz = gzip(kernel, KERNEL_BYTES);
    for (unsigned is_packed = 0; is_packed < 2; is_packed++) {
        struct image image;
        assert_int_equal(is_packed ? open_bytes(&image, packed, gz)
                                   : open_bytes(&image, kernel, KERNEL_BYTES),
                         0);
        size_t all = 0;
        const void *at = NULL;
        long n;
        while ((n = image_next(&image, &at, 65536)) > 0) {
            assert_int_equal((uintptr_t)at % 4096, 0);
            assert_int_equal(n, KERNEL_BYTES - all < 65536 ? KERNEL_BYTES - all : 65536);
            assert_memory_equal(at, kernel + all, n);
            all += (size_t)n;
            assert_true(image_progress(&image) <= image.file_bytes);
        }
        assert_int_equal(n, 0);
        assert_int_equal(all, KERNEL_BYTES);
        assert_int_equal(image_progress(&image), image.file_bytes);
        assert_int_equal(image_next(&image, &at, 65536), 0);
        image_close(&image);
    }
    struct image image;
    assert_int_equal(open_bytes(&image, packed, gz / 2), 0);
    const void *at = NULL;
    assert_int_equal(image_next(&image, &at, 1 << 20), -EBADMSG);
    image_close(&image);
    assert_int_equal(nr_said, 1);
}

static void data(void **state)
{
    struct image image;
    char path[] = "/tmp/kanso-data-XXXXXX";
    const int fd = mkstemp(path);
    assert_int_equal(image_open_data(&image, path, "ramdisk"), -ENOEXEC);
    assert_int_equal(strcmp(said + strlen(path), ": empty, no ramdisk"), 0);
    assert_int_equal(write(fd, packed, 5000), 5000);
    close(fd);
    assert_int_equal(image_open_data(&image, path, "ramdisk"), 0);
    assert_int_equal(image.kind, IMAGE_DATA);
    assert_int_equal(image.bytes, 5000);
    const void *at = NULL;
    assert_int_equal(image_next(&image, &at, 1 << 20), 5000);
    assert_memory_equal(at, packed, 5000); /* whatever it is packed by */
    image_close(&image);
    failing_arm(2);
    assert_int_equal(image_open_data(&image, path, "ramdisk"), -ENOMEM);
    assert_true(failing_disarm());
    unlink(path);
    assert_int_equal(image_open_data(&image, path, "ramdisk"), -ENOENT);
}

static void text_offsets(void **state)
{
    struct image image;
    put32(kernel + 8, 0x80000);
    assert_int_equal(open_bytes(&image, kernel, KERNEL_BYTES), 0);
    assert_int_equal(image.text_offset, 0x80000);
    image_close(&image);
    put32(kernel + 8, 0x200000);
    refused(kernel, KERNEL_BYTES,
            "/boot/k: damaged: its text offset 0x200000 is no multiple of 4 KiB below 2 MiB");
    put32(kernel + 8, 0x80010);
    refused(kernel, KERNEL_BYTES,
            "/boot/k: damaged: its text offset 0x80010 is no multiple of 4 KiB below 2 MiB");
    put32(kernel + 12, 1); /* the high half counts */
    put32(kernel + 8, 0);
    refused(kernel, KERNEL_BYTES,
            "/boot/k: damaged: its text offset 0x100000000 is no multiple of 4 KiB below 2 MiB");
    put32(kernel + 8, 0x00000800); /* before 3.17: big endian 0x80000 */
    put32(kernel + 12, 0);
    put32(kernel + 16, 0);
    assert_int_equal(open_bytes(&image, kernel, KERNEL_BYTES), 0);
    assert_int_equal(image.text_offset, 0x80000);
    assert_int_equal(image.memory_bytes, 0);
    image_close(&image);
    put32(kernel + 16, 1); /* shorter than the file: the file counts */
    put32(kernel + 8, 0);
    assert_int_equal(open_bytes(&image, kernel, KERNEL_BYTES), 0);
    assert_int_equal(image.memory_bytes, KERNEL_BYTES);
    image_close(&image);
    put32(kernel + 24, 0xb);
    refused(kernel, KERNEL_BYTES, "/boot/k: a big-endian kernel; guests are little-endian");
}

static void packed_images(void **state)
{
    const size_t pieces[] = {1, 4096, 7001, KERNEL_BYTES, 2 * KERNEL_BYTES};
    for (unsigned kind = 0; kind < 4; kind++) {
        size_t bytes = kind % 2 == 0 ? gzip(kernel, KERNEL_BYTES) : zstd(kernel, KERNEL_BYTES);
        if (kind >= 2) {
            bytes = zboot(bytes, kind == 2 ? "gzip" : "zstd22");
            memcpy(packed, back, bytes);
        }
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            struct image image;
            assert_int_equal(open_bytes(&image, packed, bytes), 0);
            assert_int_equal(image.packing, kind % 2 == 0 ? IMAGE_GZIP : IMAGE_ZSTD);
            assert_int_equal(image.kind, IMAGE_ARM64);
            assert_int_equal(image.bytes, 0);
            assert_int_equal(image.memory_bytes, 0x80000);
            assert_int_equal(image.file_bytes, bytes);
            assert_int_equal(read_all(&image, pieces[i]), KERNEL_BYTES);
            assert_memory_equal(back, kernel, KERNEL_BYTES);
            image_close(&image);
        }
    }
    assert_int_equal(nr_said, 0);
}

/* What stops early, wherever it stops, and what was altered is never taken for whole. */
static void truncated_and_damaged(void **state)
{
    struct image image;
    refused(kernel, KERNEL_BYTES - 1, "/boot/k: truncated: 299999 bytes of at least 300000");
    for (unsigned kind = 0; kind < 2; kind++) {
        const size_t bytes = kind == 0 ? gzip(kernel, KERNEL_BYTES) : zstd(kernel, KERNEL_BYTES);
        const size_t cuts[] = {10, bytes / 2, bytes - 9, bytes - 1};
        for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
            nr_said = 0;
            int error = open_bytes(&image, packed, cuts[i]);
            if (error == 0) {
                error = (int)read_all(&image, 7001);
            }
            assert_int_equal(error, -EBADMSG);
            assert_int_equal(nr_said, 1);
            assert_string_equal(said, "/boot/k: truncated: what is packed in it does not end");
            image_close(&image);
        }
        packed[bytes / 2] ^= 0x55;
        packed[bytes / 2 + 1] ^= 0x55;
        nr_said = 0;
        assert_int_equal(open_bytes(&image, packed, bytes), 0);
        const long n = read_all(&image, 7001);
        if (kind == 0) { /* zstd's frames have no checksum unless asked */
            assert_int_equal(n, -EBADMSG);
            assert_int_equal(strncmp(said, "/boot/k: damaged: ", 18), 0);
        }
        image_close(&image);
    }
    const size_t bytes = gzip(kernel, KERNEL_BYTES - 1000);
    assert_int_equal(open_bytes(&image, packed, bytes), 0);
    assert_int_equal(read_all(&image, 4096), -EBADMSG);
    assert_string_equal(said,
                        "/boot/k: truncated: unpacked it has 299000 bytes of at least 300000");
    image_close(&image);
}

static void a_file_that_shrinks(void **state)
{
    struct image image;
    const int fd = file_of(kernel, KERNEL_BYTES);
    assert_int_equal(image_open_fd(&image, fd, "/boot/k"), 0);
    assert_int_equal(ftruncate(fd, 10000), 0);
    assert_int_equal(read_all(&image, 4096), -EIO);
    assert_string_equal(said, "/boot/k: it has become shorter");
    image_close(&image);
}

static void zimages(void **state)
{
    struct image image;
    memset(kernel, 0, 4096);
    put32(kernel + 0x24, 0x016f2818);
    put32(kernel + 0x2c, 200000);
    memcpy(kernel + 200000, "\xd0\x0d\xfe\xed", 4); /* a device tree behind it */
    assert_int_equal(open_bytes(&image, kernel, KERNEL_BYTES), 0);
    assert_int_equal(image.kind, IMAGE_ARM32);
    assert_int_equal(image.bits, 32);
    assert_int_equal(image.bytes, 200000);
    assert_int_equal(read_all(&image, 4096), 200000); /* which is left out */
    assert_memory_equal(back, kernel, 200000);
    image_close(&image);
    const size_t bytes = gzip(kernel, KERNEL_BYTES);
    assert_int_equal(open_bytes(&image, packed, bytes), 0);
    assert_int_equal(read_all(&image, 4096), 200000);
    image_close(&image);
    refused(kernel, 199999, "/boot/k: truncated: 199999 bytes of 200000");
    put32(kernel + 0x28, 0x60008000);
    put32(kernel + 0x2c, 0x60018000);
    refused(kernel, KERNEL_BYTES,
            "/boot/k: a zImage linked for address 0x60008000; guests take those that run anywhere");
    put32(kernel + 0x2c, 0x60008000);
    refused(kernel, KERNEL_BYTES, "/boot/k: damaged: a zImage that ends before it starts");
    memcpy(kernel + 0x24, "\x01\x6f\x28\x18", 4);
    refused(kernel, KERNEL_BYTES, "/boot/k: a big-endian zImage; guests are little-endian");
}

static void what_else_people_try(void **state)
{
    static const struct {
        size_t at, length;
        const char *magic, *sentence;
    } row[] = {
        {0x202, 4, "HdrS",
         "/boot/k: an x86 kernel (bzImage); guests of this machine take arm64 and arm kernels"},
        {0, 20,
         "\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0",
         "/boot/k: an ELF file for x86-64, which guests do not start from"},
        {0, 20,
         "\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xb7\0",
         "/boot/k: an ELF file for arm64, which guests do not start from: give its Image"},
        {0, 20,
         "\x7f"
         "ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0",
         "/boot/k: an ELF file for arm, which guests do not start from: give its zImage"},
        {0, 6,
         "\xfd"
         "7zXZ\0",
         "/boot/k: packed by xz, which is not unpacked here: unpack it first"},
        {0, 4, "BZh9", "/boot/k: packed by bzip2, which is not unpacked here: unpack it first"},
        {0, 4, "\x02\x21\x4c\x18",
         "/boot/k: packed by lz4, which is not unpacked here: unpack it first"},
        {0, 4, "\x27\x05\x19\x56", "/boot/k: a U-Boot uImage: give the kernel that is in it"},
        {0, 4, "\xd0\x0d\xfe\xed", "/boot/k: a device tree (or a FIT image), no kernel"},
        {0, 6, "070701", "/boot/k: an initial ramdisk (cpio), no kernel"},
        {0, 9, "#!/bin/sh", "/boot/k: a script, no kernel"},
        {0, 8, "MZ\0\0zimg",
         "/boot/k: an EFI zboot kernel that is damaged, or packed otherwise than by gzip or zstd"},
        {0, 2, "MZ", "/boot/k: no kernel that is known here"},
        {0, 5, "hello", "/boot/k: no kernel that is known here"},
    };
    static uint8_t file[2048];
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        memset(file, 0, sizeof(file));
        memcpy(file + row[i].at, row[i].magic, row[i].length);
        refused(file, sizeof(file), row[i].sentence);
    }
    memset(file, 0, sizeof(file));
    memcpy(file, "MZ", 2);
    put32(file + 60, 64);
    memcpy(file + 64, "PE\0\0\x64\x86", 6);
    refused(file, sizeof(file), "/boot/k: an EFI program for x86-64 without a kernel's header");
    refused("x", 1, "/boot/k: no kernel that is known here");
    memcpy(file, "070701", 6);
    const size_t bytes = gzip(file, sizeof(file));
    refused(packed, bytes, "/boot/k: unpacked, an initial ramdisk (cpio), no kernel");
    memcpy(file, packed, bytes);
    refused(packed, gzip(file, bytes), "/boot/k: unpacked, packed again: unpack it first");
}

/* Offsets and sizes of a zboot header that lead out of the file. */
static void zboot_out_of_bounds(void **state)
{
    const size_t packed_bytes = gzip(kernel, KERNEL_BYTES);
    const size_t bytes = zboot(packed_bytes, "gzip");
    memcpy(packed, back, bytes);
    static const char sentence[] =
        "/boot/k: an EFI zboot kernel that is damaged, or packed otherwise than by gzip or zstd";
    put32(packed + 12, 0xffffffff);
    refused(packed, bytes, sentence);
    put32(packed + 8, 0xffffffff);
    refused(packed, bytes, sentence);
    put32(packed + 8, 512);
    put32(packed + 12, (uint32_t)packed_bytes);
    strcpy((char *)packed + 24, "lzma");
    refused(packed, bytes, sentence);
}

static void files_that_are_none(void **state)
{
    struct image image;
    assert_int_equal(image_open(&image, "/nonexistent/k"), -ENOENT);
    assert_string_equal(said, "/nonexistent/k: No such file or directory");
    assert_int_equal(image_open(&image, "/tmp"), -EISDIR);
    assert_string_equal(said, "/tmp: a directory, no kernel");
    assert_int_equal(image_open(&image, "/dev/null"), -EINVAL);
    assert_string_equal(said, "/dev/null: not a regular file");
    assert_int_equal(open_bytes(&image, "", 0), -ENOEXEC);
    assert_string_equal(said, "/boot/k: empty, no kernel");
    assert_int_equal(nr_said, 4);
    image_close(&image);
}

static void every_allocation_may_fail(void **state)
{
    const size_t bytes = gzip(kernel, KERNEL_BYTES);
    struct image image;
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t k = 1;
        for (;; k++) {
            nr_said = 0;
            failing_arm(k);
            const int error = kind == 0 ? open_bytes(&image, kernel, KERNEL_BYTES)
                                        : open_bytes(&image, packed, bytes);
            if (!failing_disarm()) {
                assert_int_equal(error, 0);
                break;
            }
            assert_int_equal(error, -ENOMEM);
            assert_string_equal(said, "/boot/k: out of memory");
            assert_int_equal(nr_said, 1);
        }
        assert_int_equal(k, 3);
        image_close(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_image, setup),
        cmocka_unit_test_setup(windows, setup),
        cmocka_unit_test_setup(data, setup),
        cmocka_unit_test_setup(text_offsets, setup),
        cmocka_unit_test_setup(packed_images, setup),
        cmocka_unit_test_setup(truncated_and_damaged, setup),
        cmocka_unit_test_setup(a_file_that_shrinks, setup),
        cmocka_unit_test_setup(zimages, setup),
        cmocka_unit_test_setup(what_else_people_try, setup),
        cmocka_unit_test_setup(zboot_out_of_bounds, setup),
        cmocka_unit_test_setup(files_that_are_none, setup),
        cmocka_unit_test_setup(every_allocation_may_fail, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
