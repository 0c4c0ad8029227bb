// SPDX-License-Identifier: MIT
/* A guest's ring, its coming and its end, on the fake machine. */
#include "xenstored/guest.h"
#include "abi/grant.h"
#include "abi/sysctl.h"
#include "abi/xen.h"
#include "hv/xen_host.h"
#include "xenstored/domains.h"
#include "xenstored/peer_host.h"
#include "xenstored/storepage.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define FRAME 0x39001

static struct xenstored x;
static struct peer dom0;
static uint16_t domid;
static uint32_t remote_port;
static struct hv *toolstack;

/* A domain with a store page and a port for the store. */
static uint16_t make_domain(uint32_t *port)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm, .max_vcpus = 1, .grant_opts = 1};
    uint16_t made = 0;
    uint64_t done;
    assert_int_equal(hv_create_domain(toolstack, &config, &made), 0);
    hv_set_max_mem(toolstack, made, 4096);
    assert_int_equal(hv_populate_range(toolstack, made, FRAME, 1, 0, &done), 0);
    assert_int_equal(hv_alloc_unbound(toolstack, made, 0, port), 0);
    return made;
}

static int setup(void **state)
{
    xen_host_start();
    if (hv_open(&toolstack) < 0 || xenstored_init(&x) < 0 || guest_open(&x) < 0) {
        return -1;
    }
    peer_open(&dom0, &x, 0);
    domid = make_domain(&remote_port);
    return 0;
}

static int teardown(void **state)
{
    peer_close(&dom0);
    xenstored_fini(&x);
    hv_close(toolstack);
    assert_int_equal(x.tree.nr_nodes, 0);
    return xen_host_is_clean() ? 0 : -1;
}

static int introduce(uint16_t which, uint32_t port)
{
    char words[3][16];
    snprintf(words[0], 16, "%u", which);
    snprintf(words[1], 16, "%u", FRAME);
    snprintf(words[2], 16, "%u", port);
    return peer_call(&dom0, WIRE_INTRODUCE, 0, words[0], words[1], words[2], NULL);
}

static void write_page(size_t offset, const void *data, size_t bytes)
{
    assert_true(xen_host_write(domid, (uint64_t)FRAME * 4096 + offset, data, bytes));
}

static void read_page(size_t offset, void *data, size_t bytes)
{
    assert_true(xen_host_read(domid, (uint64_t)FRAME * 4096 + offset, data, bytes));
}

static void write_word(size_t offset, uint32_t value)
{
    write_page(offset, &value, sizeof(value));
}

static uint32_t read_word(size_t offset)
{
    uint32_t value;
    read_page(offset, &value, sizeof(value));
    return value;
}

/* The guest's event, and turns until the store has nothing more to do. */
static void kick(void)
{
    assert_true(xen_host_send(domid, remote_port));
    peer_run(&x);
}

static void rings(void **state)
{
    assert_int_equal(introduce(domid, remote_port), 0);
    char number[16];
    snprintf(number, sizeof(number), "%u", domid);
    assert_int_equal(peer_call(&dom0, WIRE_IS_DOMAIN_INTRODUCED, 0, number, NULL), 0);
    assert_string_equal(dom0.payload, "T");
    assert_int_equal(read_word(offsetof(struct storepage, features)), 3);
    const struct wire_header header = {WIRE_GET_DOMAIN_PATH, 7, 0, 2};
    write_page(0, &header, sizeof(header));
    write_page(sizeof(header), "3", 2);
    write_word(offsetof(struct storepage, request_producer), sizeof(header) + 2);
    kick();
    assert_int_equal(read_word(offsetof(struct storepage, request_consumer)), sizeof(header) + 2);
    const uint32_t bytes = read_word(offsetof(struct storepage, response_producer));
    char answer[64];
    struct wire_header got;
    read_page(STOREPAGE_RING, answer, sizeof(answer));
    assert_int_equal(wire_decode(answer, bytes, &got), bytes);
    assert_int_equal(got.request, 7);
    assert_string_equal(answer + sizeof(got), "/local/domain/3");
}

/* A guest on a CPU of its own that saves events as Linux does (storepage.h), up to WINDOW requests
 * ahead of the answers: all are answered, though no event comes for most. */
