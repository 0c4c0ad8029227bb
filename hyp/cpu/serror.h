/* SPDX-License-Identifier: MIT */
/*
 * What the syndrome of an SError says about how far the damage went (Arm ARM D19.2.39, "ISS
 * encoding for an SError exception"; D18: RAS). Why we then do what we do: docs/why/006.
 */
#ifndef CPU_SERROR_H
#define CPU_SERROR_H

#include "base/bits.h"
#include "base/types.h"

#define SERROR_IDS        BIT(24) /* the other bits are the implementation's own */
#define SERROR_AET(iss)   FIELD(iss, 12, 10)
#define SERROR_DFSC(iss)  FIELD(iss, 5, 0)
#define SERROR_DFSC_ASYNC 0x11u /* the error's type is in AET */
#define SERROR_AET_UEU    1u    /* unrecoverable: contained, no way on for the software */
#define SERROR_AET_UEO    2u    /* restartable: nothing was lost yet */
#define SERROR_AET_UER    3u    /* recoverable: contained, if software drops what is hit */
#define SERROR_AET_CE     6u    /* corrected */

enum serror_reach {
    SERROR_REACH_NONE,    /* all goes on */
    SERROR_REACH_GUEST,   /* whoever ran has lost something, or nobody knows */
    SERROR_REACH_MACHINE, /* silently spread: memory of anybody may be wrong */
};

/* iss: ESR_ELx.ISS. Without RAS it is zero or the implementation's own: the guest's. */
static inline enum serror_reach serror_reach(u64 iss)
{
    if ((iss & SERROR_IDS) || SERROR_DFSC(iss) != SERROR_DFSC_ASYNC) {
        return SERROR_REACH_GUEST;
    }
    switch (SERROR_AET(iss)) {
    case SERROR_AET_CE:
    case SERROR_AET_UEO:
        return SERROR_REACH_NONE;
    case SERROR_AET_UER:
    case SERROR_AET_UEU:
        return SERROR_REACH_GUEST;
    default: /* uncontainable, and what is reserved */
        return SERROR_REACH_MACHINE;
    }
}

#endif
