/* SPDX-License-Identifier: MIT */
/* The entry of libFuzzer and AFL++: bytes drive one machine's worth of guests. */
#include <stddef.h>
#include <stdint.h>

#include "sync/spinlock.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        ready = true;
        fuzz_boot(2, 3);
        wrap_disturbs = DEBUG;
    }
    fuzz_run(data, size, 0, INPUT_ACTIONS_MAX);
    return 0;
}
