/* SPDX-License-Identifier: MIT */
/*
 * faults [--list] [--case NAME]: for each script of faults_cases.c the k-th allocation, copy or map
 * of its last call fails, k = 1 to all. No crash, no leak; what answers an error has changed
 * nothing, and succeeds when it comes again. Before that the k-th allocation of the machine's boot
 * fails: it panics with a sentence.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/arm.h"
#include "abi/domctl.h"
#include "abi/platform.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "mem/frame.h"
#include "p2m/p2m.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/faults.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/wrap.h"

#define RAM_BYTES    (24ULL << 20)
#define STRUCT_MAX   256u
#define PAGE_ARGS    20u /* of the caller's RAM: structure, list, buffer */
#define PAGE_OUT     21u
#define FAULTS_MAX   400u
#define SETTLE_STEPS 8u

static const struct fault_case *now;
static u64 fail_k;
static u32 at_step, nr_times; /* how often it was done */
static bool again, was_failure, armed;
static u64 kept, print_before;
static s64 last_answer;
static u32 failures, settle;

static void print_repeat(void)
{
    fprintf(stderr, "fuzz: again: faults --case '%s' (failure %llu)\n", now->name, fail_k + 1);
}

/* ---- all that the rest of the world can tell of the hypervisor's state, as one number */

static u64 mix(u64 h, u64 value)
{
    return (h ^ value) * 0x9e3779b97f4a7c15ULL + (h >> 29);
}

static u64 print_domain(u64 h, struct domain *d)
{
    h = mix(mix(h, d->id.id), d->refs.count);
    h = mix(mix(mix(h, d->nr_pages), d->max_pages), d->life << 16 | d->shutdown_code);
    h = mix(mix(mix(h, d->paused_by_tools), d->pauses), d->assist);
    for (u32 t = 0; t < P2M_NR_TYPES; t++) {
        h = mix(h, d->p2m->nr_leaves[t]);
    }
    h = mix(mix(h, evtchn_nr_ports_in_use(d)), gnttab_nr_maptrack(d));
    for (u32 i = 0; i < ARRAY_LEN(d->hvm_param); i++) {
        h = mix(h, d->hvm_param[i]);
    }
    for (u32 i = 0; i < d->max_vcpus; i++) {
        const struct vcpu *v = d->vcpu[i];
        h = v ? mix(mix(h, v->online << 1 | v->initialised), v->pauses) : h;
        h = v ? mix(mix(h, v->info_page != NULL), v->runstate != NULL) : h;
    }
    for (const struct list *r = d->io_ranges.next; r != &d->io_ranges; r = r->next) {
        h = mix(h, 1);
    }
    return h;
}

static u64 fingerprint(void)
{
    u64 h = 1;
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        h = print_domain(h, d);
    }
    u64 first = 0x40000000 >> PAGE_SHIFT;
    for (u64 i = first; i < first + (RAM_BYTES >> PAGE_SHIFT); i++) {
        /* Records inside of larger blocks say nothing; those of guests' pages do. */
        const struct frame *f = &frame_table[i];
        if (f->state == FRAME_SHARED || (f->state == FRAME_GUEST && f->order == 0)) {
            h = mix(mix(h, i), (u64)f->refs << 32 | f->owner);
            h = mix(h, (u64)f->writable_maps << 32 | (f->state == FRAME_SHARED ? f->gfn : 0));
        }
    }
    return h;
}

/* ---- one step as registers and memory */

static u64 page_of(const struct domain *d, u64 n)
{
    return (guest_ram(d) + n) << PAGE_SHIFT;
}

static u64 value_of(const struct vcpu *v, const struct value *value)
{
    switch (value->kind) {
    case V_LIST:
        return page_of(v->domain, PAGE_ARGS) + 1024;
    case V_OUT:
        return page_of(v->domain, PAGE_OUT) + value->v;
    case V_DOM:
        return guest_id[value->v].id;
    case V_NEW:
        return guest_id[GUESTS].id + 1u;
    case V_RESULT:
        return kept;
    case V_RAM:
        return guest_ram(v->domain) + value->v;
    default:
        return value->v;
    }
}

