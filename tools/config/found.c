// SPDX-License-Identifier: MIT
#include "config/found.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message.h"

void found_fini(struct found *f)
{
    free(f->kernel);
    free(f->ramdisk);
    free(f->args);
    *f = (struct found){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes "WORD VALUE"; false: it is another word. */
static bool take(const char *item, size_t n, const char *word, char **value, int *error)
{
    size_t at = strlen(word);
    if (n <= at || memcmp(item, word, at) != 0 || !is_blank(item[at])) {
        return false;
    }
    while (at < n && is_blank(item[at])) {
        at++;
    }
    free(*value);
    *value = at == n ? NULL : strndup(item + at, n - at);
    if (at < n && *value == NULL) {
        message_error("out of memory");
        *error = -ENOMEM;
    }
    return true;
}

int found_read(const char *bytes, size_t n, const char *bootloader, struct found *out)
{
    const char sign = memchr(bytes, 0, n) != NULL ? 0 : '\n';
    int error = 0;
    *out = (struct found){0};
    for (size_t at = 0, length; error == 0 && at < n; at += length + 1) {
        const char *item = bytes + at;
        const char *end = memchr(item, sign, n - at);
        length = end != NULL ? (size_t)(end - item) : n - at;
        if (length > 0 && !take(item, length, "kernel", &out->kernel, &error) &&
            !take(item, length, "ramdisk", &out->ramdisk, &error) &&
            !take(item, length, "args", &out->args, &error)) {
            message_warning("bootloader %s: \"%.*s\" is no word about a kernel", bootloader,
                            (int)(length < 80 ? length : 80), item);
        }
    }
    if (error == 0 && out->kernel == NULL) {
        message_error("bootloader %s: it found no kernel", bootloader);
        error = -EINVAL;
    }
    if (error != 0) {
        found_fini(out);
    }
    return error;
}
