/* SPDX-License-Identifier: MIT */
/* What the first bytes of a file, or of what is packed in it, say. Pure functions. */
#pragma once
#include "image/image.h"

#define FORMAT_HEAD 4096U /* as many bytes as there are of these decide */

/* What is packed in a file, and where: offset, bytes. false: nothing that is unpacked here, and the
 * file itself is to be looked at. Never more than file_bytes. */
bool format_find_payload(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                         enum image_packing *packing, uint64_t *offset, uint64_t *payload_bytes);

/* Fills in kind, bits, text_offset, memory_bytes and bytes. file_bytes: 0 when unknown, because
 * packed. *least_bytes: so many there must be. NULL, or what is wrong as the end of a sentence that
 * begins with the file's name and a colon; it lies in why if it has numbers. */
const char *format_decode(const uint8_t *head, size_t bytes, uint64_t file_bytes,
                          struct image *image, uint64_t *least_bytes, char why[128]);
