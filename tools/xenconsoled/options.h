/* SPDX-License-Identifier: MIT */
/* The command line: Xen's letters and words, so that init scripts need not change. */
#pragma once
#include "xenconsoled/consoled.h"

/* Strings stay argv's. 0; 1 when all was said (--help, --version); -EINVAL, said. */
int consoled_options_parse(int argc, char **argv, struct consoled_options *options);
