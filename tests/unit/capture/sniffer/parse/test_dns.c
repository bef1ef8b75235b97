#include "capture/sniffer/parse/dns.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Both parse an exact copy, and see to it that a failure leaves *out as it was. */
static int parse_question(const struct message *message, size_t length, struct dns_question *out)
{
    struct dns_question before;
    memset(&before, 0xa5, sizeof before);
    memset(out, 0xa5, sizeof *out);
    uint8_t *copy = exact_copy(message->octets, length);
    int result = dns_question_parse(copy, length, out);
    if (result != 0) {
        assert_int_equal(result, -EBADMSG);
        assert_memory_equal(out, &before, sizeof before);
    } else {
        assert_ptr_equal(out->name, copy + DNS_HEADER_OCTETS);
        out->name = message->octets + DNS_HEADER_OCTETS;
    }
    free(copy);
    return result;
}

static int parse_records(const struct message *message, size_t length, size_t offset,
                         unsigned count, struct dns_edns *out)
{
    struct dns_edns before;
    memset(&before, 0xa5, sizeof before);
    memset(out, 0xa5, sizeof *out);
    uint8_t *copy = exact_copy(message->octets, length);
    int result = dns_records_parse(copy, length, offset, count, out);
    if (result != 0) {
        assert_int_equal(result, -EBADMSG);
        assert_memory_equal(out, &before, sizeof before);
    }
    free(copy);
    return result;
}

static void test_header_fields(void **state)
{
    (void)state;
    static const uint8_t octets[DNS_HEADER_OCTETS] = {0xaa, 0xaa, 0xb9, 0x8a, 1, 2,
                                                      3,    4,    5,    6,    7, 8};
    struct dns_header header;
    assert_int_equal(dns_header_parse(octets, sizeof octets, &header), 0);
    assert_true(header.response);
    assert_int_equal(header.opcode, 7);
    assert_int_equal(header.response_code, 10);
    assert_int_equal(header.question_count, 0x0102);
    assert_int_equal(header.answer_count, 0x0304);
    assert_int_equal(header.authority_count, 0x0506);
    assert_int_equal(header.additional_count, 0x0708);

    static const uint8_t others[DNS_HEADER_OCTETS] = {0xff, 0xff, 0x47, 0x75};
    assert_int_equal(dns_header_parse(others, sizeof others, &header), 0);
    assert_false(header.response);
    assert_int_equal(header.opcode, 8);
    assert_int_equal(header.response_code, 5);
}

static void test_header_needs_twelve_octets(void **state)
{
    (void)state;
    static const uint8_t octets[DNS_HEADER_OCTETS] = {0};
    struct dns_header header = {.question_count = 9};
    for (size_t length = 0; length < DNS_HEADER_OCTETS; length++) {
        uint8_t *copy = exact_copy(octets, length);
        assert_int_equal(dns_header_parse(copy, length, &header), -EBADMSG);
        assert_int_equal(header.question_count, 9);
        free(copy);
    }
}

static void test_question(void **state)
{
    (void)state;
    struct message message = {0};
    struct dns_question question;
    put_dns_header(&message, 0x0100, 0);
    put_name(&message, "ab.example");
    put16(&message, 0x1234);
    put16(&message, CLASS_IN);
    for (size_t length = 0; length < message.length; length++) {
        assert_int_equal(parse_question(&message, length, &question), -EBADMSG);
    }
    assert_int_equal(parse_question(&message, message.length, &question), 0);
    assert_int_equal(question.name_length, 12);
    assert_memory_equal(question.name, "\2ab\7example", 12);
    assert_int_equal(question.type, 0x1234);
    assert_int_equal(question.end, message.length);

    /* What follows is not looked at. */
    put8(&message, 0xff);
    assert_int_equal(parse_question(&message, message.length, &question), 0);
    assert_int_equal(question.end, message.length - 1);
}

static void test_question_for_the_root(void **state)
{
    (void)state;
    struct message message = {0};
    struct dns_question question;
    put_dns_header(&message, 0x0100, 0);
    put_name(&message, "");
    put_zeros(&message, 4);
    assert_int_equal(parse_question(&message, message.length, &question), 0);
    assert_int_equal(question.name_length, 1);
    assert_int_equal(question.end, 17);
}

