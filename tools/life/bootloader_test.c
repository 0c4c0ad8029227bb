/* SPDX-License-Identifier: MIT */
/* The bootloaders of these tests are scripts of sh, and what they find is the fixture's kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <termios.h>
#include <signal.h>
#include <sys/timerfd.h>
#include "device/private.h"
#include "lib/clock.h"
#include "lib/message.h"
#include "life/private.h"
#include "test/tools/life_fixture.h"

#define BOOT "bootloader = '%s/boot'\ndisk = ['%s/disk,raw,xvda,w']\n"
#define FIND \
    "for a; do case $a in --output=*) out=${a#*=};; --output-dir*) dir=${a#*=};; esac; done\n"

static char said[4096];

void message_error(const char *format, ...)
{
    va_list words;
    const size_t n = strlen(said);
    va_start(words, format);
    vsnprintf(said + n, sizeof said - n, format, words);
    va_end(words);
}

int disk_loop_attach(const char *file, bool writable, bool is_direct, char **node)
{
    *node = strdup("/dev/loop-control");
    fixture.nr_attached++;
    return 0;
}

int disk_loop_detach(const char *node)
{
    fixture.nr_attached--;
    return 0;
}

static const struct life_create_options quiet = {.no_supervisor = true, .quiet = true};
static struct guest_config config;
static uint32_t domid;

/* A bootloader of these lines, %s is the folder, and a guest that has it. */
static void prepare(const char *lines, const char *extra)
{
    char text[2048], more[1024];
    const int n = snprintf(text, sizeof text, "#!/bin/sh\n%s", lines);
    fixture_file("boot", text, (size_t)n, 0755);
    snprintf(more, sizeof more, BOOT "%s", fixture.folder, fixture.folder, extra);
    const int m = snprintf(text, sizeof text, "name = 'g1'\nmemory = 16\n%s\n", more);
    said[0] = 0;
    assert_int_equal(config_read_text("g1.cfg", text, (size_t)m, NULL, 0, &config), 0);
}

static int boot(const char *lines, const char *extra)
{
    prepare(lines, extra);
    return life_create(&fixture.life, &config, &quiet, &domid);
}

static void expect_undone(void)
{
    const char *difference = fixture_difference();
    if (difference != NULL) {
        fail_msg("%s", difference);
    }
    for (unsigned i = 1; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "run/bootloader.%u.d", i);
        assert_int_equal(access(fixture_path(name), F_OK), -1);
        snprintf(name, sizeof name, "run/bootloader.%u.out", i);
        assert_int_equal(access(fixture_path(name), F_OK), -1);
    }
    guest_config_fini(&config);
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL) {
        fail_msg("wanted '%s', said: %s", words, said);
    }
}

static void read_file(const char *name, char *text, size_t room)
{
    FILE *f = fopen(fixture_path(name), "r");
    assert_non_null(f);
    text[fread(text, 1, room - 1, f)] = 0;
    fclose(f);
}

static void a_guest_boots(void **state)
{
    char text[2048], wanted[2048];
    assert_int_equal(
        boot("printf '<%s>' \"$@\" >$0.log; echo out; echo err >&2\n" FIND
             "cp ${0%/*}/kernel $dir/k; printf 'kernel %s\\0args a b\\0' $dir/k >$out\n",
             "kernel = '/k'\nramdisk = '/r'\nextra = 'x y'\n"
             "bootloader_args = ['-q', '', 'a b']\n"),
        0);
    read_file("boot.log", text, sizeof text);
    snprintf(wanted, sizeof wanted,
             "<--kernel=/k><--ramdisk=/r><--args=x y><--output=%s/run/bootloader.1.out>"
             "<--output-format=simple0><--output-directory=%s/run/bootloader.1.d><-q><><a b>"
             "<%s/disk>",
             fixture.folder, fixture.folder, fixture.folder);
    assert_string_equal(text, wanted);
    read_file("log/xl-bootloader-g1.log", text, sizeof text);
    assert_non_null(strstr(text, "out"));
    assert_non_null(strstr(text, "err"));
    /* A folder that is empty again, and the configuration as it was, for the next start */
    assert_int_equal(access(fixture_path("run/bootloader.1.d"), F_OK), -1);
    struct state kept;
    assert_int_equal(state_of(&fixture.life, 1, &kept), 0);
    assert_string_equal(kept.config.kernel, "/k");
    assert_string_equal(kept.config.bootloader, config.bootloader);
    assert_string_equal(kept.config.cmdline, "x y");
    state_fini(&kept);
    assert_string_equal(fake_get(fixture.fake, "/local/domain/1/console/tty"), "");
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone();
}

