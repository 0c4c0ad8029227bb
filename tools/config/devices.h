/* SPDX-License-Identifier: MIT */
/* One string of disk=, vif= or channel= to its struct; private. 0, -EINVAL (reported) or -ENOMEM.
 */
#pragma once
#include "config/parse.h"

int config_take_disk(struct config_report *r, const struct config_value *v, struct guest_disk *d);
int config_take_vif(struct config_report *r, const struct config_value *v, struct guest_vif *vif);
int config_take_channel(struct config_report *r, const struct config_value *v,
                        struct guest_channel *c);
void guest_channel_fini(struct guest_channel *c);
