/* SPDX-License-Identifier: MIT */
/*
 * Domains and their vCPUs. struct domain holds what identifies a domain and pointers to what rooms
 * own; a room's change does not recompile the house.
 *
 *   alive --shutdown--> alive, shut down --destroydomain--> dying --relinquish...--> dead --last
 * put, RCU--> gone
 *
 * Teardown is a walk over a table of relinquish functions (boot/main.c registers them); each may
 * answer E_RESTART, and destroydomain then comes again.
 */
#ifndef DOM_DOMAIN_H
#define DOM_DOMAIN_H

#include "base/addr.h"
#include "base/err.h"
#include "base/list.h"
#include "cpu/atomic.h"
#include "cpu/speculation.h"
#include "sync/rcu.h"
#include "sync/refcount.h"
#include "sync/spinlock.h"
#include "dom/vcpu.h"

struct p2m;
struct evtchn_table;
struct gnttab;
struct vgic;
struct vuart;

#define DOMID_FIRST_RESERVED 0x7ff0u
#define DOMID_SELF           ((domid_t){0x7ff0})
#define DOMID_INVALID        ((domid_t){0x7ff4})
#define DOMAIN_MAX_VCPUS     128u

#define NO_SHUTDOWN_CODE 0xffu /* of a domain that has not said one */

enum domain_life { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
    domid_t id;    /* [c] */
    u64 unique_id; /* [c] no other domain had it */
    struct refcount refs;
    struct rcu_head rcu;
    struct domain *next_in_bucket; /* [R, RANK_DOMLIST] dom/find.c */
    struct spinlock lock;          /* RANK_DOMAIN */

    bool privileged;                     /* [c] the control domain */
    bool direct_mapped;                  /* [c] gfn == mfn */
    bool is_32bit;                       /* [c after set_address_size] */
    u8 life GUARDED_BY(lock);            /* enum domain_life */
    bool shut_down GUARDED_BY(lock);     /* its vCPUs are held */
    u8 shutdown_code GUARDED_BY(lock);   /* XEN_SHUTDOWN_*, or NO_SHUTDOWN_CODE */
    u8 paused_by_tools GUARDED_BY(lock); /* pausedomain / unpausedomain, how often */
    bool has_run GUARDED_BY(lock);       /* the tools have let it go once */
    bool debug_preempt;                  /* unused by Arm; keeps domctl flags honest */
    u32 create_flags;                    /* [c] XEN_DOMCTL_CDF_* */
    u32 ssidref;
    u8 handle[16] GUARDED_BY(lock); /* uuid */
    u32 teardown_step;              /* [D] index into the relinquish table */
    u64 teardown_cursor;            /* [D] the step's own */
    u32 nr_freed_vcpus;             /* after RCU: how far its end has come */
    u32 pauses GUARDED_BY(lock);    /* domain_pause() and kin, for vCPUs that come later */
    u16 *last_vcpu; /* [c] per CPU: id + 1 of the vCPU that last loaded its EL1 there; 0 none */

    struct sched_group sched; /* its vCPUs' weight and cap */
    u32 max_vcpus;            /* [c] */
    struct vcpu **vcpu;       /* [c] max_vcpus pointers, NULL until made */

    u64 nr_pages GUARDED_BY(page_lock);  /* 4 KiB units */
    u64 max_pages GUARDED_BY(page_lock); /* of them */
    u32 page_list GUARDED_BY(page_lock); /* frame index, FRAME_NIL: none */
    struct spinlock page_lock;           /* RANK_PAGES */
    /* One of refs stands for the pages, from the first one on. */
    bool has_pages_ref GUARDED_BY(page_lock);
    struct rcu_head pages_rcu; /* puts it where locks may be held */
    /* A block being cleared (dom/populate.c), or NULL. */
    struct frame *populate_block GUARDED_BY(page_lock);
    u32 populate_order GUARDED_BY(page_lock);       /* its size */
    u32 populate_done_pages GUARDED_BY(page_lock);  /* zeroed and cleaned so far */
    u32 populate_given_pages GUARDED_BY(page_lock); /* then: on the list so far */
    /* A run that is unmapped and still to be dropped. */
    struct frame *drop_first GUARDED_BY(page_lock);
    u32 drop_left GUARDED_BY(page_lock);     /* its pages; 0: none */
    bool drop_claimed GUARDED_BY(page_lock); /* one is about to be unmapped */

