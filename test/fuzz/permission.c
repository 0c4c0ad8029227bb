/* SPDX-License-Identifier: MIT */
/* Nobody but the control domain gets anything done that is about another domain. */
#include "abi/xen.h"
#include "base/string.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"

/* Did the structure of the call name a domain that is not the caller, in a field that says whose?
 */
static bool is_about_another(const struct vcpu *v, const struct call_shape *row, const u8 *op)
{
    for (u32 i = 0; i < row->nr_fields; i++) {
        const struct field *f = &row->fields[i];
        if (f->kind == K_DOM && f->a == 0) {
            u16 id;
            memcpy(&id, op + f->at, sizeof(id));
            return id != XEN_DOMID_SELF && id != v->domain->id.id;
        }
    }
    return false;
}

/* What takes a list answers how far it came. */
static bool has_succeeded(const struct call_shape *row, s64 answer)
{
    return row->fields[0].kind == K_LIST ? answer > 0 : answer >= 0;
}

static const u8 *structure(const struct vcpu *v, const struct call_shape *row, u64 at)
{
    bool looks =
        !v->domain->privileged && row->shape == S_PTR && (at & PAGE_MASK) + row->bytes <= PAGE_SIZE;
    return looks ? machine_memory(v->domain, at, false) : NULL;
}

bool permission_is_foreign(const struct vcpu *v, const struct call_shape *row, u64 at)
{
    const u8 *op = structure(v, row, at);
    /* With a cursor beyond its list a call has nothing to do, and asks nobody. */
    return op && (v->regs.x[0] & ~0x3fULL) == 0 && is_about_another(v, row, op);
}

/* The hypervisor has read the structure: between our look and the next another vCPU may have named
 * the caller there, and somebody else again. */
void permission_fetched(const struct vcpu *v, const void *op, u64 at, u32 bytes)
{
    struct guest *g = v == &vcpu_nobody ? NULL : guest_of(v);
    if (g && g->in_call && at == g->array && bytes == call_shapes[g->row].bytes) {
        g->fetched_own = !is_about_another(v, &call_shapes[g->row], op);
    }
}

void permission_check_answer(const struct vcpu *v, const struct call_shape *row, u64 at, s64 answer)
{
    const u8 *op = structure(v, row, at);
    /* Still: another vCPU may have written there before it was fetched. */
    if (op && is_about_another(v, row, op) && has_succeeded(row, answer)) {
        machine_finding("d%u: %s of another domain is done (%lld)", v->domain->id.id, row->name,
                        answer);
    }
}
