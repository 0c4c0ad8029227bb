/* SPDX-License-Identifier: MIT */
#include "boot/main.h"
#include "boot/start_arm64.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "cpu/cache.h"
#include "fw/firmware.h"
#include "log/log.h"
#include "mem/hypmap.h"
#include "p2m/p2m.h"
#include "sync/percpu.h"
#include "time/time.h"
#include "trap/trap.h"

#define STACK_BYTES 16384u
/* A CPU that is there comes within microseconds; but firmware may take its time to power it, and an
 * emulator on a busy host its time to run it: over a second was seen. */
#define PATIENCE_NS 10000000000ULL

struct boot_secondary boot_secondary;
static u32 arrived; /* [a] the CPU that came up last */

u64 boot_mpidr(void)
{
    return read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
}

/* The first C of the others. */
void smp_secondary_main(void)
{
    boot_init_cpu();
    p2m_init_cpu();
    /* All that this CPU wrote about itself is seen before it counts as here. */
    store_release(&arrived, cpu_current());
    trap_start();
}

static bool start(u32 cpu)
{
    u8 *stack = hypmap_stack(STACK_BYTES);
    if (!stack || percpu_create(cpu) != OK) {
        log_error("cpu %u: no memory for its stack and data", cpu);
        return false;
    }
    per_cpu(trap_stack, cpu) = (u64)stack + STACK_BYTES;
    boot_secondary = (struct boot_secondary){
        .identity_root = boot_image_maddr(boot_identity_table).m,
        .root = boot_image_maddr(boot_root_table).m,
        .stack_top = (u64)stack + STACK_BYTES,
        .percpu_offset = percpu_offset[cpu],
    };
    cache_clean(&boot_secondary, sizeof(boot_secondary));

    enum err e = psci_cpu_on(firmware.cpu_mpidr[cpu], boot_image_maddr(secondary_entry),
                             boot_image_maddr(&boot_secondary).m);
    u64 until = clock_ns() + PATIENCE_NS;
    while (e == OK && load_acquire(&arrived) != cpu) {
        cpu_relax();
        if (clock_ns() > until) {
            e = E_IO;
        }
    }
    if (e != OK) {
        log_error("cpu %u, MPIDR %#llx: did not start (%d)", cpu, firmware.cpu_mpidr[cpu], e);
    }
    return e == OK;
}

void smp_init(void)
{
    for (u32 cpu = 1; cpu < firmware.nr_cpus && cpu < CPU_MAX && firmware.psci_version != 0;
         cpu++) {
        if (!start(cpu)) {
            /* Numbers have no holes, and a late comer would find another's start block: none after
             * this one. */
            break;
        }
        store_release(&percpu_nr_cpus, cpu + 1);
    }
    log_info("cpu: %u of %u on", percpu_nr_cpus, firmware.nr_cpus);
}
