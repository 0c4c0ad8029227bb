/* SPDX-License-Identifier: MIT */
/*
 * What a struct hv is made of, for the files of this room. abi/ and those libxen* headers that
 * bring Xen's own public headers name the same things: a file sees this one and either of them.
 */
#pragma once
#include "hv/hv.h"

struct hv {
    struct xencall_handle *call;
    struct xenforeignmemory_handle *foreign; /* this and the next two: NULL until used */
    struct xengntdev_handle *grant;
    struct xenevtchn_handle *event;
    struct xengnttab_grant_copy_segment *segment; /* copy.c's; NULL until used */
    uint8_t *argument;                            /* CALL_PAGE bytes */
    uint8_t *list;                                /* list_bytes */
    size_t list_bytes;
};

/* The libraries would speak on standard error; here the caller does. */
struct xentoollog_logger;
extern struct xentoollog_logger hv_silent;

/* At least so many bytes that the hypervisor may touch, what was in them before is lost; NULL: no
 * memory. */
void *hv_list(struct hv *hv, size_t bytes);

int hv_open_grants(struct hv *hv); /* if it is not open */
void hv_close_events(struct hv *hv);
void hv_close_foreign(struct hv *hv);
