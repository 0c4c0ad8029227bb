/* SPDX-License-Identifier: MIT */
/*
 * xenconsoled: guests' consoles become terminals and log files of the control domain.
 *
 *      guest --ring--> take --> log file
 *        ^               `----> tail --> terminal --> a person
 *        `---ring--- put <---------------- typed <---'
 *
 * One thread, one loop (lib/loop.h). What wakes it: an event of a guest (one descriptor for all
 * ports, the port leads to its console in constant time), a terminal, the store, a signal, and the
 * end of a pause. Guests that are quiet cost nothing: no timer runs and nothing is asked.
 *
 * A guest is trusted with nothing: its ring by ring.h, its number of wakes by pace.h (also of
 * wakes through the store), its number of consoles by CONSOLE_NR_DEVICES, the memory it takes by
 * tail.h. The control domain's own nodes are trusted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "abi/xen.h"
#include "hv/hv.h"
#include "lib/loop.h"
#include "store/store.h"
#include "xenconsoled/logfile.h"
#include "xenconsoled/pace.h"
#include "xenconsoled/pty.h"
#include "xenconsoled/ring.h"
#include "xenconsoled/table.h"
#include "xenconsoled/tail.h"

enum { CONSOLE_NR_DEVICES = 16, CONSOLE_NR_COMPLAINTS = 10, CONSOLE_EVENTS_A_TURN = 64 };

struct consoled_options {
    const char *log_folder, *pid_file;
    bool is_interactive, is_verbose;
    bool logs_guests, logs_hypervisor;
    bool stamps_guests, stamps_hypervisor;
    bool keeps; /* a full tail holds up the guest instead of losing the oldest bytes */
    bool replaces_escape;
};

/* Something that is left alone until a moment; all pauses are equally long, so first in, first out.
 */
struct consoled_pause {
    TAILQ_ENTRY(consoled_pause) link;
    bool is_on;
    uint64_t until_ms;
    void (*resume)(struct consoled_pause *pause);
};

struct consoled {
    struct consoled_options options;
    struct loop loop;
    struct hv *hv;
    struct store *store;
    struct console_readers readers;
    struct loop_source events, watches;
    struct loop_signals signals;
    struct loop_timer timer; /* for the first of pauses; not set when there is none */
    TAILQ_HEAD(, consoled_pause) pauses;
    struct console_table by_port; /* struct console */
    TAILQ_HEAD(, console_guest) guests;
    TAILQ_HEAD(, console_guest) stale;                     /* whose nodes have changed */
    struct console_guest *guest[XEN_DOMID_FIRST_RESERVED]; /* by domid */
    uint16_t last_domid;                                   /* the newest that is known */
    bool is_told_who; /* the store names domains; when it does not it means all */
    unsigned scan;
    struct {
        uint32_t port, index;
        struct console_log log;
        struct console_pace pace;
        struct consoled_pause pause;
    } hypervisor;
    uint64_t (*now_ms)(void); /* monotonic; a test has its own */
};

enum console_kind { CONSOLE_PRIMARY, CONSOLE_VUART, CONSOLE_DEVICE };

struct console {
    struct consoled *daemon;
    struct console_guest *guest;
    enum console_kind kind;
    unsigned index; /* of a device: /local/domain/D/device/console/INDEX */
    struct hv_mapping mapping;
    struct console_ring *ring; /* NULL: not connected */
    uint64_t ring_ref;
    uint32_t remote_port, port;
    bool is_held; /* by a full tail; only with options.keeps */
    struct console_pty pty;
    struct console_tail tail;
    struct console_log log;
    struct consoled_pause pause;
    uint8_t backend_state; /* of a device: what the store has from us */
};

struct console_guest {
    TAILQ_ENTRY(console_guest) link;
    struct consoled *daemon;
    uint16_t domid;
    uint64_t unique_id;         /* hv.h; 0: not known */
    unsigned scan;              /* the last one that has seen it */
    struct console_pace events; /* of all its consoles together */
    struct console_pace nodes;
    struct consoled_pause pause; /* of looking at its nodes */
    TAILQ_ENTRY(console_guest) stale_link;
    bool is_stale;
    uint32_t stale; /* what to look at: bit kind, or CONSOLE_DEVICE + index */
    unsigned nr_complaints;
    struct console *console[CONSOLE_DEVICE + CONSOLE_NR_DEVICES];
};

/* ---- daemon.c */

/* Connects to hypervisor and store and knows all guests. 0 or negative errno, said. options'
 * strings stay the caller's. d is large: not on a stack. */
int consoled_init(struct consoled *d, const struct consoled_options *options);
/* consoled_init() once hv, store and now_ms are there. */
int consoled_start(struct consoled *d);
void consoled_fini(struct consoled *d);
int consoled_run(struct consoled *d); /* until SIGTERM or SIGINT */

/* Leave it alone for CONSOLE_PACE_MS, then call resume(). */
void consoled_pause(struct consoled *d, struct consoled_pause *pause);
void consoled_unpause(struct consoled *d, struct consoled_pause *pause); /* without resume() */
/* What is due is resumed; the timer's function, and that of tests. */
void consoled_resume(struct consoled *d);
/* What watches have said; after anything that asked the store, for that may have queued some. */
void consoled_read_watches(struct consoled *d);

/* ---- guest.c */

void console_guest_forget(struct console_guest *guest);
/* A watch has fired: remembered until console_guests_look(), for a change of one guest is many. */
void console_guest_event(struct consoled *d, const char *path, const char *token);
void console_guests_look(struct consoled *d);
/* A sentence about what a guest has caused; after a number of them it is silent. */
void console_guest_complain(struct console_guest *guest, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Logs are opened again, by the guest's name of today. */
void console_guest_reopen_logs(struct console_guest *guest);

/* ---- console.c */

/* New and not connected; NULL: no memory, said. */
struct console *console_create(struct console_guest *guest, enum console_kind kind, unsigned index);
/* The last words are taken, then it ends. Sets the guest's slot to NULL. */
void console_destroy(struct console *c);

/* Maps the ring (a frame's number or a grant), binds the port, makes terminal and log if there are
 * none, and takes what is there. Nothing happens if it is so already. 0 or negative errno, said. */
int console_connect(struct console *c, uint64_t ring_ref, uint32_t remote_port, size_t limit);
void console_disconnect(struct console *c); /* terminal and log stay */

/* Its event, which is masked now. */
void console_wake(struct console *c);

/* The store's directory of it, up to 64 bytes. */
void console_path(const struct console *c, char *path, size_t room);

/* ---- hypervisor.c: the log of the hypervisor itself */

void consoled_start_hypervisor(struct consoled *d);
void consoled_wake_hypervisor(struct consoled *d);
