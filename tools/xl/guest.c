// SPDX-License-Identifier: MIT
/* What is done to a guest as a whole. Creating one is create.c. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "hv/hv.h"
#include "lib/message.h"
#include "lib/number.h"
#include "lib/text.h"
#include "xl/command.h"
#include "xl/domain.h"

#define DUMP_FOLDER "/var/lib/xen/dump"

int command_destroy(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    if (domid == 0) {
        message_error("the control domain cannot destroy itself");
        return XL_FAILURE;
    }
    life_catch_signals(&call->life);
    return call_status(life_destroy(&call->life, domid));
}

/* The guests that a request is for: those named, or with -a all. */
static int find_guests(struct call *call, uint32_t **domid, size_t *nr)
{
    const bool all = call_has(call, 'a');
    if (all == (call->nr_args > 0)) {
        return call_misused(call, "either -a or domains");
    }
    int status = call_open(call);
    if (status != XL_OK) {
        return status;
    }
    if (all) {
        return call_status(life_guests(&call->life, domid, nr));
    }
    *nr = 0;
    *domid = calloc((size_t)call->nr_args, sizeof(**domid));
    if (*domid == NULL) {
        message_error("out of memory");
        return XL_FAILURE;
    }
    for (int i = 0; i < call->nr_args && status == XL_OK; i++) {
        status = call_find_domain(call, call->args[i], &(*domid)[i]);
        *nr += status == XL_OK;
    }
    return status;
}

static int request(struct call *call, enum life_request what, const char *doing)
{
    uint32_t *domid = NULL;
    size_t nr = 0;
    int status = find_guests(call, &domid, &nr);
    if (status == XL_OK && nr > 0) {
        for (size_t i = 0; i < nr; i++) {
            fprintf(stderr, "%s domain %u\n", doing, domid[i]);
        }
        life_catch_signals(&call->life);
        status = call_status(life_shutdown(&call->life, domid, nr, what, call_has(call, 'w')));
    }
    free(domid);
    return status;
}

int command_shutdown(struct call *call)
{
    return request(call, LIFE_POWEROFF, "Shutting down");
}

int command_reboot(struct call *call)
{
    return request(call, LIFE_REBOOT, "Rebooting");
}

int command_pause(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : call_status(life_pause(&call->life, domid));
}

int command_unpause(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : call_status(life_unpause(&call->life, domid));
}

int command_rename(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : call_status(life_rename(&call->life, domid, call->args[1]));
}

int command_sysrq(struct call *call)
{
    const char *key = call->args[1];
    if (key[0] == '\0' || key[1] != '\0' || !isgraph((unsigned char)key[0])) {
        return call_misused(call, "'%s' is not one letter", key);
    }
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    return status != XL_OK ? status : call_status(life_sysrq(&call->life, domid, key[0]));
}

/* ---- triggers: numbers of XEN_DOMCTL_SENDTRIGGER_* */

static const struct {
    const char *name;
    uint32_t number;
} triggers[] = {{"nmi", 0}, {"reset", 1}, {"init", 2}, {"power", 3}, {"sleep", 4}, {"s3resume", 5}};

static int send_trigger(struct call *call, const char *name, uint64_t vcpu)
{
    uint32_t number = UINT32_MAX;
    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        if (strcmp(name, triggers[i].name) == 0) {
            number = triggers[i].number;
        }
    }
    if (number == UINT32_MAX) {
        return call_misused(call, "no trigger '%s'", name);
    }
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    const int err = hv_send_trigger(call->life.hv, (uint16_t)domid, number, (uint32_t)vcpu);
    if (err == -ENOSYS || err == -EOPNOTSUPP) {
        message_error("%s: guests on this machine have no trigger '%s'; xl shutdown and xl reboot "
                      "ask their kernels",
                      call->command->name, name);
    } else if (err != 0) {
        message_error("%s: %s: %s", call->command->name, call->args[0], strerror(-err));
    }
    return call_status(err);
}

int command_trigger(struct call *call)
{
    uint64_t vcpu = 0;
    if (call->nr_args > 2 && number_parse(call->args[2], 0, 4095, &vcpu) != 0) {
        return call_misused(call, "no vCPU '%s'", call->args[2]);
    }
    return send_trigger(call, call->args[1], vcpu);
}

int command_button_press(struct call *call)
{
    if (strcmp(call->args[1], "power") != 0 && strcmp(call->args[1], "sleep") != 0) {
        return call_misused(call, "no button '%s'", call->args[1]);
    }
    return send_trigger(call, call->args[1], 0);
}

/* ---- cores */

/* DUMP_FOLDER/NAME-TIME, as Xen's tools name them; to be freed, NULL: said. */
static char *dump_name(struct life *l, uint32_t domid)
{
    struct text path = {0};
    char *name = life_name(l, domid);
    const time_t now = time(NULL);
    struct tm parts;
    char when[32] = "";
    if (gmtime_r(&now, &parts) != NULL) {
        strftime(when, sizeof(when), "%Y-%m%d-%H%M.%S", &parts);
    }
    mkdir("/var/lib/xen", 0755);
    mkdir(DUMP_FOLDER, 0700);
    text_add(&path, "%s/%s-%s.%u.core", DUMP_FOLDER, when, name == NULL ? "nameless" : name, domid);
    free(name);
    char *taken = text_take(&path);
    if (taken == NULL) {
        message_error("out of memory");
    }
    return taken;
}

int command_dump_core(struct call *call)
{
    uint32_t domid;
    const int status = call_first_domain(call, &domid);
    if (status != XL_OK) {
        return status;
    }
    life_catch_signals(&call->life);
    if (call->nr_args > 1) {
        return call_status(life_dump_core(&call->life, domid, call->args[1]));
    }
    char *path = dump_name(&call->life, domid);
    if (path == NULL) {
        return XL_FAILURE;
    }
    const int err = life_dump_core(&call->life, domid, path);
    if (err == 0) {
        puts(path);
    }
    free(path);
    return call_status(err);
}

int command_supervise(struct call *call)
{
    return life_supervise(call_has(call, 'F'));
}
