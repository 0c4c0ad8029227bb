/* SPDX-License-Identifier: MIT */
/* What the tests of this room begin with: a fake machine, files, a configuration. Tests only. */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "build/state.h"
#include "hv/xen_host.h"
#include "lib/message.h"

#define MIB 1048576ULL

static char said[512];
static unsigned nr_said, nr_warned;
static struct guest_config config;
static struct hv *hv;
static char kernel_path[] = "/tmp/kanso-kernel-XXXXXX",
            ramdisk_path[] = "/tmp/kanso-ramdisk-XXXXXX";

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
    nr_said++;
}

void message_warning(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
    nr_warned++;
}

static inline uint8_t fixture_byte(uint64_t i)
{
    return (uint8_t)(i * 2654435761U >> 13);
}

static void fixture_write(char *path, const uint8_t *head, size_t head_bytes, uint64_t bytes)
{
    static uint8_t piece[65536];
    strcpy(path + strlen(path) - 6, "XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (uint64_t at = 0; at < bytes; at += sizeof(piece)) {
        for (uint64_t i = 0; i < sizeof(piece); i++) {
            piece[i] = at + i < head_bytes ? head[at + i] : fixture_byte(at + i);
        }
        const size_t n = bytes - at < sizeof(piece) ? (size_t)(bytes - at) : sizeof(piece);
        assert_int_equal(write(fd, piece, n), n);
    }
    close(fd);
}

static void fixture_put(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* An arm64 Image of so many bytes, so many with bss. */
static void fixture_kernel(uint64_t bytes, uint64_t memory_bytes)
{
    uint8_t head[64] = {0};
    fixture_put(head + 8, 0x80000);
    fixture_put(head + 16, memory_bytes);
    fixture_put(head + 24, 0xa);
    memcpy(head + 56, "ARM\x64", 4);
    unlink(kernel_path);
    fixture_write(kernel_path, head, sizeof(head), bytes);
}

/* Kernel of 100 KB, ramdisk of 50 KB, 16 MiB, one vCPU, a started fake machine. */
static int setup(void **state)
{
    xen_host_start();
    fixture_kernel(100000, 200000);
    unlink(ramdisk_path);
    fixture_write(ramdisk_path, NULL, 0, 50000);
    config = (struct guest_config){.name = "g",
                                   .uuid = {1, 2, 3},
                                   .kernel = kernel_path,
                                   .ramdisk = ramdisk_path,
                                   .cmdline = "console=hvc0",
                                   .memory_kib = 16384,
                                   .maxmem_kib = 16384,
                                   .vcpus = 1,
                                   .maxvcpus = 1,
                                   .sched = {-1, -1, -1, -1, -1},
                                   .max_grant_frames = -1,
                                   .max_maptrack_frames = -1,
                                   .max_grant_version = -1};
    said[0] = '\0';
    nr_said = nr_warned = 0;
    return hv_open(&hv);
}

static int teardown(void **state)
{
    hv_close(hv);
    unlink(kernel_path);
    unlink(ramdisk_path);
    return xen_host_is_clean() ? 0 : -1;
}

/* The guest's memory there is the file's content. */
static inline bool fixture_is_loaded(uint16_t domid, uint64_t address, uint64_t from,
                                     uint64_t bytes)
{
    static uint8_t piece[65536];
    for (uint64_t at = from; at < bytes; at += sizeof(piece)) {
        const size_t n = bytes - at < sizeof(piece) ? (size_t)(bytes - at) : sizeof(piece);
        if (!xen_host_read(domid, address + at, piece, n)) {
            return false;
        }
        for (size_t i = 0; i < n; i++) {
            if (piece[i] != fixture_byte(at + i)) {
                return false;
            }
        }
    }
    return xen_host_is_flushed(domid, address, bytes);
}
