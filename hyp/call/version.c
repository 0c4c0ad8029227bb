/* SPDX-License-Identifier: MIT */
#include "abi/features.h"
#include "abi/version.h"
#include "base/bits.h"
#include "base/format.h"
#include "base/string.h"
#include "call/call.h"
#include "call/version.h"
#include "dom/domain.h"
#include "fw/firmware.h"
#include "guestmem/guestmem.h"
#include "log/log.h"

/* What a guest that may not know is told, as Xen tells it. */
#define DENIED "<denied>"

u32 version_abi = 4 << 16 | 17;
static const char *capabilities = "xen-3.0-aarch64 "; /* [c] after boot */

void version_init(bool aarch32)
{
    if (aarch32) {
        capabilities = "xen-3.0-aarch64 xen-3.0-armv7l ";
    }
    char text[16];
    if (!option_find("abi", text, sizeof(text))) {
        return;
    }
    const char *point;
    const u64 major = parse_u64(text, &point);
    const char *end = point;
    const u64 minor = *point == '.' ? parse_u64(point + 1, &end) : 0;
    const bool two_numbers = point != text && end > point + 1 && *end == '\0';
    if (!two_numbers || major > 0xffff || minor > 0xffff) {
        log_warn("option abi=%s is not <major>.<minor>: ignored", text);
        return;
    }
    version_abi = (u32)(major << 16 | minor);
}

/* text and zeros up to bytes, which are at most 1024. */
static enum err out_string(gva_t to, const char *text, u32 bytes)
{
    const u32 length = (u32)MIN(strlen(text), bytes - 1);
    const enum err e = copy_out(to, text, length);
    return e == OK ? copy_out_zero((gva_t){to.v + length}, bytes - length) : e;
}

static enum err out_compile_info(gva_t to)
{
    /* Who, where and when are left empty: the same source gives the same image. */
    struct xen_compile_info info = {.compiler = ""};
    string_copy(info.compiler, __VERSION__, sizeof(info.compiler));
    return copy_out(to, &info, sizeof(info));
}

static enum err features(const struct domain *d, gva_t argument)
{
    u32 index;
    const enum err e = copy_in_u32(&index, argument);
    if (e != OK) {
        return e;
    }
    if (index >= XENFEAT_NR_SUBMAPS) {
        return E_INVAL;
    }
    u32 submap = 1U << XENFEAT_writable_page_tables | 1U << XENFEAT_auto_translated_physmap |
                 1U << XENFEAT_memory_op_vnode_supported | 1U << XENFEAT_ARM_SMCCC_supported;
    submap |= d->privileged ? 1U << XENFEAT_dom0 : 0;
    submap |= 1U << (d->direct_mapped ? XENFEAT_direct_mapped : XENFEAT_not_direct_mapped);
    return copy_out_u32((gva_t){argument.v + offsetof(struct xen_feature_info, submap)}, submap);
}

static enum err out_handle(struct domain *d, gva_t to)
{
    u8 handle[sizeof(d->handle)];
    spin_lock(&d->lock);
    memcpy(handle, d->handle, sizeof(handle));
    spin_unlock(&d->lock);
    return copy_out(to, handle, sizeof(handle));
}

/* The image has none; what is wrong with the question is still said first. */
static enum err build_id(const struct domain *d, gva_t argument)
{
    if (!d->privileged) {
        return E_PERM;
    }
    struct xen_build_id id;
    if (argument.v && copy_in(&id, argument, sizeof(id)) != OK) {
        return E_FAULT;
    }
    return argument.v && id.len == 0 ? E_INVAL : E_NODATA;
}

/* What is asked once. */
static __noinline s64 seldom(struct vcpu *v, u32 command, gva_t to)
{
    const struct domain *d = v->domain;
    switch (command) {
    case XENVER_extraversion:
        return out_string(to, "-kanso", XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info:
        return out_compile_info(to);
    case XENVER_capabilities:
        return out_string(to, capabilities, XEN_CAPABILITIES_INFO_LEN);
    case XENVER_changeset:
        return out_string(to, "", XEN_CHANGESET_INFO_LEN);
    case XENVER_platform_parameters:
        /* Where the hypervisor lies in the guest's address space: not at all. */
        return copy_out_zero(to, sizeof(struct xen_platform_parameters));
    case XENVER_pagesize:
        return to.v ? (s64)E_INVAL : (s64)PAGE_SIZE;
    case XENVER_guest_handle:
        return out_handle(v->domain, to);
    case XENVER_commandline:
        return d->privileged ? out_string(to, firmware.xen_bootargs, XEN_COMMANDLINE_LEN)
                             : copy_out(to, DENIED, sizeof(DENIED));
    case XENVER_build_id:
        return build_id(d, to);
    default:
        return E_NOSYS;
    }
}

s64 call_xen_version(struct vcpu *v, struct call_args *args)
{
    const u32 command = (u32)args->arg[0];
    const gva_t to = {args->arg[1]};
    if (likely(command == XENVER_version)) {
        return version_abi;
    }
    return command == XENVER_get_features ? features(v->domain, to) : seldom(v, command, to);
}
