/* SPDX-License-Identifier: MIT */
/* What a process has: malloc. */
#include <stdlib.h>
#include <string.h>

#include "test/spec/spec.h"

void *spec_zeroed(struct spec_room *r, u64 bytes)
{
    if (r->bytes < bytes) {
        free(r->p);
        r->p = malloc(bytes);
        r->bytes = r->p != NULL ? bytes : 0;
    }
    return r->p != NULL ? memset(r->p, 0, bytes) : NULL;
}
