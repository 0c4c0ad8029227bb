/* SPDX-License-Identifier: MIT */
/*
 * Results. The values are the ABI's errno numbers (abi/xen.h), so that a handler's result goes to
 * the guest as it is. Values leave a function by its last out-parameter, never in the result.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum [[nodiscard]] err{
    OK = 0,
    E_PERM = -1,
    E_NOENT = -2,
    E_SRCH = -3,
    E_IO = -5,
    E_NXIO = -6,
    E_2BIG = -7,
    E_NOEXEC = -8,
    E_AGAIN = -11,
    E_NOMEM = -12,
    E_ACCES = -13,
    E_FAULT = -14,
    E_BUSY = -16,
    E_EXIST = -17,
    E_XDEV = -18,
    E_NODEV = -19,
    E_INVAL = -22,
    E_NOSPC = -28,
    E_DOM = -33,
    E_RANGE = -34,
    E_DEADLK = -35,
    E_NOSYS = -38,
    E_NODATA = -61,
    E_OVERFLOW = -75,
    E_ILSEQ = -84,
    E_RESTART = -85, /* not finished: keep the cursor, leave EL2, come again */
    E_OPNOTSUPP = -95,
    E_NOBUFS = -105,
    E_NOTCONN = -107,
};

/* Ignore a result on purpose; the argument of this word is the comment beside the call. */
static inline void err_ignore(enum err e)
{
    (void)e;
}

#endif
