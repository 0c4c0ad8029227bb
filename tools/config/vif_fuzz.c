// SPDX-License-Identifier: MIT
/* Any bytes as the words of a network interface, as a list of CPUs and as a UUID. */
#include "config/quiet_fuzz.h"

#include <errno.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    const char *words = text;
    struct guest_vif v;
    said_errors = 0;
    const int err = config_read_vif(&words, 1, &v);
    must(err == 0 || err == -EINVAL);
    must((err == 0) == (said_errors == 0));
    if (err == 0) {
        must((v.rate_bytes == 0) == (v.rate_interval_us == 0) && v.rate_bytes <= UINT32_MAX);
        must((v.mac[0] & 1) == 0 && v.devid >= -1 && v.devid <= 32767);
        must(v.vifname == NULL || strlen(v.vifname) < 16);
    }
    guest_vif_fini(&v);
    struct cpu_set set;
    const char *why = NULL;
    if (config_read_cpus(text, &set, &why) == 0) {
        must(set.nr_words > 0 && set.nr_words <= CPU_SET_BITS / 64);
        must(set.word[set.nr_words - 1] != 0);
    } else {
        must(why != NULL);
    }
    free(set.word);
    uint8_t uuid[16];
    must(!config_read_uuid(text, uuid) || size >= 36);
    free(text);
    return 0;
}
