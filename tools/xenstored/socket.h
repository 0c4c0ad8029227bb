/* SPDX-License-Identifier: MIT */
/* Clients on the Unix socket: all of them are this domain's, so all may everything. */
#pragma once

struct xenstored;

/* Listens at path, replacing what a daemon that died left there; only root may connect. 0 or
 * negative errno, said (-EADDRINUSE: one that lives answers there). */
int socket_listen(struct xenstored *x, const char *path);
/* Takes over a socket that listens already. */
int socket_listen_fd(struct xenstored *x, int fd);
void socket_close(struct xenstored *x);

/* A client on a connected socket, which is its own from now on. 0 or negative errno. */
int socket_add(struct xenstored *x, int fd);
