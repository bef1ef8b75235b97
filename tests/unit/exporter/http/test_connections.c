#include "exporter/http/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static struct connections connections;

static int forget(void **state)
{
    (void)state;
    memset(&connections, 0, sizeof connections);
    return 0;
}

static int add(int descriptor, uint64_t peer)
{
    return connections_add(&connections,
                           &(struct newcomer){.descriptor = descriptor, .peer = peer});
}

static void add_all(int first, int count, uint64_t peer)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(add(first + i, peer), 0);
    }
}

static int dispensable(uint64_t peer)
{
    const struct connection *found = connections_dispensable(&connections, peer);
    return found != NULL ? found->descriptor : -1;
}

static uint64_t peer_v4(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
    assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return connections_peer((const struct sockaddr *)&address);
}

static uint64_t peer_v6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return connections_peer((const struct sockaddr *)&address);
}

static void who_counts_as_one(void **state)
{
    (void)state;
    const struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_int_equal(connections_peer((const struct sockaddr *)&local), CONNECTIONS_PEER_LOCAL);

    assert_int_equal(peer_v4("192.0.2.1"), peer_v6("::ffff:192.0.2.1"));
    assert_int_not_equal(peer_v4("192.0.2.1"), peer_v4("192.0.2.2"));
    assert_int_equal(peer_v6("2001:db8:1:2::1"), peer_v6("2001:db8:1:2:ffff::2"));
    assert_int_not_equal(peer_v6("2001:db8:1:2::1"), peer_v6("2001:db8:1:3::1"));

    const uint64_t others[] = {
        peer_v4("0.0.0.0"),     peer_v4("127.0.0.1"),   peer_v4("255.255.255.255"), peer_v6("::"),
        peer_v6("2001:db8::1"), CONNECTIONS_PEER_LOCAL, CONNECTIONS_PEER_UNKNOWN,
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(others[i], others[j]);
        }
    }
}

static void a_peer_has_its_limit(void **state)
{
    (void)state;
    add_all(100, CONNECTIONS_PEER_MAX, 1);
    assert_int_equal(add(200, 1), -ENOSPC);
    assert_int_equal(add(200, 2), 0);
    connections_remove(&connections, 105);
    assert_int_equal(add(201, 1), 0);
    assert_int_equal(add(202, 1), -ENOSPC);
    assert_int_equal(connections.count, CONNECTIONS_PEER_MAX + 1);
}

static void all_have_a_limit(void **state)
{
    (void)state;
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        assert_int_equal(add(100 + i, (uint64_t)i), 0);
    }
    assert_int_equal(add(99, 99), -ENOSPC);
    assert_null(connections_find(&connections, 99));
    connections_remove(&connections, 130);
    connections_remove(&connections, 130); /* unknown by now */
    assert_null(connections_find(&connections, 130));
    assert_int_equal(add(99, 99), 0);
    assert_int_equal(connections_find(&connections, 99)->peer, 99);
}

static void one_at_its_limit_pays_itself(void **state)
{
    (void)state;
    add_all(300, 3, 3);
    add_all(100, CONNECTIONS_PEER_MAX, 1);
    assert_int_equal(dispensable(1), 100);
    connections_find(&connections, 100)->asked = true;
    assert_int_equal(dispensable(1), 101);
    for (int i = 0; i < CONNECTIONS_PEER_MAX; i++) {
        connections_find(&connections, 100 + i)->asked = true;
    }
    assert_int_equal(dispensable(1), -1);
}

static void the_greediest_pays(void **state)
{
    (void)state;
    assert_int_equal(dispensable(9), -1);
    add_all(100, 1, 1);
    add_all(200, 3, 2);
    add_all(300, 4, 3);
    add_all(400, 3, 4);
    assert_int_equal(dispensable(9), 300);
    connections_find(&connections, 300)->asked = true; /* three wait of each: the oldest */
    assert_int_equal(dispensable(9), 200);
    connections_remove(&connections, 200);
    add_all(201, 1, 5); /* in its place, but a newcomer */
    assert_int_equal(dispensable(9), 301);
}

static void what_was_ended_is_given_up_once(void **state)
{
    (void)state;
    add_all(100, 2, 1);
    connections_find(&connections, 100)->ended = true;
    assert_int_equal(dispensable(1), 101);
    connections_find(&connections, 101)->ended = true;
    assert_int_equal(dispensable(1), -1);
    connections_remove(&connections, 100);
    add_all(100, 1, 1); /* the descriptor's next */
    assert_int_equal(dispensable(1), 100);
}

static void who_has_asked_is_seen(void **state)
{
    (void)state;
    add_all(100, 3, 1);
    assert_false(connections_any_asked(&connections));
    connections_find(&connections, 102)->asked = true;
    assert_true(connections_any_asked(&connections));
    connections_remove(&connections, 102);
    assert_false(connections_any_asked(&connections));
}

static void scrapes_are_counted(void **state)
{
    (void)state;
    add_all(100, 3, 1);
    assert_int_equal(connections_scrapes(&connections), 0);
    connections_find(&connections, 100)->scrape = true;
    connections_find(&connections, 102)->scrape = true;
    assert_int_equal(connections_scrapes(&connections), 2);
    connections_remove(&connections, 100);
    assert_int_equal(connections_scrapes(&connections), 1);
    add_all(103, 1, 1);
    assert_int_equal(connections_scrapes(&connections), 1);
}

static bool is_shut(int descriptor)
{
    char byte;
    return recv(descriptor, &byte, 1, MSG_DONTWAIT) == 0;
}

static void a_deadline_ends_each(void **state)
{
    (void)state;
    int first[2];
    int second[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
    const uint32_t start = UINT32_MAX - 5; /* seconds that wrap change nothing */
    connections_add(&connections, &(struct newcomer){.descriptor = first[0], .second = start});
    connections_add(&connections, &(struct newcomer){.descriptor = second[0], .second = start + 1});

    const uint32_t last = start + CONNECTIONS_DEADLINE_SECONDS;
    assert_int_equal(connections_expire(&connections, last), 0);
    assert_false(is_shut(first[0]));
    assert_int_equal(connections_expire(&connections, last + 1), 1);
    assert_int_equal(connections_expire(&connections, last + 1), 0); /* each once */
    assert_true(is_shut(first[0]));
    assert_false(is_shut(second[0]));
    assert_non_null(connections_find(&connections, first[0])); /* until libmicrohttpd closes it */
    assert_int_equal(connections_expire(&connections, last + 2), 1);
    assert_true(is_shut(second[0]));
    for (unsigned i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_counts_as_one, forget),
        cmocka_unit_test_setup(a_peer_has_its_limit, forget),
        cmocka_unit_test_setup(all_have_a_limit, forget),
        cmocka_unit_test_setup(one_at_its_limit_pays_itself, forget),
        cmocka_unit_test_setup(the_greediest_pays, forget),
        cmocka_unit_test_setup(what_was_ended_is_given_up_once, forget),
        cmocka_unit_test_setup(who_has_asked_is_seen, forget),
        cmocka_unit_test_setup(scrapes_are_counted, forget),
        cmocka_unit_test_setup(a_deadline_ends_each, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
