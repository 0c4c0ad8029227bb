/* SPDX-License-Identifier: MIT */
/* Which rooms write what of a domain out and read it back: docs/why/011-records.md. By type, which
 * is the order in which they are read. */
#include "call/record.h"
#include "dom/record.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

#define BODY(name) sizeof(struct record_##name)

const struct record_room record_rooms[] = {
    {"domain", RECORD_DOMAIN, 1, BODY(domain), false, domain_save, domain_load},
    {"time", RECORD_TIME, 1, BODY(time), false, vtimer_save_time, vtimer_load_time},
    {"memory", RECORD_MEMORY, 1, BODY(memory), true, memory_save, memory_load},
    {"shared info", RECORD_SHARED_INFO, 1, BODY(page), false, shared_info_save, shared_info_load},
    {"grants", RECORD_GRANTS, 1, BODY(page), false, gnttab_save, gnttab_load},
    {"vcpu", RECORD_VCPU, 1, BODY(vcpu), false, vcpu_save, vcpu_load},
    {"timers", RECORD_TIMERS_VCPU, 1, BODY(timers), false, vtimer_save_timers, vtimer_load_timers},
    {"vgic", RECORD_VGIC, 1, BODY(vgic), false, vgic_save_dist, vgic_load_dist},
    {"vgic vcpu", RECORD_VGIC_VCPU, 1, BODY(vgic_vcpu), false, vgic_save_vcpu, vgic_load_vcpu},
    {"vgic spis", RECORD_VGIC_SPIS, 1, BODY(vgic_spis), false, vgic_save_spis, vgic_load_spis},
    {"events", RECORD_EVENTS, 1, BODY(events), false, evtchn_save, evtchn_load},
    {"events vcpu", RECORD_EVENTS_VCPU, 1, BODY(events_vcpu), false, evtchn_save_vcpu,
     evtchn_load_vcpu},
    {"ports", RECORD_PORTS, 1, BODY(ports), false, evtchn_save_ports, evtchn_load_ports},
    {"runstate", RECORD_RUNSTATE_VCPU, 1, BODY(runstate), false, runstate_save, runstate_load},
    {NULL, 0, 0, 0, false, NULL, NULL},
};
