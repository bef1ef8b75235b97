#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/address.h"
#include "exporter/check_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct address parse(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

/* Whether two listening sockets are in each other's way, as bind(2) and listen(2) have it. */
static void overlaps(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool overlap;
    } cases[] = {
        {"127.0.0.1:9713", "127.0.0.1:9713", true},
        {"127.0.0.1:9713", "localhost:9713", true},
        {"127.0.0.1:9713", "127.0.0.1:9714", false},
        {"127.0.0.1:9713", "127.0.0.2:9713", false},
        {"0.0.0.0:9713", "127.0.0.2:9713", true},
        {"0.0.0.0:9713", "[::1]:9713", false},
        {"0.0.0.0:9713", "[::ffff:127.0.0.1]:9713", true},
        {"127.0.0.1:9713", "[::ffff:127.0.0.1]:9713", true},
        {":9713", "127.0.0.1:9713", true},
        {":9713", "[::1]:9713", true},
        {":9713", "0.0.0.0:9713", true},
        {":9713", "0.0.0.0:9714", false},
        {"[::]:9713", "0.0.0.0:9713", true},
        {"[::1]:9713", "[::1]:9713", true},
        {"[::1]:9713", "[::2]:9713", false},
        {"[::1]:9713", "127.0.0.1:9713", false},
        {"[::1]:9713", "unix:/run/x", false},
        {"unix:/run/x", "unix:/run/x", true},
        {"unix:/run/x", "unix:/run/y", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct address one = parse(cases[i].one);
        const struct address other = parse(cases[i].other);
        print_message("%s %s\n", cases[i].one, cases[i].other);
        assert_int_equal(check_listen_overlap(&one, &other), cases[i].overlap);
        assert_int_equal(check_listen_overlap(&other, &one), cases[i].overlap);
    }
}

#define REST  " 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100\n"
#define ZEROS "00000000000000000000000000000000"

/* As Linux writes them on x86-64, where each word has its lowest octet first. */
static void lines_of_the_kernel(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool v4, v6; /* in the way of 127.0.0.1:9713 and of [::1]:9713 */
    } cases[] = {
        {"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid", 0, 0},
        {"   0: 0100007F:25F1 00000000:0000 0A" REST, true, false},
        {"1234: 00000000:25F1 00000000:0000 0A" REST, true, false},
        {"   0: 0200007F:25F1 00000000:0000 0A" REST, false, false},
        {"   0: 0100007F:25F2 00000000:0000 0A" REST, false, false},
        {"   0: 0100007F:25F1 0100007F:8B52 01" REST, false, false},
        {"   0: 0100007F:25F1 0100007F:8B52 06" REST, false, false},
        {"   0: " ZEROS ":25F1 " ZEROS ":0000 0A" REST, true, true},
        {"   0: 00000000000000000000000001000000:25F1 " ZEROS ":0000 0A" REST, false, true},
        {"   0: 0000000000000000FFFF00000100007F:25F1 " ZEROS ":0000 0A" REST, true, false},
        {"   0: 0000000000000000FFFF000000000000:25F1 " ZEROS ":0000 0A" REST, true, false},
        {"   0: 00007F:25F1 00000000:0000 0A" REST, false, false},
        {"   0: " ZEROS ZEROS ":25F1 00000000:0000 0A" REST, false, false},
        {"   0: 0100007F:25F1", false, false},
        {"", false, false},
    };
    const struct address v4 = parse("127.0.0.1:9713");
    const struct address v6 = parse("[::1]:9713");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s", cases[i].line);
        assert_int_equal(check_listen_line_overlaps(&v4, cases[i].line), cases[i].v4);
        assert_int_equal(check_listen_line_overlaps(&v6, cases[i].line), cases[i].v6);
    }
}

static int listening(const struct address *address)
{
    int descriptor = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, &address->socket.any, address->length), 0);
    assert_int_equal(listen(descriptor, 1), 0);
    return descriptor;
}

static enum check_place place_of(const struct address *address)
{
    enum check_place place;
    assert_int_equal(check_listen(address, &place), 0);
    return place;
}

static void ports(void **state)
{
    (void)state;
    struct address address = parse("127.0.0.7:1024");
    address.socket.v4.sin_port = 0; /* any that is free */
    int descriptor = listening(&address);
    assert_int_equal(getsockname(descriptor, &address.socket.any, &address.length), 0);
    assert_int_equal(place_of(&address), CHECK_PLACE_IN_USE);
    struct address every = address;
    every.socket.v4.sin_addr.s_addr = INADDR_ANY;
    assert_int_equal(place_of(&every), CHECK_PLACE_IN_USE);
    close(descriptor);
    assert_int_equal(place_of(&address), CHECK_PLACE_FREE);

    enum check_place place;
    const struct address elsewhere = parse("192.0.2.77:9713");
    assert_int_equal(check_listen(&elsewhere, &place), -EADDRNOTAVAIL);
    const struct address elsewhere6 = parse("[2001:db8::77]:9713");
    assert_int_equal(check_listen(&elsewhere6, &place), -EADDRNOTAVAIL);
}

/* Nothing of this changes a file. */
static void paths(void **state)
{
    (void)state;
    char folder[] = "/tmp/dnstt-check-XXXXXX";
    char text[ADDRESS_TEXT_MAX];
    struct stat before, after;
    enum check_place place;
    assert_non_null(mkdtemp(folder));
    snprintf(text, sizeof text, "unix:%s/socket", folder);
    const struct address address = parse(text);
    const char *path = address.socket.local.sun_path;

    assert_int_equal(place_of(&address), CHECK_PLACE_FREE);
    int descriptor = listening(&address);
    assert_int_equal(lstat(path, &before), 0);
    assert_int_equal(place_of(&address), CHECK_PLACE_IN_USE);
    close(descriptor);
    assert_int_equal(place_of(&address), CHECK_PLACE_STALE);
    assert_int_equal(lstat(path, &after), 0);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(check_listen(&address, &place), -EEXIST);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(check_listen(&address, &place), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlaps),
        cmocka_unit_test(lines_of_the_kernel),
        cmocka_unit_test(ports),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
