/* The two parsers of capture/sniffer/parse/dns.c: any message. */
#include "tests/proof/proof.h"

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
    REACH(result == 0 && length == FRAME_MAX && count == 5000 && out.opt_count == 2,
          "many records");
    REACH(result == 0 && count == 0, "none");
    REACH(result == -EBADMSG && length == FRAME_MAX, "a bad record");
}
