/* SPDX-License-Identifier: MIT */
/*
 * A program that a person may talk with while we wait for its end: a bootloader with its menu. Its
 * input and output are a terminal of its own, its errors a pipe, so that they can be told apart.
 *
 *      person <---> in, out  ==  this process  ==  terminal <---> program
 *                                log  <---+------- its errors ------'
 *
 * The person is who called us (xl create -c), or whoever opens the second terminal that
 * bootrun_open_terminal() made (xl console, by its name in the store).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define BOOTRUN_SAID 1024

struct bootrun {
    char *const *argv; /* [0]: the program's path */
    int in, out;       /* of the person; -1: nobody */
    int far;           /* the far end of out: what is not read there may be dropped; -1: none */
    int log;           /* all that it writes goes here, too; -1: nowhere */
    int cancel_fd;     /* readable: the program is ended, as it is by ^] typed at a terminal */
    bool (*is_unwanted)(void *context); /* asked each second; true: the program is ended */
    void *context;

    int status; /* out: as waitpid() tells it */
    char
        said[BOOTRUN_SAID + 1]; /* out: the end of its errors, or of its output if there are none */
};

/* 0: it ended by itself. -EINTR, -ECANCELED (is_unwanted): it was ended, by SIGTERM and 2 s later
 * by SIGKILL. Else it did not start, for this reason. Silent. */
int bootrun(struct bootrun *r);

/* A terminal for others: its near end is for in and out, far is kept open until all is over, so
 * that what nobody reads is no error. 0 or negative errno, silent. */
int bootrun_open_terminal(int *near, int *far, char *name, size_t room);