    u64 hvm_param[64] GUARDED_BY(lock); /* call/hvm.c */
    u64 vtimer_offset_ticks; /* [c] vtimer/: counter at creation, where the virtual one begins */
    u64 time_offset_seconds;
    u64 assist; /* vm_assist bits (runstate update flag) */

    struct p2m *p2m; /* [c] until dead */
    struct evtchn_table *evtchn;
    struct gnttab *gnttab;
    struct vgic *vgic;
    struct vuart *vuart;                    /* [c from its first instruction on] or NULL */
    struct frame *shared_info;              /* [c] one SHARED page */
    struct list io_ranges GUARDED_BY(lock); /* permitted MMIO and IRQs of call/domctl (io caps) */
    struct mmio_handler *mmio; /* [c] sorted table of emulated ranges, see vgic and trap/mmio.c */
    u32 nr_mmio;
};

extern struct domain *domain_hardware; /* [c] dom0, NULL until built */
extern struct domain domain_nobody;    /* owner of vcpu_nobody; never on the list */

static inline struct domain *domain_current(void)
{
    return vcpu_current()->domain;
}

/* vCPU id of d; NULL: beyond what d can have, or not made yet. */
static inline struct vcpu *vcpu_find(const struct domain *d, u64 id)
{
    return id < d->max_vcpus ? load_acquire(&d->vcpu[index_clamp(id, d->max_vcpus)]) : NULL;
}

/* The one with the lowest id >= from that is made; NULL at the end. */
static inline struct vcpu *vcpu_next(const struct domain *d, u32 from)
{
    struct vcpu *v = NULL;
    while (from < d->max_vcpus && !v) {
        v = load_acquire(&d->vcpu[from++]);
    }
    return v;
}

struct domain_config {
    domid_t id; /* DOMID_INVALID: first free from 1 on */
    bool privileged, direct_mapped;
    u32 max_vcpus, flags, ssidref;
    u32 nr_spis;     /* virtual SPIs beyond the 32 private ones */
    u32 gic_version; /* 2 or 3 */
    u32 max_evtchn_port;
    u32 max_grant_frames, max_maptrack_frames;
    u8 handle[16];
};

/* Boot, before the first domain: slabs, debug key 'q'. */
void domain_init(void);
void domain_dump_all(void);

/* Makes a domain without vCPUs or memory, paused by the tools; on the list, found by dom_find.
 * Undone whole on error. */
enum err domain_create(const struct domain_config *c, struct domain **out);
/* Makes vCPU id, offline, held. E_INVAL, E_EXIST, E_NOMEM. */
enum err domain_create_vcpu(struct domain *d, u32 id);

/* Borrowed until this exit ends; NULL when there is none (dying ones are found until they are dead
 * and gone). */
struct domain *dom_find(domid_t id);
/* Like dom_find, with DOMID_SELF for the caller. */
struct domain *dom_find_or_self(domid_t id);
/* The live domain with the lowest id >= from; NULL at the end. Borrowed. */
struct domain *dom_next(domid_t from);
static inline struct domain *dom_after(const struct domain *d)
{
    return dom_next((domid_t){(u16)(d->id.id + 1)});
}
/* An id whose domain came, shut down, died or went since this last gave it; false: none. Look at
 * the domain after that. */
bool dom_take_changed(domid_t *id);
/* As if all had changed: for who listens from now on. */
void dom_mark_all_changed(void);
[[nodiscard]] bool domain_get(struct domain *d);
void domain_put(struct domain *d);

void domain_pause(struct domain *d); /* counts; returns when no vCPU of d is in a guest (except the
                                        caller's own) */
void domain_pause_nowait(struct domain *d);
void domain_unpause(struct domain *d);
/* These count, too. E_OVERFLOW: 255 times; E_INVAL: it is not paused. */
enum err domain_pause_by_tools(struct domain *d);
enum err domain_unpause_by_tools(struct domain *d);

