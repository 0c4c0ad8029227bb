/* SPDX-License-Identifier: MIT */
/*
 * A domain written out (docs/why/011-records.md): records one after the other, in the order of
 * their types. A record is a header and a body of fixed layout; all is little endian, sizes are
 * multiples of 8. The tools read headers and the memory's runs; the other bodies are the
 * hypervisor's own.
 */
#ifndef DOM_RECORD_FORMAT_H
#define DOM_RECORD_FORMAT_H

#include "abi/types.h"

struct record_header {
    u32 type;    /* enum record_type */
    u16 version; /* of this type's body */
    u16 zero;
    u32 instance; /* vCPU, block, frame, first gfn: as the type says */
    u32 bytes;    /* of the body, which follows */
    u64 sum;      /* record_sum() */
};
_Static_assert(sizeof(struct record_header) == 24);

/*
 * In this order they are written and read. Time goes on while a domain is written down: first what
 * its timers have done, then when they will do more, then what time it is.
 */
enum record_type {
    RECORD_DOMAIN = 1,
    RECORD_MEMORY, /* instance: the gfn where it begins */
    RECORD_GRANTS, /* a frame of the table */
    RECORD_VCPU,   /* a vCPU, as all whose name ends so */
    RECORD_VGIC,
    RECORD_VGIC_VCPU,
    RECORD_VGIC_SPIS, /* 32 of them */
    RECORD_EVENTS,
    RECORD_EVENTS_VCPU,
    RECORD_PORTS, /* 128 of them */
    RECORD_RUNSTATE_VCPU,
    RECORD_TIMERS_VCPU,
    RECORD_TIME,
    RECORD_SHARED_INFO,
};

#define RECORD_NO_GFN     ~0u
#define RECORD_PAGE_BYTES 4096u

/* Against accidents: two sums of 32-bit words, Fletcher's way, with header->sum as 0. */
static inline u64 record_sum(const struct record_header *h, const void *body)
{
    const struct record_header head = {h->type, h->version, h->zero, h->instance, h->bytes, 0};
    const u32 *word[2] = {(const u32 *)&head, (const u32 *)body};
    const u32 nr[2] = {sizeof(head) / 4, h->bytes / 4};
    u32 a = 1;
    u32 b = 0;
    for (u32 part = 0; part < 2; part++) {
        for (u32 i = 0; i < nr[part]; i++) {
            a += word[part][i];
            b += a;
        }
    }
    return (u64)b << 32 | a;
}

struct record_domain {
    u32 width; /* 32 or 64 */
    u32 max_vcpus;
    u64 assist;
    u64 hvm_param[64];
};

struct record_time {
    u64 virtual_ticks; /* what CNTVCT was: it goes on from there */
    u64 frequency_hz;
    s64 wall_seconds; /* its wall clock's distance from the host's */
};

/* RAM from the instance on: what is not in a run is not RAM, up to the next record's instance. */
struct record_run {
    u32 gfn;
    u32 nr_pages;
    u32 flags; /* RECORD_RUN_* */
    u32 zero;
};
#define RECORD_RUN_READONLY 1u
/* Somebody else has it mapped to write: dirty now and whenever asked again, until it is not. */
#define RECORD_RUN_DIRTY 2u
#define RECORD_RUNS      128u
struct record_memory {
    u32 nr;
    u32 zero;
    struct record_run run[RECORD_RUNS];
};

/* A page of the hypervisor's that the guest sees at gfn, or nowhere. */
struct record_page {
    u32 gfn;
    u32 zero;
    u8 bytes[RECORD_PAGE_BYTES];
};

#define RECORD_VCPU_ONLINE      1u
#define RECORD_VCPU_INITIALISED 2u
#define RECORD_VCPU_FP          4u /* has used floating point */
#define RECORD_VCPU_SERROR      8u /* one is pending */
struct record_vcpu {
    u64 flags;
    u64 x[31], sp_el0, pc, pstate;
    u64 sctlr, cpacr, ttbr0, ttbr1, tcr, mair, amair, vbar, contextidr, csselr;
    u64 esr, afsr0, afsr1, far, par, elr, spsr, sp_el1;
    u64 tpidr_el0, tpidrro_el0, tpidr_el1, cntkctl, vpidr;
    u64 dacr32, ifsr32, fpexc32, spsr_abt, spsr_und, spsr_irq, spsr_fiq; /* AArch32 only */
    u8 q[32][16];
    u32 fpsr, fpcr;
};

struct record_timers {
    u64 virtual_ctl, virtual_cval;
    u64 physical_ctl;
    u64 physical_past; /* 1: it is the time since the comparison value, 0: until it */
    u64 physical_ticks;
};

struct record_vgic {
    u32 version, nr_spis, enabled, zero;
};

#define RECORD_IRQ_ENABLED    1u
#define RECORD_IRQ_LEVEL      2u
#define RECORD_IRQ_LATCH      4u
#define RECORD_IRQ_LINE       8u
#define RECORD_IRQ_ACTIVE     16u
#define RECORD_IRQ_HW_PENDING 32u /* the latch, or the active state, stands for the timer's */
#define RECORD_IRQ_HW_ACTIVE  64u
struct record_irq {
    u16 flags;
    u16 home, target; /* vCPUs; target 0xffff: nobody */
    u8 priority;
    u8 target_mask, sources, active_source; /* GICv2 */
    u16 zero;
};
struct record_vgic_vcpu {
    u32 vmcr, asleep;
    u32 apr[4], apr0[4];
    struct record_irq irq[32];
};
struct record_vgic_spis {
    struct record_irq irq[32];
};

struct record_events {
    u32 is_fifo;
    u32 nr_pages;
    u32 gfn[128]; /* of event words */
};

#define RECORD_EVENTS_INFO    1u /* registered its vcpu_info */
#define RECORD_EVENTS_CONTROL 2u /* placed its control block */
struct record_events_vcpu {
    u32 flags;
    u32 info_gfn, info_offset;
    u32 control_gfn, control_offset;
    u32 zero;
    u32 tail[16];
};

/* A port that is joined to another domain's is written as unbound for that domain: who was there
 * binds again. Ports joined with each other stay so. */
#define RECORD_DOMID_SELF 0x7ff0u
struct record_port {
    u8 state; /* 0 free, 1 reserved, 2 unbound, 3 joined, 4 VIRQ, 5 IPI */
    u8 priority;
    u8 raised_early;
    u8 zero;
    u16 vcpu;
    u16 domid;     /* unbound: for whom */
    u32 peer;      /* port or VIRQ */
    u32 fifo_last; /* the queue it was last in, + 1 */
};
struct record_ports {
    struct record_port port[128];
};

struct record_runstate {
    u64 time_ns[4];
    u32 gfn[2];
    u32 offset;
    u32 zero;
};

#endif
