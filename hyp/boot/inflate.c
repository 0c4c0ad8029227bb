/* SPDX-License-Identifier: MIT */
/*
 * DEFLATE (RFC 1951) in a gzip file (RFC 1952), for a packed kernel. A symbol is found bit by bit
 * from the counts of code lengths: code words of one length are consecutive numbers, so the first
 * code and the count of each length say where in the sorted list of symbols a word stands. No
 * tables to build, fast enough for one kernel at boot.
 */
#include "base/string.h"
#include "boot/image.h"

#define MAX_CODE_BITS 15u
#define NR_LITERALS   288u
#define NR_DISTANCES  30u

struct code {
    u16 count[MAX_CODE_BITS + 1]; /* code words by length */
    u16 symbol[NR_LITERALS];      /* in order of their code words */
};

struct stream {
    const u8 *in;
    u64 in_bytes, in_at;
    u32 bits, nr_bits; /* read from the input, not yet used; lowest first */
    u8 *out;
    u64 out_bytes, out_at;
    bool broken, full;
    struct code literals, distances;
};

static struct stream stream; /* 1.3 KiB: not for the stack */

static u32 take_bits(struct stream *s, u32 n)
{
    while (s->nr_bits < n) {
        if (s->in_at == s->in_bytes) {
            s->broken = true;
            return 0;
        }
        s->bits |= (u32)s->in[s->in_at++] << s->nr_bits;
        s->nr_bits += 8;
    }
    u32 value = s->bits & ((1u << n) - 1);
    s->bits >>= n;
    s->nr_bits -= n;
    return value;
}

static void put_byte(struct stream *s, u8 byte)
{
    if (s->out_at == s->out_bytes) {
        s->full = true;
        return;
    }
    s->out[s->out_at++] = byte;
}

/* Lengths of n symbols to a code; broken when more words are asked for than the lengths can hold.
 */
static void code_build(struct stream *s, struct code *c, const u8 *lengths, u32 n)
{
    u16 next[MAX_CODE_BITS + 1] = {0};
    memset(c->count, 0, sizeof(c->count));
    for (u32 i = 0; i < n; i++) {
        c->count[lengths[i]]++;
    }
    c->count[0] = 0;
    s32 left = 1;
    for (u32 length = 1; length <= MAX_CODE_BITS; length++) {
        left = left * 2 - c->count[length];
        if (left < 0) {
            s->broken = true;
            return;
        }
        if (length < MAX_CODE_BITS) {
            next[length + 1] = next[length] + c->count[length];
        }
    }
    for (u32 i = 0; i < n; i++) {
        if (lengths[i] != 0) {
            c->symbol[next[lengths[i]]++] = (u16)i;
        }
    }
}

static u32 take_symbol(struct stream *s, const struct code *c)
{
    u32 word = 0;
    u32 first = 0;
    u32 index = 0;
    for (u32 length = 1; length <= MAX_CODE_BITS && !s->broken; length++) {
        word |= take_bits(s, 1);
        u32 count = c->count[length];
        if (word < first + count) {
            return c->symbol[index + (word - first)];
        }
        index += count;
        first = (first + count) << 1;
        word <<= 1;
    }
    s->broken = true;
    return 0;
}

static void copy_back(struct stream *s, u32 length, u32 distance)
{
    if (distance > s->out_at) {
        s->broken = true;
        return;
    }
    for (u32 i = 0; i < length && !s->full; i++) {
        put_byte(s, s->out[s->out_at - distance]); /* may overlap: a run repeats itself */
    }
}

/* Lengths 3..258 and distances 1..32768: a base and a number of extra bits each (RFC 1951 3.2.5).
 */
