// SPDX-License-Identifier: MIT
#include "xenstored/client.h"
#include "xenstored/fixture_test.h"

static void send_request(struct peer *peer, uint32_t type, const char *path)
{
    const struct wire_header header = {type, 1, 0, (uint32_t)strlen(path) + 1};
    peer_send(peer, &header, sizeof(header));
    peer_send(peer, path, header.bytes);
}

static unsigned answers(const struct peer *peer)
{
    unsigned nr = 0;
    struct wire_header header;
    for (size_t at = 0; wire_decode(peer->in + at, peer->in_bytes - at, &header) > 0; nr++) {
        at += sizeof(header) + header.bytes;
    }
    return nr;
}

static void bytes_one_by_one(void **state)
{
    const struct wire_header header = {WIRE_READ, 42, 0, 6};
    char message[sizeof(header) + 6];
    memcpy(message, &header, sizeof(header));
    memcpy(message + sizeof(header), "/tool", 6);
    for (size_t i = 0; i < sizeof(message); i++) {
        assert_int_equal(guest.in_bytes, 0);
        peer_send(&guest, message + i, 1);
        peer_run(&x);
    }
    struct wire_header answer;
    assert_int_equal(wire_decode(guest.in, guest.in_bytes, &answer), guest.in_bytes);
    assert_int_equal(answer.request, 42);
    assert_int_equal(answer.type, WIRE_ERROR); /* of dom0's, and not readable */
    assert_null(guest.client->input);
}

static void too_long_ends_it(void **state)
{
    const struct wire_header header = {WIRE_READ, 1, 0, WIRE_MAX_PAYLOAD + 1};
    send_request(&guest, WIRE_READ, "/tool");
    peer_send(&guest, &header, sizeof(header));
    peer_run(&x);
    assert_null(guest.client);
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/tool", NULL), 0);
}

/* A guest that asks and does not listen: no more is read from it, others are served, and all
 * answers come when it listens. */
static void slow_client(void **state)
{
    guest.room = 0;
    for (unsigned i = 0; i < 500; i++) {
        send_request(&guest, WIRE_READ, "/local/domain/1");
    }
    peer_run(&x);
    assert_int_equal(guest.client->nr_answers, x.quota.outstanding);
    assert_true(guest.client->is_throttled);
    const uint64_t asked = x.nr_requests;
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/tool", NULL), 0);
    assert_int_equal(x.nr_requests, asked + 1);
    for (unsigned i = 0; i < 200 && answers(&guest) < 500; i++) {
        guest.room = 100; /* not a whole number of answers */
        client_ready(guest.client);
        peer_run(&x);
    }
    assert_int_equal(answers(&guest), 500);
    guest.room = SIZE_MAX;
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/local/domain/1", NULL), 0);
    assert_false(guest.client->is_throttled);
}

/* One that asks without end has its turns, not more: another's request comes in between. */
static void greedy_client(void **state)
{
    for (unsigned i = 0; i < 1000; i++) {
        send_request(&guest, WIRE_READ, "/local/domain/1");
    }
    send_request(&dom0, WIRE_READ, "/tool");
    const uint64_t before = x.nr_requests;
    xenstored_turn(&x, 0);
    assert_true(answers(&dom0) == 1);
    assert_true(x.nr_requests - before <= CLIENT_TURN + 1);
    peer_run(&x);
    assert_int_equal(answers(&guest), 1000);
}

/* The same change many times is one event; very many different ones come down to one. */
static void events_do_not_pile_up(void **state)
{
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "dir", "t", NULL), 0);
    assert_true(peer_event(&guest));
    guest.room = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(peer_write(&dom0, 0, "/local/domain/1/dir/a", "1"), 0);
    }
    assert_int_equal(guest.client->watches->nr_pending, 1);
    for (unsigned i = 0; i < 3 * WATCH_MAX_PENDING; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/local/domain/1/dir/%u", i);
        assert_int_equal(peer_write(&dom0, 0, path, "1"), 0);
    }
    assert_int_equal(guest.client->watches->nr_pending, WATCH_MAX_PENDING);
    guest.room = SIZE_MAX;
    client_ready(guest.client);
    peer_run(&x);
    unsigned nr = 0;
    char last[WIRE_MAX_PAYLOAD] = "";
    while (peer_event(&guest)) {
        nr++;
        strcpy(last, guest.payload);
    }
    assert_int_equal(nr, WATCH_MAX_PENDING + 1);
    assert_string_equal(last, "dir t"); /* for all that were left out */
    assert_int_equal(account_find(&x.accounts, 1)->client->queued_bytes, 0);
}

/* A guest with many devices: the control domain's kernel is told of each node, though its ring
 * takes a few events at a time. */
static void events_of_a_large_transaction(void **state)
{
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "backend", "t", NULL), 0);
    assert_true(peer_event(&dom0));
    dom0.room = 0;
    const unsigned nr = 40 * 16;
    char path[64];
    for (unsigned i = 0; i < nr; i++) {
        snprintf(path, sizeof(path), "/local/domain/0/backend/vif/1/%u/%u", i / 16, i % 16);
        watch_fire(&x, path, (unsigned)strlen(path), (struct watch_rights){0}, false);
    }
    dom0.room = SIZE_MAX;
    client_ready(dom0.client);
    peer_run(&x);
    for (unsigned i = 0; i < nr; i++) {
        assert_true(peer_event(&dom0));
        snprintf(path, sizeof(path), "backend/vif/1/%u/%u t", i / 16, i % 16);
        assert_string_equal(dom0.payload, path);
    }
    assert_false(peer_event(&dom0));
}

/* Events of a watch that is taken back are not sent any more. */
static void forgotten_events(void **state)
{
    guest.room = 0;
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "a", "t", NULL), -EPIPE);
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "b", "t", NULL), -EPIPE);
    assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "a", "t", NULL), -EPIPE);
    guest.room = SIZE_MAX;
    client_ready(guest.client);
    peer_run(&x);
    assert_true(peer_event(&guest));
    assert_string_equal(guest.payload, "b t");
    assert_false(peer_event(&guest));
}

static void many_clients(void **state)
{
    static struct peer peer[1000];
    for (unsigned i = 0; i < 1000; i++) {
        peer_open(&peer[i], &x, 0);
        assert_int_equal(peer_call(&peer[i], WIRE_WATCH, 0, "/all", "t", NULL), 0);
        assert_true(peer_event(&peer[i]));
    }
    assert_int_equal(peer_write(&dom0, 0, "/all/x", "1"), 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(peer_event(&peer[i]));
        peer_close(&peer[i]);
    }
    assert_int_equal(x.watches.nr, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(too_long_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_client, setup, teardown),
        cmocka_unit_test_setup_teardown(greedy_client, setup, teardown),
        cmocka_unit_test_setup_teardown(events_do_not_pile_up, setup, teardown),
        cmocka_unit_test_setup_teardown(events_of_a_large_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten_events, setup, teardown),
        cmocka_unit_test_setup_teardown(many_clients, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
