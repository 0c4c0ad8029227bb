// SPDX-License-Identifier: MIT
/* xl-network-configuration: KEY=VALUE words between commas, in any order. */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/devices.h"
#include "config/words.h"

#define DEFAULT_INTERVAL_US 50000

struct vif_reader {
    struct config_words words;
    struct guest_vif *vif;
};

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

int config_read_mac(const char *text, uint8_t mac[6], const char **why)
{
    for (int i = 0; i < 6; i++) {
        const int first = hex_digit(*text);
        const int second = first < 0 ? -1 : hex_digit(*++text);
        text += second >= 0;
        if (first < 0 || (i < 5 ? *text != ':' && *text != '-' : *text != '\0')) {
            *why = "a MAC address has six groups of two hexadecimal digits: 00:16:3e:12:34:56";
            return -EINVAL;
        }
        mac[i] = (uint8_t)(second < 0 ? first : first << 4 | second);
        text += i < 5;
    }
    if ((mac[0] & 1) != 0) {
        *why = "this is a multicast address: the first byte of an interface's is even";
        return -EINVAL;
    }
    return 0;
}

static int take_mac(struct vif_reader *r, const struct config_word_span *word)
{
    char text[32];
    const size_t length = word->length < sizeof(text) ? word->length : sizeof(text) - 1;
    memcpy(text, word->s, length);
    text[length] = '\0';
    const char *why = NULL;
    if (config_read_mac(text, r->vif->mac, &why) != 0) {
        return config_wrong_word(&r->words, word, "%s", why);
    }
    /* Xen's tools take all zeros for "make one" */
    static const uint8_t none[6];
    r->vif->has_mac = memcmp(r->vif->mac, none, sizeof(none)) != 0;
    return 0;
}

/* Digits at the beginning of the word, which loses them. False: none, or more than 64 bits. */
static bool take_digits(struct config_word_span *word, uint64_t *value)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < word->length && isdigit((unsigned char)word->s[n]); n++) {
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (unsigned)(word->s[n] - '0'), &v)) {
            return false;
        }
    }
    word->s += n;
    word->offset += n;
    word->length -= n;
    *value = v;
    return n > 0;
}

/* "20ms", "100us", "1s"; as in Xen a number alone is seconds, whatever its manual says. */
static int take_interval(struct vif_reader *r, const struct config_word_span *word,
                         uint32_t *interval_us)
{
    static const struct {
        const char *unit;
        uint64_t us;
    } units[] = {{"us", 1}, {"u", 1}, {"ms", 1000}, {"m", 1000}, {"s", 1000000}, {"", 1000000}};
    struct config_word_span rest = *word;
    uint64_t n;
    if (take_digits(&rest, &n)) {
        for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
            if (config_is(&rest, units[i].unit) && n > 0 && n <= UINT32_MAX / units[i].us) {
                *interval_us = (uint32_t)(n * units[i].us);
                return 0;
            }
        }
    }
    return config_wrong_word(&r->words, word,
                             "\"%.*s\" is no interval: 20ms, 500us or 1s is expected, less than "
                             "4295 s",
                             WORD_ARGS(word));
}

/* "10Mb/s" to bytes a second. */
static bool read_rate(struct config_word_span word, uint64_t *bytes)
{
    uint64_t n;
    if (!take_digits(&word, &n)) {
        return false;
    }
    uint64_t factor = 1;
    if (word.length > 0 && strchr("KMG", word.s[0]) != NULL) {
        factor = word.s[0] == 'K' ? 1000 : word.s[0] == 'M' ? 1000000 : 1000000000;
        word.s++;
        word.length--;
    }
    if (!config_is(&word, "B/s") && !config_is(&word, "b/s")) {
        return false;
    }
    if (__builtin_mul_overflow(n, factor, &n)) {
        return false;
    }
    *bytes = word.s[0] == 'b' ? n / 8 : n;
    return true;
}