/* The guest asked, or we say it for him: all vCPUs stop, VIRQ_DOM_EXC to dom0. dom0's own: the
 * machine's policy. */
void domain_shutdown(struct domain *d, u8 code);
/* resumedomain: undoes a shutdown; its vCPUs go on. E_INVAL when it is not shut down. */
enum err domain_resume(struct domain *d);
/* The guest's fault: logs why (rate-limited), dumps the vCPU, shuts down with code crash. */
void domain_crash(struct domain *d, const char *why, ...) __printf(2, 3);

/* destroydomain: one bounded step of the teardown; E_RESTART until dead. Not one's own domain. The
 * tools' lock is held by nobody who waits for it (a waiting CPU serves no cross calls): try it and
 * E_RESTART. */
enum err domain_kill(struct domain *d);
struct relinquish {
    const char *name;
    enum err (*fn)(struct domain *d, u64 *cursor);
};
extern const struct relinquish
    domain_relinquish[]; /* defined in boot/teardown.c, ends with fn NULL */

/* Pages (pages.c). A HEAP block becomes the domain's: counted against max_pages (E_NOMEM, also for
 * a dying domain), on its list. About 10 instructions a page. */
enum err domain_add_pages(struct domain *d, struct frame *first, u32 order);
/* The same in two halves: the account first, then runs of pages of it. False: it is dying, nothing
 * happened. */
enum err domain_reserve_pages(struct domain *d, u64 nr);
void domain_unreserve_pages(struct domain *d, u64 nr);
bool domain_add_reserved(struct domain *d, struct frame *first, u32 nr);
/* Drops the owner's allocation of neighbours, nr <= 512: a page goes when its borrowers do; one
 * that was dropped before is left alone. No mapping of the domain's own is left: it was removed and
 * flushed. */
void domain_drop_run(struct domain *d, struct frame *first, u32 nr);
/* A long run, one at a time a domain, in steps that a stay has room for. Claimed before its leaf is
 * removed (false: another one is not done yet), handed over with domain_drop_later(), nr 0 if there
 * is none after all; then a step a call, true while there is more. Who takes no more steps leaves
 * the rest owned and nowhere mapped. */
bool domain_drop_claim(struct domain *d);
void domain_drop_later(struct domain *d, struct frame *first, u32 nr);
bool domain_drop_step(struct domain *d);
/* Teardown, after p2m_relinquish() and gnttab_relinquish(): drops all that are left. */
enum err domain_pages_relinquish(struct domain *d, u64 *cursor);

/* One step (64 KiB, about 3,000 instructions; the last ones up to 6,000) towards a new block of
 * 2^order pages, zeroed and cleaned to the point of coherency, on d's list and not mapped.
 * E_RESTART: call again. E_NOMEM. The cursor is the domain's: callers who want the same order
 * finish each other's block; one who wants another order frees it. */
enum err domain_populate_step(struct domain *d, u32 order, struct frame **out);
/* A block that could not be mapped (yet): the next call of domain_populate_step() gives it again.
 */
void domain_populate_return(struct domain *d, struct frame *block, u32 order);
/* Frees what is not on the list yet. */
void domain_populate_cancel(struct domain *d);

/* Upcalls of dom/: */
/* boot/teardown.c: rooms attach their state in order */
enum err dom_up_create(struct domain *d, const struct domain_config *c);
/* boot/teardown.c: rooms free it (RCU has passed), a bounded step a call: E_RESTART until done */
enum err dom_up_destroy(struct domain *d);
enum err dom_up_vcpu_create(struct vcpu *v);
void dom_up_vcpu_destroy(struct vcpu *v);
/* boot/teardown.c: its timers and interrupts as after reset */
void dom_up_vcpu_reset(struct vcpu *v);
void dom_up_exception(void); /* call/: VIRQ_DOM_EXC to dom0 */
/* boot/: dom0 went: poweroff, reboot, or noreboot policy */
__noreturn void dom_up_hardware_shutdown(u8 code);

#endif
