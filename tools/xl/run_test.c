// SPDX-License-Identifier: MIT
/* The command line: global options, options of a row in all their spellings, help. */
#include <pty.h>
#include <sys/wait.h>

#include "xl/machine_test.h"

static void help(void **state)
{
    assert_int_equal(machine_run(NULL), XL_USAGE);
    assert_memory_equal(machine_out,
                        "Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of "
                        "subcommands:\n\n create              Create",
                        95);
    static char all[sizeof(machine_out)];
    strcpy(all, machine_out);
    static const char *const words[] = {"help", "--help", "-h"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(machine_run(words[i], NULL), XL_OK);
        assert_string_equal(machine_out, all);
    }
    assert_int_equal(machine_run("help", "--long", NULL), XL_OK);
    assert_string_equal(machine_out, all);
    assert_null(strstr(all, "\n supervise")); /* hidden */
    assert_non_null(strstr(all, "\n qemu-monitor-command \n                     Talk"));
    /* As scripts have always read it: four lines, then a name after one blank */
    unsigned nr = 0;
    for (const char *s = all; (s = strstr(s, "\n ")) != NULL; s++) {
        nr += s[2] != ' ';
    }
    assert_int_equal(nr, nr_commands - 1);
}

static void help_of_one(void **state)
{
    static const char golden[] =
        "Usage: xl [-vtTf] vcpu-set [options] <Domain> <vCPUs>\n\n"
        "Say how many vCPUs a guest shall use.\n\nOptions:\n\n"
        "-i, --ignore-host                   More vCPUs than the host has CPUs, too\n";
    assert_int_equal(machine_run("help", "vcpu-set", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("vcpu-set", "-h", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("vcpu-set", "--hel", "x", "y", "z", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("help", "lst", NULL), XL_USAGE);
    assert_string_equal(machine_err, "xl: error: no command 'lst'; did you mean 'list'?\n");
    assert_int_equal(machine_run("help", "--words", "console", NULL), XL_OK);
    assert_string_equal(machine_out, "-t=TYPE\n-n=NUMBER\n<Domain>\n");
}

/* One wish in all its spellings. */
static void spellings(void **state)
{
    static const char *const rows[][5] = {
        {"sched-credit2", "-d", "one", "-w", "300"},
        {"sched-credit2", "-done", "-w300", NULL, NULL},
        {"sched-credit2", "-d=one", "-w=300", NULL, NULL},
        {"sched-credit2", "--domain", "one", "--weight", "300"},
        {"sched-credit2", "--domain=one", "--weight=300", NULL, NULL},
        {"sched-credit2", "--dom=one", "--w=300", NULL, NULL},
        {"sched-credit2", "-w", "7", "-w300", "-done"}, /* the last one counts */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            machine_run(rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4], NULL), XL_OK);
        assert_string_equal(machine_done(), "sched 1 weight 300 cap 0; ");
    }
    assert_int_equal(machine_run("sched-credit2", "--=x", NULL), XL_USAGE);
    assert_int_equal(machine_run("create", "--vncview", NULL), XL_USAGE); /* two begin so */
}

static void operands(void **state)
{
    assert_int_equal(machine_run("shutdown", "one", "-w", "two", NULL), XL_OK);
    assert_string_equal(machine_done(), "shutdown+wait 1; shutdown+wait 2; ");
    assert_int_equal(machine_run("rename", "--", "one", "-w", NULL), XL_OK);
    assert_string_equal(machine_done(), "rename 1 -w; ");
    assert_int_equal(machine_run("vcpu-pin", "one", "0", "-", "-", NULL), XL_OK);
    assert_string_equal(machine_done(), "pin 1 0 0 0; ");
    assert_int_equal(machine_run("pau", "one", NULL), XL_OK);
    assert_string_equal(machine_done(), "pause 1; ");
}

static void globals(void **state)
{
    assert_int_equal(machine_run("-vft", "-T", "pause", "one", NULL), XL_OK);
    assert_string_equal(machine_done(), "pause 1; ");
    assert_int_equal(machine_run("-T", "pause", "nobody", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, " UTC ["));
    assert_int_equal(machine_run("pause", "nobody", NULL), XL_FAILURE);
    assert_null(strstr(machine_err, " UTC ["));
    assert_int_equal(machine_run("-v", NULL), XL_USAGE);
    assert_int_equal(machine_run("--dry-run", "vcpu-pin", "one", "0", "1", NULL), XL_OK);
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("-q", "list", NULL), XL_USAGE);
    assert_string_equal(machine_err, "xl: error: no global option '-q'; see xl help\n");
}

/* What a person sees of `xl WORD`, at a terminal of its own. */
static const char *at_terminal(const char *word)
{
    static char seen[65536];
    int master;
    int slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(slave, STDOUT_FILENO);
        close(master);
        close(slave);
        setenv("TERM", "xterm", 1);
        unsetenv("NO_COLOR");
        char *argv[] = {(char *)"xl", (char *)word, NULL};
        _exit(xl_run(2, argv));
    }
    close(slave);
    size_t n = 0;
    for (ssize_t got; (got = read(master, seen + n, sizeof(seen) - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    seen[n] = '\0';
    close(master);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return seen;
}

static void people(void **state)
{
    const char *seen = at_terminal("list");
    assert_non_null(strstr(seen, "\033[1mName\033[0m"));
    assert_non_null(strstr(seen, "\033[1mDomain-0\033[0m   0      768      2  \033[32mr-----"));
    assert_non_null(strstr(seen, "\033[34m--p---\033[0m"));
    seen = at_terminal("help");
    assert_non_null(strstr(seen, "\033[1mCPUs, schedulers and pools\033[0m"));
}

/* A disk that is full is a failure, not a shorter list. */
static void full(void **state)
{
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    FILE *device = fopen("/dev/full", "we");
    assert_non_null(device);
    dup2(fileno(device), STDOUT_FILENO);
    char *argv[] = {(char *)"xl", (char *)"list", NULL};
    const int status = xl_run(2, argv);
    clearerr(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    fclose(device);
    assert_int_equal(status, XL_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(help, machine_start),
        cmocka_unit_test_setup(help_of_one, machine_start),
        cmocka_unit_test_setup(spellings, machine_start),
        cmocka_unit_test_setup(operands, machine_start),
        cmocka_unit_test_setup(globals, machine_start),
        cmocka_unit_test_setup(people, machine_start),
        cmocka_unit_test_setup(full, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
