/* SPDX-License-Identifier: MIT */
/* What dom/ tells the tools: a domain changed state (VIRQ_DOM_EXC), whoever in dom0 has bound it.
 */
#include "abi/xen.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"

void dom_up_exception(void)
{
    evtchn_raise_global_virq(domain_hardware, VIRQ_DOM_EXC);
}
