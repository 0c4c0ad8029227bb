// SPDX-License-Identifier: MIT
/*
 * Any bytes as a configuration: the text before the first 0xff is the file, each part after one an
 * argument of the command line. What is taken must survive JSON: written, read and written again.
 */
#include "config/quiet_fuzz.h"

#include <errno.h>

#include "config/config.h"
#include "lib/json.h"

static char *write_config(const struct guest_config *c)
{
    struct text t = {0};
    struct json j;
    json_begin(&j, &t);
    json_open_object(&j, NULL);
    config_write_json(&j, c);
    json_close_object(&j);
    char *s = text_take(&t);
    must(s != NULL);
    return s;
}

static void there_and_back(const struct guest_config *c)
{
    char *first = write_config(c);
    struct guest_config back;
    const int err = config_read_json("x", first, strlen(first), &back);
    if (err == 0) {
        char *second = write_config(&back);
        must(strcmp(first, second) == 0);
        free(second);
        guest_config_fini(&back);
    }
    must(err == 0);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    const char *args[8];
    size_t nr_args = 0;
    size_t file_size = size;
    for (size_t i = 0; i < size && nr_args < 8; i++) {
        if (data[i] == 0xff) {
            file_size = nr_args == 0 ? i : file_size;
            text[i] = '\0';
            args[nr_args++] = &text[i + 1];
        }
    }
    /* A copy that ends where it ends, so that one byte too far is seen */
    char *file = malloc(file_size + (file_size == 0));
    must(file != NULL);
    memcpy(file, text, file_size);
    struct guest_config c;
    said_errors = 0;
    const int err = config_read_text("a.cfg", file, file_size, args, nr_args, &c);
    must(err == 0 || err == -EINVAL);
    must((err == 0) == (said_errors == 0));
    if (err == 0) {
        must(c.name != NULL && c.vcpus >= 1 && c.vcpus <= c.maxvcpus && c.maxvcpus <= 128);
        must(c.memory_kib >= 1024 && c.memory_kib <= c.maxmem_kib && c.nr_cpus <= c.maxvcpus);
        there_and_back(&c);
    }
    guest_config_fini(&c);
    free(file);
    free(text);
    return 0;
}
