/* SPDX-License-Identifier: MIT */
/*
 * One console daemon a machine: a second one would take guests' rings and events away from the
 * first, each some of them. Two files are locked, one that all of ours know and the pid file, as
 * Xen's daemon locks it (fcntl()), too. A lock lasts as long as the process; nothing is left that
 * could be stale.
 */
#pragma once

#define ALONE_FILE "/run/xen/xenconsoled.lock"

/* Locks path, made if need be, and writes our number into it. The descriptor stays open for ever.
 * -EBUSY: another process has it. 0 or a negative errno, said. */
int alone_take(const char *path);
