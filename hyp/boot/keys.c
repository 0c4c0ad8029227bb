/* SPDX-License-Identifier: MIT */
/* Debug keys of what lies below: rooms with state of their own register theirs themselves. */
#include "base/panic.h"
#include "boot/main.h"
#include "boot/memory.h"
#include "cpu/arch.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "fw/firmware.h"
#include "gnttab/gnttab.h"
#include "log/console.h"
#include "log/log.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "p2m/p2m.h"

/* UNCHECKED: a dump of the moment. */
UNCHECKED static void print_cache(const struct slab_cache *c, void *arg)
{
    *(u64 *)arg += c->nr_pages;
    if (c->nr_live != 0 || c->nr_pages != 0) {
        log_info("  %-20s %6u bytes %6u live %5u pages", c->name, c->object_bytes, c->nr_live,
                 c->nr_pages);
    }
}

/* Where all pages of RAM are. UNCHECKED: likewise. */
UNCHECKED static void print_memory(void)
{
    u64 slabs = 0;
    u64 guests = 0;
    u64 tables = 0;
    u64 grants = 0;
    memory_print();
    slab_for_each(print_cache, &slabs);
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        guests += d->nr_pages;
        tables += d->p2m->nr_tables;
        grants += gnttab_nr_frames(d) + gnttab_nr_kept_pages(d);
    }
    const struct {
        const char *what;
        u64 pages;
    } purpose[] = {
        {"domains' own", guests},
        {"domains' stage-2 tables", tables},
        {"grant tables", grants},
        {"slabs, as above", slabs},
        {"image and frame table", memory_nr_own()},
        {"free", frame_nr_free()},
    };
    u64 rest = frame_nr_total();
    for (u32 i = 0; i < ARRAY_LEN(purpose); i++) {
        log_info("memory: %10llu KiB %s", purpose[i].pages * 4, purpose[i].what);
        rest -= purpose[i].pages;
    }
    log_info("memory: %10llu KiB else: EL2's tables, CPUs, firmware, shared info", rest * 4);
}

static void print_ports(void)
{
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        evtchn_dump(d);
    }
}

static void print_grants(void)
{
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        gnttab_dump(d);
    }
}

/* UNCHECKED: likewise. */
UNCHECKED static void print_resource(const struct slab_cache *c, void *arg)
{
    *(u64 *)arg += c->nr_pages;
    log_info("resource %s %u", c->name, c->nr_live);
}

/* What must be the same before and after a guest's life, a line each: test/sys/06_cycles.sh
 * compares them. UNCHECKED: likewise. */
UNCHECKED static void print_resources(void)
{
    u32 ports = 0;
    u32 maptrack = 0;
    /* Free pages, and those that come and go by themselves: slabs hold more or fewer of the same
     * objects a page, the control domain's balloon cuts its blocks and makes them whole, and what
     * knows its mappings and its grants has grown to the most there ever were. */
    u64 pages = frame_nr_free();
    slab_for_each(print_resource, &pages);
    if (domain_hardware) {
        pages += domain_hardware->p2m->nr_tables + gnttab_nr_kept_pages(domain_hardware);
    }
    log_info("resource pages %llu", pages);
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        ports += evtchn_nr_ports_in_use(d);
        maptrack += gnttab_nr_maptrack(d);
    }
    log_info("resource ports %u", ports);
    log_info("resource maptrack %u", maptrack);
    log_info("resource vmids %u", p2m_nr_vmids_in_use());
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
    {'e', "event channels", print_ports},
    {'g', "grants in use", print_grants},
    {'m', "memory by purpose", print_memory},
    {'M', "what is in use, by name and count", print_resources},
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