static void test_label_limit(void **state)
{
    (void)state;
    for (unsigned label = 1; label <= UINT8_MAX; label++) {
        struct message message = {0};
        struct dns_question question;
        put_dns_header(&message, 0x0100, 0);
        put_label(&message, 'a', label);
        put8(&message, 0);
        put_zeros(&message, 4);
        assert_int_equal(parse_question(&message, message.length, &question),
                         label <= DNS_LABEL_MAX ? 0 : -EBADMSG);
    }
}

/* A name of `length` octets, in labels of 63 and then a shorter one. */
static void put_long_name(struct message *message, unsigned length)
{
    unsigned left = length - 1;
    while (left > 0) {
        /* No label takes one octet, so leave none over. */
        unsigned label = left <= 64 ? left - 1 : left == 65 ? 62 : 63;
        put_label(message, 'x', label);
        left -= label + 1;
    }
    put8(message, 0);
}

static void test_name_limit(void **state)
{
    (void)state;
    for (unsigned length = 3; length <= 300; length++) {
        struct message message = {0};
        struct dns_question question;
        put_dns_header(&message, 0x0100, 0);
        put_long_name(&message, length);
        assert_int_equal(message.length, DNS_HEADER_OCTETS + length);
        put_zeros(&message, 4);
        int result = parse_question(&message, message.length, &question);
        assert_int_equal(result, length <= DNS_NAME_MAX ? 0 : -EBADMSG);
        if (result == 0) {
            assert_int_equal(question.name_length, length);
        }
    }
}

static void test_no_pointer_in_the_question(void **state)
{
    (void)state;
    for (unsigned mark = 0x40; mark <= 0xff; mark++) {
        struct message message = {0};
        struct dns_question question;
        put_dns_header(&message, 0x0100, 0);
        put_label(&message, 'a', 3);
        put8(&message, mark);
        put_zeros(&message, 300);
        assert_int_equal(parse_question(&message, message.length, &question), -EBADMSG);
    }
}

static void test_no_records(void **state)
{
    (void)state;
    struct message message = {.length = 20};
    struct dns_edns edns;
    assert_int_equal(parse_records(&message, 20, 20, 0, &edns), 0);
    assert_int_equal(edns.opt_count, 0);
    assert_int_equal(parse_records(&message, 20, 19, 0, &edns), -EBADMSG);
    assert_int_equal(parse_records(&message, 20, 20, 1, &edns), -EBADMSG);
}

static void test_opt_fields(void **state)
{
    (void)state;
    struct message message = {0};
    struct dns_edns edns;
    put8(&message, 0);
    put16(&message, TYPE_OPT);
    put16(&message, 1232);
    put(&message, "\x11\x22\x33\x44", 4); /* extended code, version, flags */
    put16(&message, 0);
    assert_int_equal(parse_records(&message, message.length, 0, 1, &edns), 0);
    assert_int_equal(edns.opt_count, 1);
    assert_int_equal(edns.payload_size, 1232);
    assert_int_equal(edns.version, 0x22);

    /* Others before, between and behind; the first OPT's fields stand. */
    struct message several = {0};
    put_name(&several, "host.example");
    put_record(&several, TYPE_A, CLASS_IN, 4);
    put(&several, message.octets, message.length);
    put_name(&several, "");
    put_record(&several, TYPE_TXT, CLASS_IN, 300);
    put_opt(&several, 4096);
    put_name(&several, "key");
    put_record(&several, 250, 255, 40);
    assert_int_equal(parse_records(&several, several.length, 0, 5, &edns), 0);
    assert_int_equal(edns.opt_count, 2);
    assert_int_equal(edns.payload_size, 1232);
    assert_int_equal(edns.version, 0x22);
}

