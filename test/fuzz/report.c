/* SPDX-License-Identifier: MIT */
/* Which calls answered what. */
#include "base/bits.h"
#include "base/err.h"
#include "cpu/atomic.h"
#include "test/fuzz/guest.h"

#define ROWS_MAX   192u
#define CALLS_MAX  64u
#define ERRORS_MAX 128u
#define STATUS_MAX 16u

static struct row {
    u64 calls, good, restarts;
    u64 error[ERRORS_MAX];
    u64 status[STATUS_MAX];
} rows[ROWS_MAX];

u32 report_row(u32 number, u32 sub)
{
    u32 i = 0;
    while (i < nr_call_shapes && (call_shapes[i].number != number || call_shapes[i].sub != sub)) {
        i++;
    }
    return i < nr_call_shapes ? i : nr_call_shapes + number;
}

static u32 nr_rows(void)
{
    return nr_call_shapes + CALLS_MAX;
}

void report_answer(u32 row, s64 result)
{
    atomic_add_relaxed(&rows[row].calls, 1);
    if (result < 0 && result > -(s64)ERRORS_MAX) {
        atomic_add_relaxed(&rows[row].error[-result], 1);
    } else {
        atomic_add_relaxed(&rows[row].good, 1);
    }
}

void report_status(u32 row, s64 status)
{
    if (status <= 0 && status > -(s64)STATUS_MAX) {
        atomic_add_relaxed(&rows[row].status[-status], 1);
    }
}

void report_restart(u32 row)
{
    atomic_add_relaxed(&rows[row].restarts, 1);
}

u64 report_calls(void)
{
    u64 n = 0;
    for (u32 i = 0; i < nr_rows(); i++) {
        n += rows[i].calls;
    }
    return n;
}

static const char *error_name(u32 error, char *buffer)
{
    static const struct {
        s32 error;
        const char *name;
    } names[] = {{E_PERM, "EPERM"},           {E_NOENT, "ENOENT"},
                 {E_SRCH, "ESRCH"},           {E_IO, "EIO"},
                 {E_NXIO, "ENXIO"},           {E_2BIG, "E2BIG"},
                 {E_NOEXEC, "ENOEXEC"},       {E_AGAIN, "EAGAIN"},
                 {E_NOMEM, "ENOMEM"},         {E_ACCES, "EACCES"},
                 {E_FAULT, "EFAULT"},         {E_BUSY, "EBUSY"},
                 {E_EXIST, "EEXIST"},         {E_XDEV, "EXDEV"},
                 {E_NODEV, "ENODEV"},         {E_INVAL, "EINVAL"},
                 {E_NOSPC, "ENOSPC"},         {E_DOM, "EDOM"},
                 {E_RANGE, "ERANGE"},         {E_DEADLK, "EDEADLK"},
                 {E_NOSYS, "ENOSYS"},         {E_NODATA, "ENODATA"},
                 {E_OVERFLOW, "EOVERFLOW"},   {E_ILSEQ, "EILSEQ"},
                 {E_OPNOTSUPP, "EOPNOTSUPP"}, {E_NOBUFS, "ENOBUFS"},
                 {E_NOTCONN, "ENOTCONN"}};
    for (u32 i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].error == -(s32)error) {
            return names[i].name;
        }
    }
    sprintf(buffer, "%u", error);
    return buffer;
}

static void print_row(FILE *to, u32 i)
{
    const struct row *r = &rows[i];
    char buffer[16];
    if (i < nr_call_shapes) {
        const struct call_shape *shape = &call_shapes[i];
        fprintf(to, "%3u %4u %-28s", shape->number, shape->sub, shape->name);
    } else {
        fprintf(to, "%3u    - %-28s", i - nr_call_shapes, "other");
    }
    fprintf(to, " %9llu calls %9llu OK", r->calls, r->good);
    for (u32 e = 1; e < ERRORS_MAX; e++) {
        if (r->error[e] != 0) {
            fprintf(to, " %s %llu", error_name(e, buffer), r->error[e]);
        }
    }
    for (u32 n = 0; n < STATUS_MAX; n++) {
        if (r->status[n] != 0) {
            fprintf(to, " GNTST(%d) %llu", -(s32)n, r->status[n]);
        }
    }
    fprintf(to, r->restarts != 0 ? ", restarted %llu\n" : "\n", r->restarts);
}

void report_print(FILE *to, bool whole)
{
    u64 undecoded = 0;
    u64 restarts = 0;
    for (u32 i = 0; i < nr_rows(); i++) {
        const u64 *e = rows[i].error;
        undecoded += e[-E_FAULT] + e[-E_INVAL] + e[-E_NOSYS] + e[-E_PERM];
        restarts += rows[i].restarts;
        if (whole && (i < nr_call_shapes || rows[i].calls + rows[i].restarts != 0)) {
            print_row(to, i);
        }
    }
    u64 calls = report_calls();
    fprintf(to, "%llu calls, %llu.%llu %% decoded, %llu restarts\n", calls,
            calls ? (calls - undecoded) * 100 / calls : 0,
            calls ? (calls - undecoded) * 1000 / calls % 10 : 0, restarts);
}
