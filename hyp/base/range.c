/* SPDX-License-Identifier: MIT */
#include "base/range.h"

#include "base/bits.h"

bool range_insert(struct range *list, u32 *nr, u32 max, struct range r)
{
    if (*nr >= max || r.start + r.bytes < r.start) {
        return false;
    }
    u32 at = *nr;
    for (; at > 0 && list[at - 1].start > r.start; at--) {
        list[at] = list[at - 1];
    }
    list[at] = r;
    (*nr)++;
    return true;
}

void range_merge(struct range *list, u32 *nr)
{
    u32 out = 0;
    for (u32 i = 0; i < *nr; i++) {
        if (list[i].bytes == 0) {
            continue;
        }
        if (out > 0 && list[i].start <= range_end(&list[out - 1])) {
            u64 end = MAX(range_end(&list[out - 1]), range_end(&list[i]));
            list[out - 1].bytes = end - list[out - 1].start;
        } else {
            list[out++] = list[i];
        }
    }
    *nr = out;
}

bool range_add(struct range *list, u32 *nr, u32 max, struct range r)
{
    if (r.start + r.bytes < r.start) {
        return false;
    }
    /* An entry that r touches swallows it, so that a full list still takes what fits it. */
    for (u32 i = 0; i < *nr; i++) {
        if (r.start <= range_end(&list[i]) && list[i].start <= range_end(&r)) {
            u64 start = MIN(r.start, list[i].start);
            list[i].bytes = MAX(range_end(&r), range_end(&list[i])) - start;
            list[i].start = start;
            range_merge(list, nr);
            return true;
        }
    }
    return r.bytes == 0 || range_insert(list, nr, max, r);
}

const struct range *range_find_overlap(const struct range *list, u32 nr, const struct range *r)
{
    for (u32 i = 0; i < nr; i++) {
        if (range_overlaps(&list[i], r)) {
            return &list[i];
        }
    }
    return NULL;
}

bool range_take_gap(const struct range *list, u32 nr, struct range *rest, struct range *out)
{
    const u64 end = range_end(rest);
    u64 at = rest->start;
    u64 gap_end = end;
    for (u32 i = 0; i < nr && at < end; i++) {
        if (range_end(&list[i]) <= at) {
            continue;
        }
        if (list[i].start > at) {
            gap_end = MIN(end, list[i].start);
            break;
        }
        at = range_end(&list[i]);
    }
    *out = (struct range){at, gap_end > at ? gap_end - at : 0};
    *rest = (struct range){range_end(out), end > range_end(out) ? end - range_end(out) : 0};
    return out->bytes != 0;
}
