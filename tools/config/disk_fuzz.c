// SPDX-License-Identifier: MIT
/* Any bytes as the words of a disk, and as the name of a virtual disk. */
#include "config/quiet_fuzz.h"

#include <errno.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    const char *words = text;
    struct guest_disk d;
    said_errors = 0;
    const int err = config_read_disk(&words, 1, &d);
    must(err == 0 || err == -EINVAL);
    must((err == 0) == (said_errors == 0));
    uint32_t number = 0;
    if (err == 0) {
        must(config_disk_number(d.vdev, &number) && number == d.number);
        must(d.target != NULL || d.removable);
        must(d.script != NULL || d.target == NULL || d.target[0] == '/');
    }
    guest_disk_fini(&d);
    must(!config_disk_number(text, &number) || number < 2U << 28);
    free(text);
    return 0;
}
