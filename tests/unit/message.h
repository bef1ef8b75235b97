/* Packets and DNS messages put together octet by octet, for the tests of the sniffer's parsers. */
#ifndef TESTS_UNIT_MESSAGE_H
#define TESTS_UNIT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct message {
    uint8_t octets[4096];
    size_t length;
};

static inline void put(struct message *message, const void *octets, size_t length)
{
    if (length > sizeof message->octets - message->length) {
        abort();
    }
    memcpy(message->octets + message->length, octets, length);
    message->length += length;
}

static inline void put8(struct message *message, unsigned value)
{
    put(message, &(uint8_t){(uint8_t)value}, 1);
}

static inline void put16(struct message *message, unsigned value)
{
    put8(message, value >> 8);
    put8(message, value & 0xff);
}

static inline void set16(struct message *message, size_t offset, unsigned value)
{
    message->octets[offset] = (uint8_t)(value >> 8);
    message->octets[offset + 1] = (uint8_t)value;
}

static inline void put_zeros(struct message *message, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put8(message, 0);
    }
}

/* One label of `length` characters, all the same. */
static inline void put_label(struct message *message, char character, unsigned length)
{
    put8(message, length);
    for (unsigned i = 0; i < length; i++) {
        put8(message, (unsigned char)character);
    }
}

/* "a.b" as labels, the root last. */
static inline void put_name(struct message *message, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        put8(message, (unsigned)length);
        put(message, name, length);
        name += length + (name[length] == '.');
    }
    put8(message, 0);
}

/* In one of the two alphabets of RFC 4648. */
static inline size_t encode_in(const char *alphabet, const uint8_t *octets, size_t length,
                               char *out)
{
    size_t written = 0;
    for (size_t bit = 0; bit < length * 8; bit += 5) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 5; i++) {
            unsigned one = i < length * 8 ? octets[i / 8] >> (7 - i % 8) & 1u : 0;
            value = value << 1 | one;
        }
        out[written++] = alphabet[value];
    }
    return written;
}

static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base32hex_alphabet[] = "0123456789abcdefghijklmnopqrstuv";

static inline size_t encode_base32(const uint8_t *octets, size_t length, char *out)
{
    return encode_in(base32_alphabet, octets, length, out);
}

/* Characters in labels of 63 and a shorter last one. No root. */
static inline void put_labels(struct message *message, const char *text, size_t count)
{
    for (size_t at = 0; at < count; at += 63) {
        size_t label = count - at < 63 ? count - at : 63;
        put8(message, (unsigned)label);
        put(message, text + at, label);
    }
}

/* The payload as base32 in labels. */
static inline void put_payload(struct message *message, const uint8_t *payload, size_t length)
{
    char text[512];
    put_labels(message, text, encode_base32(payload, length, text));
}

static inline void put_hex_payload(struct message *message, const uint8_t *payload, size_t length)
{
    char text[512];
    put_labels(message, text, encode_in(base32hex_alphabet, payload, length, text));
}

enum { TYPE_A = 1, TYPE_TXT = 16, TYPE_OPT = 41, CLASS_IN = 1 };

/* Offsets in a DNS header. */
enum { FLAGS_AT = 2, QDCOUNT_AT = 4, ANCOUNT_AT = 6, NSCOUNT_AT = 8, ARCOUNT_AT = 10 };

static inline void put_dns_header(struct message *message, unsigned flags, unsigned additional)
{
    put16(message, 0x1234);
    put16(message, flags);
    put16(message, 1);
    put16(message, 0);
    put16(message, 0);
    put16(message, additional);
}

/* A record without its name. */
static inline void put_record(struct message *message, unsigned type, unsigned class,
                              unsigned data_length)
{
    put16(message, type);
    put16(message, class);
    put_zeros(message, 4);
    put16(message, data_length);
    put_zeros(message, data_length);
}

static inline void put_opt(struct message *message, unsigned payload_size)
{
    put8(message, 0);
    put_record(message, TYPE_OPT, payload_size, 0);
}

/* A query as dnstt's client and a resolver after it send it. */
static inline void put_query(struct message *message, const uint8_t *payload, size_t length,
                             const char *domain)
{
    put_dns_header(message, 0x0100, 1);
    put_payload(message, payload, length);
    put_name(message, domain);
    put16(message, TYPE_TXT);
    put16(message, CLASS_IN);
    put_opt(message, 4096);
}

/* The answer to it, with `answer` octets of text. */
static inline void put_response(struct message *message, const uint8_t *payload, size_t length,
                                const char *domain, unsigned answer)
{
    size_t start = message->length;
    put_dns_header(message, 0x8400, 1);
    set16(message, start + ANCOUNT_AT, 1);
    put_payload(message, payload, length);
    put_name(message, domain);
    put16(message, TYPE_TXT);
    put16(message, CLASS_IN);
    put16(message, 0xc00c);
    put_record(message, TYPE_TXT, CLASS_IN, answer);
    put_opt(message, 4096);
}

/* A poll: ClientID and eight octets of padding. */
enum { POLL_OCTETS = 17 };
static const uint8_t poll_payload[POLL_OCTETS] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0xe8, 1, 2, 3, 4, 5, 6, 7, 8,
};

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };

static const uint8_t ipv4_source[4] = {192, 0, 2, 1};
static const uint8_t ipv4_destination[4] = {198, 51, 100, 7};
static const uint8_t ipv6_source[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t ipv6_destination[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
static const uint8_t mapped_source[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
static const uint8_t mapped_destination[16] = {[10] = 0xff, 0xff, 198, 51, 100, 7};

static inline void put_ipv4(struct message *message, unsigned protocol, size_t length)
{
    put8(message, 0x45);
    put8(message, 0);
    put16(message, (unsigned)(IPV4_HEADER + length));
    put_zeros(message, 4);
    put8(message, 64);
    put8(message, protocol);
    put16(message, 0);
    put(message, ipv4_source, sizeof ipv4_source);
    put(message, ipv4_destination, sizeof ipv4_destination);
}

static inline void put_ipv6(struct message *message, unsigned next, size_t length)
{
    put8(message, 0x60);
    put_zeros(message, 3);
    put16(message, (unsigned)length);
    put8(message, next);
    put8(message, 64);
    put(message, ipv6_source, sizeof ipv6_source);
    put(message, ipv6_destination, sizeof ipv6_destination);
}

static inline void put_udp(struct message *message, unsigned source, unsigned destination,
                           size_t length)
{
    put16(message, source);
    put16(message, destination);
    put16(message, (unsigned)(UDP_HEADER + length));
    put16(message, 0);
}

/* A block of exactly these octets, so that a sanitizer sees a read outside them. */
static inline uint8_t *exact_copy(const uint8_t *octets, size_t length)
{
    uint8_t *copy = calloc(length + (length == 0), 1);
    if (copy == NULL) {
        abort();
    }
    if (length > 0) {
        memcpy(copy, octets, length);
    }
    return copy;
}

#endif
