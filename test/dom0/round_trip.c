// SPDX-License-Identifier: MIT
// round_trip IMAGE TRIPS SECONDS: stops the guest of test/guest/round wherever it is, writes its
// state out as records, copies its memory page by page into a new domain, reads the records there,
// lets it go on and destroys the old one; again and again. The SECONDS that it is away must not
// pass for it.
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "hyp/dom/record_format.h"
#include "test/dom0/control.h"
#include "test/guest/round/report.h"

const char program[] = "round_trip";

#define BASE_GFN    0x40000ull
#define SINGLES_GFN 0x40240ull // behind a hole
#define SINGLES     48u
#define MAX_KIB     (4096u + 256u)
#define PATIENCE_S  60u

struct bind_interdomain {
    uint32_t domain, port;
};
#define EVTCHN_BIND   _IOC(_IOC_NONE, 'E', 1, sizeof(struct bind_interdomain))
#define EVTCHN_UNBIND _IOC(_IOC_NONE, 'E', 3, sizeof(uint32_t))
#define EVTCHN_NOTIFY _IOC(_IOC_NONE, 'E', 4, sizeof(uint32_t))

#define RECORDS_BYTES (256u << 10)
static uint8_t *records; // locked
static uint32_t records_bytes;
static uint64_t frequency;
static unsigned away_s; // between stop and go; half of it would be seen

static uint16_t running; // whom fail() asks

// What is wrong, and what the guest says: its report, and its console's last words.
static void fail(const char *what, unsigned long long found)
{
    printf("%s: %s: %llx\n", program, what, found);
    if (running) {
        const struct round_report *r = map(running, ROUND_REPORT >> 12, 1);
        const char *console = map(running, ROUND_CONSOLE >> 12, 1);
        printf("ready %llu ticks %llu physical %llu sgis %llu events %llu loops %llu bad "
               "%llx\n%.2048s\n",
               (unsigned long long)r->ready, (unsigned long long)r->ticks,
               (unsigned long long)r->physical, (unsigned long long)r->sgis,
               (unsigned long long)r->events, (unsigned long long)r->loops,
               (unsigned long long)r->bad, console + 1024);
        shared->op.u.vcpucontext.vcpu = 0;
        shared->op.u.vcpucontext.ctxt.p = (uintptr_t)&shared->context;
        if (domctl(XEN_DOMCTL_getvcpucontext, running) == 0) {
            printf("pc %llx pstate %llx\n", (unsigned long long)shared->context.user_regs.pc64,
                   (unsigned long long)shared->context.user_regs.cpsr);
        }
    }
    exit(1);
}

static uint64_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

// ---- records

static void save(uint16_t domain)
{
    uint32_t type = 0, instance = 0;
    records_bytes = 0;
    for (;;) {
        shared->op.u.hvmcontext_partial =
            (struct xen_domctl_hvmcontext_partial){.type = type,
                                                   .instance = instance,
                                                   .bufsz = RECORDS_BYTES - records_bytes,
                                                   .buffer = {(uintptr_t)records + records_bytes}};
        long e = domctl(XEN_DOMCTL_gethvmcontext_partial, domain);
        if (e < 0 && errno == ENOENT) {
            return;
        }
        must("gethvmcontext_partial", e);
        type = shared->op.u.hvmcontext_partial.type;
        instance = shared->op.u.hvmcontext_partial.instance;
        records_bytes += (uint32_t)shared->op.u.hvmcontext_partial.bufsz;
    }
}

static long load(uint16_t domain, void *from, uint32_t bytes)
{
    shared->op.u.hvmcontext =
        (struct xen_domctl_hvmcontext){.size = bytes, .buffer = {(uintptr_t)from}};
    return domctl(XEN_DOMCTL_sethvmcontext, domain);
}

// The next record at *at, its body; NULL: no more.
static const struct record_header *next_record(uint32_t *at, const void **body)
{
    if (*at >= records_bytes) {
        return NULL;
    }
    const struct record_header *h = (const void *)(records + *at);
    *body = h + 1;
    *at += (uint32_t)sizeof(*h) + h->bytes;
    return h;
}

// ---- memory

static void copy_run(uint16_t from, uint16_t to, uint64_t gfn, unsigned nr)
{
    populate(to, gfn, nr, 0);
    void *old = map(from, gfn, nr);
    char *new = map(to, gfn, nr);
    memcpy(new, old, nr * 4096ul);
    __builtin___clear_cache(new, new + nr * 4096ul);
    munmap(old, nr * 4096ul);
    munmap(new, nr * 4096ul);
}

static unsigned copy_memory(uint16_t from, uint16_t to)
{
    unsigned pages = 0;
    uint32_t at = 0;
    const void *body;
    const struct record_header *h;
    while ((h = next_record(&at, &body)) != NULL) {
        const struct record_memory *m = body;
        for (uint32_t i = 0; h->type == RECORD_MEMORY && i < m->nr; i++) {
            for (uint32_t done = 0; done < m->run[i].nr_pages; done += BATCH) {
                uint32_t left = m->run[i].nr_pages - done;
                copy_run(from, to, m->run[i].gfn + done, left < BATCH ? left : BATCH);
            }
            pages += m->run[i].nr_pages;
        }
    }
    return pages;
}

// ---- the guest

