// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <pty.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <termios.h>

#include "xl/console.h"
#include "xl/machine_test.h"

/* What a relay between pipes and a pty has: the test holds the far ends. */
struct ends {
    int typing, typed; /* write here what a person types; the relay reads it there */
    int seen, showing; /* read here what the person sees; the relay writes it there */
    int master, slave; /* the daemon's end of the pty, and the relay's */
    int cancelling, cancel;
};

static struct ends opened(void)
{
    struct ends e;
    int pipe_in[2];
    int pipe_out[2];
    int pipe_cancel[2];
    assert_int_equal(pipe(pipe_in), 0);
    assert_int_equal(pipe(pipe_out), 0);
    assert_int_equal(pipe(pipe_cancel), 0);
    assert_int_equal(openpty(&e.master, &e.slave, NULL, NULL, NULL), 0);
    struct termios raw;
    tcgetattr(e.slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(e.slave, TCSANOW, &raw);
    fcntl(e.slave, F_SETFL, O_NONBLOCK);
    e.typed = pipe_in[0];
    e.typing = pipe_in[1];
    e.seen = pipe_out[0];
    e.showing = pipe_out[1];
    e.cancel = pipe_cancel[0];
    e.cancelling = pipe_cancel[1];
    return e;
}

static void closed(struct ends *e)
{
    const int fds[] = {e->typing, e->typed, e->seen,       e->showing,
                       e->master, e->slave, e->cancelling, e->cancel};
    for (size_t i = 0; i < 8; i++) {
        close(fds[i]);
    }
}

static int run_relay(struct ends *e, bool escape)
{
    return console_relay(e->typed, e->showing, e->slave, e->cancel, escape);
}

static void says(int fd, const char *words)
{
    assert_int_equal(write(fd, words, strlen(words)), strlen(words));
}

static void hears(int fd, const char *wanted)
{
    char got[256] = "";
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(wanted));
    assert_string_equal(got, wanted);
}

static void both_ways(void **state)
{
    struct ends e = opened();
    says(e.master, "login: ");
    says(e.typing, "root\r\x1d not this");
    assert_int_equal(run_relay(&e, true), 0);
    hears(e.seen, "login: ");
    hears(e.master, "root\r");
    closed(&e);
}

static void end_of_input(void **state)
{
    struct ends e = opened();
    says(e.typing, "cmd \x1d\n"); /* no terminal: ^] is a letter */
    close(e.typing);
    e.typing = dup(e.cancelling);
    assert_int_equal(run_relay(&e, false), 0);
    hears(e.master, "cmd \x1d\n");
    closed(&e);
}

/* The daemon closes its end when the guest is gone: what was said before is seen. */
static void guest_gone(void **state)
{
    struct ends e = opened();
    says(e.master, "bye");
    const pid_t child = fork();
    if (child == 0) {
        close(e.master);
        _exit(run_relay(&e, true) == 0 ? 0 : 1);
    }
    hears(e.seen, "bye");
    close(e.master);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    e.master = dup(e.slave);
    closed(&e);
}

static void cancelled(void **state)
{
    struct ends e = opened();
    says(e.cancelling, "x");
    assert_int_equal(run_relay(&e, true), 0);
    closed(&e);
}

static void refused(void **state)
{
    assert_int_equal(machine_run("console", "nobody", NULL), XL_FAILURE);
    assert_int_equal(machine_run("console", "-t", "serial", "one", NULL), XL_ABSENT);
    assert_int_equal(machine_run("console", "-t", "usb", "one", NULL), XL_USAGE);
    assert_int_equal(machine_run("console", "-n", "x", "one", NULL), XL_USAGE);
}

/* The store's answer to the wait for a pty. */
static int wait_answer;
static char waited_for[128];

int store_wait(struct store *s, struct store_want *want, size_t nr, uint64_t deadline_ms,
               int cancel_fd)
{
    snprintf(waited_for, sizeof(waited_for), "%s", want->path);
    /* The node is there before the pty is */
    assert_int_equal(want->is_met(NULL, want->arg), STORE_NOT_YET);
    assert_int_equal(want->is_met("", want->arg), STORE_NOT_YET);
    assert_int_equal(want->is_met("/dev/pts/1", want->arg), STORE_MET);
    return wait_answer;
}

static void no_pty(void **state)
{
    wait_answer = -ETIMEDOUT;
    assert_int_equal(machine_run("console", "one", NULL), XL_FAILURE);
    assert_string_equal(waited_for, "/local/domain/1/console/tty");
    assert_non_null(strstr(machine_err, "domain 1 has no pv console 0"));
    assert_int_equal(machine_run("console", "-n", "2", "one", NULL), XL_FAILURE);
    assert_string_equal(waited_for, "/local/domain/1/device/console/2/tty");
    assert_int_equal(machine_run("console", "-t", "vuart", "one", NULL), XL_FAILURE);
    assert_string_equal(waited_for, "/local/domain/1/vuart/0/tty");
    wait_answer = 0;
    machine.node[0] = (struct machine_node){"/local/domain/1/console/tty", "/dev/pts/99999"};
    machine.nr_nodes = 1;
    assert_int_equal(machine_run("console", "one", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "cannot open /dev/pts/99999"));
    static const char *const others[] = {"/dev/mem", "/dev/pts/", "/dev/pts/../mem",
                                         "/dev/pts/1/x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        machine.node[0].value = others[i];
        machine_err[0] = '\0';
        assert_int_equal(machine_run("console", "one", NULL), XL_FAILURE);
        assert_non_null(strstr(machine_err, "is no terminal"));
    }
}

/* One person at a time. */
static void taken(void **state)
{
    struct ends e = opened();
    char name[64];
    assert_int_equal(ttyname_r(e.slave, name, sizeof(name)), 0);
    wait_answer = 0;
    machine.node[0] = (struct machine_node){"/local/domain/1/console/tty", name};
    machine.nr_nodes = 1;
    const int first = open(name, O_RDWR | O_NOCTTY);
    assert_int_equal(flock(first, LOCK_EX), 0);
    assert_int_equal(machine_run("console", "one", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "somebody is at the console of domain 1 already"));
    close(first);
    closed(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_ways, machine_start),
        cmocka_unit_test_setup(end_of_input, machine_start),
        cmocka_unit_test_setup(guest_gone, machine_start),
        cmocka_unit_test_setup(cancelled, machine_start),
        cmocka_unit_test_setup(refused, machine_start),
        cmocka_unit_test_setup(no_pty, machine_start),
        cmocka_unit_test_setup(taken, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
