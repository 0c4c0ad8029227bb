/* SPDX-License-Identifier: MIT */
/*
 * The page that a console shares with whoever shows it: two rings of bytes. Indices count bytes and
 * run freely; a ring's place is the index modulo its size. The guest's side (the guest, or the UART
 * emulated for it) takes from `in` and puts into `out`.
 */
#ifndef ABI_CONSOLE_H
#define ABI_CONSOLE_H

#include "abi/types.h"

struct xencons_interface {
    u8 in[1024];
    u8 out[2048];
    u32 in_cons, in_prod;
    u32 out_cons, out_prod;
};
_Static_assert(sizeof(struct xencons_interface) == 3088);

#endif
