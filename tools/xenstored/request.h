/* SPDX-License-Identifier: MIT */
/*
 * Requests: a table by type, one function each. Every request gets exactly one answer, of its own
 * type or an ERROR that names an errno.
 */
#pragma once
#include "xenstored/path.h"
#include "xenstored/view.h"
#include "xenstored/wire.h"

struct client;

#define REQUEST_MAX_STRINGS 8

struct request {
    struct xenstored *x;
    struct client *client;
    const struct wire_header *header;
    const char *payload;
    unsigned nr; /* strings; only the first REQUEST_MAX_STRINGS are in string[] */
    const char *string[REQUEST_MAX_STRINGS];
    struct view view;
    struct path path; /* string[0], for requests about a node */
};

/* Handles a message whose header->bytes bytes of payload are all there. */
void request_handle(struct client *client, const struct wire_header *header, const char *payload);

/* The answer; the functions of the table call it once or return a negative errno. */
int request_answer(struct request *r, const void *data, size_t bytes);
int request_answer_ok(struct request *r);

/* ---- the table's functions that live in files of their own */

/* control.c */
int request_control(struct request *r);
/* domains.c: string[0] is a domain's number */
int request_introduce(struct request *r);
int request_release(struct request *r);
int request_resume(struct request *r);
int request_set_target(struct request *r);
int request_is_introduced(struct request *r);
int request_domain_path(struct request *r);
