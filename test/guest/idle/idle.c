// SPDX-License-Identifier: MIT
// The smallest guest: comes up and waits. For counting what a domain costs and leaves behind
#include "guest.h"

const char guest_name[] = "idle";

void guest_main(void)
{
}
