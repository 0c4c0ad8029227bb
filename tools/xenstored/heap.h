/* SPDX-License-Identifier: MIT */
/* Where the store's memory comes from. One function, so that a test can make the n-th call fail. */
#pragma once
#include <stddef.h>

/* Not cleared; free() gives it back. NULL: none, and nothing is said: the client is told ENOMEM. */
void *heap_take(size_t bytes);
/* As realloc(). */
void *heap_resize(void *old, size_t bytes);
