/* SPDX-License-Identifier: MIT */
/* The end after a panic: what log/ can't know. */
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "irq/irq.h"
#include "log/log.h"
#include "log/log_up.h"

void panic_up_stop_others(void)
{
    ipi_halt_others();
}

__noreturn void panic_up_end(void)
{
    static bool ending; /* a fault on the way here must not come here again */
    if (!ending) {
        ending = true;
        if (!option_is_on("noreboot", false)) {
            log_error("the machine resets (noreboot keeps it as it is)");
            psci_system_reset();
        }
        log_error("stopped (noreboot)");
    }
    cpu_halt();
}
