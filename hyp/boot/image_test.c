/* SPDX-License-Identifier: MIT */
#include "boot/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES  200000u
#define IMAGE_BYTES 0x210000u

static u8 file[FILE_BYTES], packed[FILE_BYTES + 4096], unpacked[FILE_BYTES + 16];

static void put64(u32 at, u64 value)
{
    memcpy(file + at, &value, 8);
}

/* An Image: header, then bytes that repeat and bytes that do not. */
static int make(void **state)
{
    memset(file, 0, sizeof(file));
    put64(16, IMAGE_BYTES);
    put64(24, 0xa);
    memcpy(file + 56, "ARM\x64", 4);
    for (u32 i = 64; i < FILE_BYTES; i++) {
        file[i] = (u8)(i < 100000 ? i / 1000 : (i * 2654435761u) >> 24);
    }
    return 0;
}

/* The host's gzip does it, as a kernel's build does. */
static u64 pack(const char *how, u32 bytes)
{
    char name[] = "/tmp/image_test.XXXXXX", command[96];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "wb");
    assert_int_equal(fwrite(file, 1, bytes, f), bytes);
    fclose(f);
    snprintf(command, sizeof(command), "gzip %s -c %s", how, name);
    FILE *p = popen(command, "r");
    u64 n = fread(packed, 1, sizeof(packed), p);
    assert_int_equal(pclose(p), 0);
    remove(name);
    return n;
}

static enum err decode(const void *data, u64 bytes, struct image *out)
{
    const char *why = NULL;
    enum err e = image_decode(data, bytes, out, &why);
    assert_true((e == OK) == (why == NULL));
    return e;
}

static void a_raw_image(void **state)
{
    struct image i;
    assert_int_equal(decode(file, FILE_BYTES, &i), OK);
    assert_false(i.packed);
    assert_true(i.anywhere);
    assert_int_equal(i.file_bytes, FILE_BYTES);
    assert_int_equal(i.image_bytes, IMAGE_BYTES);
    assert_int_equal(i.text_offset, 0);
    put64(8, 0x1000);
    put64(16, 0x1000); /* less than the file */
    put64(24, 0x2);
    assert_int_equal(decode(file, FILE_BYTES, &i), OK);
    assert_false(i.anywhere);
    assert_int_equal(i.text_offset, 0x1000);
    assert_int_equal(i.image_bytes, FILE_BYTES);
    put64(16, 0); /* before 3.17: the offset is not to be believed */
    assert_int_equal(decode(file, FILE_BYTES, &i), OK);
    assert_int_equal(i.text_offset, 0x80000);
    assert_int_equal(i.image_bytes, FILE_BYTES);
}

static void what_is_no_image(void **state)
{
    struct image i;
    assert_int_equal(decode(file, 63, &i), E_INVAL);
    put64(24, 0xb);
    assert_int_equal(decode(file, FILE_BYTES, &i), E_INVAL); /* big endian */
    put64(24, 0xa);
    put64(8, 2 << 20);
    assert_int_equal(decode(file, FILE_BYTES, &i), E_INVAL);
    put64(8, 0x1800);
    assert_int_equal(decode(file, FILE_BYTES, &i), E_INVAL);
    put64(8, 0);
    put64(16, (1ULL << 32) + 1);
    assert_int_equal(decode(file, FILE_BYTES, &i), E_INVAL);
    put64(16, IMAGE_BYTES);
    file[56] = 'a';
    assert_int_equal(decode(file, FILE_BYTES, &i), E_INVAL);
    const char *why = NULL;
    memcpy(file, "MZ\0\0zimg", 8);
    assert_int_equal(image_decode(file, FILE_BYTES, &i, &why), E_INVAL);
    assert_non_null(strstr(why, "zboot"));
}

static void packed_by(const char *how)
{
    struct image i;
    u64 bytes = pack(how, FILE_BYTES);
    assert_int_equal(decode(packed, bytes, &i), OK);
    assert_true(i.packed && i.anywhere);
    assert_int_equal(i.file_bytes, FILE_BYTES);
    assert_int_equal(i.image_bytes, IMAGE_BYTES);
    memset(unpacked, 0xee, sizeof(unpacked));
    assert_int_equal(image_unpack(&i, unpacked), OK);
    assert_memory_equal(unpacked, file, FILE_BYTES);
    assert_int_equal(unpacked[FILE_BYTES], 0xee);
}

static void packed_images(void **state)
{
    packed_by("-9");
    packed_by("-1");
    packed_by("-9 --no-name");
    make(NULL);
    for (u32 i = 64; i < FILE_BYTES; i++) {
        file[i] = (u8)rand(); /* gzip stores it */
    }
    packed_by("-9");
}

/* Fixed codes: gzip takes them for the shortest files. */
static void short_files(void **state)
{
    for (u32 bytes = 1; bytes < 80; bytes += 13) {
        u64 n = pack("-9", bytes), done = 0;
        assert_int_equal(inflate_gzip(packed, n, unpacked, bytes, &done), OK);
        assert_int_equal(done, bytes);
        assert_memory_equal(unpacked, file, bytes);
        assert_int_equal(inflate_gzip_bytes(packed, n), bytes);
        assert_int_equal(inflate_gzip(packed, n, unpacked, bytes - 1, &done), E_NOSPC);
        assert_int_equal(done, bytes - 1);
    }
    assert_int_equal(inflate_gzip_bytes(packed, 17), 0);
}

/* Whatever is broken is told, and nothing beyond the room is written. */
static void broken_files(void **state)
{
    u64 n = pack("-9", FILE_BYTES), done;
    struct image i;
    assert_int_equal(inflate_gzip(packed, n - 9, unpacked, FILE_BYTES, &done),
                     E_INVAL); /* cut short */
    packed[n - 6] ^= 1;        /* its checksum */
    assert_int_equal(decode(packed, n, &i), OK);
    assert_int_equal(image_unpack(&i, unpacked), E_INVAL);
    packed[n - 6] ^= 1;
    packed[n - 4] ^= 1; /* its length */
    assert_int_equal(decode(packed, n, &i), OK);
    assert_int_equal(image_unpack(&i, unpacked), E_INVAL);
    packed[n - 4] ^= 1;
    packed[2] = 7; /* not DEFLATE */
    assert_int_equal(decode(packed, n, &i), E_INVAL);
    packed[2] = 8;
    srand(1);
    for (u32 round = 0; round < 300; round++) {
        u64 at = 10 + (u64)rand() % (n - 18);
        u8 old = packed[at];
        packed[at] ^= (u8)(1 + rand() % 255);
        memset(unpacked + FILE_BYTES, 0xee, 16);
        enum err e = inflate_gzip(packed, n, unpacked, FILE_BYTES, &done);
        assert_true(e == E_INVAL || e == E_NOSPC || (e == OK && at < 40)); /* a name may change */
        assert_int_equal(unpacked[FILE_BYTES], 0xee);
        packed[at] = old;
    }
    assert_int_equal(inflate_gzip(packed, n, unpacked, FILE_BYTES, &done), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_raw_image, make),   cmocka_unit_test_setup(what_is_no_image, make),
        cmocka_unit_test_setup(packed_images, make), cmocka_unit_test_setup(short_files, make),
        cmocka_unit_test_setup(broken_files, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
