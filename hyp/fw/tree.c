/* SPDX-License-Identifier: MIT */
#include "fw/tree.h"

#include "base/bits.h"
#include "base/range.h"
#include "base/string.h"

#define TAG_BEGIN_NODE 1u
#define TAG_END_NODE   2u
#define TAG_PROPERTY   3u
#define TAG_NOP        4u
#define TAG_END        9u

#define MAGIC          0xd00dfeedu
#define OLDEST_VERSION 16u

enum header {
    AT_MAGIC,
    AT_TOTAL,
    AT_STRUCTURE,
    AT_STRINGS,
    AT_RESERVED,
    AT_VERSION,
    AT_COMPATIBLE,
    AT_CPU,
    AT_STRINGS_BYTES,
    AT_STRUCTURE_BYTES,
    HEADER_CELLS
};

/* The last phandle that was found: nearly all that ask mean the interrupt controller. */
static struct found {
    const void *fdt;
    u32 phandle;
    int node;
} found;

static const u32 *structure(const void *fdt)
{
    return (const u32 *)((const char *)fdt + tree_cell((const u32 *)fdt + AT_STRUCTURE));
}

static const char *strings(const void *fdt)
{
    return (const char *)fdt + tree_cell((const u32 *)fdt + AT_STRINGS);
}

static const u32 *at(const void *fdt, int node)
{
    return structure(fdt) + (u32)node / 4;
}

static bool has_zero_byte(u32 word)
{
    return ((word - 0x01010101u) & ~word & 0x80808080u) != 0;
}

/* Behind BEGIN_NODE and the name: its last word is the first with a zero byte. */
static const u32 *skip_name(const u32 *p)
{
    p++;
    while (!has_zero_byte(*p)) {
        p++;
    }
    return p + 1;
}

static const u32 *skip_property(const u32 *p)
{
    return p + 3 + (tree_cell(p + 1) + 3) / 4;
}

/* --- the check: after it, walking from tag to tag stays inside --- */

struct block {
    const u32 *p, *end;
    u32 strings_bytes;
    int depth;
    bool done;
};

static bool check_node(struct block *b)
{
    b->p++;
    while (b->p < b->end && !has_zero_byte(*b->p)) {
        b->p++;
    }
    b->p++;
    b->depth++;
    return b->p < b->end;
}

static bool check_property(struct block *b)
{
    u64 left = (u64)(b->end - b->p);
    if (b->depth == 0 || left < 3 || tree_cell(b->p + 1) > left * 4 ||
        tree_cell(b->p + 2) >= b->strings_bytes) {
        return false;
    }
    b->p = skip_property(b->p);
    return b->p < b->end;
}

/* One tag. Nothing but NOP and END stands outside of the root, of which there is one. */
static bool check_tag(struct block *b)
{
    switch (tree_cell(b->p)) {
    case TAG_BEGIN_NODE:
        return check_node(b);
    case TAG_PROPERTY:
        return check_property(b);
    case TAG_NOP:
        b->p++;
        return b->p < b->end;
    case TAG_END_NODE:
        b->p++;
        b->depth--;
        b->done = b->depth == 0;
        return b->depth >= 0 && b->p < b->end;
    default:
        return false;
    }
}

static bool check_header(const u32 *h)
{
    u32 total = tree_cell(h + AT_TOTAL);
    if (tree_cell(h + AT_MAGIC) != MAGIC || tree_cell(h + AT_VERSION) < OLDEST_VERSION + 1 ||
        tree_cell(h + AT_COMPATIBLE) > OLDEST_VERSION + 1) {
        return false;
    }
    u32 structure_at = tree_cell(h + AT_STRUCTURE);
    u32 structure_bytes = tree_cell(h + AT_STRUCTURE_BYTES);
    u32 strings_at = tree_cell(h + AT_STRINGS);
    u32 strings_bytes = tree_cell(h + AT_STRINGS_BYTES);
    return total >= HEADER_CELLS * 4 && structure_at % 4 == 0 && structure_at <= total &&
           structure_bytes <= total - structure_at && structure_bytes >= 12 &&
           strings_at <= total && strings_bytes <= total - strings_at &&
           (strings_bytes == 0 || ((const char *)h)[strings_at + strings_bytes - 1] == '\0');
}

