// SPDX-License-Identifier: MIT
// The guest that crashes at once: for the on_crash actions
#include "guest.h"

const char guest_name[] = "crash";

void guest_main(void)
{
    shutdown(SHUTDOWN_CRASH);
}
