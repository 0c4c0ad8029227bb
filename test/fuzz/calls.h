/* SPDX-License-Identifier: MIT */
/*
 * What each hypercall takes, as data: a row a sub-operation, with the fields of its structure. The
 * fuzzers and the fault injection read it; fuzz_check_calls() (check.c) compares it with the
 * hypervisor's own tables by asking, so that an operation without a row is an error.
 */
#ifndef TEST_FUZZ_CALLS_H
#define TEST_FUZZ_CALLS_H

#include "base/types.h"

enum kind {
    K_NUM,     /* a */
    K_ANY,     /* any value, those at the edges more often */
    K_MAX,     /* 0 .. a */
    K_BITS,    /* some bits of a */
    K_PICK,    /* one of the bytes of a that are not 0xff, lowest first */
    K_OFFSET,  /* in a page: mostly aligned, often of what just fits before its end or does not */
    K_DOM,     /* a domain's id; a: 1 of another one, never SELF; 2, 3: see K_PORT, K_REF */
    K_PORT,    /* an event channel's port; a: 1 one that the domain just named keeps for us */
    K_VCPU,    /* a vCPU's number */
    K_GFN,     /* a frame of the caller's, or a free place */
    K_GADDR,   /* its address; a: 4 where the handle just named is mapped */
    K_FRAME,   /* a frame of some domain's RAM, as that domain counts */
    K_DEVICE,  /* a frame of a device */
    K_REF,     /* a grant reference; a: 1 one that the domain just named wrote for us */
    K_HANDLE,  /* a grant handle; a: 1 one that is in use */
    K_TIME,    /* system time, soon */
    K_OUT,     /* address of a buffer, to be written */
    K_LIST,    /* address of an array of 8-byte elements of kind a */
    K_LIST4,   /* the same, elements of 4 bytes */
    K_CONTEXT, /* address of a vCPU's registers */
    K_RECORD, /* address where records are put; a: 1 the one there is changed and its sum made right
               */
    K_RECORD_BYTES, /* of what is there */
    K_ROOM,         /* a, seldom less */
    K_STATUS        /* comes back: the element's own result, GNTST_* */
};

struct field {
    u16 at;
    u8 bytes, kind;
    u64 a;
};

/* How the arguments come. */
enum shape {
    S_PTR,     /* sub-operation, structure */
    S_ARRAY,   /* sub-operation, array of structures, count */
    S_VCPU,    /* sub-operation, vCPU, structure */
    S_CONTROL, /* structure with the sub-operation in its first word */
    S_COUNT,   /* sub-operation, count, buffer */
    S_VALUE,   /* sub-operation, value */
    S_MULTI    /* array of calls, count */
};

#define BY_GUEST 1u
#define BY_DOM0  2u

struct call_shape {
    u8 number;
    u8 shape;
    u8 by;     /* who is usually let do it */
    u8 weight; /* how often, 1 .. 16 */
    u32 sub;
    const char *name;
    u16 bytes; /* of the structure */
    u16 nr_fields;
    const struct field *fields;
};
extern const struct call_shape call_shapes[];
extern const u32 nr_call_shapes;

#endif
