// SPDX-License-Identifier: MIT
#include "xl/machine_test.h"

static char path[] = "/tmp/xl_create_test.XXXXXX";

static int write_file(void **state)
{
    machine_start(state);
    strcpy(path + strlen(path) - 6, "XXXXXX");
    const int fd = mkstemp(path);
    static const char text[] = "name='g'\nkernel='/k'\nmemory=64\n";
    const ssize_t n = write(fd, text, sizeof(text) - 1);
    close(fd);
    return n == (ssize_t)sizeof(text) - 1 ? 0 : -1;
}

static int remove_file(void **state)
{
    return unlink(path);
}

static void usual(void **state)
{
    char said[128];
    snprintf(said, sizeof(said), "Parsing config from %s\n", path);
    assert_int_equal(machine_run("create", path, NULL), XL_OK);
    assert_string_equal(machine_done(), "create g; ");
    assert_string_equal(machine_err, said);
    assert_int_equal(machine_run("create", "-p", "-e", "-q", path, NULL), XL_OK);
    assert_string_equal(machine_done(), "create g paused alone quiet; ");
    assert_string_equal(machine_err, "");
    assert_int_equal(machine_run("create", "-q", "-f", path, "name='h'", NULL), XL_OK);
    assert_string_equal(machine_done(), "create h quiet; ");
    assert_int_equal(machine_run("create", path, "--quiet", NULL),
                     XL_OK); /* options come anywhere */
    assert_string_equal(machine_done(), "create g quiet; ");
    assert_int_equal(machine_run("create", "-q", "name='x'; kernel='/k'; memory=8", NULL), XL_OK);
    assert_string_equal(machine_done(), "create x quiet; ");
    machine.error = -ENOMEM;
    assert_int_equal(machine_run("create", path, NULL), XL_FAILURE);
}

/* -F: events of @releaseDomain until the guest is not there any more. */
static unsigned nr_events;

int store_watch(struct store *s, const char *token, const char *path, ...)
{
    return machine_did("watch %s", path);
}

int store_unwatch(struct store *s, const char *token, const char *path, ...)
{
    return machine_did("unwatch %s", path);
}

int store_fd(const struct store *s)
{
    return -1;
}

int store_event_next(struct store *s, struct store_event *out, uint64_t deadline_ms)
{
    nr_events++;
    if (nr_events == 3) {
        machine.nr_domains--; /* now it is gone */
    }
    return 1;
}

static void foreground(void **state)
{
    nr_events = 0;
    machine_guest(&machine.domain[3], 9, "g", 1, "00000000000000000000000000000009");
    machine.nr_domains = 4;
    assert_int_equal(machine_run("create", "-F", path, NULL), XL_OK);
    assert_string_equal(machine_done(), "create g; watch @releaseDomain; unwatch @releaseDomain; ");
    assert_int_equal(nr_events, 3);
}

static void dry(void **state)
{
    assert_int_equal(machine_run("create", "-n", path, NULL), XL_OK);
    assert_string_equal(machine_done(), "");
    assert_memory_equal(machine_out, "{\n    \"c_info\": {\n", 18);
    assert_non_null(strstr(machine_out, "\"name\": \"g\""));
    assert_non_null(strstr(machine_out, "\"target_memkb\": 65536"));
    machine.open_error = -ENOENT; /* needs no hypervisor */
    assert_int_equal(machine_run("-N", "create", path, NULL), XL_OK);
    assert_non_null(strstr(machine_out, "\"name\": \"g\""));
    assert_int_equal(machine_run("create", path, NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "");
}

static void refused(void **state)
{
    assert_int_equal(machine_run("create", "-V", path, NULL), XL_ABSENT);
    assert_int_equal(machine_run("create", NULL), XL_USAGE);
    assert_int_equal(machine_run("create", path, path, NULL), XL_USAGE);
    assert_int_equal(machine_run("create", "/nosuch.cfg", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "/nosuch.cfg"));
    assert_int_equal(machine_run("create", path, "memory='many'", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "");
}

static void update(void **state)
{
    assert_int_equal(machine_run("config-update", "one", path, NULL), XL_OK);
    assert_string_equal(machine_done(), "config 1 g; ");
    assert_int_equal(machine_run("config-update", "nobody", path, NULL), XL_FAILURE);
    assert_int_equal(machine_run("config-update", "one", NULL), XL_USAGE);
    assert_string_equal(machine_done(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usual, write_file, remove_file),
        cmocka_unit_test_setup_teardown(foreground, write_file, remove_file),
        cmocka_unit_test_setup_teardown(dry, write_file, remove_file),
        cmocka_unit_test_setup_teardown(refused, write_file, remove_file),
        cmocka_unit_test_setup_teardown(update, write_file, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
