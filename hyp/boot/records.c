/* SPDX-License-Identifier: MIT */
/* Which rooms write what of a domain out and read it back: docs/why/011-records.md. By type, which
 * is the order in which they are read. */
#include "call/record.h"
#include "dom/record.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

#define ROW(name, type, scope, body, save, load)                                                \
    {                                                                                           \
        name, RECORD_##type, 1, RECORD_##scope, false, sizeof(struct record_##body), save, load \
    }

const struct record_room record_rooms[] = {
    ROW("domain", DOMAIN, ONE, domain, domain_save, domain_load),
    {"memory", RECORD_MEMORY, 1, RECORD_OWN, true, sizeof(struct record_memory), memory_save,
     memory_load},
    ROW("grants", GRANTS, OWN, page, gnttab_save, gnttab_load),
    ROW("vcpu", VCPU, PER_VCPU, vcpu, vcpu_save, vcpu_load),
    ROW("vgic", VGIC, ONE, vgic, vgic_save_dist, vgic_load_dist),
    ROW("vgic vcpu", VGIC_VCPU, PER_VCPU, vgic_vcpu, vgic_save_vcpu, vgic_load_vcpu),
    ROW("vgic spis", VGIC_SPIS, OWN, vgic_spis, vgic_save_spis, vgic_load_spis),
    ROW("events", EVENTS, ONE, events, evtchn_save, evtchn_load),
    ROW("events vcpu", EVENTS_VCPU, PER_VCPU, events_vcpu, evtchn_save_vcpu, evtchn_load_vcpu),
    ROW("ports", PORTS, OWN, ports, evtchn_save_ports, evtchn_load_ports),
    ROW("runstate", RUNSTATE_VCPU, PER_VCPU, runstate, runstate_save, runstate_load),
    ROW("timers", TIMERS_VCPU, PER_VCPU, timers, vtimer_save_timers, vtimer_load_timers),
    ROW("time", TIME, ONE, time, vtimer_save_time, vtimer_load_time),
    ROW("shared info", SHARED_INFO, ONE, page, shared_info_save, shared_info_load),
    {.type = 0},
};
