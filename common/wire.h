/*
 * The messages that the sniffer sends to the exporter, and the check that the exporter makes of
 * each. Host byte order: both ends come from one build and run on one host.
 *
 * The first message is HELLO, once; then BATCH and STATS in any order. Each carries a sequence
 * number that starts at 0 with HELLO and grows by one. Reserved octets are zero. A message is one
 * SOCK_SEQPACKET packet (unix(7)), so its length comes from the kernel, not from the sender.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC   0x54534e44u /* "DNST" */
#define WIRE_VERSION 1u

enum {
    /* Records in one message: past this the cost per record no longer falls. */
    WIRE_BATCH_RECORDS = 1024,
    /* A UDP payload in an IPv4 or IPv6 packet that is not a jumbogram: 65,535 less the header. */
    WIRE_MESSAGE_BYTES_MAX = 65527,
    /* RFC 1035, section 4.1.1: nothing shorter than a DNS header is ever recorded. */
    WIRE_MESSAGE_BYTES_MIN = 12,
    WIRE_FINGERPRINT_OCTETS = 3,
};

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_BATCH = 2,
    WIRE_STATS = 3,
};

enum wire_kind {
    WIRE_QUERY = 1,    /* a query of a session */
    WIRE_RESPONSE = 2, /* an answered response of a session */
    WIRE_REJECTED = 3, /* a query under a domain that dnstt-server would not serve */
};

/* Why a query under a configured domain does not count. */
enum wire_reject {
    WIRE_REJECT_NONE = 0,
    WIRE_REJECT_OPCODE = 1,
    WIRE_REJECT_QTYPE = 2,
    WIRE_REJECT_EDNS = 3,
    WIRE_REJECT_ENCODING = 4,
    WIRE_REJECT_SHORT = 5,
    WIRE_REJECT_FRAMING = 6,
    WIRE_REJECT_REASONS = 7, /* how many values, NONE included */
};

/* Why a packet was not classified. */
enum wire_ignore {
    WIRE_IGNORE_DIRECTION = 0,    /* neither to this host's port nor from it */
    WIRE_IGNORE_NOT_UDP = 1,      /* another protocol or port */
    WIRE_IGNORE_FRAGMENT = 2,     /* a fragment with an offset above 0 */
    WIRE_IGNORE_NOT_QUERY = 3,    /* inbound, with QR set */
    WIRE_IGNORE_NOT_RESPONSE = 4, /* outbound, and not a response of a session */
    WIRE_IGNORE_REASONS = 5,      /* how many values */
};

/* One packet that counts. 32 octets, no padding. */
struct wire_record {
    /* Keyed pseudonym of (domain, ClientID), uniform, never 0; 0 in a rejected record. */
    uint64_t token;
    /* The resolver's address, IPv4 as ::ffff:a.b.c.d: source of a query, destination of a
     * response. */
    uint8_t address[16];
    /* DNS message octets: WIRE_MESSAGE_BYTES_MIN to WIRE_MESSAGE_BYTES_MAX. */
    uint16_t bytes;
    uint8_t kind;   /* enum wire_kind */
    uint8_t reason; /* enum wire_reject; NONE unless kind is WIRE_REJECTED */
    uint8_t domain; /* index into the configured domains */
    /* Keyed fold of what follows the ClientID, to distinguish a resolver's retry from a new query;
     * 0 unless kind is WIRE_QUERY. */
    uint8_t fingerprint[WIRE_FINGERPRINT_OCTETS];
};

struct wire_header {
    uint32_t magic; /* WIRE_MAGIC */
    uint16_t type;  /* enum wire_type */
    uint16_t count; /* records in a BATCH, 1 to WIRE_BATCH_RECORDS; 0 in the others */
    uint64_t sequence;
};

struct wire_hello {
    struct wire_header header;
    uint16_t version;     /* WIRE_VERSION */
    uint16_t record_size; /* sizeof(struct wire_record) */
    uint8_t domains;      /* how many domains both ends were started with */
    uint8_t reserved[3];
};

struct wire_batch {
    struct wire_header header;
    struct wire_record records[WIRE_BATCH_RECORDS]; /* only header.count of them are sent */
};