static void what_fails(void **state)
{
    static const struct {
        const char *lines;
        int error;
        const char *words;
    } table[] = {
        {"exit 3", -EIO, "/boot: it ended with status 3"},
        {"echo lost >&2; echo; exit 3", -EIO, "/boot: it ended with status 3: lost"},
        {"printf 'no\\033[2J such\\r\\n'; exit 4", -EIO, "status 4: no [2J such"},
        {"kill -9 $$", -EIO, "/boot: it was ended by signal 9, Killed"},
        {"exit 0", -EINVAL, "/boot: it found no kernel"},
        {FIND "rm $out", -ENOENT, "what it found can't be read: No such file"},
        {FIND "head -c 70000 /dev/zero >$out", -E2BIG, "can't be read: more than 64 KiB"},
        {FIND "echo kernel $dir/none >$out; echo 1 >$dir/left", -ENOENT, "/none: No such file"},
        {FIND "echo kernel ${0%/*}/disk >$out; mkdir $dir/left", -ENOEXEC, "/disk: "},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const int error = boot(table[i].lines, "");
        if (error != table[i].error) {
            fail_msg("%s: %d, said: %s", table[i].lines, error, said);
        }
        assert_said(table[i].words);
        expect_undone();
    }
}

static void what_is_refused_before(void **state)
{
    prepare("", "");
    free(config.bootloader);
    config.bootloader = strdup("no-such-bootloader");
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), -ENOENT);
    assert_said(
        "bootloader no-such-bootloader: there is no such program among Xen's helpers, nor in "
        "PATH");
    expect_undone();
    prepare("", "");
    chmod(fixture_path("boot"), 0644);
    config.disk[0].script = strdup("hook");
    assert_int_equal(bootloader_check(&config), -EACCES);
    assert_said("it can't be run: Permission denied");
    assert_said("disk xvda has script=");
    expect_undone();
    prepare("", "");
    free(config.disk[0].target);
    config.disk[0].target = NULL;
    assert_int_equal(bootloader_check(&config), -EINVAL);
    assert_said("the guest has no disk to boot from");
    expect_undone();
    fixture_file("boot", "no program", 10, 0755);
    fixture_config(&config, BOOT);
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), -ENOEXEC);
    assert_said("it can't be run: Exec format error");
    expect_undone();
}

/* By its bare name, from PATH. */
static void found_by_name(void **state)
{
    char path[256];
    char *before = strdup(getenv("PATH"));
    snprintf(path, sizeof path, "/nosuch::%s:%s", fixture.folder, before);
    prepare(FIND "echo kernel ${0%/*}/kernel >$out", "");
    setenv("PATH", path, 1);
    free(config.bootloader);
    config.bootloader = strdup("boot");
    assert_int_equal(life_create(&fixture.life, &config, &quiet, &domid), 0);
    setenv("PATH", before, 1);
    free(before);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone();
}

/* Who looks for the guest's console finds the bootloader's: there sits somebody who reads all of it
 * and answers what is asked. */
static char seen[4096];
static const char *typed;
static void *sit_there(void *arg)
{
    const int *fd = arg;
    size_t n = 0;
    ssize_t more;
    bool has_answered = false;
    while ((more = read(*fd, seen + n, sizeof seen - 1 - n)) > 0) {
        n += (size_t)more;
        seen[n] = 0;
        if (!has_answered && strstr(seen, "which? ") != NULL) {
            has_answered = write(*fd, typed, strlen(typed)) > 0;
            if (*typed < ' ') {
                break;
            }
        } else if (strstr(seen, "sure? ") != NULL) {
            (void)!write(*fd, "y\n", 2);
            break;
        }
    }
    return NULL;
}

