/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: dom0 tells what PCI devices it found. Xen on Arm has no use for that and answers
 * -ENOSYS to all; Linux takes it calmly. The file waits for the SMMU.
 */
#include "call/call.h"

s64 call_physdev_op(struct vcpu *v, struct call_args *args)
{
    return E_NOSYS;
}
