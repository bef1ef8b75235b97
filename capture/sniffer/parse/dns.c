#include "capture/sniffer/parse/dns.h"

#include <errno.h>

enum {
    QUESTION_FIXED_OCTETS = 4, /* type, class */
    RECORD_FIXED_OCTETS = 10,  /* type, class, time to live, length of the data */
    ROOT_OCTETS = 1,
    POINTER_OCTETS = 2,
    POINTER_MARK = 0xc0, /* an octet of this value or above starts a compression pointer */
};

/*
 * Skips the labels of the name that begins at `offset`. Returns the offset of what ends them, the
 * root or an octet above DNS_LABEL_MAX, or `length` when they do not end inside the message or
 * within DNS_NAME_MAX octets.
 */
static inline size_t skip_labels(const uint8_t *message, size_t length, size_t offset)
{
    size_t limit = offset + DNS_NAME_MAX < length ? offset + DNS_NAME_MAX : length;
    while (offset < limit) {
        size_t label = message[offset];
        if (label - 1 >= DNS_LABEL_MAX) {
            return offset;
        }
        offset += 1 + label;
    }
    return length;
}

int dns_question_parse(const uint8_t *message, size_t length, struct dns_question *out)
{
    size_t root = skip_labels(message, length, DNS_HEADER_OCTETS);
    size_t end = root + 1 + QUESTION_FIXED_OCTETS;
    if (end > length || message[root] != 0) {
        return -EBADMSG;
    }
    out->name = message + DNS_HEADER_OCTETS;
    out->name_length = (uint8_t)(root + 1 - DNS_HEADER_OCTETS);
    out->type = dns_get16(message + root + 1);
    out->end = (uint16_t)end;
    return 0;
}

/* The offset just past the name that begins at `offset`, or `length` when that does not end inside
 * the message. In an OPT record the name is the root. */
static inline size_t skip_name(const uint8_t *message, size_t length, size_t offset)
{
    if (offset < length && message[offset] == 0) {
        return offset + ROOT_OCTETS;
    }
    offset = skip_labels(message, length, offset);
    if (offset < length && message[offset] == 0) {
        return offset + ROOT_OCTETS;
    }
    if (offset < length && message[offset] >= POINTER_MARK) {
        return offset + POINTER_OCTETS;
    }
    return length;
}

/* Walks `count` records from `offset` on. Returns the offset just past the last, or one above
 * `length` when it does not end inside the message. */
static inline size_t walk_records(const uint8_t *message, size_t length, size_t offset,
                                  unsigned count, struct dns_edns *edns)
{
    for (; count > 0; count--) {
        size_t fixed = skip_name(message, length, offset);
        offset = fixed + RECORD_FIXED_OCTETS;
        if (offset > length) {
            break;
        }
        const uint8_t *record = message + fixed;
        offset += dns_get16(record + 8);
        if (offset > length) {
            break;
        }
        if (dns_get16(record) == DNS_TYPE_OPT && edns->opt_count++ == 0) {
            edns->payload_size = dns_get16(record + 2);
            edns->version = record[5];
        }
    }
    return offset;
}

int dns_records_parse(const uint8_t *message, size_t length, size_t offset, unsigned count,
                      struct dns_edns *out)
{
    struct dns_edns edns = {0};
    if (walk_records(message, length, offset, count, &edns) != length) {
        return -EBADMSG;
    }
    *out = edns;
    return 0;
}

int dns_query_length(const uint8_t *message, size_t length, size_t *out)
{
    struct dns_header header;
    struct dns_question question;
    struct dns_edns edns = {0};
    if (dns_header_parse(message, length, &header) != 0 || header.response ||
        header.question_count != 1 || header.answer_count != 0 || header.authority_count != 0 ||
        dns_question_parse(message, length, &question) != 0) {
        return -EBADMSG;
    }
    size_t end = walk_records(message, length, question.end, header.additional_count, &edns);
    if (end > length) {
        return -EBADMSG;
    }
    *out = end;
    return 0;
}
