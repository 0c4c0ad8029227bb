/* SPDX-License-Identifier: MIT */
/* Debug keys of what lies below: rooms with state of their own register theirs themselves. */
#include "base/panic.h"
#include "boot/main.h"
#include "boot/memory.h"
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "log/console.h"
#include "log/log.h"
#include "mem/frame.h"
#include "mem/slab.h"

static void print_cache(const struct slab_cache *c, void *arg)
{
    if (c->nr_live != 0 || c->nr_pages != 0) {
        log_info("  %-20s %6u bytes %6u live %5u pages", c->name, c->object_bytes, c->nr_live,
                 c->nr_pages);
    }
}

static void print_memory(void)
{
    memory_print();
    slab_for_each(print_cache, NULL);
}

static void crash(void)
{
    panic("debug key");
}

static void reboot(void)
{
    psci_system_reset();
}

/* For the watchdog's test: this CPU never comes back. */
static void hang(void)
{
    for (;;) {
        cpu_relax();
    }
}

static const struct debug_key keys[] = {
    {'m', "memory and slabs", print_memory},
    {'C', "panic", crash},
    {'L', "loop for ever on this CPU, for the watchdog to find", hang},
    {'R', "reset the machine", reboot},
};

void boot_register_keys(void)
{
    for (u32 i = 0; i < ARRAY_LEN(keys); i++) {
        console_register_key(&keys[i]);
    }
}
