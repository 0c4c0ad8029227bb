/* SPDX-License-Identifier: MIT */
/*
 * The life of guests: check, create, shut down, destroy, and what happens when one ends by itself.
 *
 *      check  ->  create = a table of steps (create.c) ----------> running
 *                   | a step fails, or Ctrl-C                         | ends by itself
 *                   v                                                 v
 *                 destroy  <----------- supervisor: one process for all guests, acts as on_* say
 *
 * What a running guest is made of lies in /var/lib/kanso/guest/UUID.json (state.h), written whole
 * and renamed into place, so that every process can go and be started again at any time.
 *
 * Functions return 0 or a negative errno and have said why, once. -EINTR: the user interrupted, all
 * is undone. They block; one thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "config/guest.h"
#include "store/store.h"

struct hv;

/* What all of them need. */
struct life {
    struct hv *hv;
    struct store *store;
    int cancel_fd; /* readable when the user interrupts, -1: nobody can */
};
/* Opens hypervisor and store, with a sentence if one is not there. -1 as cancel_fd. */
int life_open(struct life *l);
void life_close(struct life *l);
/* From now on SIGINT, SIGTERM and SIGHUP make cancel_fd readable instead of killing us. */
int life_catch_signals(struct life *l);

/*
 * Everything that can be found wrong before the first hypercall that changes something: name taken,
 * kernel unreadable or of no known kind, disks and networks (device_check_*), too little memory,
 * CPUs and pool that do not exist, consoled not running. Says all it finds, not only the first;
 * returns the first one's errno.
 */
int life_check(struct life *l, const struct guest_config *config);

struct life_create_options {
    bool paused;        /* -p: leave it paused */
    bool no_supervisor; /* nobody acts when it ends: its state file says so (xl create -e) */
    bool no_check;      /* the caller has called life_check() */
    bool quiet;         /* no progress bar */
    bool console;       /* the bootloader talks with standard input and output (xl create -c) */
};
/*
 * Creates it, all or nothing, and starts the supervisor if none runs. config is read, only its uuid
 * is filled in if it had none.
 */
int life_create(struct life *l, struct guest_config *config,
                const struct life_create_options *options, uint32_t *domid);

/* Takes a guest away, whoever made it; progress on a terminal. -ESRCH: no such domain (said). */
int life_destroy(struct life *l, uint32_t domid);

/* Name or number, as users write it, to a number; -ESRCH is said. Guests' names are unique. */
int life_find(struct life *l, const char *word, uint32_t *domid);
/* A domain that there is, other than but (or STORE_NOBODY), and has that name. -ENOENT: none.
 * Silent. */
int life_find_name(struct life *l, const char *name, uint32_t but, uint32_t *domid);
/* The name, to be freed; "Domain-0" for 0; NULL if it has none (any more). */
char *life_name(struct life *l, uint32_t domid);

enum life_request { LIFE_POWEROFF, LIFE_REBOOT, LIFE_SUSPEND, LIFE_HALT };
/*
 * Asks guests through control/shutdown, all of them at once, and waits for each to take the request
 * (30 s). wait: also until they are gone (poweroff) or came back under a new number (reboot).
 * -ETIMEDOUT with a sentence a guest: it has no driver that listens, say `xl destroy`.
 */
int life_shutdown(struct life *l, const uint32_t *domid, size_t nr, enum life_request request,
                  bool wait);
/* All guests but dom0 that run; to be freed. */
int life_guests(struct life *l, uint32_t **domid, size_t *nr);

int life_rename(struct life *l, uint32_t domid, const char *name);
int life_sysrq(struct life *l, uint32_t domid, char key);
int life_pause(struct life *l, uint32_t domid);
int life_unpause(struct life *l, uint32_t domid);

/* The balloon's target, up to the maximum; and the maximum. Both work on every architecture. */
int life_set_memory(struct life *l, uint32_t domid, uint64_t kib);
int life_set_max_memory(struct life *l, uint32_t domid, uint64_t kib);
/* vCPUs 0..nr-1 on, the others off: the guest's kernel does it. -EINVAL beyond its maximum. */
int life_set_vcpus(struct life *l, uint32_t domid, unsigned nr);

/* An ELF core in Xen's format, paused while it is written. Removed again on failure. */
int life_dump_core(struct life *l, uint32_t domid, const char *file);

/* Live attach and detach; the state file follows, so that a reboot keeps them. */
int life_attach_disk(struct life *l, uint32_t domid, const struct guest_disk *disk);
int life_attach_vif(struct life *l, uint32_t domid, const struct guest_vif *vif);
/* class of device/device.h. forced: after its guest was asked in vain. */
int life_detach(struct life *l, uint32_t domid, int class, uint32_t id, bool forced);

/*
 * The configuration that a guest runs with, and replacing it for its next start (xl config-update).
 * -ENOENT, said: not made by these tools.
 */
int life_config(struct life *l, uint32_t domid, struct guest_config *out);
int life_set_config(struct life *l, uint32_t domid, const struct guest_config *config);

/*
 * The supervisor. `xl supervise` calls this: in the background with a lock file, so that a second
 * one ends at once with 0; foreground: no fork, messages on standard error. Returns the program's
 * exit status. life_create() starts it by running /proc/self/exe with that word.
 */
int life_supervise(bool foreground);
#define LIFE_SUPERVISE_WORD "supervise"
