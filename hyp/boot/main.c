/* SPDX-License-Identifier: MIT */
/* The ordered list of inits: each needs those above it. What can't go on says why in one line and
 * stops. */
#include "boot/main.h"

#include "base/bits.h"
#include "base/string.h"
#include "boot/dom0.h"
#include "boot/memory.h"
#include "boot/start_arm64.h"
#include "call/version.h"
#include "cpu/arch.h"
#include "dom/domain.h"
#include "dom/policy.h"
#include "drv/uart.h"
#include "fw/firmware.h"
#include "irq/irq.h"
#include "log/log.h"
#include "mem/hypmap.h"
#include "p2m/p2m.h"
#include "sched/sched.h"
#include "sched/watchdog.h"
#include "sync/rcu.h"
#include "time/time.h"
#include "trap/trap.h"
#include "vtimer/vtimer.h"

#define FDT_MAX_BYTES                                                                            \
    (4ULL << 20) /* twice the boot protocol's limit: QEMU doubles the room of a tree it is given \
                  */

/* For the first page tables: device tree, console, linear map of the first bank. */
#define EARLY_TABLES 12u
static u8 early_tables[EARLY_TABLES][PAGE_SIZE] __attribute__((aligned(4096)));
static maddr_t image_at;

maddr_t boot_image_maddr(const void *va)
{
    return (maddr_t){image_at.m + ((u64)va - (u64)image_start)};
}

void boot_adopt_tables(maddr_t image)
{
    image_at = image;
    hypmap_init(boot_image_maddr(boot_root_table), image, (u64)(image_end - image_start));
    hypmap_give_pool(boot_image_maddr(early_tables), sizeof(early_tables));
}

#define WATCHDOG_SECONDS 30u

/* The pages from the tree's first byte to its last, for reading. NULL: nothing there looks like a
 * tree. */
const void *boot_map_fdt(maddr_t at)
{
    u64 offset = at.m & PAGE_MASK;
    if (at.m == 0 || !is_aligned(at.m, 8)) {
        return NULL;
    }
    u64 va = hypmap_take_addresses(FDT_MAX_BYTES + PAGE_SIZE);
    if (hypmap_map(va, (maddr_t){at.m - offset}, PAGE_SIZE, HYPMAP_RODATA) != OK) {
        return NULL;
    }
    const u32 *header = (const u32 *)(va + offset);
    if (__builtin_bswap32(header[0]) != 0xd00dfeed) {
        return NULL;
    }
    u64 bytes = offset + __builtin_bswap32(header[1]);
    if (bytes > FDT_MAX_BYTES) {
        return NULL;
    }
    if (bytes > PAGE_SIZE &&
        hypmap_map(va + PAGE_SIZE, (maddr_t){at.m - offset + PAGE_SIZE},
                   align_up(bytes, PAGE_SIZE) - PAGE_SIZE, HYPMAP_RODATA) != OK) {
        return NULL;
    }
    return header;
}

static __noreturn void stop_early(const char *why)
{
    boot_say(why);
    cpu_halt();
}

static void set_log_levels(void)
{
    char own[16];
    char guest[16];
    const char *a = option_find("loglvl", own, sizeof(own)) ? own : NULL;
    const char *b = option_find("guest_loglvl", guest, sizeof(guest)) ? guest : NULL;
    log_set_levels(a, b);
}

/* Our CPU 0 is the one that runs this. */
static bool put_boot_cpu_first(void)
{
    u64 mine = boot_mpidr();
    for (u32 i = 0; i < firmware.nr_cpus; i++) {
        if (firmware.cpu_mpidr[i] == mine) {
            memmove(&firmware.cpu_mpidr[1], &firmware.cpu_mpidr[0], i * sizeof(u64));
            firmware.cpu_mpidr[0] = mine;
            return true;
        }
    }
    log_error("cpu: the one that boots, MPIDR %#llx, is not in the device tree", mine);
    return false;
}

void boot_init_cpu(void)
{
    irq_init_cpu();
    time_init_cpu();
    sched_init_cpu();
    vtimer_init_cpu();
    trap_init_cpu();
}

static void read_policy(void)
{
    char text[16];
    domain_policy_open = option_find("xsm", text, sizeof(text)) && strcmp(text, "dummy") == 0;
    version_init(ID_FIELD(read_sysreg(id_aa64pfr0_el1), ID_AA64PFR0_EL1_SHIFT) == 2);
}

static void init_machine(void)
{
    rcu_init();
    err_ignore(psci_init()); /* said so; without it there is one CPU */
    if (irq_init() != OK) {
        cpu_halt(); /* said so */
    }
    if (time_init() != OK) {
        log_error("time: no architected timer, or one without a frequency");
        cpu_halt();
    }
    if (vtimer_init() != OK) {
        log_error(
            "vtimer: the virtual timer's or the GIC's maintenance interrupt is taken or not there");
        cpu_halt();
    }
    sched_init();
    sched_register_key();
    domain_init();
    p2m_init();
    this_cpu(trap_stack) = (u64)boot_stack_top;
    boot_init_cpu();
    smp_init();
}

void boot_main(maddr_t fdt_at, maddr_t image)
{
    const struct range image_range = {image.m, (u64)(image_end - image_start)};
    boot_adopt_tables(image);
    const void *fdt = boot_map_fdt(fdt_at);
    if (!fdt) {
        stop_early("no device tree where x0 pointed at boot, or larger than 4 MiB");
    }
    const char *why;
    if (firmware_read(fdt, fdt_at, &why) != OK) {
        stop_early(why);
    }
    set_log_levels();
    if (uart_init() != OK) {
        log_warn(
            "console: neither dtuart nor stdout-path names a PL011: the log ring is all there is");
    }
    log_info("Kanso %s", KANSO_VERSION);
    log_info("options: %s", firmware.xen_bootargs);
    if (!put_boot_cpu_first() || memory_init(&image_range) != OK) {
        cpu_halt();
    }
    memory_print();
    if (dom0_take() != OK) {
        cpu_halt();
    }
    init_machine();
    if (uart_init_input() != OK) {
        log_warn("console: no input");
    }
    boot_register_keys();
    read_policy();
    if (dom0_build() != OK) {
        cpu_halt();
    }
    memory_release_fdt();
    watchdog_init((u32)option_number("watchdog", WATCHDOG_SECONDS));
    option_warn_unknown();
    trap_start();
}
