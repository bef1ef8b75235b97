/* The parsers of capture/sniffer/parse/dns.c: any message. */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/parse/dns.c"

#include <stdlib.h>

/* For the loop's contract in proofs.py: where a root may be, and of each octet of the message up to
 * there whether labels that begin there, none of them empty, end at it. */
typedef unsigned __CPROVER_bitvector[DNS_HEADER_OCTETS + DNS_NAME_MAX + 1] message_set;
size_t root_at;
message_set named;

static void define_named(const uint8_t *message, size_t length)
{
    for (unsigned at = DNS_HEADER_OCTETS; at <= DNS_HEADER_OCTETS + DNS_NAME_MAX; at++) {
        octet_bits octet = at < root_at && at < length ? message[at] : 0;
        bool ends = at == root_at || (octet != 0 && SET_HAS(named >> (at + 1), octet));
        __CPROVER_assume(SET_HAS(named, at) == ends);
    }
}

message_set nondet_set(void);

void prove_dns_question_parse(void)
{
    struct dns_question out;
    size_t length = nondet_size();
    root_at = nondet_size();
    __CPROVER_assume(length <= FRAME_MAX && root_at >= DNS_HEADER_OCTETS &&
                     root_at < DNS_HEADER_OCTETS + DNS_NAME_MAX);
    uint8_t *message = malloc(length);
    named = nondet_set();
    define_named(message, length);

    int result = dns_question_parse(message, length, &out);

    PROMISE(result == 0 || result == -EBADMSG, "nothing else is returned");
    if (result == 0) {
        PROMISE(out.name == message + DNS_HEADER_OCTETS && out.name_length >= 1 &&
                    out.end == DNS_HEADER_OCTETS + out.name_length + QUESTION_FIXED_OCTETS &&
                    out.end <= length,
                "the question is in the message");
        PROMISE(DNS_HEADER_OCTETS + out.name_length != root_at + 1 ||
                    SET_HAS(named, DNS_HEADER_OCTETS),
                "no label is empty");
        REACH(length == FRAME_MAX && out.name_length == DNS_NAME_MAX &&
                  SET_HAS(named, DNS_HEADER_OCTETS),
              "the longest name");
        REACH(out.name_length == 1, "the root");
    }
    REACH(result == -EBADMSG && length == FRAME_MAX, "a bad name");
}

/* Octets of the shortest record: the root and what is fixed. */
enum { RECORD_MIN = ROOT_OCTETS + RECORD_FIXED_OCTETS };

struct dns_edns nondet_edns(void);

void prove_walk_records(void)
{
    struct dns_edns edns = {0};
    size_t length = nondet_size();
    size_t offset = nondet_size();
    unsigned count = nondet_unsigned();
    __CPROVER_assume(length <= FRAME_MAX && offset <= length && count <= UINT16_MAX);
    uint8_t *message = malloc(length);

    size_t result = walk_records(message, length, offset, count, &edns);

    PROMISE(result > length || result >= offset + (size_t)RECORD_MIN * count,
            "a record has its least octets");
    REACH(result == length && length == FRAME_MAX && count == 5000 && edns.opt_count == 2,
          "many records");
    REACH(result == offset && count == 0, "none");
    REACH(result < length && count == 1, "octets behind the last");
    REACH(result > length && length == FRAME_MAX, "a bad record");
}

/* --- What calls walk_records. */

size_t walked; /* what it returned */

size_t model_walk_records(const uint8_t *message, size_t length, size_t offset, unsigned count,
                          struct dns_edns *edns)
{
    REQUIRE(length <= FRAME_MAX && __CPROVER_r_ok(message, length), "a message can be read");
    REQUIRE(offset <= length && count <= UINT16_MAX, "records begin in it");
    REQUIRE(edns->opt_count == 0, "no OPT record is counted yet");
    *edns = nondet_edns();
    walked = nondet_size();
    __CPROVER_assume(walked > length || walked >= offset + (size_t)RECORD_MIN * count);
    return walked;
}

void prove_dns_records_parse(void)
{
    struct dns_edns out;
    size_t length = nondet_size();
    size_t offset = nondet_size();
    unsigned count = nondet_unsigned();
    __CPROVER_assume(length <= FRAME_MAX && offset <= length && count <= UINT16_MAX);
    uint8_t *message = malloc(length);

    int result = dns_records_parse(message, length, offset, count, &out);

    PROMISE(result == 0 || result == -EBADMSG, "nothing else is returned");
    PROMISE((result == 0) == (walked == length), "the last record ends the message");
    REACH(result == 0 && length == FRAME_MAX && count == 5000 && out.opt_count == 2,
          "many records");
    REACH(result == 0 && count == 0, "none");
    REACH(result == -EBADMSG && walked < length, "octets behind the last");
    REACH(result == -EBADMSG && walked > length, "a bad record");
}

void prove_dns_query_length(void)
{
    size_t out;
    size_t length = nondet_size();
    __CPROVER_assume(length <= FRAME_MAX);
    uint8_t *message = malloc(length);

    int result = dns_query_length(message, length, &out);

    PROMISE(result == 0 || result == -EBADMSG, "nothing else is returned");
    if (result == 0) {
        unsigned records = dns_get16(message + 10);
        PROMISE(out >= QUERY_MIN && out <= length, "the query is in the message");
        PROMISE(is_query_header(message), "it is a query with one question");
        PROMISE(out == walked && out - QUERY_MIN >= (size_t)RECORD_MIN * records,
                "its records are in it");
        REACH(out == QUERY_MIN, "the shortest query");
        REACH(out == FRAME_MAX && records == 5000, "the longest, with many records");
        REACH(out == QUERY_MIN + RECORD_MIN && length == FRAME_MAX, "octets behind the query");
    }
    REACH(result == -EBADMSG && length == FRAME_MAX && is_query_header(message),
          "a bad question or record");
}