enum { NR_REQUESTS = 100000, WINDOW = 4, PATIENCE_S = 30 };

struct linux_guest {
    struct storepage *page;
    sem_t event; /* to the store */
    unsigned nr_asked, nr_answered;
    uint32_t answer_bytes; /* of one */
};

static void ask(struct linux_guest *guest)
{
    static const struct wire_header header = {WIRE_GET_DOMAIN_PATH, 7, 0, 2};
    char request[sizeof(header) + 2] = "";
    memcpy(request, &header, sizeof(header));
    request[sizeof(header)] = '3';
    const uint32_t producer = guest->page->request_producer;
    for (uint32_t i = 0; i < sizeof(request); i++) {
        guest->page->request[(producer + i) % STOREPAGE_RING] = request[i];
    }
    __atomic_store_n(&guest->page->request_producer, producer + (uint32_t)sizeof(request),
                     __ATOMIC_SEQ_CST);
    if (producer == __atomic_load_n(&guest->page->request_consumer, __ATOMIC_SEQ_CST)) {
        sem_post(&guest->event);
    }
    guest->nr_asked++;
}

static void hear(struct linux_guest *guest)
{
    struct storepage *page = guest->page;
    const uint32_t consumer = page->response_consumer;
    const uint32_t bytes = __atomic_load_n(&page->response_producer, __ATOMIC_SEQ_CST) - consumer;
    if (bytes < guest->answer_bytes) {
        return;
    }
    __atomic_store_n(&page->response_consumer, consumer + guest->answer_bytes, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&page->response_producer, __ATOMIC_SEQ_CST) - consumer >= STOREPAGE_RING) {
        sem_post(&guest->event);
    }
    __atomic_fetch_add(&guest->nr_answered, 1, __ATOMIC_RELEASE);
}

static void *run_linux(void *arg)
{
    struct linux_guest *guest = arg;
    while (guest->nr_answered < NR_REQUESTS) {
        if (guest->nr_asked < NR_REQUESTS && guest->nr_asked - guest->nr_answered < WINDOW) {
            ask(guest);
        }
        hear(guest);
    }
    sem_post(&guest->event);
    return NULL;
}

static void saved_events(void **state)
{
    struct hv_mapping mapping;
    struct timespec end;
    pthread_t thread;
    assert_int_equal(introduce(domid, remote_port), 0);
    assert_int_equal(hv_map_range(toolstack, domid, FRAME, 1, true, &mapping), 0);
    static struct linux_guest guest = {.answer_bytes =
                                           sizeof(struct wire_header) + sizeof("/local/domain/3")};
    guest.page = mapping.at;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    sem_init(&guest.event, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_linux, &guest), 0);
    while (__atomic_load_n(&guest.nr_answered, __ATOMIC_ACQUIRE) < NR_REQUESTS) {
        assert_int_equal(sem_timedwait(&guest.event, &end), 0);
        while (sem_trywait(&guest.event) == 0) { /* one bit, however often it is set */
        }
        kick();
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    sem_destroy(&guest.event);
    hv_unmap(toolstack, &mapping);
}

/* The guest's table is used where it says so: no other frame can be had. */
static void by_grant(void **state)
{
    const struct xen_grant_entry_v1 entry = {
        .flags = GTF_permit_access, .domid = 0, .frame = FRAME};
    struct hv_mapping table;
    assert_int_equal(hv_map_grant_table(toolstack, domid, 1, &table), 0);
    memcpy((struct xen_grant_entry_v1 *)table.at + GNTTAB_RESERVED_XENSTORE, &entry, sizeof(entry));
    hv_unmap(toolstack, &table);
    char words[2][16];
    snprintf(words[0], 16, "%u", domid);
    snprintf(words[1], 16, "%u", remote_port);
    assert_int_equal(peer_call(&dom0, WIRE_INTRODUCE, 0, words[0], "1234567", words[1], NULL), 0);
    assert_int_equal(read_word(offsetof(struct storepage, features)), 3);
}

