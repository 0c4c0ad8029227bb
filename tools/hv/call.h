/* SPDX-License-Identifier: MIT */
/*
 * How this room calls: one page for the operation's structure and what is small beside it, one
 * buffer that grows for lists. Both are memory that the hypervisor may touch at any time, made once
 * a process.
 */
#pragma once
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "hv/state.h"

#define CALL_PAGE        4096U
#define CALL_SMALL       1024U /* where the small things begin in the page */
#define CALL_SMALL_BYTES (CALL_PAGE - CALL_SMALL)
#define CALL_MAX_BITS    4096U /* of a set of CPUs; two sets fit */

/* The structure, cleared, with command and version filled in: valid until the next begin. */
struct xen_domctl *hv_begin_domctl(struct hv *hv, uint32_t command, uint16_t domid);
struct xen_sysctl *hv_begin_sysctl(struct hv *hv, uint32_t command);
/* The same page, cleared, for any other call's structure. */
void *hv_begin(struct hv *hv);
/* Space beside the structure, n < 2: half of it each. */
void *hv_small(struct hv *hv, unsigned n);

/* Makes the call that was begun: its result or a negative errno. */
int hv_domctl(struct hv *hv);
int hv_sysctl(struct hv *hv);
/* Any call of a command and the structure in the page. */
long hv_call2(struct hv *hv, unsigned call, uint64_t command);

static inline guest_handle_t hv_handle(const void *p)
{
    return (guest_handle_t){.p = (uintptr_t)p};
}

/* A set of nr bits in a small space, its content from words or clear if that is NULL. */
struct xen_xenctl_bitmap hv_begin_set(struct hv *hv, unsigned n, const uint64_t *words,
                                      unsigned nr);
/* Copies it back. */
void hv_end_set(struct hv *hv, unsigned n, uint64_t *words, unsigned nr);