static uint16_t make_first(const char *image)
{
    unsigned version;
    uint16_t domain = create(MAX_KIB, &version);
    populate(domain, BASE_GFN, 1, 9);
    populate(domain, SINGLES_GFN, SINGLES, 0);
    FILE *file = fopen(image, "r");
    must(image, file ? 0 : -1);
    for (unsigned gfn = BASE_GFN;; gfn += 1) {
        char *page = map(domain, gfn, 1);
        size_t got = fread(page, 1, 4096, file);
        __builtin___clear_cache(page, page + 4096);
        munmap(page, 4096);
        if (got < 4096) {
            break;
        }
    }
    fclose(file);
    set_param(domain, HVM_PARAM_CONSOLE_PFN, ROUND_CONSOLE >> 12);
    set_param(domain, HVM_PARAM_CONSOLE_EVTCHN, 0);
    struct round_report *report = map(domain, ROUND_REPORT >> 12, 1);
    report->gic_version = version;
    munmap(report, 4096);
    begin_at(domain, BASE_GFN << 12);
    must("unpause", domctl(XEN_DOMCTL_unpausedomain, domain));
    return domain;
}

// Waits until the counter has come so far.
static void await(volatile uint64_t *counter, uint64_t value, const char *what)
{
    const uint64_t deadline = now_s() + PATIENCE_S;
    while (*counter < value) {
        if (now_s() > deadline) {
            fail(what, *counter);
        }
        sched_yield();
    }
}

struct wire {
    int device;
    uint32_t port;
};

static struct wire bind(uint16_t domain, uint32_t port)
{
    struct wire w = {.device = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC)};
    must("/dev/xen/evtchn", w.device);
    struct bind_interdomain b = {domain, port};
    long local = ioctl(w.device, EVTCHN_BIND, &b);
    must("bind", local);
    w.port = (uint32_t)local;
    return w;
}

static void unbind(struct wire *w)
{
    must("unbind", ioctl(w->device, EVTCHN_UNBIND, &w->port));
    close(w->device);
}

// It ticks, is sent to and finds nothing wrong.
static void look(volatile struct round_report *report, const struct wire *w)
{
    await(&report->ticks, report->ticks + 20, "no more ticks");
    await(&report->physical, report->physical + 3, "no more ticks of the physical timer");
    await(&report->sgis, report->sgis + 20, "no more SGIs");
    await(&report->loops, report->loops + 100, "does not run");
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t before = report->events;
        must("notify", ioctl(w->device, EVTCHN_NOTIFY, &w->port));
        await(&report->events, before + 1, "no event");
    }
    if (report->bad) {
        fail("the guest found wrong", report->bad);
    }
}

// A record that was changed by one bit, and one of a later version: refused, and why.
static void refuse(uint16_t domain)
{
    struct record_header *h = (void *)records;
    records[sizeof(*h)] ^= 4;
    if (load(domain, records, records_bytes) == 0 || errno != EILSEQ) {
        fail("a changed bit was taken", errno);
    }
    records[sizeof(*h)] ^= 4;
    h->version++;
    if (load(domain, records, records_bytes) == 0 || errno != EOPNOTSUPP) {
        fail("a later version was taken", errno);
    }
    h->version--;
    if (load(domain, records, sizeof(*h) + 1) == 0 || errno != EINVAL) {
        fail("half a record was taken", errno);
    }
}

static uint16_t trip(uint16_t old, struct wire *w)
{
    volatile struct round_report *report = map(old, ROUND_REPORT >> 12, 1);
    shared->op.u.hvmcontext_partial = (struct xen_domctl_hvmcontext_partial){
        .bufsz = RECORDS_BYTES, .buffer = {(uintptr_t)records}};
    if (domctl(XEN_DOMCTL_gethvmcontext_partial, old) == 0 || errno != EBUSY) {
        fail("a running domain was written out", errno);
    }
    must("pause", domctl(XEN_DOMCTL_pausedomain, old));
    const struct round_report was = *report;
    save(old);
    munmap((void *)report, 4096);

    unsigned version;
    uint16_t new = create(MAX_KIB, &version);
    const unsigned pages = copy_memory(old, new);
    if (pages != 512 + SINGLES) {
        fail("pages", pages);
    }
    refuse(new);
    unbind(w);
    sleep(away_s); // it must not see this
    must("sethvmcontext", load(new, records, records_bytes));
    *w = bind(new, (uint32_t)was.port);
    must("unpause", domctl(XEN_DOMCTL_unpausedomain, new));

    running = new;
    report = map(new, ROUND_REPORT >> 12, 1);
    look(report, w);
    const uint64_t late = report->late;
    if (report->ticks <= was.ticks || report->loops <= was.loops || report->port != was.port) {
        fail("it began anew: ticks", report->ticks);
    }
    munmap((void *)report, 4096);
    if (away_s > 0 && late > frequency * away_s / 2) {
        fail("ticks that it was late", late);
    }
    destroy(old);
    printf("d%u goes on as d%u: %u pages, %u bytes of records, %llu ticks, late at most %llu us\n",
           old, new, pages, records_bytes, (unsigned long long)was.ticks,
           (unsigned long long)(late * 1000000 / frequency));
    return new;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "round_trip IMAGE TRIPS SECONDS\n");
        return 2;
    }
    control_open();
    records = locked(RECORDS_BYTES);
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    uint16_t domain = make_first(argv[1]);
    running = domain;
    volatile struct round_report *report = map(domain, ROUND_REPORT >> 12, 1);
    await(&report->ready, 1, "the guest is not ready");
    struct wire w = bind(domain, (uint32_t)report->port);
    look(report, &w);
    munmap((void *)report, 4096);
    const unsigned trips = (unsigned)atoi(argv[2]);
    away_s = (unsigned)atoi(argv[3]);
    for (unsigned i = 0; i < trips; i++) {
        domain = trip(domain, &w);
    }
    unbind(&w);
    destroy(domain);
    printf("round_trip: %u\n", trips);
    return 0;
}
