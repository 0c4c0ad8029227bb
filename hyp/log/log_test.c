/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "log/console.h"
#include "log/log.h"
#include "log/log_host.h"
#include "log/ring.h"

/* --- a fake UART --- */

static char sent[300000];
static u32 nr_sent;
static const char *typed = "";

static void uart_put(char c)
{
    assert_true(nr_sent < sizeof(sent) - 1);
    sent[nr_sent++] = c;
    sent[nr_sent] = '\0';
}

static bool uart_try_get(char *c)
{
    if (!*typed) {
        return false;
    }
    *c = *typed++;
    return true;
}

static const struct uart_ops uart = {.put = uart_put, .try_get = uart_try_get};

static u32 inputs, rings, key_runs;

static void count_input(void)
{
    inputs++;
}

static void count_ring(void)
{
    rings++;
}

static void forget(void)
{
    nr_sent = 0;
    sent[0] = '\0';
    inputs = rings = 0;
}

static int start(void **state)
{
    console_set_uart(&uart);
    log_set_levels("info", "warning");
    log_set_frequency(0);
    host_log_input = count_input;
    host_log_ring = count_ring;
    log_ring_clear();
    console_write("\n", 1, false);
    forget();
    return 0;
}

static void type(const char *keys)
{
    typed = keys;
    while (*typed) {
        console_receive();
    }
}

static const char *ring_text(void)
{
    static char text[RING_BYTES + 1];
    u64 pos = 0;
    u32 n = log_ring_read(&pos, text, RING_BYTES);
    text[n] = '\0';
    assert_int_equal(pos, log_ring_end());
    return text;
}

/* --- the ring --- */

static void test_ring_reads_from_a_position(void **state)
{
    u64 pos = log_ring_end();
    u64 first = pos;
    char text[8] = {0};
    console_write("hello", 5, true);
    assert_int_equal(rings, 1);
    assert_int_equal(log_ring_end(), first + 5);
    assert_int_equal(log_ring_start(), first);
    assert_int_equal(log_ring_read(&pos, text, 3), 3);
    assert_int_equal(pos, first + 3);
    assert_memory_equal(text, "hel", 3);
    assert_int_equal(log_ring_read(&pos, text, 8), 2);
    assert_memory_equal(text, "lo", 2);
    assert_int_equal(log_ring_read(&pos, text, 8), 0);
    pos = ~0ULL; /* beyond the end is the end */
    assert_int_equal(log_ring_read(&pos, text, 8), 0);
    assert_int_equal(pos, first + 5);
    log_ring_clear();
    pos = 0; /* what was cleared is not read any more */
    assert_int_equal(log_ring_read(&pos, text, 8), 0);
    assert_int_equal(log_ring_start(), first + 5);
}

static void test_ring_keeps_the_newest(void **state)
{
    static char big[RING_BYTES + 100], out[RING_BYTES + 100];
    for (u32 i = 0; i < sizeof(big); i++) {
        big[i] = (char)('a' + i % 26);
    }
    u64 first = log_ring_end(), pos = first;
    console_write(big, 1000, true);
    console_write(big + 1000, sizeof(big) - 1000, true);
    assert_int_equal(log_ring_end(), first + sizeof(big));
    assert_int_equal(log_ring_start(), first + 100);
    assert_int_equal(log_ring_read(&pos, out, sizeof(out)), RING_BYTES);
    assert_memory_equal(out, big + 100, RING_BYTES);
    assert_int_equal(pos, log_ring_end());
    console_write("x", 1, true);
    pos = first;
    assert_int_equal(log_ring_read(&pos, out, 1), 1);
    assert_int_equal(out[0], big[101]);
}

/* --- lines --- */

static void test_levels(void **state)
{
    log_error("one %d", 1);
    log_warn("two");
    log_info("three");
    log_debug("four");
    assert_string_equal(sent, "kanso: error: one 1\r\nkanso: warning: two\r\nkanso: three\r\n");
    assert_string_equal(ring_text(),
                        "kanso: error: one 1\nkanso: warning: two\nkanso: three\nkanso: four\n");
    forget();
    log_set_levels("all", NULL);
    log_debug("five");
    assert_string_equal(sent, "kanso: five\r\n");
    forget();
    log_set_levels("none/error", NULL);
    log_warn("six");
    log_error("seven");
    assert_string_equal(sent, "kanso: error: seven\r\n");
    forget();
    log_set_levels("none", NULL);
    log_error("eight");
    assert_string_equal(sent, "");
    log_set_levels("nonsense", NULL); /* changes nothing */
    log_error("nine");
    assert_string_equal(sent, "");
}

static void test_long_lines_are_cut(void **state)
{
    char text[400];
    memset(text, 'x', sizeof(text));
    text[399] = '\0';
    log_info("%s", text);
    assert_int_equal(strlen(ring_text()), 255);
    assert_int_equal(ring_text()[254], '\n');
    assert_int_equal(ring_text()[253], 'x');
    log_ring_clear();
    log_guest(LOG_ERROR, (domid_t){1}, "%s", text);
    assert_int_equal(strlen(ring_text()), 255);
}