bool tree_check(const void *fdt)
{
    const u32 *h = fdt;
    found = (struct found){0};
    if (!check_header(h)) {
        return false;
    }
    struct block b = {
        .p = structure(fdt),
        .end = structure(fdt) + tree_cell(h + AT_STRUCTURE_BYTES) / 4,
        .strings_bytes = tree_cell(h + AT_STRINGS_BYTES),
    };
    if (tree_cell(b.p) != TAG_BEGIN_NODE) { /* a NOP there would move the root from offset 0 */
        return false;
    }
    while (!b.done) {
        if (!check_tag(&b)) {
            return false;
        }
    }
    return tree_cell(b.p) == TAG_END || tree_cell(b.p) == TAG_NOP;
}

/* --- walking --- */

int tree_next(const void *fdt, int node, int *depth)
{
    const u32 *base = structure(fdt);
    const u32 *p = node < 0 ? base : skip_name(base + (u32)node / 4);
    for (;;) {
        switch (tree_cell(p)) {
        case TAG_PROPERTY:
            p = skip_property(p);
            break;
        case TAG_BEGIN_NODE:
            (*depth)++;
            return (int)((p - base) * 4);
        case TAG_END_NODE:
            (*depth)--;
            p++;
            if (*depth < 0) {
                return -1;
            }
            break;
        default: /* NOP */
            p++;
            break;
        }
    }
}

const char *tree_name(const void *fdt, int node)
{
    return (const char *)(at(fdt, node) + 1);
}

bool tree_chain(const void *fdt, int wanted, int chain[TREE_MAX_DEPTH], u32 *depth)
{
    int node = -1;
    int d = -1;
    for (u32 i = 0; i < TREE_MAX_DEPTH; i++) {
        chain[i] = -1;
    }
    while ((node = tree_next(fdt, node, &d)) >= 0 && node <= wanted) {
        if (d < (int)TREE_MAX_DEPTH) {
            chain[d] = node;
        }
    }
    for (u32 i = 0; i < TREE_MAX_DEPTH && wanted >= 0; i++) {
        if (chain[i] == wanted) {
            *depth = i;
            return true;
        }
    }
    return false;
}

/* --- properties --- */

const void *tree_property(const void *fdt, int node, const char *name, int *bytes)
{
    const char *names = strings(fdt);
    const u32 *p = node < 0 ? NULL : skip_name(at(fdt, node));
    while (p) {
        u32 tag = tree_cell(p);
        if (tag == TAG_PROPERTY) {
            const char *its = names + tree_cell(p + 2);
            if (*its == *name && strcmp(its, name) == 0) {
                if (bytes) {
                    *bytes = (int)tree_cell(p + 1);
                }
                return p + 3;
            }
            p = skip_property(p);
        } else if (tag == TAG_NOP) {
            p++;
        } else {
            break;
        }
    }
    if (bytes) {
        *bytes = -1;
    }
    return NULL;
}

u32 tree_u32(const void *fdt, int node, const char *name, u32 fallback)
{
    int bytes;
    const u32 *p = tree_property(fdt, node, name, &bytes);
    return p && bytes == 4 ? tree_cell(p) : fallback;
}

const char *tree_string(const void *fdt, int node, const char *name)
{
    int bytes;
    const char *s = tree_property(fdt, node, name, &bytes);
    return s && bytes > 0 && s[bytes - 1] == '\0' ? s : NULL;
}

u64 tree_cells(const u32 *p, u32 n)
{
    u64 value = 0;
    for (u32 i = 0; i < n; i++) {
        value = value << 32 | tree_cell(p + i);
    }
    return value;
}