static pthread_t person;
static int seat = -1;
static void sit_down(struct fake_store *f, const char *path, const char *value)
{
    if (seat < 0 && value != NULL && strcmp(path, "/local/domain/1/console/tty") == 0) {
        seat = open(value, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(seat >= 0);
        assert_int_equal(pthread_create(&person, NULL, sit_there, &seat), 0);
    }
    fake_drivers(f, path, value);
}

static void a_person_chooses(void **state)
{
    fixture.fake->hook = sit_down;
    typed = "kernel\n";
    seen[0] = 0;
    const int error = boot(FIND "test -t 0 && test -t 1 && test -c /dev/tty || exit 9\n"
                                "printf 'which? '; read k; echo \"($k)\"; printf 'sure? '; read y\n"
                                "echo kernel ${0%/*}/$k >$out",
                           "");
    assert_int_equal(error, 0);
    pthread_join(person, NULL);
    assert_non_null(strstr(seen, "(kernel)"));
    close(seat);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone();
}

/* xl create -c: standard input and output are a person's terminal, raw meanwhile. */
static int at_terminal(const char *lines, const char *keys)
{
    static const struct life_create_options console = {
        .no_supervisor = true, .quiet = true, .console = true};
    struct termios before = {};
    struct termios after = {};
    int near;
    int far;
    const int saved[] = {dup(0), dup(1)};
    prepare(lines, "");
    assert_int_equal(openpty(&near, &far, NULL, NULL, NULL), 0);
    tcgetattr(far, &before);
    fflush(stdout);
    dup2(far, 0);
    dup2(far, 1);
    typed = keys;
    seen[0] = 0;
    assert_int_equal(pthread_create(&person, NULL, sit_there, &near), 0);
    const int error = life_create(&fixture.life, &config, &console, &domid);
    pthread_join(person, NULL);
    dup2(saved[0], 0);
    dup2(saved[1], 1);
    tcgetattr(far, &after);
    assert_int_equal(before.c_lflag, after.c_lflag);
    assert_int_equal(before.c_iflag, after.c_iflag);
    assert_int_equal(before.c_oflag, after.c_oflag);
    const int all[] = {saved[0], saved[1], near, far};
    for (size_t i = 0; i < 4; i++) {
        close(all[i]);
    }
    return error;
}

static void a_person_creates(void **state)
{
    assert_int_equal(at_terminal(FIND "printf 'which? '; read k; printf 'sure? '; read y\n"
                                      "echo kernel ${0%/*}/$k >$out",
                                 "kernel\n"),
                     0);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone();
    assert_int_equal(at_terminal("printf 'which? '; exec sleep 60", "\003"), -EIO);
    assert_said("/boot: it was ended by signal 2, Interrupt");
    expect_undone();
    assert_int_equal(at_terminal("trap '' INT; printf 'which? '; sleep 60", "\003\035"), -EINTR);
    assert_said("/boot: interrupted");
    expect_undone();
}

/* More than terminals hold, with nobody there. */
static void nobody_listens(void **state)
{
    assert_int_equal(boot(FIND "head -c 300000 /dev/zero | tr '\\0' x\n"
                               "echo kernel ${0%/*}/kernel >$out",
                          ""),
                     0);
    assert_int_equal(life_destroy(&fixture.life, domid), 0);
    expect_undone();
}

/* ^C, and a program that will not hear of it. The second before it is for its trap. */
static void interrupted(void **state)
{
    struct itimerspec second = {.it_value = {.tv_sec = 1}};
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    timerfd_settime(timer, 0, &second, NULL);
    fixture.life.cancel_fd = timer;
    assert_int_equal(boot("trap '' TERM INT HUP; echo $$ >$0.pid; while :; do sleep 60; done", ""),
                     -EINTR);
    fixture.life.cancel_fd = -1;
    close(timer);
    assert_said("/boot: interrupted; guest \"g1\" is not created");
    char pid[32];
    read_file("boot.pid", pid, sizeof pid);
    assert_int_equal(kill(atoi(pid), 0), -1);
    expect_undone();
}

/* A guest that comes again loses its state file when its user destroys it. */
static void destroyed_meanwhile(void **state)
{
    static const struct create_history history = {};
    prepare("while :; do sleep 60; done", "");
    assert_int_equal(config_settle(&config), 0);
    const uint64_t begin = clock_now_ms();
    assert_int_equal(life_create_again(&fixture.life, &config, &history, &domid), -ECANCELED);
    assert_true(clock_now_ms() - begin < 3000);
    assert_said("/boot: its guest was destroyed");
    expect_undone();
}

int main(void)
{
#define LIFE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        LIFE_TEST(a_guest_boots),  LIFE_TEST(what_fails),       LIFE_TEST(what_is_refused_before),
        LIFE_TEST(found_by_name),  LIFE_TEST(a_person_chooses), LIFE_TEST(a_person_creates),
        LIFE_TEST(nobody_listens), LIFE_TEST(interrupted),      LIFE_TEST(destroyed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
