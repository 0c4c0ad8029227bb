// SPDX-License-Identifier: MIT
#include "xenstored/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DOMAINS "/local/domain/"

bool path_is_special(const char *path)
{
    return path[0] == '@';
}

static bool is_allowed(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '/' || c == '_' || c == '@';
}

/* How much of an absolute path is a domain's directory, which the limit does not count. */
static unsigned domain_prefix(const char *text)
{
    const size_t known = sizeof(DOMAINS) - 1;
    if (strncmp(text, DOMAINS, known) != 0) {
        return 0;
    }
    const size_t digits = strspn(text + known, "0123456789");
    return digits > 0 && digits <= 5 && text[known + digits] == '/' ? (unsigned)(known + digits + 1)
                                                                    : 0;
}

int path_decode(const char *text, uint16_t domid, unsigned max, bool may_be_special,
                struct path *path)
{
    const size_t length = strnlen(text, PATH_MAX_ABSOLUTE + 1);
    if (length == 0 || length > PATH_MAX_ABSOLUTE) {
        return -EINVAL;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_allowed(text[i]) || (text[i] == '/' && text[i + 1] == '/')) {
            return -EINVAL;
        }
    }
    if (text[length - 1] == '/' && length > 1) {
        return -EINVAL;
    }
    int prefix = 0;
    if (path_is_special(text)) {
        if (!may_be_special || length > max) {
            return -EINVAL;
        }
    } else if (text[0] != '/') {
        if (length > max) {
            return -EINVAL;
        }
        prefix = snprintf(path->text, sizeof(path->text), DOMAINS "%u/", domid);
    } else if (length - domain_prefix(text) > max) {
        return -EINVAL;
    }
    memcpy(path->text + prefix, text, length + 1);
    path->prefix = (unsigned)prefix;
    path->length = (unsigned)(prefix + (int)length);
    return 0;
}

#define KEY_NAME_BYTES   9U
#define KEY_DIGITS       8U
#define KEY_LENGTH_SHIFT 56
#define KEY_LENGTH_MAX   127U

struct path_name path_name_read(const char *text)
{
    uint64_t packed = 0; /* the first bytes */
    bool is_number = true;
    unsigned length = 0;
    for (; text[length] != '/' && text[length] != '\0'; length++) {
        const unsigned char c = (unsigned char)text[length];
        is_number = is_number && c >= '0' && c <= '9';
        if (length < KEY_NAME_BYTES) {
            packed = packed << 7 | (c & 0x7f);
        }
    }
    struct path_name name = {.text = text, .length = length};
    if (is_number && length >= KEY_LENGTH_MAX) {
        name.key = (uint64_t)KEY_LENGTH_MAX << KEY_LENGTH_SHIFT;
    } else if (is_number && length > 0) {
        name.key = (uint64_t)length << KEY_LENGTH_SHIFT |
                   (length > KEY_DIGITS ? packed >> 7 * (KEY_NAME_BYTES - KEY_DIGITS) : packed);
    } else {
        const unsigned missing = length < KEY_NAME_BYTES ? KEY_NAME_BYTES - length : 0;
        name.key = PATH_KEY_IS_NAME | packed << 7 * missing;
    }
    return name;
}

bool path_next(const char **at, struct path_name *name)
{
    if (**at != '/' || (*at)[1] == '\0') {
        return false;
    }
    *name = path_name_read(*at + 1);
    *at = name->text + name->length;
    return true;
}

unsigned path_parent(const char *path, unsigned length)
{
    if (length <= 1) {
        return 0;
    }
    while (length > 1 && path[length - 1] != '/') {
        length--;
    }
    return length > 1 ? length - 1 : 1;
}
