/* SPDX-License-Identifier: MIT */
/*
 * dom0 went, and with it the machine: it is switched off or reset through the firmware. After a
 * crash the machine resets too, unless the option noreboot says to stop as it is, so that the last
 * lines can be read.
 */
#include "abi/sched.h"
#include "cpu/arch.h"
#include "dom/domain.h"
#include "fw/firmware.h"
#include "irq/irq.h"
#include "log/log.h"

__noreturn void dom_up_hardware_shutdown(u8 code)
{
    const bool stay = option_is_on("noreboot", false);
    switch (code) {
    case SHUTDOWN_poweroff:
        log_info("dom0 powered off: the machine follows");
        psci_system_off();
    case SHUTDOWN_reboot:
        log_info("dom0 reboots: the machine follows");
        psci_system_reset();
    default:
        log_error("dom0 %s: %s", code == SHUTDOWN_watchdog ? "missed its watchdog" : "crashed",
                  stay ? "stopped (noreboot)" : "the machine reboots");
        if (stay) {
            ipi_halt_others();
            cpu_halt();
        }
        psci_system_reset();
    }
}
