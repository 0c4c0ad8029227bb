// SPDX-License-Identifier: MIT
#include "config/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/config.h"
#include "config/devices.h"
#include "config/keys.h"
#include "lib/message.h"

void guest_disk_fini(struct guest_disk *d)
{
    free(d->target);
    free(d->vdev);
    free(d->script);
    free(d->backend_domain);
    *d = (struct guest_disk){0};
}

void guest_vif_fini(struct guest_vif *v)
{
    free(v->bridge);
    free(v->script);
    free(v->ip);
    free(v->gateway_device);
    free(v->vifname);
    free(v->model);
    free(v->backend_domain);
    free(v->forwarddev);
    *v = (struct guest_vif){0};
}

static void free_sets(struct cpu_set *sets, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        free(sets[i].word);
    }
    free(sets);
}

void guest_config_fini(struct guest_config *c)
{
    char *const strings[] = {c->file,    c->name,       c->kernel, c->ramdisk,  c->device_tree,
                             c->cmdline, c->bootloader, c->pool,   c->seclabel, c->init_seclabel};
    for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
        free(strings[i]);
    }
    for (size_t i = 0; c->bootloader_args != NULL && c->bootloader_args[i] != NULL; i++) {
        free(c->bootloader_args[i]);
    }
    free(c->bootloader_args);
    free_sets(c->cpus, c->nr_cpus);
    free_sets(c->cpus_soft, c->nr_cpus_soft);
    for (size_t i = 0; i < c->nr_disks; i++) {
        guest_disk_fini(&c->disk[i]);
    }
    for (size_t i = 0; i < c->nr_vifs; i++) {
        guest_vif_fini(&c->vif[i]);
    }
    for (size_t i = 0; i < c->nr_channels; i++) {
        guest_channel_fini(&c->channel[i]);
    }
    free(c->disk);
    free(c->vif);
    free(c->channel);
    free(c->place);
    *c = (struct guest_config){0};
}

static int draw(void *bytes, size_t size)
{
    const ssize_t n = getrandom(bytes, size, 0);
    if (n != (ssize_t)size) {
        const int err = n < 0 ? -errno : -EIO;
        message_error("no random bytes: %s", strerror(-err));
        return err;
    }
    return 0;
}

static bool has_mac(const struct guest_config *c, const uint8_t mac[6])
{
    for (size_t i = 0; i < c->nr_vifs; i++) {
        if (c->vif[i].has_mac && memcmp(c->vif[i].mac, mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

/* In Xen's range; three random bytes that no other interface of this guest has. */
static int draw_mac(struct guest_config *c, struct guest_vif *v)
{
    uint8_t mac[6] = {0x00, 0x16, 0x3e};
    do {
        const int err = draw(mac + 3, 3);
        if (err != 0) {
            return err;
        }
    } while (has_mac(c, mac));
    memcpy(v->mac, mac, sizeof(mac));
    v->has_mac = true;
    return 0;
}

int config_settle(struct guest_config *c)
{
    int err = 0;
    if (!c->has_uuid) {
        err = draw(c->uuid, sizeof(c->uuid));
        /* RFC 4122: version 4 (random), variant 1 */
        c->uuid[6] = (uint8_t)((c->uuid[6] & 0x0f) | 0x40);
        c->uuid[8] = (uint8_t)((c->uuid[8] & 0x3f) | 0x80);
        c->has_uuid = err == 0;
    }
    for (size_t i = 0; err == 0 && i < c->nr_vifs; i++) {
        err = c->vif[i].has_mac ? 0 : draw_mac(c, &c->vif[i]);
    }
    return err;
}

const char *config_action_name(enum guest_action a)
{
    for (const struct config_word *w = config_actions; w->word != NULL; w++) {
        if (w->value == (int)a) {
            return w->word;
        }
    }
    return "?";
}
