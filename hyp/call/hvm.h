/* SPDX-License-Identifier: MIT */
#ifndef CALL_HVM_H
#define CALL_HVM_H

#include "base/types.h"

/* Is there a parameter of this number that anybody may set? */
bool hvm_param_is_kept(u32 index);

#endif