static void wrong_introductions(void **state)
{
    assert_int_equal(introduce(77, remote_port), -ENOENT);
    assert_int_not_equal(introduce(domid, 9), 0);
    char words[2][16];
    snprintf(words[0], 16, "%u", domid);
    snprintf(words[1], 16, "%u", remote_port);
    assert_int_not_equal(peer_call(&dom0, WIRE_INTRODUCE, 0, words[0], "1234567", words[1], NULL),
                         0);
    assert_int_equal(peer_call(&dom0, WIRE_IS_DOMAIN_INTRODUCED, 0, words[0], NULL), 0);
    assert_string_equal(dom0.payload, "F");
    /* Whatever operation fails, it can be tried again */
    for (unsigned k = 1; k < 6; k++) {
        xen_host_arm(k, EIO);
        const int err = introduce(domid, remote_port);
        if (!xen_host_disarm() || err == 0) {
            assert_int_equal(err, 0);
            return;
        }
    }
    assert_int_equal(introduce(domid, remote_port), 0);
}

static void hostile_indices(void **state)
{
    assert_int_equal(introduce(domid, remote_port), 0);
    write_word(offsetof(struct storepage, request_producer), 5000);
    kick();
    assert_int_equal(read_word(offsetof(struct storepage, error)), STOREPAGE_ERROR_RINGIDX);
    assert_null(account_find(&x.accounts, domid)->client);
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/tool", NULL), 0);
}

static void starts_anew(void **state)
{
    assert_int_equal(introduce(domid, remote_port), 0);
    const struct wire_header header = {WIRE_READ, 7, 0, 100};
    write_page(0, &header, sizeof(header)); /* the rest never comes */
    write_word(offsetof(struct storepage, request_producer), sizeof(header));
    kick();
    write_word(offsetof(struct storepage, connection), STOREPAGE_RECONNECT);
    kick();
    assert_int_equal(read_word(offsetof(struct storepage, connection)), STOREPAGE_CONNECTED);
    assert_int_equal(read_word(offsetof(struct storepage, request_producer)), 0);
    assert_int_equal(account_find(&x.accounts, domid)->client->input_bytes, 0);
}

/* Shut down: told once; gone: told, and forgotten with its nodes. */
static void ends(void **state)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", domid);
    uint32_t port;
    const uint16_t other = make_domain(&port);
    assert_int_equal(introduce(domid, remote_port), 0);
    assert_int_equal(introduce(other, port), 0);
    assert_int_equal(peer_call(&dom0, WIRE_MKDIR, 0, "/mine", NULL), 0);
    char words[16];
    snprintf(words, sizeof(words), "n%u", domid);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/mine", words, NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "t", NULL), 0);
    assert_true(peer_event(&dom0));
    domains_check(&x);
    peer_run(&x);
    assert_false(peer_event(&dom0));
    assert_int_equal(hv_shutdown_domain(toolstack, domid, 0), 0);
    assert_true(xen_host_raise_virq(VIRQ_DOM_EXC));
    peer_run(&x);
    assert_true(peer_event(&dom0));
    domains_check(&x);
    peer_run(&x);
    assert_false(peer_event(&dom0));
    assert_non_null(account_find(&x.accounts, domid));
    assert_int_equal(peer_call(&dom0, WIRE_RESUME, 0, number, NULL), 0);
    assert_false(account_find(&x.accounts, domid)->is_shut_down);
    client_destroy(account_find(&x.accounts, domid)->client); /* its memory goes with it */
    assert_int_equal(hv_destroy_domain(toolstack, domid), 0);
    domains_check(&x);
    peer_run(&x);
    assert_true(peer_event(&dom0));
    assert_null(account_find(&x.accounts, domid));
    assert_non_null(account_find(&x.accounts, other));
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/mine", NULL), -ENOENT);
}

/* The same where the hypervisor does not say who. */
static void ends_on_xen_4_17(void **state)
{
    xen_host.has_no_states = true;
    ends(state);
}

static void told(const char *event)
{
    peer_run(&x);
    if (!peer_event(&dom0)) {
        fail_msg("not told of '%s'", event);
    }
    assert_string_equal(dom0.payload, event);
}

static void told_nothing(void)
{
    peer_run(&x);
    assert_false(peer_event(&dom0));
}

