// SPDX-License-Identifier: MIT
/* Any bytes as what a bootloader says: some of them are from a guest's disk. */
#include "config/quiet_fuzz.h"

#include <errno.h>

#include "config/found.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found f;
    char *bytes = malloc(size > 0 ? size : 1); /* exactly so many: a read beyond is seen */
    must(bytes != NULL);
    memcpy(bytes, data, size);
    said_errors = 0;
    const int err = found_read(bytes, size, "fuzz", &f);
    must(err == 0 || err == -EINVAL);
    must((err == 0) == (said_errors == 0) && (err == 0) == (f.kernel != NULL));
    must(f.kernel == NULL || *f.kernel != '\0');
    found_fini(&f);
    free(bytes);
    return 0;
}