static const u16 length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                  31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const u8 length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const u16 distance_base[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                    33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const u8 distance_extra[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                    6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static void block_coded(struct stream *s)
{
    while (!s->broken && !s->full) {
        u32 symbol = take_symbol(s, &s->literals);
        if (symbol < 256) {
            put_byte(s, (u8)symbol);
            continue;
        }
        if (symbol == 256) {
            return;
        }
        symbol -= 257;
        if (symbol >= ARRAY_LEN(length_base)) {
            s->broken = true;
            return;
        }
        u32 length = length_base[symbol] + take_bits(s, length_extra[symbol]);
        u32 far = take_symbol(s, &s->distances);
        if (s->broken || far >= NR_DISTANCES) {
            s->broken = true;
            return;
        }
        copy_back(s, length, distance_base[far] + take_bits(s, distance_extra[far]));
    }
}

static void block_stored(struct stream *s)
{
    s->bits = 0;
    s->nr_bits = 0;
    if (s->in_bytes - s->in_at < 4) {
        s->broken = true;
        return;
    }
    const u8 *head = s->in + s->in_at;
    u32 length = head[0] | head[1] << 8;
    u32 inverse = head[2] | head[3] << 8;
    s->in_at += 4;
    if ((length ^ inverse) != 0xffff || length > s->in_bytes - s->in_at) {
        s->broken = true;
        return;
    }
    for (u32 i = 0; i < length && !s->full; i++) {
        put_byte(s, s->in[s->in_at++]);
    }
}

static void codes_fixed(struct stream *s)
{
    u8 lengths[NR_LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    code_build(s, &s->literals, lengths, NR_LITERALS);
    memset(lengths, 5, NR_DISTANCES);
    code_build(s, &s->distances, lengths, NR_DISTANCES);
}

/* The codes of this block, themselves coded: lengths with runs (RFC 1951 3.2.7). */
static void codes_dynamic(struct stream *s)
{
    static const u8 order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    u8 lengths[NR_LITERALS + 32];
    u32 nr_literals = take_bits(s, 5) + 257;
    u32 nr_distances = take_bits(s, 5) + 1;
    u32 nr_codes = take_bits(s, 4) + 4;
    if (nr_literals > 286 || nr_distances > NR_DISTANCES) {
        s->broken = true;
        return;
    }
    memset(lengths, 0, ARRAY_LEN(order));
    for (u32 i = 0; i < nr_codes; i++) {
        lengths[order[i]] = (u8)take_bits(s, 3);
    }
    code_build(s, &s->literals, lengths, ARRAY_LEN(order));
    u32 n = 0;
    while (n < nr_literals + nr_distances && !s->broken) {
        u32 symbol = take_symbol(s, &s->literals);
        u32 repeat = 1;
        u8 value = (u8)symbol;
        if (symbol == 16) {
            s->broken |= n == 0;
            value = n == 0 ? 0 : lengths[n - 1];
            repeat = 3 + take_bits(s, 2);
        } else if (symbol == 17) {
            value = 0;
            repeat = 3 + take_bits(s, 3);
        } else if (symbol == 18) {
            value = 0;
            repeat = 11 + take_bits(s, 7);
        }
        if (repeat > nr_literals + nr_distances - n) {
            s->broken = true;
            return;
        }
        memset(lengths + n, value, repeat);
        n += repeat;
    }
    if (!s->broken) {
        code_build(s, &s->literals, lengths, nr_literals);
        code_build(s, &s->distances, lengths + nr_literals, nr_distances);
    }
}

static void inflate_blocks(struct stream *s)
{
    bool last = false;
    while (!last && !s->broken && !s->full) {
        last = take_bits(s, 1);
        switch (take_bits(s, 2)) {
        case 0:
            block_stored(s);
            break;
        case 1:
            codes_fixed(s);
            block_coded(s);
            break;
        case 2:
            codes_dynamic(s);
            block_coded(s);
            break;
        default:
            s->broken = true;
            break;
        }
    }
}

#define GZIP_CRC_OF_HEADER 0x02
#define GZIP_EXTRA         0x04
#define GZIP_NAME          0x08
#define GZIP_COMMENT       0x10

/* Skips the gzip header; false when there is none. */
static bool skip_header(struct stream *s)
{
    const u8 *in = s->in;
    if (s->in_bytes < 18 || in[0] != 0x1f || in[1] != 0x8b || in[2] != 8) {
        return false;
    }
    u8 flags = in[3];
    u64 at = 10;
    if (flags & GZIP_EXTRA) {
        at += 2u + in[10] + (in[11] << 8);
    }
    for (u32 text = 0; text < 2; text++) {
        if (flags & (text == 0 ? GZIP_NAME : GZIP_COMMENT)) {
            while (at < s->in_bytes && in[at] != 0) {
                at++;
            }
            at++;
        }
    }
    if (flags & GZIP_CRC_OF_HEADER) {
        at += 2;
    }
    s->in_at = at;
    return at < s->in_bytes;
}

/* CRC-32 of RFC 1952, four bits a step. */
static u32 crc32(const u8 *data, u64 bytes)
{
    static const u32 nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                   0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                   0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    u32 crc = ~0u;
    for (u64 i = 0; i < bytes; i++) {
        crc ^= data[i];
        crc = nibble[crc & 15] ^ (crc >> 4);
        crc = nibble[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

static u32 read_le32(const u8 *p)
{
    return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

enum err inflate_gzip(const u8 *in, u64 in_bytes, u8 *out, u64 out_bytes, u64 *done)
{
    struct stream *s = &stream;
    memset(s, 0, sizeof(*s));
    s->in = in;
    s->in_bytes = in_bytes;
    s->out = out;
    s->out_bytes = out_bytes;
    *done = 0;
    if (!skip_header(s)) {
        return E_INVAL;
    }
    inflate_blocks(s);
    *done = s->out_at;
    if (s->broken) {
        return E_INVAL;
    }
    if (s->full) {
        return E_NOSPC;
    }
    /* Whole bytes that were read ahead stand before the trailer: give them back. */
    s->in_at -= s->nr_bits / 8;
    if (s->in_bytes - s->in_at < 8 || read_le32(in + s->in_at) != crc32(out, s->out_at)) {
        return E_INVAL;
    }
    return OK;
}

u32 inflate_gzip_bytes(const u8 *in, u64 in_bytes)
{
    return in_bytes < 18 ? 0 : read_le32(in + in_bytes - 4);
}