static const struct call_shape *find_row(const char *name, u32 *index)
{
    for (u32 i = 0; i < nr_call_shapes; i++) {
        if (strcmp(call_shapes[i].name, name) == 0) {
            *index = i;
            return &call_shapes[i];
        }
    }
    machine_finding("no call is named %s", name);
}

static void fill_constants(const struct call_shape *row, u8 *bytes)
{
    for (u32 i = 0; i < row->nr_fields; i++) {
        if (row->fields[i].kind == K_NUM) {
            memcpy(bytes + row->fields[i].at, &row->fields[i].a, row->fields[i].bytes);
        }
    }
    if (row->shape == S_CONTROL) {
        memcpy(bytes, &row->sub, sizeof(row->sub));
    }
}

static void write_context(struct vcpu *v)
{
    struct xen_vcpu_guest_context c;
    memset(&c, 0, sizeof(c));
    c.user_regs.cpsr = PSTATE_EL1H;
    c.flags = VGCF_online;
    guest_write(v->domain, page_of(v->domain, PAGE_OUT), &c, sizeof(c));
}

static void prepare(struct vcpu *v, const struct step *s, struct guest *g)
{
    u8 bytes[STRUCT_MAX] = {0};
    const u64 at = page_of(v->domain, PAGE_ARGS);
    const struct call_shape *row = find_row(s->row, &g->row);
    fill_constants(row, bytes);
    for (u32 i = 0; i < VALUES_MAX; i++) {
        u64 value = value_of(v, &s->value[i]);
        memcpy(bytes + s->value[i].at, &value, s->value[i].bytes);
    }
    guest_write(v->domain, at, bytes, row->bytes);
    guest_write(v->domain, at + 1024, s->list, sizeof(s->list));
    write_context(v);
    v->regs.x[16] = row->number;
    v->regs.x[0] = row->shape == S_CONTROL ? at : row->sub;
    v->regs.x[1] = row->shape == S_VCPU ? s->vcpu : at;
    v->regs.x[2] = row->shape == S_VCPU ? at : 1;
}

/* A step that is no call: the granter writes entry 10. */
static bool is_write(struct vcpu *v, const struct step *s)
{
    u8 entry[8] = {0};
    if (strcmp(s->row, "grant") != 0) {
        return false;
    }
    for (u32 i = 0; i < 3; i++) {
        u64 value = value_of(v, &s->value[i]);
        memcpy(entry + s->value[i].at, &value, s->value[i].bytes);
    }
    guest_write(v->domain, (GUEST_GNT << PAGE_SHIFT) + 10 * sizeof(entry), entry, sizeof(entry));
    return true;
}

/* ---- the script */

static bool is_last(u32 n)
{
    return n + 1 == STEPS_MAX || now->step[n + 1].row == NULL;
}

/* The call's answer, or the first element's own. */
static s64 answer_of(struct vcpu *v, const struct guest *g)
{
    s64 answer = (s64)v->regs.x[0];
    const struct call_shape *row = &call_shapes[g->row];
    for (u32 i = 0; answer == 0 && i < row->nr_fields; i++) {
        s16 status;
        if (row->fields[i].kind == K_STATUS) {
            memcpy(&status, machine_memory(v->domain, g->array + row->fields[i].at, false), 2);
            answer = status;
        }
    }
    return answer;
}

static bool may_not_change(void)
{
    return now->kind == WHOLE || (now->kind == ANSWER && !wrap_failed_is("copy_out"));
}

static void step_is_done(struct vcpu *v, const struct step *s, const struct guest *g)
{
    s64 answer = answer_of(v, g);
    if (s->keep) {
        u32 word = 0;
        const void *from =
            machine_memory(v->domain, page_of(v->domain, PAGE_ARGS) + s->keep, false);
        memcpy(&word, from, strcmp(s->row, "createdomain") == 0 ? 2 : 4);
        kept = word;
    }
    if (!is_last(at_step)) {
        if (answer != s->answer) {
            machine_finding("step %u (%s) answers %lld", at_step, s->row, answer);
        }
        if (++nr_times >= s->times) {
            nr_times = 0;
            at_step++;
        }
        return;
    }
    if (again) {
        if (answer != s->answer && may_not_change()) {
            machine_finding("it fails for ever: %lld after %lld failed", answer, s->answer);
        }
        machine_end();
        return;
    }
    was_failure = wrap_has_failed();
    wrap_fail_nth(~0ULL);
    armed = false;
    last_answer = answer;
    settle = SETTLE_STEPS;
}

