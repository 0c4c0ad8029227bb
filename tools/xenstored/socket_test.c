// SPDX-License-Identifier: MIT
#include "xenstored/socket.h"
#include "xenstored/peer_host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct xenstored x;
static char path[64];

static int setup(void **state)
{
    snprintf(path, sizeof(path), "/tmp/xenstored-test-%ld", (long)getpid());
    unlink(path);
    return xenstored_init(&x) < 0 ? -1 : socket_listen(&x, path);
}

static int teardown(void **state)
{
    xenstored_fini(&x);
    unlink(path);
    return 0;
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, uint32_t type, const char *text)
{
    char message[128];
    const struct wire_header header = {type, 5, 0, (uint32_t)strlen(text) + 1};
    memcpy(message, &header, sizeof(header));
    memcpy(message + sizeof(header), text, header.bytes);
    const size_t bytes = sizeof(header) + header.bytes;
    assert_int_equal(send(fd, message, bytes, 0), bytes);
}

static void hear(int fd, const char *text)
{
    char message[128];
    struct wire_header header;
    const ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT);
    assert_true(n > 0);
    assert_int_equal(wire_decode(message, (size_t)n, &header), n);
    assert_string_equal(message + sizeof(header), text);
}

static void clients(void **state)
{
    const int a = dial();
    const int b = dial();
    peer_run(&x);
    assert_int_equal(x.nr_clients, 2);
    say(a, WIRE_GET_DOMAIN_PATH, "7");
    say(b, WIRE_GET_DOMAIN_PATH, "8");
    peer_run(&x);
    xenstored_turn(&x, 0);
    hear(a, "/local/domain/7");
    hear(b, "/local/domain/8");
    close(a);
    xenstored_turn(&x, 0);
    xenstored_turn(&x, 0);
    assert_int_equal(x.nr_clients, 1);
    close(b);
}

/* It does not read its answers: the socket fills, the daemon waits for it without turning. */
static void one_that_does_not_read(void **state)
{
    const int fd = dial();
    const int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    peer_run(&x);
    unsigned asked = 0;
    struct {
        struct wire_header header;
        char text[2];
    } message = {{WIRE_GET_DOMAIN_PATH, 5, 0, 2}, "7"};
    for (unsigned idle = 0; idle < 3;) {
        if (send(fd, &message, sizeof(message.header) + 2, MSG_DONTWAIT) > 0) {
            asked++;
            continue;
        }
        const uint64_t before = x.nr_requests;
        xenstored_turn(&x, 0);
        idle = x.nr_requests == before ? idle + 1 : 0;
    }
    assert_true(x.clients->is_throttled);
    assert_int_equal(loop_turn(&x.loop, 0), 0); /* nothing is ready: no turning on the spot */
    size_t bytes = 0;
    const size_t expected = asked * (sizeof(struct wire_header) + strlen("/local/domain/7") + 1);
    char buffer[4096];
    for (unsigned i = 0; i < 100000 && bytes < expected; i++) {
        const ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        bytes += n > 0 ? (size_t)n : 0;
        xenstored_turn(&x, 0);
    }
    assert_int_equal(bytes, expected);
    assert_false(x.clients->is_throttled);
    close(fd);
}

static void no_more_descriptors(void **state)
{
    const int first = dial();
    peer_run(&x);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    const int waiting = dial();
    const struct rlimit none = {.rlim_cur = 3, .rlim_max = files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    xenstored_turn(&x, 0);
    assert_int_equal(x.nr_clients, 1);
    assert_int_equal(loop_turn(&x.loop, 0), 0); /* it does not ask again and again */
    setrlimit(RLIMIT_NOFILE, &files);
    close(first);
    for (unsigned i = 0; i < 4; i++) {
        xenstored_turn(&x, 0);
    }
    say(waiting, WIRE_GET_DOMAIN_PATH, "9");
    xenstored_turn(&x, 0);
    hear(waiting, "/local/domain/9");
    close(waiting);
}

static void names(void **state)
{
    static struct xenstored second;
    assert_int_equal(xenstored_init(&second), 0);
    assert_int_equal(socket_listen(&second, path), -EADDRINUSE);
    char text[200];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(socket_listen(&second, text), -ENAMETOOLONG);
    assert_int_equal(socket_listen(&second, "/none/there/socket"), -ENOENT);
    /* One that died left its name */
    socket_close(&x);
    assert_int_equal(socket_listen(&second, path), 0);
    xenstored_fini(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_does_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
