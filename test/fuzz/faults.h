/* SPDX-License-Identifier: MIT */
/* Scripts for fault injection: what leads to a call, and the call in which something fails. */
#ifndef TEST_FUZZ_FAULTS_H
#define TEST_FUZZ_FAULTS_H

#include "base/types.h"

enum value_kind {
    V_NUM,
    V_LIST,   /* address of the step's list */
    V_OUT,    /* address of a buffer, and so many bytes on */
    V_DOM,    /* id of guest n; 0: dom0 */
    V_NEW,    /* id of the domain that was just made */
    V_RESULT, /* the word that the step before left, see step.keep */
    V_RAM     /* address of RAM of whoever calls: its page n */
};

struct value {
    u16 at;
    u8 bytes, kind;
    u64 v;
};

#define VALUES_MAX 8u
#define LIST_MAX   4u
#define STEPS_MAX  6u

struct step {
    const char *row; /* of call_shapes; NULL: the end */
    u8 who;          /* 0: dom0, n: guest n */
    u8 vcpu;         /* S_VCPU */
    u16 times;       /* how often; 0: once */
    u16 keep;        /* offset of a word to keep of the structure, when it is done; 0: none */
    s64 answer;      /* when nothing fails */
    struct value value[VALUES_MAX];
    u64 list[LIST_MAX];
};

/*
 * The last step is the one that is made to fail.
 *
 * WHOLE     done, or nothing is changed
 * PARTIAL   a list or a walk: what was done before the failure stays done, and the answer says so
 * ANSWER    whole, but for the last copy: when the caller's own memory does not take the answer any
 *           more, what was made stays, as in Xen. The tools find the domain in the list, a handle
 * is given back at the mapper's end.
 */
struct fault_case {
    const char *name;
    enum { WHOLE, PARTIAL, ANSWER } kind;
    struct step step[STEPS_MAX];
};
extern const struct fault_case fault_cases[];
extern const u32 nr_fault_cases;

#endif