/* A grace period has passed: what a failed call gave back is back. */
static void look(const struct step *s)
{
    u64 print_after = fingerprint();
    if (!was_failure && last_answer != s->answer) {
        machine_finding("nothing failed, but it answers %lld", last_answer);
    }
    again = last_answer != s->answer;
    if (again && may_not_change() && print_after != print_before) {
        fprintf(stderr, "fuzz: answer %lld\n", last_answer);
        wrap_print_failed(stderr);
        machine_finding("it failed and left something behind");
    }
    if (!again) {
        machine_end();
    }
}

static void script(struct vcpu *v)
{
    struct guest *g = guest_of(v);
    if (guest_is_building()) {
        guest_build_step(v);
        sched_yield_unit(&v->unit);
        return;
    }
    const struct step *s = &now->step[at_step];
    if (settle != 0) {
        sched_yield_unit(&v->unit);
        if (--settle == 0) {
            look(s);
        }
        return;
    }
    if (!domid_eq(v->domain->id, guest_id[s->who]) || v->id != 0) {
        sched_yield_unit(&v->unit);
        return;
    }
    if (!g->in_call) {
        if (is_write(v, s)) {
            at_step++;
            return;
        }
        prepare(v, s, g);
        if (is_last(at_step) && !again && !armed) {
            armed = true;
            print_before = fingerprint();
            wrap_fail_nth(fail_k);
        }
    }
    fuzz_call(v, g);
    if (!g->in_call) {
        step_is_done(v, s, g);
    }
}

/* False: fewer than k + 1 operations that could fail. */
static bool run(const struct fault_case *c, u64 k)
{
    now = c;
    fail_k = k;
    at_step = nr_times = 0;
    again = was_failure = armed = false;
    settle = 0;
    wrap_fail_nth(~0ULL);
    machine_go_on();
    guest_build_dom0();
    if (!machine_run()) {
        machine_finding("the script stands still at step %u", at_step);
    }
    guest_tear_down();
    failures += was_failure;
    return was_failure;
}

/* ---- boot, a process each */

#define SAID_WHY 42

static bool lists;

static void panic_is_clean(void)
{
    if (lists) {
        wrap_print_sites(stdout);
        fflush(stdout);
    }
    _exit(wrap_has_failed() ? SAID_WHY : 1);
}

static int boot_status(const struct machine_config *config, u64 k)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        machine_print_repeat = panic_is_clean;
        wrap_fail_nth(k);
        machine_boot(config);
        _exit(wrap_has_failed() ? 2 : 0);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("faults: error: fork");
        exit(2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static u64 fail_at_boot(const struct machine_config *config)
{
    u64 k = 0;
    int status;
    while ((status = boot_status(config, k)) == SAID_WHY) {
        k++;
    }
    if (status != 0) {
        fprintf(stderr, "fuzz: error: finding: failure %llu of boot is not told (%d)\n", k + 1,
                status);
        exit(1);
    }
    return k;
}

int main(int argc, char **argv)
{
    const struct machine_config config = {1, 3, RAM_BYTES};
    lists = argc > 1 && strcmp(argv[1], "--list") == 0;
    const char *only = argc == 3 && strcmp(argv[1], "--case") == 0 ? argv[2] : NULL;
    machine_guest = script;
    machine_print_repeat = print_repeat;
    now = &fault_cases[0];
    const u64 at_boot = only ? 0 : fail_at_boot(&config);
    printf("%-32s %llu failures\n", "boot", at_boot);
    failures += (u32)at_boot;
    machine_boot(&config);
    for (u32 i = 0; i < nr_fault_cases; i++) {
        u64 k = 0;
        if (only && strcmp(only, fault_cases[i].name) != 0) {
            continue;
        }
        while (run(&fault_cases[i], k)) {
            if (++k > FAULTS_MAX) {
                machine_finding("more than %u failures", FAULTS_MAX);
            }
        }
        printf("%-32s %llu failures\n", fault_cases[i].name, k);
    }
    if (lists) {
        report_print(stdout, true);
        wrap_print_sites(stdout);
    }
    printf("faults: %u cases, %u failures; no finding\n", nr_fault_cases, failures);
    return 0;
}
