/*
 * EDNS Client Subnet (RFC 7871): a resolver may send a part of its client's address. Nothing of the
 * OPT record's data is read: docs/privacy.md.
 */
#include "capture/sniffer/classify.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    OPTION_SUBNET = 8,
    OPTION_HEADER = 4, /* code, length */
    FAMILY_IPV4 = 1,
    FAMILY_IPV6 = 2,
};

/* The option's data: family, prefix of the source, prefix of the scope, address. */
static const uint8_t subnets[][11] = {
    {0, FAMILY_IPV4, 24, 0, 203, 0, 113, 0, 0, 0, 0},
    {0, FAMILY_IPV4, 32, 0, 203, 0, 113, 7, 0, 0, 0},
    {0, FAMILY_IPV6, 56, 0, 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 0xff},
};
static const size_t subnet_octets[] = {7, 8, 11};

enum { SUBNETS = sizeof subnets / sizeof *subnets };

/* Puts the option into the OPT record, which ends the query. `told`: the option's own length. */
static void put_subnet(struct message *dns, unsigned which, unsigned told)
{
    set16(dns, dns->length - 2, (unsigned)(OPTION_HEADER + subnet_octets[which]));
    put16(dns, OPTION_SUBNET);
    put16(dns, told);
    put(dns, subnets[which], subnet_octets[which]);
}

static struct message subnet_query(unsigned which)
{
    struct message dns = query_message(DOMAIN);
    put_subnet(&dns, which, (unsigned)subnet_octets[which]);
    return dns;
}

/* The record of a query that has to be recorded. */
static struct wire_record record_of(const struct message *dns, unsigned version)
{
    struct message packet = carry(dns, version, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    return record;
}

static void test_the_record_is_the_same_but_for_its_bytes(void **state)
{
    (void)state;
    const struct message plain = query_message(DOMAIN);
    for (unsigned version = 4; version <= 6; version += 2) {
        for (unsigned which = 0; which < SUBNETS; which++) {
            const struct message dns = subnet_query(which);
            struct wire_record expected = record_of(&plain, version);
            const struct wire_record found = record_of(&dns, version);
            assert_int_equal(found.outcome, WIRE_QUERY);
            assert_int_equal(found.bytes, dns.length);
            expected.bytes = found.bytes;
            assert_memory_equal(&found, &expected, sizeof found);
        }
    }
}

/* A packet that ends in a page that cannot be read: the OPT record's data is all that is there. */
static void test_its_inside_is_not_read(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (unsigned which = 0; which < SUBNETS; which++) {
        const struct message dns = subnet_query(which);
        const struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
        const size_t readable = packet.length - OPTION_HEADER - subnet_octets[which];
        memcpy(pages + page - readable, packet.octets, readable);
        const struct frame frame = {
            .data = pages + page - readable,
            .captured = (uint32_t)packet.length,
            .length = (uint32_t)packet.length,
            .protocol = ETH_P_IP,
            .type = PACKET_HOST,
        };
        assert_int_equal(classify_frame(&classifier, &frame, &stats, &record), WIRE_QUERY);
        assert_int_equal(record.bytes, dns.length);
    }
    assert_int_equal(munmap(pages, 2 * page), 0);
}

/* Only the record's own length counts. */
static void test_what_the_option_says_of_its_length_means_nothing(void **state)
{
    (void)state;
    static const unsigned told[] = {0, 3, 8, UINT16_MAX};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct message dns = query_message(DOMAIN);
        put_subnet(&dns, 0, told[i]);
        (void)record_of(&dns, 4);
        assert_int_equal(record.outcome, WIRE_QUERY);
    }
}

static void test_a_record_that_ends_elsewhere_is_malformed(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over += 2) {
        struct message dns = subnet_query(0);
        const size_t data = OPTION_HEADER + subnet_octets[0];
        set16(&dns, dns.length - data - 2, (unsigned)((int)data + over));
        const struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
        assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_record_is_the_same_but_for_its_bytes),
        TEST(test_its_inside_is_not_read),
        TEST(test_what_the_option_says_of_its_length_means_nothing),
        TEST(test_a_record_that_ends_elsewhere_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