/*
 * The sniffer's counts since it started; none ever decreases. Packets:
 *     kernel_dropped + sum(ignored) + malformed + other_domain + rejected + query + response
 *         <= received
 * with equality once everything received has been classified. rejected, query and response are also
 * how many records of each kind were sent before this message.
 */
struct wire_stats {
    struct wire_header header;
    uint64_t received;
    uint64_t kernel_dropped;
    uint64_t ignored[WIRE_IGNORE_REASONS];
    uint64_t malformed;
    uint64_t other_domain;
    uint64_t rejected;
    uint64_t query;
    uint64_t response;
    uint64_t interface_down; /* how often the kernel reported ENETDOWN; not a packet count */
};

union wire_message {
    struct wire_header header;
    struct wire_hello hello;
    struct wire_batch batch;
    struct wire_stats stats;
};

_Static_assert(sizeof(struct wire_record) == 32, "a record has no padding");
_Static_assert(sizeof(struct wire_header) == 16, "a header has no padding");
_Static_assert(sizeof(struct wire_hello) == 24, "HELLO has no padding");
_Static_assert(sizeof(struct wire_batch) == 16 + 32 * WIRE_BATCH_RECORDS, "no padding");
_Static_assert(sizeof(struct wire_stats) == 16 + 8 * (8 + WIRE_IGNORE_REASONS), "no padding");

/* What can be wrong with a message. WIRE_FAULT_NONE is 0, so a fault is true. */
enum wire_fault {
    WIRE_FAULT_NONE = 0,
    WIRE_FAULT_LENGTH,   /* wrong length for its type and count, or no such count */
    WIRE_FAULT_MAGIC,    /* not one of our messages */
    WIRE_FAULT_SEQUENCE, /* a gap or a repeat */
    WIRE_FAULT_TYPE,     /* unknown, or not expected now (HELLO twice, or not first) */
    WIRE_FAULT_VERSION,  /* HELLO of another build or configuration */
    WIRE_FAULT_RESERVED, /* an octet that must be zero is not */
    WIRE_FAULT_RECORD,   /* a record with a value outside its range */
    WIRE_FAULT_ACCOUNT,  /* STATS whose sum exceeds what was received */
    WIRE_FAULT_COUNT,    /* how many values */
};

/* What a receiver expects of the next message. */
struct wire_expectation {
    uint64_t sequence; /* of the next message; 0 means that HELLO is due */
    uint8_t domains;   /* configured domains, 1 to DOMAINS_MAX */
};

/*
 * Classifies one received message of `length` octets, as the kernel gave it, by every rule above
 * that can be checked without memory of earlier messages. Reads no octet past `length`; `message`
 * must have room for a whole union. Pure.
 */
enum wire_fault wire_check(const union wire_message *message, size_t length,
                           const struct wire_expectation *expected);

/* A fixed text for a log line, never NULL. */
const char *wire_fault_text(enum wire_fault fault);

/* How many octets a message of `count` records takes on the channel. count <= BATCH_RECORDS. */
static inline size_t wire_batch_length(size_t count)
{
    return sizeof(struct wire_header) + count * sizeof(struct wire_record);
}

/* The fingerprint of a record, 0 to 2^24 - 1. */
static inline uint32_t wire_fingerprint(const struct wire_record *record)
{
    return (uint32_t)record->fingerprint[0] | (uint32_t)record->fingerprint[1] << 8 |
           (uint32_t)record->fingerprint[2] << 16;
}

/*
 * The sniffer cannot log once it is sandboxed, so its exit status reports why it ended. Distinct
 * from the 0, 1 and 2 that a program ends with for other reasons.
 */
enum wire_exit {
    WIRE_EXIT_CHANNEL_CLOSED = 64, /* the exporter is gone */
    WIRE_EXIT_CHANNEL_BROKEN,      /* sending failed for a reason other than a full channel */
    WIRE_EXIT_INTERFACE_GONE,      /* the named interface was removed */
    WIRE_EXIT_SOCKET_BROKEN,       /* the packet socket reported another error */
    WIRE_EXIT_SETUP,               /* the sandbox could not be applied */
};

#endif
