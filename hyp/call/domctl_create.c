/* SPDX-License-Identifier: MIT */
/* domctl createdomain and destroydomain, and a UART for what was created. */
#include "base/bits.h"
#include "base/string.h"
#include "call/control.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "vuart/vuart.h"

#define DEFAULT_GRANT_FRAMES    64u
#define DEFAULT_MAPTRACK_FRAMES 1024u
#define MAX_EVTCHN_PORT         0x7fffffffu
#define MAX_SPIS                988u /* 1020 - 32: what a GIC without extended ranges can have */
#define GICV2_MAX_VCPUS         8u
#define ID_LOOKS                512u

#define FLAGS_NEEDED (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)
#define FLAGS_KNOWN  (FLAGS_NEEDED | XEN_DOMCTL_CDF_xs_domain)

/* Ids go round, so that one is not taken again right after its domain went: scripts remember ids.
 * Only the tools come here, one at a time. */
static u16 last_id;

static domid_t next_id(void)
{
    u16 id = last_id;
    for (u32 i = 0; i < ID_LOOKS; i++) {
        id = id + 1u < DOMID_FIRST_RESERVED ? (u16)(id + 1) : 1;
        if (dom_find((domid_t){id}) == NULL) {
            return (domid_t){id};
        }
    }
    return DOMID_INVALID; /* so many neighbours: let the table look for a hole */
}

/* Negative: the default. False: more than there may be. */
static bool limit(s32 asked, u32 otherwise, u32 *out)
{
    *out = asked < 0 ? otherwise : (u32)asked;
    return *out <= otherwise;
}

static bool decode_gic(const struct xen_domctl_createdomain *c, struct domain_config *out)
{
    switch (c->arch.gic_version) {
    case XEN_DOMCTL_CONFIG_GIC_NATIVE:
        out->gic_version = gic->version;
        break;
    case XEN_DOMCTL_CONFIG_GIC_V2:
        out->gic_version = 2;
        break;
    case XEN_DOMCTL_CONFIG_GIC_V3:
        out->gic_version = 3;
        break;
    default:
        return false;
    }
    /* The guest's CPU interface is the hardware's: no other version than the host's. */
    u32 most = out->gic_version == 2 ? GICV2_MAX_VCPUS : DOMAIN_MAX_VCPUS;
    return out->gic_version == gic->version && c->max_vcpus >= 1 && c->max_vcpus <= most &&
           c->arch.nr_spis <= MAX_SPIS && c->arch.tee_type == XEN_DOMCTL_CONFIG_TEE_NONE;
}

static enum err decode(const struct xen_domctl_createdomain *c, struct domain_config *out)
{
    bool good = (c->flags & FLAGS_NEEDED) == FLAGS_NEEDED && (c->flags & ~FLAGS_KNOWN) == 0 &&
                c->iommu_opts == 0 && c->vmtrace_size == 0 && c->cpupool_id == CONTROL_POOL &&
                (c->grant_opts & XEN_DOMCTL_GRANT_version_mask) == 1 &&
                (c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) == 0 &&
                limit(c->max_grant_frames, DEFAULT_GRANT_FRAMES, &out->max_grant_frames) &&
                out->max_grant_frames >= 1 &&
                limit(c->max_maptrack_frames, DEFAULT_MAPTRACK_FRAMES, &out->max_maptrack_frames) &&
                decode_gic(c, out);
    if (!good) {
        return E_INVAL;
    }
    out->max_vcpus = c->max_vcpus;
    out->flags = c->flags;
    out->ssidref = c->ssidref;
    out->nr_spis = c->arch.nr_spis;
    out->max_evtchn_port = MIN(c->max_evtchn_port, MAX_EVTCHN_PORT);
    memcpy(out->handle, c->handle, sizeof(out->handle));
    return OK;
}

enum err domctl_create(struct domain *unused, struct xen_domctl *op)
{
    struct domain_config config = {0};
    bool chosen = op->domain > 0 && op->domain < DOMID_FIRST_RESERVED;
    if (chosen && dom_find((domid_t){op->domain}) != NULL) {
        return E_EXIST;
    }
    enum err e = decode(&op->u.createdomain, &config);
    if (e != OK) {
        return e;
    }
    config.id = chosen ? (domid_t){op->domain} : next_id();
    struct domain *d;
    e = domain_create(&config, &d);
    if (e != OK) {
        return e;
    }
    if (!chosen) {
        last_id = d->id.id;
    }
    op->domain = d->id.id;
    op->u.createdomain.arch.gic_version =
        config.gic_version == 2 ? XEN_DOMCTL_CONFIG_GIC_V2 : XEN_DOMCTL_CONFIG_GIC_V3;
    op->u.createdomain.arch.clock_frequency = 0; /* the counter's own register tells */
    return OK;
}

enum err domctl_destroy(struct domain *d, struct xen_domctl *op)
{
    return d == domain_current() || d->privileged ? E_INVAL : domain_kill(d);
}

enum err domctl_vuart(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vuart_op *u = &op->u.vuart_op;
    if (u->pad[0] != 0 || u->pad[1] != 0 || u->cmd != XEN_DOMCTL_VUART_OP_INIT) {
        return E_INVAL;
    }
    if (load_relaxed(&d->has_run)) {
        return E_PERM;
    }
    if (u->type != XEN_DOMCTL_VUART_TYPE_VPL011) {
        return E_OPNOTSUPP;
    }
    port_t port;
    enum err e = vuart_create(d, (gfn_t){u->gfn}, (domid_t){u->console_domid}, &port);
    if (e == OK) {
        u->evtchn = port.port;
    }
    return e;
}
