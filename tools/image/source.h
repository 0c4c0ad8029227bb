/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a kernel one after the other, unpacked on the way straight into their place: what is
 * held at a time is a window of input, and the dictionary of the packer (32 KiB, or up to 128 MiB
 * of a zstd that asks for it).
 */
#pragma once
#include "image/image.h"

struct source;

/* Of part of an open file, which becomes the source's, also on failure. -ENOMEM with no sentence.
 */
int source_create(struct source **out, int fd, const char *name, enum image_packing packing,
                  uint64_t offset, uint64_t bytes);
void source_destroy(struct source *source);
/* Up to bytes of it, less only at its end; -EIO, -EBADMSG, -ENOMEM: has had its sentence. */
long source_read(struct source *source, void *to, size_t bytes);
/* Maps part of a raw one, at a page of the file; NULL with errno. */
void *source_map(const struct source *source, uint64_t offset, size_t bytes);
uint64_t source_progress(const struct source *source);
const char *source_name(const struct source *source);