static int take_rate(struct vif_reader *r, const struct config_word_span *word)
{
    struct config_word_span rate = *word;
    struct config_word_span interval;
    uint32_t interval_us = DEFAULT_INTERVAL_US;
    if (config_split(word, '@', &rate, &interval)) {
        const int err = take_interval(r, &interval, &interval_us);
        if (err != 0) {
            return err;
        }
    }
    uint64_t bytes;
    uint64_t credit;
    if (!read_rate(rate, &bytes)) {
        return config_wrong_word(&r->words, word,
                                 "\"%.*s\" is no rate: 10Mb/s, 250KB/s or 1MB/s@20ms is expected",
                                 WORD_ARGS(word));
    }
    if (__builtin_mul_overflow(bytes, interval_us, &credit) || credit / 1000000 > UINT32_MAX) {
        return config_wrong_word(
            &r->words, word, "the rate is more than 4 GiB in each interval of %u us", interval_us);
    }
    if (credit / 1000000 == 0) {
        return config_wrong_word(
            &r->words, word, "the rate is less than a byte in each interval of %u us", interval_us);
    }
    r->vif->rate_bytes = credit / 1000000;
    r->vif->rate_interval_us = interval_us;
    return 0;
}

static int take_type(struct vif_reader *r, const struct config_word_span *word)
{
    if (config_is(word, "vif")) {
        r->vif->is_netfront_only = true;
    } else if (config_is(word, "ioemu")) {
        config_odd_word(&r->words, word,
                        "type=ioemu is ignored: it is for HVM guests only; the guest gets a "
                        "paravirtualised interface");
    } else {
        return config_wrong_word(&r->words, word, "unknown type \"%.*s\": it is vif",
                                 WORD_ARGS(word));
    }
    return 0;
}

static int take_model(struct vif_reader *r, const struct config_word_span *word)
{
    config_odd_word(&r->words, word, "model is ignored: it is for HVM guests only");
    return config_copy(&r->words, word, "model", &r->vif->model);
}

static int take_number(struct vif_reader *r, const struct config_word_span *word, uint64_t low,
                       uint64_t high, unsigned *value)
{
    struct config_word_span rest = *word;
    uint64_t n;
    if (!take_digits(&rest, &n) || rest.length > 0 || n < low || n > high) {
        return config_wrong_word(&r->words, word, "\"%.*s\" is no number from %u to %u",
                                 WORD_ARGS(word), (unsigned)low, (unsigned)high);
    }
    *value = (unsigned)n;
    return 0;
}

static int take_mtu(struct vif_reader *r, const struct config_word_span *word)
{
    return take_number(r, word, 68, 65535, &r->vif->mtu);
}

static int take_devid(struct vif_reader *r, const struct config_word_span *word)
{
    unsigned devid = 0;
    const int err = take_number(r, word, 0, 32767, &devid);
    r->vif->devid = (int)devid;
    return err;
}

static int take_vifname(struct vif_reader *r, const struct config_word_span *word)
{
    if (word->length == 0 || word->length >= IFNAMSIZ || memchr(word->s, '/', word->length) ||
        memchr(word->s, ' ', word->length) || memchr(word->s, ':', word->length)) {
        return config_wrong_word(&r->words, word,
                                 "\"%.*s\" is no name of an interface: 1 to 15 letters, no blank, "
                                 "/ or :",
                                 WORD_ARGS(word));
    }
    return config_copy(&r->words, word, "vifname", &r->vif->vifname);
}

static bool is_tag(struct config_word_span word)
{
    uint64_t n;
    return take_digits(&word, &n) && word.length == 0 && n <= 4095;
}

/*
 * NAME, and for vif-openvswitch NAME.TAG, NAME.TAG:TRUNK:TRUNK, NAME:TRUNK:TRUNK. Only a colon
 * tells that a tag is meant: br0.100 is a good name of a plain bridge, too.
 */