bool tree_is_available(const void *fdt, int node)
{
    const char *status = tree_string(fdt, node, "status");
    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

bool tree_has_type(const void *fdt, int node, const char *type)
{
    const char *its = tree_string(fdt, node, "device_type");
    return its && strcmp(its, type) == 0;
}

bool tree_translate(const u32 *row, int bytes, u32 child, u32 above, u32 size, u64 *at)
{
    if (bytes < 0 || child > 2 || above > 2 || size > 2) {
        return false;
    }
    if (bytes == 0) {
        return true;
    }
    const u32 cells = child + above + size;
    for (u32 left = (u32)bytes / 4; cells != 0 && left >= cells; left -= cells, row += cells) {
        const struct range from = {tree_cells(row, child), tree_cells(row + child + above, size)};
        if (*at >= from.start && *at - from.start < from.bytes) {
            *at += tree_cells(row + child, above) - from.start;
            return true;
        }
    }
    return false;
}

bool tree_is_compatible(const void *fdt, int node, const char *name)
{
    int bytes;
    const char *list = tree_property(fdt, node, "compatible", &bytes);
    if (!list || bytes <= 0 || list[bytes - 1] != '\0') {
        return false;
    }
    for (u32 i = 0; i < (u32)bytes;) {
        if (list[i] == name[0] && strcmp(list + i, name) == 0) {
            return true;
        }
        i += (u32)strlen(list + i) + 1;
    }
    return false;
}

/* --- finding --- */

u32 tree_phandle(const void *fdt, int node)
{
    u32 phandle = tree_u32(fdt, node, "phandle", 0);
    return phandle ? phandle : tree_u32(fdt, node, "linux,phandle", 0);
}

int tree_find_phandle(const void *fdt, u32 phandle)
{
    if (phandle != 0 && found.fdt == fdt && found.phandle == phandle) {
        return found.node;
    }
    int node = -1;
    int depth = -1;
    while (phandle != 0 && (node = tree_next(fdt, node, &depth)) >= 0) {
        if (tree_phandle(fdt, node) == phandle) {
            found = (struct found){fdt, phandle, node};
            return node;
        }
    }
    return -1;
}

int tree_find_compatible(const void *fdt, int after, const char *name)
{
    int node = -1;
    int depth = -1;
    while ((node = tree_next(fdt, node, &depth)) >= 0) {
        if (node > after && tree_is_compatible(fdt, node, name)) {
            return node;
        }
    }
    return -1;
}

/* Is the node's name this component of a path? The unit address may be left out. */
static bool is_named(const char *name, const char *component, u32 n)
{
    return strncmp(name, component, n) == 0 &&
           (name[n] == '\0' || (name[n] == '@' && !memchr(component, '@', n)));
}

int tree_find_path(const void *fdt, const char *path)
{
    u32 left = 0;
    while (path[left] && path[left] != ':') {
        left++;
    }
    int node = 0;
    if (left == 0) {
        return -1;
    }
    if (path[0] != '/') { /* an alias, and perhaps more behind it */
        char alias[32];
        u32 n = 0;
        while (n < left && path[n] != '/') {
            n++;
        }
        string_copy(alias, path, MIN(n + 1, sizeof(alias)));
        int aliases = tree_find_path(fdt, "/aliases");
        const char *full = n < sizeof(alias) ? tree_string(fdt, aliases, alias) : NULL;
        node = full && full[0] == '/' ? tree_find_path(fdt, full) : -1;
        path += n;
        left -= n;
    }
    while (node >= 0) {
        while (left != 0 && *path == '/') {
            path++;
            left--;
        }
        if (left == 0) {
            break;
        }
        u32 n = 0;
        while (n < left && path[n] != '/') {
            n++;
        }
        /* Among the children only. */
        int depth = 0;
        do {
            node = tree_next(fdt, node, &depth);
        } while (node >= 0 && depth >= 1 &&
                 (depth > 1 || !is_named(tree_name(fdt, node), path, n)));
        if (depth < 1) {
            return -1;
        }
        path += n;
        left -= n;
    }
    return node;
}
