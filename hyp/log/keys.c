/* SPDX-License-Identifier: MIT */
#include "base/types.h"
#include "log/console.h"
#include "log/log.h"

/* By character: the key's place is its number. */
static const struct debug_key *keys[128]; /* [c] after boot */

static void help(void)
{
    log_info("debug keys:");
    for (u32 i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i]) {
            log_info(" %c  %s", keys[i]->key, keys[i]->help);
        }
    }
}
static const struct debug_key help_key = {'h', "this list", help};

void console_register_key(const struct debug_key *key)
{
    u8 at = (u8)key->key;
    if (at >= ARRAY_LEN(keys) || keys[at]) {
        log_error("debug key '%c' is taken: \"%s\" left out", key->key, key->help);
        return;
    }
    keys[at] = key;
}

/* Not inlined: test/sys/31_stay.py knows a dump by its name in the image. */
__cold void console_debug_key(char key)
{
    u8 at = (u8)key;
    keys['h'] = &help_key;
    if (at >= ARRAY_LEN(keys) || !keys[at]) {
        log_info("no debug key '%c'; 'h' lists them", at >= ' ' && at < 0x7f ? key : '?');
        return;
    }
    log_info("debug key '%c': %s", key, keys[at]->help);
    keys[at]->run();
}