static int take_bridge(struct vif_reader *r, const struct config_word_span *word)
{
    struct config_word_span name = *word;
    struct config_word_span trunks;
    if (config_split(word, ':', &name, &trunks)) {
        struct config_word_span trunk = trunks;
        for (bool more = true; more; trunk = trunks) {
            more = config_split(&trunk, ':', &trunk, &trunks);
            if (!is_tag(trunk)) {
                return config_wrong_word(&r->words, &trunk,
                                         "\"%.*s\" is no VLAN: 0 to 4095 (NAME.TAG:TRUNK:TRUNK)",
                                         WORD_ARGS(&trunk));
            }
        }
        const char *dot = memchr(name.s, '.', name.length);
        if (dot != NULL) {
            const size_t n = (size_t)(dot - name.s) + 1;
            const struct config_word_span tag = {
                .s = dot + 1, .length = name.length - n, .offset = name.offset + n};
            if (!is_tag(tag)) {
                return config_wrong_word(&r->words, &tag, "\"%.*s\" is no VLAN: 0 to 4095",
                                         WORD_ARGS(&tag));
            }
            name.length = n - 1;
        }
    }
    const char *dot = memchr(name.s, '.', name.length);
    const size_t length = dot == NULL ? name.length : (size_t)(dot - name.s);
    if (length == 0 || length >= IFNAMSIZ || memchr(name.s, '/', name.length) != NULL ||
        memchr(name.s, ' ', name.length) != NULL) {
        return config_wrong_word(&r->words, word, "\"%.*s\" is no name of a bridge",
                                 WORD_ARGS(word));
    }
    return config_copy(&r->words, word, "bridge", &r->vif->bridge);
}

static int take_accel(struct vif_reader *r, const struct config_word_span *word)
{
    config_odd_word(&r->words, word, "accel is ignored: no accelerated interfaces are there");
    return 0;
}

static int take_text(struct vif_reader *r, const struct config_word_span *word);

/* text: a string that is only copied. */
static const struct {
    const char *name;
    int (*take)(struct vif_reader *r, const struct config_word_span *value);
    size_t text;
} named[] = {
    {"mac", take_mac, 0},
    {"bridge", take_bridge, 0},
    {"rate", take_rate, 0},
    {"type", take_type, 0},
    {"model", take_model, 0},
    {"mtu", take_mtu, 0},
    {"devid", take_devid, 0},
    {"vifname", take_vifname, 0},
    {"accel", take_accel, 0},
    {"script", take_text, offsetof(struct guest_vif, script)},
    {"ip", take_text, offsetof(struct guest_vif, ip)},
    {"gatewaydev", take_text, offsetof(struct guest_vif, gateway_device)},
    {"netdev", take_text, offsetof(struct guest_vif, gateway_device)},
    {"backend", take_text, offsetof(struct guest_vif, backend_domain)},
    {"forwarddev", take_text, offsetof(struct guest_vif, forwarddev)},
};

static int take_text(struct vif_reader *r, const struct config_word_span *word)
{
    return word->length == 0 ? config_wrong_word(&r->words, word, "a value is missing") : 0;
}

static int take_word(struct vif_reader *r, const struct config_word_span *word, unsigned *said)
{
    struct config_word_span key;
    struct config_word_span value;
    if (!config_split(word, '=', &key, &value)) {
        if (config_is(word, "trusted") || config_is(word, "untrusted")) {
            r->vif->untrusted = word->s[0] == 'u';
            return 0;
        }
        return config_wrong_word(&r->words, word, "\"%.*s\" is not KEY=VALUE", WORD_ARGS(word));
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
        if (!config_is(&key, named[i].name)) {
            continue;
        }
        if ((*said & 1U << i) != 0) {
            return config_wrong_word(&r->words, &key, "%s is said twice", named[i].name);
        }
        *said |= 1U << i;
        if (config_is(&key, "netdev")) {
            config_odd_word(&r->words, &key, "netdev is deprecated: say gatewaydev");
        }
        const int err = named[i].take(r, &value);
        if (err != 0 || named[i].text == 0) {
            return err;
        }
        return config_copy(&r->words, &value, named[i].name,
                           (char **)((char *)r->vif + named[i].text));
    }
    const char *names[sizeof(named) / sizeof(*named)];
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
        names[i] = named[i].name;
    }
    return config_unknown_word(&r->words, &key, names, sizeof(named) / sizeof(*named));
}

int config_take_vif(struct config_report *report, const struct config_value *v,
                    struct guest_vif *vif)
{
    *vif = (struct guest_vif){.at = v->at, .devid = -1};
    struct vif_reader r = {.words = {.report = report, .value = v, .key = "vif"}, .vif = vif};
    struct config_word_span word;
    unsigned said = 0;
    int err = 0;
    while (err == 0 && config_next_word(&r.words, &word)) {
        err = word.length == 0 ? 0 : take_word(&r, &word, &said);
    }
    if (err != 0) {
        guest_vif_fini(vif);
    }
    return err;
}
