#include "capture/dns.h"

#include <errno.h>

enum {
    QUESTION_FIXED_OCTETS = 4, /* type, class */
    RECORD_FIXED_OCTETS = 10,  /* type, class, time to live, length of the data */
    POINTER_OCTETS = 2,
    POINTER_MARK = 0xc0, /* an octet of this value or above begins a compression pointer */
};

static uint16_t get16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

int dns_header_parse(const uint8_t *message, size_t length, struct dns_header *out)
{
    if (length < DNS_HEADER_OCTETS) {
        return -EBADMSG;
    }
    out->response = message[2] >> 7 != 0;
    out->opcode = message[2] >> 3 & 0x0f;
    out->response_code = message[3] & 0x0f;
    out->question_count = get16(message + 4);
    out->answer_count = get16(message + 6);
    out->authority_count = get16(message + 8);
    out->additional_count = get16(message + 10);
    return 0;
}

/*
 * Skips the labels of the name that begins at `offset`. Returns the offset of what ends them, the
 * root or an octet above DNS_LABEL_MAX, or `length` when they do not end inside the message or
 * within DNS_NAME_MAX octets.
 */
static size_t skip_labels(const uint8_t *message, size_t length, size_t offset)
{
    size_t limit = length - offset < DNS_NAME_MAX ? length : offset + DNS_NAME_MAX;
    while (offset < limit) {
        unsigned label = message[offset];
        if (label == 0 || label > DNS_LABEL_MAX) {
            return offset;
        }
        offset += 1 + label;
    }
    return length;
}

int dns_question_parse(const uint8_t *message, size_t length, struct dns_question *out)
{
    if (length < DNS_HEADER_OCTETS) {
        return -EBADMSG;
    }
    size_t root = skip_labels(message, length, DNS_HEADER_OCTETS);
    if (length - root < 1 + QUESTION_FIXED_OCTETS || message[root] != 0) {
        return -EBADMSG;
    }
    out->name = message + DNS_HEADER_OCTETS;
    out->name_length = (uint8_t)(root + 1 - DNS_HEADER_OCTETS);
    out->type = get16(message + root + 1);
    out->end = (uint16_t)(root + 1 + QUESTION_FIXED_OCTETS);
    return 0;
}

int dns_records_parse(const uint8_t *message, size_t length, size_t offset, unsigned count,
                      struct dns_edns *out)
{
    struct dns_edns edns = {0};
    for (; count > 0; count--) {
        if (offset >= length) {
            return -EBADMSG;
        }
        offset = skip_labels(message, length, offset);
        if (offset == length) {
            return -EBADMSG;
        }
        if (message[offset] == 0) {
            offset += 1;
        } else if (message[offset] >= POINTER_MARK) {
            offset += POINTER_OCTETS;
        } else {
            return -EBADMSG;
        }
        if (offset > length || length - offset < RECORD_FIXED_OCTETS) {
            return -EBADMSG;
        }
        const uint8_t *fixed = message + offset;
        if (get16(fixed) == DNS_TYPE_OPT && edns.opt_count++ == 0) {
            edns.payload_size = get16(fixed + 2);
            edns.version = fixed[5];
        }
        size_t data_length = get16(fixed + 8);
        offset += RECORD_FIXED_OCTETS;
        if (length - offset < data_length) {
            return -EBADMSG;
        }
        offset += data_length;
    }
    if (offset != length) {
        return -EBADMSG;
    }
    *out = edns;
    return 0;
}
