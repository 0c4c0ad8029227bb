/* SPDX-License-Identifier: MIT */
/*
 * From text to struct guest_config and back. The way of an xl.cfg:
 *
 *     file, arguments --text.c, parse.c--> values with positions --keys.c (one table), disk.c,
 *     vif.c, cpus.c--> struct guest_config --check.c: what one key means for another--> done
 *
 * All that is wrong is said at once, up to 20 errors, in the order of the text: file:line:column,
 * the line and a caret. Nothing here asks the machine: no file is looked for, no hypercall made.
 * Functions answer 0, -EINVAL (said why), -ENOMEM (said) or a reading error (said).
 */
#pragma once
#include "config/guest.h"

struct json;

/*
 * Reads the file, then the arguments ("memory=64", as on xl's command line; there a single word
 * needs no quotes), which override it. path NULL: arguments only. On success c is complete but for
 * what config_settle() draws; on failure c is empty. To be freed by guest_config_fini().
 */
int config_read(const char *path, const char *const *args, size_t nr_args, struct guest_config *c);

/* The same with the text at hand; name is for messages. */
int config_read_text(const char *name, const char *data, size_t size, const char *const *args,
                     size_t nr_args, struct guest_config *c);

/* Draws what nobody said: the uuid, and MAC addresses 00:16:3e:xx:xx:xx. Once, before create. */
int config_settle(struct guest_config *c);

/*
 * A disk or vif from the words of xl block-attach and network-attach, joined as if by commas. A vif
 * without devid= has devid -1: the first that is free.
 */
int config_read_disk(const char *const *words, size_t nr_words, struct guest_disk *d);
int config_read_vif(const char *const *words, size_t nr_words, struct guest_vif *v);

/* The ABI's number of a virtual disk's name (xvda, sdb3, hdc, d1p2, a number); false: no such. */
bool config_disk_number(const char *vdev, uint32_t *number);

/* A list of CPUs, "all", "0-3,5,^1", as of cpus=; why (static) says what is wrong. */
int config_read_cpus(const char *text, struct cpu_set *set, const char **why);

/* "xx:xx:xx:xx:xx:xx", also with dashes and single digits, not multicast; why as above. */
int config_read_mac(const char *text, uint8_t mac[6], const char **why);

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"; false: it is none. */
bool config_read_uuid(const char *text, uint8_t uuid[16]);

/* Where the file or command line says this key; line 0: nowhere. */
struct config_place config_place_of(const struct guest_config *c, const char *key);

/* message_error() that begins with "FILE:LINE:COLUMN: " as far as it is known. */
void config_error(const struct guest_config *c, struct config_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Words of enums as in xl.cfg ("rename-restart", "v2"). */
const char *config_action_name(enum guest_action a);

/*
 * JSON with the names of libxl_domain_config (c_info, b_info, disks, nics, ...): what `xl create
 * -n` and `xl list -l` print and what the supervisor keeps. Writes members into the object that is
 * open in j; what has Xen's default is left out.
 */
void config_write_json(struct json *j, const struct guest_config *c);

/* And back, from a whole object's text: everything but positions survives. name is for messages. */
int config_read_json(const char *name, const char *data, size_t size, struct guest_config *c);
