/*
 * The parts of a DNS message that are checked (RFC 1035, section 4; RFC 6891 for OPT): header, the
 * one question, and whether every record ends inside the message. Pure, reads nothing outside it.
 */
#ifndef CAPTURE_SNIFFER_PARSE_DNS_H
#define CAPTURE_SNIFFER_PARSE_DNS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_HEADER_OCTETS = 12,
    DNS_NAME_MAX = 255, /* octets on the wire, the root's included: RFC 1035, section 2.3.4 */
    DNS_LABEL_MAX = 63,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_OPT = 41,
};

struct dns_header {
    bool response; /* QR */
    uint8_t opcode;
    uint8_t response_code; /* the low four bits; the extended bits are in OPT */
    uint16_t question_count;
    uint16_t answer_count;
    uint16_t authority_count;
    uint16_t additional_count;
};

struct dns_question {
    const uint8_t *name; /* into the message: labels with length octets, the root's 0 last */
    uint8_t name_length; /* 1 to 255 octets, the root's included */
    uint16_t type;
    uint16_t end; /* offset in the message just past the question */
};

/* What the additional section says about EDNS. */
struct dns_edns {
    unsigned opt_count;
    uint8_t version;       /* of the first OPT */
    uint16_t payload_size; /* of the first OPT: the CLASS field, RFC 6891, section 6.1.2 */
};

static inline uint16_t dns_get16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

/* Returns 0, or -EBADMSG below 12 octets. `*out` is untouched on failure, as below. Inline: most
 * callers use only two or three of the fields. */
static inline int dns_header_parse(const uint8_t *message, size_t length, struct dns_header *out)
{
    if (length < DNS_HEADER_OCTETS) {
        return -EBADMSG;
    }
    out->response = message[2] >> 7 != 0;
    out->opcode = message[2] >> 3 & 0x0f;
    out->response_code = message[3] & 0x0f;
    out->question_count = dns_get16(message + 4);
    out->answer_count = dns_get16(message + 6);
    out->authority_count = dns_get16(message + 8);
    out->additional_count = dns_get16(message + 10);
    return 0;
}

/*
 * Reads the question that follows the header. Returns 0, or -EBADMSG when it does not end within
 * `length`, has a label above 63 octets, a name above 255 or a compression pointer.
 */
int dns_question_parse(const uint8_t *message, size_t length, struct dns_question *out);

/*
 * Walks `count` records from `offset` on. Returns 0 when the last ends exactly at `length`, or
 * -EBADMSG when one does not end inside the message or octets follow the last. A compression
 * pointer ends a record's name and is not followed. The walk is bounded by `length`: a record has
 * at least 11 octets.
 */
int dns_records_parse(const uint8_t *message, size_t length, size_t offset, unsigned count,
                      struct dns_edns *out);

/*
 * The length of the query that the octets begin with: one question, any additional records, nothing
 * else. Returns 0, or -EBADMSG where they begin with none that is whole.
 */
int dns_query_length(const uint8_t *message, size_t length, size_t *out);

#endif