static void test_guests_lines_are_tagged_and_limited(void **state)
{
    domid_t d5 = {5}, d6 = {6};
    log_guest(LOG_WARN, d5, "hello %s", "you");
    assert_string_equal(sent, "kanso: d5: hello you\r\n");
    log_guest(LOG_INFO, d5, "below the guests' level");
    assert_string_equal(sent, "kanso: d5: hello you\r\n");
    assert_string_equal(ring_text(), "kanso: d5: hello you\n");

    log_set_frequency(1000);
    host_counter_ticks = 1000000;
    log_guest(LOG_WARN, d5, "time runs");
    for (u32 i = 1; i < 20; i++) {
        forget();
        log_guest(LOG_WARN, d5, "line");
        assert_string_equal(sent, "kanso: d5: line\r\n");
    }
    forget();
    for (u32 i = 0; i < 7; i++) {
        log_guest(LOG_WARN, d5, "line");
    }
    assert_string_equal(sent, "");
    log_guest(LOG_WARN, d6, "another's");
    assert_string_equal(sent, "kanso: d6: another's\r\n");
    forget();
    host_counter_ticks += 999;
    log_guest(LOG_WARN, d5, "too early");
    assert_string_equal(sent, "");
    host_counter_ticks += 1; /* one a second */
    log_guest(LOG_WARN, d5, "again");
    assert_string_equal(sent, "kanso: d5: (8 lines suppressed) again\r\n");
    forget();
    log_guest(LOG_WARN, d5, "no more");
    assert_string_equal(sent, "");
    host_counter_ticks += 1000000; /* the burst is never more than 20 */
    u32 said = 0;
    for (u32 i = 0; i < 40; i++) {
        forget();
        log_guest(LOG_WARN, d5, "line");
        said += nr_sent != 0;
    }
    assert_int_equal(said, 20);
}

/* --- the console --- */

static void test_newlines(void **state)
{
    console_write("a\nb\r\nc\n\n", 8, false);
    assert_string_equal(sent, "a\r\nb\r\nc\r\n\r\n");
    assert_int_equal(rings, 0);
    forget();
    console_write("dom0 types", 10, false);
    log_info("we speak");
    assert_string_equal(sent, "dom0 types\r\nkanso: we speak\r\n");
}

static void test_without_a_uart_there_is_the_ring(void **state)
{
    console_set_uart(NULL);
    log_info("silent");
    type("");
    assert_string_equal(sent, "");
    assert_string_equal(ring_text(), "kanso: silent\n");
}

static void expect_input(const char *want)
{
    char text[64] = {0};
    assert_int_equal(console_read(text, sizeof(text)), strlen(want));
    assert_string_equal(text, want);
}

static void test_input_goes_to_dom0(void **state)
{
    type("ls\n");
    assert_int_equal(inputs, 3);
    char c;
    assert_int_equal(console_read(&c, 1), 1);
    assert_int_equal(c, 'l');
    expect_input("s\n");
    expect_input("");
    type("\x01");
    assert_int_equal(console_read(&c, 1), 0); /* may become a switch */
    type("\x01x");
    expect_input("\x01\x01x");
}

static void key_run(void)
{
    key_runs++;
}

static void test_ctrl_a_three_times_switches(void **state)
{
    static const struct debug_key key = {'z', "zzz", key_run};
    static const struct debug_key other = {'z', "taken", key_run};
    console_register_key(&key);
    console_register_key(&other);
    assert_true(fake_contains(sent, "is taken"));
    key_runs = 0;
    forget();
    type("\x01\x01\x01");
    assert_true(fake_contains(sent, "input goes to the debug keys"));
    type("z");
    assert_int_equal(key_runs, 1);
    assert_int_equal(inputs, 0);
    forget();
    type("q");
    assert_true(fake_contains(sent, "no debug key 'q'"));
    forget();
    type("h");
    assert_true(fake_contains(sent, " z  zzz"));
    assert_true(fake_contains(sent, " h  this list"));
    forget();
    type("\xf0");
    assert_true(fake_contains(sent, "no debug key '?'"));
    type("\x01\x01z"); /* two are not three, and no key */
    assert_int_equal(key_runs, 2);
    type("\x01\x01\x01");
    assert_true(fake_contains(sent, "input goes to dom0"));
    type("z");
    assert_int_equal(key_runs, 2);
    expect_input("z");
    console_debug_key('z'); /* sysctl debug_keys */
    assert_int_equal(key_runs, 3);
}

static void test_input_that_nobody_reads_is_dropped(void **state)
{
    for (u32 i = 0; i < 1024; i++) {
        type("a");
    }
    type("b");
    static char text[2000];
    assert_int_equal(console_read(text, sizeof(text)), 1024);
    assert_int_equal(text[1023], 'a');
}

static void test_one_interrupt_takes_a_bounded_number(void **state)
{
    char many[201];
    memset(many, 'm', 200);
    many[200] = '\0';
    typed = many;
    console_receive();
    assert_int_equal(strlen(typed), 200 - 64);
    type(typed);
    static char text[300];
    assert_int_equal(console_read(text, sizeof(text)), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ring_reads_from_a_position, start),
        cmocka_unit_test_setup(test_ring_keeps_the_newest, start),
        cmocka_unit_test_setup(test_levels, start),
        cmocka_unit_test_setup(test_long_lines_are_cut, start),
        cmocka_unit_test_setup(test_guests_lines_are_tagged_and_limited, start),
        cmocka_unit_test_setup(test_newlines, start),
        cmocka_unit_test_setup(test_without_a_uart_there_is_the_ring, start),
        cmocka_unit_test_setup(test_input_goes_to_dom0, start),
        cmocka_unit_test_setup(test_ctrl_a_three_times_switches, start),
        cmocka_unit_test_setup(test_input_that_nobody_reads_is_dropped, start),
        cmocka_unit_test_setup(test_one_interrupt_takes_a_bounded_number, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