static void test_record_names(void **state)
{
    (void)state;
    struct dns_edns edns;
    for (unsigned mark = 1; mark <= 0xff; mark++) {
        struct message message = {0};
        put_label(&message, 'a', 2);
        if (mark <= DNS_LABEL_MAX) {
            put_label(&message, 'b', mark);
            put8(&message, 0);
        } else {
            put8(&message, mark);
            put8(&message, 0xff); /* a pointer may point nowhere: it is not followed */
        }
        put_record(&message, TYPE_A, CLASS_IN, 4);
        bool good = mark <= DNS_LABEL_MAX || mark >= 0xc0;
        assert_int_equal(parse_records(&message, message.length, 0, 1, &edns), good ? 0 : -EBADMSG);
    }
    for (unsigned length = 250; length <= 260; length++) {
        struct message message = {0};
        put_zeros(&message, 12); /* so that the name's offset matters */
        put_long_name(&message, length);
        put_record(&message, TYPE_A, CLASS_IN, 4);
        assert_int_equal(parse_records(&message, message.length, 12, 1, &edns),
                         length <= DNS_NAME_MAX ? 0 : -EBADMSG);
    }
}

static void test_records_end_where_the_message_does(void **state)
{
    (void)state;
    struct message message = {0};
    struct dns_edns edns;
    put_zeros(&message, 12);
    put16(&message, 0xc00c);
    put_record(&message, TYPE_A, CLASS_IN, 4);
    put_name(&message, "a.b");
    put_record(&message, TYPE_TXT, CLASS_IN, 20);
    put_opt(&message, 1232);
    put16(&message, 0xc00c); /* a pointer last, so that cuts go through it */
    put_record(&message, TYPE_A, CLASS_IN, 0);
    assert_int_equal(parse_records(&message, message.length, 12, 4, &edns), 0);
    for (size_t length = 12; length < message.length; length++) {
        assert_int_equal(parse_records(&message, length, 12, 4, &edns), -EBADMSG);
    }
    for (unsigned count = 0; count < 10; count++) {
        assert_int_equal(parse_records(&message, message.length, 12, count, &edns),
                         count == 4 ? 0 : -EBADMSG);
    }
    assert_int_equal(parse_records(&message, message.length, 12, UINT16_MAX, &edns), -EBADMSG);
    put8(&message, 0);
    assert_int_equal(parse_records(&message, message.length, 12, 4, &edns), -EBADMSG);
}

static void test_data_length_beyond_the_message(void **state)
{
    (void)state;
    struct message message = {0};
    struct dns_edns edns;
    put_opt(&message, 1232);
    put_zeros(&message, 9);
    for (unsigned data_length = 0; data_length <= UINT16_MAX; data_length++) {
        set16(&message, 9, data_length);
        assert_int_equal(parse_records(&message, message.length, 0, 1, &edns),
                         data_length == 9 ? 0 : -EBADMSG);
    }
}

/* Whatever comes, nothing outside the message is read, and what is taken for good fits in it. */
static void test_random_messages(void **state)
{
    (void)state;
    unsigned questions = 0;
    unsigned records = 0;
    for (unsigned round = 0; round < 100000; round++) {
        struct message message = {0};
        struct dns_question question;
        struct dns_edns edns;
        put_dns_header(&message, 0x0100, 2);
        put_label(&message, 'a', 1 + random_below(70));
        put_name(&message, "example.org");
        put_zeros(&message, 4);
        put16(&message, 0xc00c);
        put_record(&message, TYPE_A, CLASS_IN, random_below(20));
        put_opt(&message, 1232);
        for (uint32_t changes = random_below(4); changes > 0; changes--) {
            message.octets[random_below((uint32_t)message.length)] = (uint8_t)random_next();
        }
        size_t length =
            random_below(4) == 0 ? random_below((uint32_t)message.length + 1) : message.length;
        if (parse_question(&message, length, &question) == 0) {
            questions++;
            assert_in_range(question.end, DNS_HEADER_OCTETS + 5, length);
            assert_int_equal(question.name[question.name_length - 1], 0);
            records += parse_records(&message, length, question.end, 2, &edns) == 0;
        }
    }
    assert_in_range(questions, 50000, 99000);
    assert_in_range(records, 20000, questions - 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_header_needs_twelve_octets),
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_question_for_the_root),
        cmocka_unit_test(test_label_limit),
        cmocka_unit_test(test_name_limit),
        cmocka_unit_test(test_no_pointer_in_the_question),
        cmocka_unit_test(test_no_records),
        cmocka_unit_test(test_opt_fields),
        cmocka_unit_test(test_record_names),
        cmocka_unit_test(test_records_end_where_the_message_does),
        cmocka_unit_test(test_data_length_beyond_the_message),
        cmocka_unit_test(test_random_messages),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