/* Whoever asked for it hears the number, and the store asks for those alone that changed. */
static void who_it_was(void **state)
{
    char event[4][40];
    uint16_t other[3];
    uint32_t port;
    assert_int_equal(introduce(domid, remote_port), 0);
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "who", "1", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@introduceDomain", "new", "1", NULL), 0);
    told("@releaseDomain who"); /* its first event: look at everybody */
    told("@introduceDomain new");
    for (unsigned i = 0; i < 3; i++) {
        other[i] = make_domain(&port);
        assert_int_equal(introduce(other[i], port), 0);
        snprintf(event[3], sizeof(event[3]), "@introduceDomain/%u new", other[i]);
        told(event[3]);
        snprintf(event[i], sizeof(event[i]), "@releaseDomain/%u who", other[i]);
    }
    domains_check(&x); /* of their coming */
    const unsigned before = xen_host_count(__HYPERVISOR_sysctl, XEN_SYSCTL_getdomaininfolist);
    assert_int_equal(hv_shutdown_domain(toolstack, other[0], 0), 0);
    assert_int_equal(hv_shutdown_domain(toolstack, other[2], 0), 0);
    client_destroy(account_find(&x.accounts, other[1])->client);
    assert_int_equal(hv_destroy_domain(toolstack, other[1]), 0);
    assert_true(xen_host_raise_virq(VIRQ_DOM_EXC)); /* one for all three */
    told(event[0]);
    told(event[1]);
    told(event[2]);
    told_nothing();
    assert_int_equal(xen_host_count(__HYPERVISOR_sysctl, XEN_SYSCTL_getdomaininfolist), before);
    /* What fails on the way is made up for by a look at all */
    assert_int_equal(hv_shutdown_domain(toolstack, domid, 0), 0);
    xen_host_arm(1, EIO);
    domains_check(&x);
    assert_true(xen_host_disarm());
    snprintf(event[0], sizeof(event[0]), "@releaseDomain/%u who", domid);
    told(event[0]);
    told_nothing();
}

/* It went, and another one has its number, before the store looked. */
static void a_number_that_comes_back(void **state)
{
    char event[40];
    uint32_t port;
    assert_int_equal(introduce(domid, remote_port), 0);
    assert_int_equal(peer_write(&dom0, 0, "/mine", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "who", "1", NULL), 0);
    told("@releaseDomain who");
    const uint64_t first = account_find(&x.accounts, domid)->unique_id;
    snprintf(event, sizeof(event), "@releaseDomain/%u who", domid);
    xen_host_slot(domid)->unique_id += 1000; /* a destroy and a create, but the page stays mapped */
    xen_host_mark_changed(domid);
    domains_check(&x);
    told(event);
    assert_null(account_find(&x.accounts, domid));

    /* The tools may be faster than the VIRQ: the ring is the new one's. */
    assert_int_equal(hv_alloc_unbound(toolstack, domid, 0, &port), 0);
    assert_int_equal(introduce(domid, port), 0);
    xen_host_slot(domid)->unique_id += 1000;
    xen_host_mark_changed(domid);
    assert_int_equal(hv_alloc_unbound(toolstack, domid, 0, &port), 0);
    assert_int_equal(introduce(domid, port), 0);
    told(event);
    assert_true(account_find(&x.accounts, domid)->unique_id == first + 2000);
    domains_check(&x);
    told_nothing();
    assert_true(account_find(&x.accounts, domid)->is_introduced);
}

/* Destroyed, but somebody still maps its pages: told when it died, not when it goes. */
static void dead_and_not_gone(void **state)
{
    assert_int_equal(introduce(domid, remote_port), 0);
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "t", NULL), 0);
    told("@releaseDomain t");
    xen_host_find(domid)->is_dead = true;
    xen_host_mark_changed(domid);
    domains_check(&x);
    told("@releaseDomain t");
    assert_null(account_find(&x.accounts, domid));
    assert_int_equal(hv_destroy_domain(toolstack, domid), 0);
    domains_check(&x);
    told_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rings, setup, teardown),
        cmocka_unit_test_setup_teardown(saved_events, setup, teardown),
        cmocka_unit_test_setup_teardown(by_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_introductions, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_indices, setup, teardown),
        cmocka_unit_test_setup_teardown(starts_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(ends, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_on_xen_4_17, setup, teardown),
        cmocka_unit_test_setup_teardown(who_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_and_not_gone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
