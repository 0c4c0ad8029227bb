/* SPDX-License-Identifier: MIT */
#include "call/console.h"
#include "call/fake_test.h"
#include "evtchn/evtchn.h"
#include "log/console.h"
#include "log/log_up.h"

#define BUFFER (GUEST_BASE + 0x100)

static char screen[1024];
static u32 screen_bytes;
static const char *keyboard = "";
static u32 work;
static u32 raised[24];

DEFINE_PER_CPU(u32, cpu_id);

void percpu_raise(u32 cpu, enum work bit)
{
    work |= 1U << bit;
}

void console_write(const char *s, u32 bytes, bool to_ring)
{
    assert_true(screen_bytes + bytes < sizeof(screen));
    assert_false(to_ring);
    memcpy(screen + screen_bytes, s, bytes);
    screen_bytes += bytes;
}

u32 console_read(char *out, u32 n)
{
    u32 got = 0;
    while (got < n && *keyboard) {
        out[got++] = *keyboard++;
    }
    return got;
}

void evtchn_raise_global_virq(struct domain *d, u32 virq)
{
    assert_ptr_equal(d, domain_hardware);
    raised[virq] += d != NULL; /* as evtchn/ has it */
}

static int start(void **state)
{
    screen_bytes = work = 0;
    memset(screen, 0, sizeof(screen));
    memset(raised, 0, sizeof(raised));
    fake_setup(state);
    fake_become(0, 0);
    return 0;
}

static s64 io(u64 command, u64 count, u64 buffer)
{
    struct call_args args = {{command, count, buffer}};
    return call_console_io(vcpu_current(), &args);
}

static void dom0_writes(void **state)
{
    for (u32 i = 0; i < 600; i++) {
        *(char *)guest_at(BUFFER + i) = (char)i;
    }
    assert_int_equal(io(CONSOLEIO_write, 600, BUFFER), 0);
    assert_int_equal(screen_bytes, 600);
    assert_memory_equal(screen, guest_at(BUFFER), 600);
    assert_int_equal(io(CONSOLEIO_write, 0, GUEST_NOWHERE), 0);
    assert_int_equal(io(CONSOLEIO_write, 1, GUEST_NOWHERE), -14);
    assert_int_equal(io(CONSOLEIO_write, 1000, GUEST_END - 130), -14);
    assert_int_equal(io(2, 1, BUFFER), -38);
}

static void a_long_text_comes_again(void **state)
{
    memset(guest_at(BUFFER), 'x', 500);
    fake_restart = true;
    struct call_args args = {{CONSOLEIO_write, 300, BUFFER}};
    assert_int_equal(call_console_io(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[1], 172);
    assert_int_equal(args.arg[2], BUFFER + 128);
    assert_int_equal(call_console_io(vcpu_current(), &args), E_RESTART);
    assert_int_equal(call_console_io(vcpu_current(), &args), 0);
    assert_int_equal(screen_bytes, 300);
}

static void dom0_reads(void **state)
{
    keyboard = "ls\n";
    assert_int_equal(io(CONSOLEIO_read, 2, BUFFER), 2);
    assert_memory_equal(guest_at(BUFFER), "ls\0", 3);
    assert_int_equal(io(CONSOLEIO_read, 100, BUFFER), 1);
    assert_int_equal(io(CONSOLEIO_read, 100, BUFFER), 0);
    assert_int_equal(io(CONSOLEIO_read, 0x80000000, BUFFER), -7);
    /* What can't be delivered is not taken. */
    keyboard = "abc";
    assert_int_equal(io(CONSOLEIO_read, 4, GUEST_READONLY), -14);
    assert_int_equal(io(CONSOLEIO_read, 4, GUEST_READONLY - 2), -14);
    assert_string_equal(keyboard, "abc");
    assert_int_equal(io(CONSOLEIO_read, 0, GUEST_NOWHERE), 0);
    char many[301];
    memset(many, 'm', 300);
    many[300] = '\0';
    keyboard = many;
    assert_int_equal(io(CONSOLEIO_read, 1000, BUFFER), 300);
    keyboard = many;
    assert_int_equal(io(CONSOLEIO_read, 1000, GUEST_READONLY - 200), 128);
    assert_int_equal(strlen(keyboard), 172);
    fake_restart = true;
    assert_int_equal(io(CONSOLEIO_read, 1000, BUFFER), 128);
    keyboard = "";
}

static void guests(void **state)
{
    fake_become(1, 0);
    assert_int_equal(io(CONSOLEIO_read, 1, BUFFER), -1);
    memcpy(guest_at(BUFFER), "a\tb\x1b[2Jc\x7f\nnext", 14);
    const s64 result = io(CONSOLEIO_write, 14, BUFFER);
    assert_int_equal(result, DEBUG ? 0 : -1);
    assert_string_equal(fake_line, DEBUG ? "next" : "");
    assert_int_equal(screen_bytes, 0);
    if (DEBUG) {
        assert_int_equal(io(CONSOLEIO_write, 10, BUFFER), 0);
        assert_string_equal(fake_line, "a\tb[2Jc");
    }
}

static void events_wait_for_the_way_out(void **state)
{
    call_console_work();
    assert_int_equal(raised[VIRQ_CONSOLE] + raised[VIRQ_CON_RING], 0);
    log_up_input();
    assert_int_equal(work, 1 << WORK_CONSOLE);
    assert_int_equal(raised[VIRQ_CONSOLE], 0);
    call_console_work();
    assert_int_equal(raised[VIRQ_CONSOLE], 1);
    assert_int_equal(raised[VIRQ_CON_RING], 0);
    log_up_ring();
    log_up_ring();
    call_console_work();
    call_console_work();
    assert_int_equal(raised[VIRQ_CONSOLE], 1);
    assert_int_equal(raised[VIRQ_CON_RING], 1);
    domain_hardware = NULL;
    log_up_ring();
    call_console_work();
    domain_hardware = &fake_domain[0];
    call_console_work();
    assert_int_equal(raised[VIRQ_CON_RING], 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dom0_writes), TEST(a_long_text_comes_again),     TEST(dom0_reads),
        TEST(guests),      TEST(events_wait_for_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
