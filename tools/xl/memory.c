// SPDX-License-Identifier: MIT
/* xl mem-set, mem-max. What they do works on every architecture: Debian's xl aborts on Arm. */
#include <stdio.h>

#include "lib/number.h"
#include "xl/command.h"

static int set_memory(struct call *call, int (*set)(struct life *l, uint32_t domid, uint64_t kib))
{
    uint64_t kib;
    if (number_parse_kib(call->args[1], 'm', &kib) != 0 || kib == 0) {
        return call_misused(call, "'%s' is no size such as 512m", call->args[1]);
    }
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : call_status(set(&call->life, domid, kib));
}

int command_mem_set(struct call *call)
{
    return set_memory(call, life_set_memory);
}

int command_mem_max(struct call *call)
{
    return set_memory(call, life_set_max_memory);
}
