// SPDX-License-Identifier: MIT
#include "xenstored/wire.h"

#include <errno.h>
#include <string.h>

int wire_decode(const void *data, size_t bytes, struct wire_header *header)
{
    if (bytes < sizeof(*header)) {
        return 0;
    }
    memcpy(header, data, sizeof(*header));
    if (header->bytes > WIRE_MAX_PAYLOAD) {
        return -EPROTO;
    }
    const size_t whole = sizeof(*header) + header->bytes;
    return bytes < whole ? 0 : (int)whole;
}

int wire_strings(const char *payload, size_t bytes, const char **string, unsigned max)
{
    if (bytes == 0 || payload[bytes - 1] != '\0') {
        return -EINVAL;
    }
    unsigned nr = 0;
    for (size_t at = 0; at < bytes; at += strlen(payload + at) + 1) {
        if (nr < max) {
            string[nr] = payload + at;
        }
        nr++;
    }
    return (int)nr;
}

int wire_number(const char *text, uint32_t max, uint32_t *value)
{
    uint64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        sum = sum * 10 + (uint64_t)(*at - '0');
        if (sum > max) {
            return -EINVAL;
        }
    }
    if (at == text || *at != '\0') {
        return -EINVAL;
    }
    *value = (uint32_t)sum;
    return 0;
}

const char *wire_error(int err)
{
    static const struct {
        int number;
        const char *name;
    } known[] = {
        {EINVAL, "EINVAL"},   {EACCES, "EACCES"},       {EEXIST, "EEXIST"}, {EISDIR, "EISDIR"},
        {ENOENT, "ENOENT"},   {ENOMEM, "ENOMEM"},       {ENOSPC, "ENOSPC"}, {EIO, "EIO"},
        {ENOSYS, "ENOSYS"},   {ENOTEMPTY, "ENOTEMPTY"}, {EROFS, "EROFS"},   {EBUSY, "EBUSY"},
        {EISCONN, "EISCONN"}, {EAGAIN, "EAGAIN"},       {E2BIG, "E2BIG"},   {EPERM, "EPERM"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].number == err || known[i].number == -err) {
            return known[i].name;
        }
    }
    return "EINVAL";
}

const char *wire_type_name(uint32_t type)
{
    static const char *const name[WIRE_NR_TYPES] = {
        "CONTROL", "DIRECTORY",  "READ",      "GET_PERMS",     "WATCH",          "UNWATCH",
        "START",   "END",        "INTRODUCE", "RELEASE",       "PATH",           "WRITE",
        "MKDIR",   "RM",         "SET_PERMS", "EVENT",         "ERROR",          "IS_INTRODUCED",
        "RESUME",  "SET_TARGET", NULL,        "RESET_WATCHES", "DIRECTORY_PART",
    };
    return type < WIRE_NR_TYPES && name[type] != NULL ? name[type] : "?";
}
