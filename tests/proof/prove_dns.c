/* The two parsers of capture/sniffer/parse/dns.c: any message. */
#include "tests/proof/proof.h"

#include "capture/sniffer/parse/dns.c"

#include <stdlib.h>

void prove_dns_question_parse(void)
{
    struct dns_question out;
    size_t length = nondet_size();
    __CPROVER_assume(length <= FRAME_MAX);
    uint8_t *message = malloc(length);

    int result = dns_question_parse(message, length, &out);

    PROMISE(result == 0 || result == -EBADMSG, "nothing else is returned");
    if (result == 0) {
        PROMISE(out.name == message + DNS_HEADER_OCTETS && out.name_length >= 1 &&
                    out.end == DNS_HEADER_OCTETS + out.name_length + QUESTION_FIXED_OCTETS &&
                    out.end <= length,
                "the question is in the message");
        REACH(length == FRAME_MAX && out.name_length == DNS_NAME_MAX, "the longest name");
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
