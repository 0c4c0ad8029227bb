/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy: within one page each side, of the caller itself by frame number or of anybody by
 * grant. */
#include "dom/policy.h"
#include "gnttab/grant.h"

struct side {
    struct domain *domain;
    struct frame *frame;
    u32 ref;
    bool by_ref, readonly;
};

static s16 side_find(const struct xen_gnttab_copy_ptr *p, bool by_ref, bool readonly,
                     struct side *s)
{
    *s = (struct side){
        .domain = dom_find_or_self((domid_t){p->domid}), .by_ref = by_ref, .readonly = readonly};
    return s->domain == NULL ? GNTST_bad_domain : GNTST_okay;
}

/* Only the caller's own pages may be named by frame. */
static bool side_permitted(const struct xen_gnttab_copy_ptr *p, const struct side *s)
{
    return s->by_ref || domid_eq((domid_t){p->domid}, DOMID_SELF);
}

static s16 side_get(struct side *s, const struct xen_gnttab_copy_ptr *p, domid_t caller)
{
    if (!s->by_ref) {
        return grant_get_page(s->domain, (gfn_t){p->u.gmfn}, !s->readonly, &s->frame);
    }
    s->ref = p->u.ref;
    return grant_pin(s->domain, s->ref, caller, s->readonly, false, &s->frame);
}

static void side_put(struct side *s)
{
    if (s->by_ref) {
        grant_unpin(s->domain, s->ref, s->readonly);
    } else {
        frame_put(s->frame);
    }
}

/* Both pages are held. */
static void copy_bytes(const struct xen_gnttab_copy *op, struct side *from, struct side *to)
{
    struct gpage source;
    struct gpage dest;
    gpage_from_frame(from->domain, from->frame, &source);
    gpage_from_frame(to->domain, to->frame, &dest);
    gpage_copy(&dest, op->dest.offset, &source, op->source.offset, op->len);
}

static s16 copy_checked(struct domain *caller, const struct xen_gnttab_copy *op)
{
    struct side from;
    struct side to;
    s16 status = side_find(&op->source, (op->flags & GNTCOPY_source_gref) != 0, true, &from);
    if (status == GNTST_okay) {
        status = side_find(&op->dest, (op->flags & GNTCOPY_dest_gref) != 0, false, &to);
    }
    if (status != GNTST_okay) {
        return status;
    }
    if (!side_permitted(&op->source, &from) || !side_permitted(&op->dest, &to) ||
        !domain_may_share(from.domain, to.domain)) {
        return GNTST_permission_denied;
    }
    status = side_get(&from, &op->source, caller->id);
    if (status != GNTST_okay) {
        return status;
    }
    status = side_get(&to, &op->dest, caller->id);
    if (status == GNTST_okay) {
        if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
            status = GNTST_bad_copy_arg;
        } else {
            copy_bytes(op, &from, &to);
        }
        side_put(&to);
    }
    side_put(&from);
    return status;
}

void gnttab_copy(struct domain *caller, struct xen_gnttab_copy *op)
{
    op->status = copy_checked(caller, op);
}
