// SPDX-License-Identifier: MIT
/* Any bytes as the file in which the supervisor keeps a configuration. */
#include "config/quiet_fuzz.h"

#include <errno.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest_config c;
    said_errors = 0;
    const int err = config_read_json("x", (const char *)data, size, &c);
    must(err == 0 || err == -EINVAL);
    must(said_errors == (err != 0));
    must(err != 0 || (c.name != NULL && c.vcpus >= 1 && c.vcpus <= c.maxvcpus));
    guest_config_fini(&c);
    return 0;
}
