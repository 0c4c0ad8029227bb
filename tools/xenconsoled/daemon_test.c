// SPDX-License-Identifier: MIT
// The whole daemon with real terminals and logs, over a hypervisor and a store of the test's
#include "xenconsoled/fake_test.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/failing.h"

static struct consoled d;
static char folder[64];
static size_t nr_log_bytes; /* of the last log_text(): it may hold zeros */

static const char *log_path(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *log_text(const char *name)
{
    static char text[1 << 20];
    const int fd = open(log_path(name), O_RDONLY);
    if (fd < 0) {
        return "(none)";
    }
    const ssize_t nr = read(fd, text, sizeof(text) - 1);
    close(fd);
    nr_log_bytes = nr < 0 ? 0 : (size_t)nr;
    text[nr_log_bytes] = '\0';
    return text;
}

static int init(void **state)
{
    strcpy(folder, "/tmp/kanso-consoled-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    setenv("TZ", "UTC", 1);
    fake_init();
    memset(&d, 0, sizeof(d));
    d.now_ms = fake_now_ms;
    d.options = (struct consoled_options){
        .log_folder = folder, .logs_guests = true, .logs_hypervisor = true};
    return consoled_start(&d);
}

static int fini(void **state)
{
    char command[128];
    consoled_fini(&d);
    assert_int_equal(hv_fake.nr_mapped, 0);
    for (size_t i = 0; i < FAKE_NR_PORTS; i++) {
        assert_false(hv_fake.port[i].is_bound && hv_fake.port[i].remote != 0);
    }
    fake_fini();
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static int person_opens(const char *node)
{
    const int fd = open(fake_value("%s", node), O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    fake_turn(&d);
    return fd;
}

/* As many bytes as that, however long the kernel takes to bring them. */
static const char *person_reads(int fd, size_t wanted)
{
    static char text[300000];
    size_t nr = 0;
    while (nr < wanted) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        fake_turn(&d);
        assert_int_equal(poll(&wait, 1, 10000), 1);
        const ssize_t n = read(fd, text + nr, sizeof(text) - 1 - nr);
        assert_true(n > 0);
        nr += (size_t)n;
    }
    assert_int_equal(nr, wanted);
    text[nr] = '\0';
    return text;
}

static void person_types(int fd, const char *text, size_t nr, const uint32_t *prod, uint32_t wanted)
{
    assert_int_equal(write(fd, text, nr), nr);
    while (*prod != wanted) {
        assert_true(loop_turn(&d.loop, 10000) > 0);
    }
    fake_turn(&d); /* comes to an end */
}

static void both_directions(void **state)
{
    fake_guest(7, "web");
    fake_put(hv_fake.ring[7], "before anybody listened\n");
    fake_introduce(&d);
    assert_string_equal(log_text("guest-web.log"), "before anybody listened\n");
    assert_string_equal(fake_value("/local/domain/7/console/tty(access)"), "0 7");
    fake_prints(&d, 7, "login: ");
    const int fd = person_opens("/local/domain/7/console/tty");
    assert_string_equal(person_reads(fd, sizeof("before anybody listened\nlogin: ") - 1),
                        "before anybody listened\nlogin: ");
    fake_prints(&d, 7, "more");
    assert_string_equal(person_reads(fd, sizeof("more") - 1), "more");
    const unsigned notified = hv_fake.calls.notify;
    person_types(fd, "root\n", 5, &hv_fake.ring[7]->in_prod, 5);
    assert_memory_equal(hv_fake.ring[7]->in, "root\n", 5);
    assert_int_equal(hv_fake.calls.notify, notified + 1);
    close(fd);
    fake_turn(&d);
    fake_prints(&d, 7, "unseen\n"); /* is kept for the next one */
    const int again = person_opens("/local/domain/7/console/tty");
    assert_string_equal(person_reads(again, sizeof("unseen\n") - 1), "unseen\n");
    close(again);
    assert_string_equal(log_text("guest-web.log"), "before anybody listened\nlogin: moreunseen\n");
}

/* The guest does not take what is typed: it waits in the terminal, and comes when there is room. */
static void more_is_typed_than_fits(void **state)
{
    char text[1500];
    memset(text, 'k', sizeof(text));
    fake_guest(7, "web");
    fake_introduce(&d);
    struct console_ring *ring = hv_fake.ring[7];
    const int fd = person_opens("/local/domain/7/console/tty");
    person_types(fd, text, sizeof(text), &ring->in_prod, CONSOLE_RING_IN);
    ring->in_cons += CONSOLE_RING_IN;
    fake_raise(fake_port_of(&d, 7, CONSOLE_PRIMARY));
    fake_turn(&d);
    assert_int_equal(ring->in_prod, sizeof(text));
    close(fd);
}

static void nodes_come_later_and_change(void **state)
{
    hv_fake.is_there[3] = true;
    hv_fake.ring[3] = calloc(1, sizeof(struct console_ring));
    fake_introduce(&d);
    assert_non_null(d.guest[3]);
    assert_null(d.guest[3]->console[CONSOLE_PRIMARY]);
    fake_write("5", "/local/domain/3/console/ring-ref");
    fake_turn(&d);
    fake_write("ioemu", "/local/domain/3/console/type");
    fake_write("9", "/local/domain/3/console/port");
    fake_turn(&d);
    assert_null(d.guest[3]->console[CONSOLE_PRIMARY]); /* somebody else's */
    fake_write("xenconsoled", "/local/domain/3/console/type");
    fake_turn(&d);
    const uint32_t port = fake_port_of(&d, 3, CONSOLE_PRIMARY);
    char tty[64];
    snprintf(tty, sizeof(tty), "%s", fake_value("/local/domain/3/console/tty"));
    assert_memory_equal(tty, "/dev/pts/", 9);
    fake_write("10", "/local/domain/3/console/port"); /* as after a save and restore */
    fake_turn(&d);
    assert_int_not_equal(fake_port_of(&d, 3, CONSOLE_PRIMARY), port);
    assert_false(hv_fake.port[port].is_bound);
    assert_string_equal(fake_value("/local/domain/3/console/tty"), tty);
    fake_prints(&d, 3, "no name\n");
    assert_string_equal(log_text("guest-dom3.log"), "no name\n");
}

static void the_last_words(void **state)
{
    fake_guest(7, "web");
    fake_introduce(&d);
    fake_put(hv_fake.ring[7], "reboot: Power down\n"); /* without an event */
    hv_fake.is_dying[7] = true;
    fake_fire("@releaseDomain");
    fake_turn(&d);
    assert_null(d.guest[7]);
    assert_string_equal(log_text("guest-web.log"), "reboot: Power down\n");
}

/* A guest that was shut down but not destroyed keeps its console: it is still to be read. */
static void shut_down_is_not_gone(void **state)
{
    fake_guest(7, "web");
    fake_introduce(&d);
    fake_fire("@releaseDomain");
    fake_turn(&d);
    assert_non_null(d.guest[7]);
    fake_prints(&d, 7, "still here");
    assert_string_equal(log_text("guest-web.log"), "still here");
}

/* The store says who came and who went: that one alone is looked at. */
static void who_comes_and_goes(void **state)
{
    fake_guest(7, "web");
    hv_fake.unique_id[7] = 70;
    fake_introduce(&d);
    memset(&hv_fake.calls, 0, sizeof(hv_fake.calls));
    fake_guest(3, "db"); /* a lower number: they have come round */
    hv_fake.unique_id[3] = 71;
    fake_fire("@introduceDomain/3");
    fake_turn(&d);
    assert_non_null(d.guest[3]->console[CONSOLE_PRIMARY]->ring);
    fake_fire("@introduceDomain/3"); /* again */
    fake_fire("@releaseDomain/7");   /* it shut down, and is there to be read */
    fake_fire("@releaseDomain/0");
    fake_fire("@releaseDomain/9");
    fake_turn(&d);
    assert_non_null(d.guest[7]);
    fake_put(hv_fake.ring[7], "bye\n");
    hv_fake.is_dying[7] = true;
    hv_fake.is_dying[3] = true; /* its event has not come */
    fake_fire("@releaseDomain/7");
    fake_turn(&d);
    assert_null(d.guest[7]);
    assert_string_equal(log_text("guest-web.log"), "bye\n");
    assert_non_null(d.guest[3]);
    assert_int_equal(hv_fake.calls.list, 0);
    fake_fire("@introduceDomain"); /* too much to say: everybody */
    fake_turn(&d);
    assert_null(d.guest[3]);
    assert_true(hv_fake.calls.list > 0);
}

/* Another guest has the number, with a ring at the same place, before we heard of the first one's
 * end: it is met anew, whatever tells us. */
static void a_number_that_comes_back(void **state)
{
    static const char *const event[] = {"@releaseDomain/7", "@introduceDomain/7", "@releaseDomain"};
    fake_guest(7, "old");
    hv_fake.unique_id[7] = 70;
    fake_introduce(&d);
    for (unsigned i = 0; i < 3; i++) {
        char name[8];
        char file[32];
        const uint32_t port = fake_port_of(&d, 7, CONSOLE_PRIMARY);
        fake_put(hv_fake.ring[7], "last\n");
        struct console_ring *old = hv_fake.ring[7];
        snprintf(name, sizeof(name), "new%u", i);
        fake_guest(7, name);
        hv_fake.unique_id[7]++;
        fake_fire(event[i]);
        fake_turn(&d);
        assert_false(hv_fake.port[port].is_bound);
        fake_prints(&d, 7, "first\n");
        snprintf(file, sizeof(file), "guest-%s.log", name);
        assert_string_equal(log_text(file), "first\n");
        free(old);
    }
}

/* One shouts without end; what it gets in ten seconds of virtual time, and what its neighbour
 * notices of it. */
static void a_flood_is_slowed(void **state)
{
    fake_guest(1, "loud");
    fake_guest(2, "quiet");
    fake_introduce(&d);
    char full[CONSOLE_RING_OUT + 1];
    memset(full, 'a', CONSOLE_RING_OUT);
    full[CONSOLE_RING_OUT - 1] = '\n';
    full[CONSOLE_RING_OUT] = '\0';
    size_t written = 0;
    const uint64_t start_ms = hv_fake.now_ms;
    for (int ms = 0; ms < 10000; ms++, hv_fake.now_ms++) {
        for (int i = 0; i < 10; i++) { /* ten times a millisecond */
            if (console_ring_nr_waiting(hv_fake.ring[1]) == 0) {
                fake_put(hv_fake.ring[1], full);
                written++;
            }
            fake_raise(fake_port_of(&d, 1, CONSOLE_PRIMARY));
            fake_turn(&d);
        }
        consoled_resume(&d);
        if (ms % 1000 == 500) {
            fake_prints(&d, 2, "tick\n");
            assert_int_equal(console_ring_nr_waiting(hv_fake.ring[2]), 0);
        }
    }
    const size_t most = ((hv_fake.now_ms - start_ms) / CONSOLE_PACE_MS + 1) * CONSOLE_PACE_WAKES;
    assert_in_range(written, most / 2, most);
    assert_true(d.guest[1]->console[CONSOLE_PRIMARY]->tail.nr <= CONSOLE_TAIL_MAX);
    assert_int_equal(strlen(log_text("guest-quiet.log")), 50);
    hv_fake.now_ms += CONSOLE_PACE_MS; /* the flood ends: what is left comes, then all is quiet */
    consoled_resume(&d);
    fake_turn(&d);
    assert_int_equal(console_ring_nr_waiting(hv_fake.ring[1]), 0);
    assert_true(TAILQ_EMPTY(&d.pauses));
}

/* Also one that changes its nodes without end. */
static void a_flood_of_nodes_is_slowed(void **state)
{
    fake_guest(1, "loud");
    fake_introduce(&d);
    store_fake.calls.read = 0;
    for (int ms = 0; ms < 1000; ms++, hv_fake.now_ms++) {
        for (int i = 0; i < 5; i++) {
            fake_write("x", "/local/domain/1/device/console/3/noise");
            fake_turn(&d);
        }
        consoled_resume(&d);
    }
    assert_in_range(store_fake.calls.read, 30, 6 * CONSOLE_PACE_WAKES);
}

static void indices_of_any_kind(void **state)
{
    unsigned seed = 1;
    fake_guest(1, "mad");
    fake_introduce(&d);
    struct console_ring *ring = hv_fake.ring[1];
    const int fd = person_opens("/local/domain/1/console/tty");
    for (int i = 0; i < 400; i++) {
        ring->out_prod = (uint32_t)rand_r(&seed) * 3U;
        ring->out_cons = (uint32_t)rand_r(&seed) % 3 ? ring->out_prod - 77 : (uint32_t)i;
        ring->in_cons = (uint32_t)rand_r(&seed) * 5U;
        ring->in_prod = (uint32_t)rand_r(&seed) % 2 ? ring->in_cons : (uint32_t)rand_r(&seed);
        assert_true(write(fd, "x", 1) == 1 || errno == EAGAIN);
        hv_fake.now_ms += CONSOLE_PACE_MS;
        fake_raise(fake_port_of(&d, 1, CONSOLE_PRIMARY));
        fake_turn(&d); /* never without end */
    }
    ring->out_cons = ring->out_prod;
    hv_fake.now_ms += CONSOLE_PACE_MS;
    fake_prints(&d, 1, "sane again\n");
    const char *text = log_text("guest-mad.log");
    assert_non_null(memmem(text, nr_log_bytes, "sane again\n", 11));
    close(fd);
}

static void rotation(void **state)
{
    char moved[128];
    fake_guest(1, "web");
    fake_introduce(&d);
    fake_prints(&d, 1, "old\n");
    snprintf(moved, sizeof(moved), "%s", log_path("moved"));
    assert_int_equal(rename(log_path("guest-web.log"), moved), 0);
    fake_write("mail", "/local/domain/1/name"); /* xl rename */
    raise(SIGHUP);
    fake_turn(&d);
    fake_prints(&d, 1, "new\n");
    assert_string_equal(log_text("moved"), "old\n");
    assert_string_equal(log_text("guest-mail.log"), "new\n");
    raise(SIGTERM);
    assert_int_equal(consoled_run(&d), 0);
}

static void the_hypervisor_talks(void **state)
{
    hv_fake.nr_log = (size_t)sprintf(hv_fake.log, "(XEN) one\n");
    fake_raise(d.hypervisor.port);
    fake_turn(&d);
    assert_string_equal(log_text("hypervisor.log"), "(XEN) one\n");
    hv_fake.nr_log += (size_t)sprintf(hv_fake.log + hv_fake.nr_log, "(XEN) two\n");
    fake_raise(d.hypervisor.port);
    fake_turn(&d);
    assert_string_equal(log_text("hypervisor.log"), "(XEN) one\n(XEN) two\n");
}

static void a_second_console(void **state)
{
    fake_guest(4, "two");
    hv_fake.second[4] = calloc(1, sizeof(struct console_ring));
    fake_write("0", "/local/domain/0/backend/console/4/1/frontend-id");
    fake_write("1", "/local/domain/0/backend/console/4/1/state");
    fake_write("xenconsoled", "/local/domain/4/device/console/1/type");
    fake_write("1", "/local/domain/4/device/console/1/state");
    fake_write("ioemu", "/local/domain/4/device/console/2/type"); /* a device model's */
    fake_write("xenconsoled", "/local/domain/4/device/console/99/type");
    fake_introduce(&d);
    assert_string_equal(fake_value("/local/domain/0/backend/console/4/1/state"), "2");
    assert_null(d.guest[4]->console[CONSOLE_DEVICE + 2]);
    fake_write("33", "/local/domain/4/device/console/1/ring-ref");
    fake_write("11", "/local/domain/4/device/console/1/port");
    fake_write("3", "/local/domain/4/device/console/1/state");
    fake_turn(&d);
    assert_string_equal(fake_value("/local/domain/0/backend/console/4/1/state"), "4");
    fake_put(hv_fake.second[4], "from hvc1\n");
    fake_raise(fake_port_of(&d, 4, CONSOLE_DEVICE + 1));
    fake_turn(&d);
    assert_string_equal(log_text("guest-two-console1.log"), "from hvc1\n");
    const int fd = person_opens("/local/domain/4/device/console/1/tty");
    assert_string_equal(person_reads(fd, sizeof("from hvc1\n") - 1), "from hvc1\n");
    close(fd);
    fake_prints(&d, 4, "from hvc0\n");
    assert_string_equal(log_text("guest-two.log"), "from hvc0\n");

    fake_write("6", "/local/domain/4/device/console/1/state");
    fake_turn(&d);
    assert_string_equal(fake_value("/local/domain/0/backend/console/4/1/state"), "6");
    assert_null(d.guest[4]->console[CONSOLE_DEVICE + 1]->ring);
    fake_write(NULL, "/local/domain/0/backend/console/4/1");
    fake_write(NULL, "/local/domain/4/device/console/1");
    fake_turn(&d);
    assert_null(d.guest[4]->console[CONSOLE_DEVICE + 1]);
    assert_string_equal(fake_value("/local/domain/0/backend/console/4/1/state"), "(none)");
}

static void the_uart(void **state)
{
    fake_guest(4, "arm");
    hv_fake.has_no_grants = true; /* then the frame's number it is, for both */
    fake_write("1234", "/local/domain/4/vuart/0/ring-ref");
    fake_write("12", "/local/domain/4/vuart/0/port");
    fake_introduce(&d);
    fake_put(hv_fake.ring[4], "early\n");
    fake_raise(fake_port_of(&d, 4, CONSOLE_VUART));
    fake_turn(&d);
    assert_string_equal(log_text("guest-arm-vuart0.log"), "early\n");
    assert_string_equal(log_text("guest-arm.log"), "");
    assert_memory_equal(fake_value("/local/domain/4/vuart/0/tty"), "/dev/pts/", 9);
}

/* --overflow-data=keep: not a byte is lost, the guest waits for the reader. */
static void kept_to_the_last_byte(void **state)
{
    static char wanted[300000];
    static char got[300000];
    size_t nr_wanted = 0;
    size_t nr_got = 0;
    d.options.keeps = true;
    fake_guest(1, "kept");
    fake_introduce(&d);
    struct console *c = d.guest[1]->console[CONSOLE_PRIMARY];
    struct console_ring *ring = hv_fake.ring[1];
    int fd = -1;
    for (int i = 0; nr_got < 200000 || nr_got < nr_wanted; i++) {
        assert_true(i < 20000);
        char line[32];
        while (nr_wanted < 200000 && console_ring_nr_waiting(ring) < CONSOLE_RING_OUT - 32) {
            const size_t nr = (size_t)sprintf(line, "number %zu\n", nr_wanted);
            memcpy(wanted + nr_wanted, line, nr);
            nr_wanted += nr;
            fake_put(ring, line);
        }
        fake_raise(c->port);
        hv_fake.now_ms += CONSOLE_PACE_MS;
        consoled_resume(&d);
        fake_turn(&d);
        if (fd < 0 && c->is_held) {
            assert_in_range(nr_wanted, CONSOLE_TAIL_MAX, CONSOLE_TAIL_MAX + CONSOLE_RING_OUT);
            fd = person_opens("/local/domain/1/console/tty");
        }
        if (fd >= 0) { /* what there is: the tail's and the kernel's */
            const ssize_t n = read(fd, got + nr_got, sizeof(got) - nr_got);
            nr_got += n > 0 ? (size_t)n : 0;
            loop_turn(&d.loop, n > 0 ? 0 : 10);
        }
    }
    assert_int_equal(nr_got, nr_wanted);
    assert_memory_equal(got, wanted, nr_got);
    close(fd);
}

static void what_can_not_be_connected(void **state)
{
    fake_guest(5, "odd");
    fake_write("666", "/local/domain/5/console/port"); /* can't be bound */
    fake_introduce(&d);
    assert_null(d.guest[5]->console[CONSOLE_PRIMARY]);
    assert_int_equal(hv_fake.nr_mapped, 0);
    static const char *const ports[] = {"0", "-1", "many", "4294967296", ""};
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        fake_write(ports[i], "/local/domain/5/console/port");
        fake_turn(&d);
        assert_null(d.guest[5]->console[CONSOLE_PRIMARY]);
    }
    hv_fake.has_no_grants = hv_fake.has_no_frames = true;
    for (int i = 0; i < 50; i++) { /* by turns, so that each is news */
        fake_write(i % 2 ? "7" : "8", "/local/domain/5/console/port");
        hv_fake.now_ms += CONSOLE_PACE_MS;
        fake_turn(&d);
    }
    assert_int_equal(d.guest[5]->nr_complaints, CONSOLE_NR_COMPLAINTS);
    hv_fake.has_no_grants = false;
    fake_write("9", "/local/domain/5/console/port");
    fake_turn(&d);
    assert_non_null(d.guest[5]->console[CONSOLE_PRIMARY]->ring);
}

/* Any allocation may fail: no console then, but the daemon stands and knows the next guest. */
static void without_memory(void **state)
{
    uint16_t domid = 1;
    bool has_failed = true;
    for (size_t k = 1; has_failed; k++, domid++) {
        assert_true(k < 200);
        fake_guest(domid, "thin");
        fake_fire("@introduceDomain");
        failing_arm(k);
        for (int i = 0; i < 4; i++) {
            consoled_read_watches(&d);
        }
        has_failed = failing_disarm();
        fake_turn(&d);
    }
    assert_true(domid > 4);
    fake_prints(&d, (uint16_t)(domid - 1), "well\n");
    assert_non_null(strstr(log_text("guest-thin.log"), "well\n"));
}

static void the_store_goes(void **state)
{
    fake_guest(1, "web");
    fake_introduce(&d);
    store_fake.is_gone = true;
    eventfd_write(store_fake.fd, 1);
    fake_turn(&d);
    fake_prints(&d, 1, "still served\n");
    assert_string_equal(log_text("guest-web.log"), "still served\n");
}

static void a_name_is_no_path(void **state)
{
    fake_guest(1, "../../etc/web");
    fake_introduce(&d);
    fake_prints(&d, 1, "here\n");
    assert_string_equal(log_text("guest-.._.._etc_web.log"), "here\n");
}

#define test(name) cmocka_unit_test_setup_teardown(name, init, fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(both_directions),
        test(more_is_typed_than_fits),
        test(nodes_come_later_and_change),
        test(the_last_words),
        test(shut_down_is_not_gone),
        test(who_comes_and_goes),
        test(a_number_that_comes_back),
        test(a_flood_is_slowed),
        test(a_flood_of_nodes_is_slowed),
        test(indices_of_any_kind),
        test(rotation),
        test(the_hypervisor_talks),
        test(a_second_console),
        test(the_uart),
        test(kept_to_the_last_byte),
        test(what_can_not_be_connected),
        test(without_memory),
        test(the_store_goes),
        test(a_name_is_no_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
