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

#include "common/domain.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tunnel;

#define WIRE_MAGIC   0x54534e44u /* "DNST" */
#define WIRE_VERSION 5u

enum {
    /* Records in one message: past this the cost per record no longer falls. */
    WIRE_BATCH_RECORDS = 1024,
    /* A UDP payload in an IPv4 or IPv6 packet that is not a jumbogram: 65,535 less the header. */
    WIRE_MESSAGE_BYTES_MAX = 65527,
    /* RFC 1035, section 4.1.1: nothing shorter than a DNS header is ever recorded. */
    WIRE_MESSAGE_BYTES_MIN = 12,
    WIRE_FINGERPRINT_OCTETS = 3,
    WIRE_PORTS_MAX = 16, /* watched ports */
};

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_BATCH = 2,
    WIRE_STATS = 3,
};

/*
 * What becomes of a packet: each ends in exactly one of these, from the sniffer's counters to the
 * labels of the metrics. Those from WIRE_REJECTED_FIRST on are recorded, the others only counted.
 */
enum wire_outcome {
    WIRE_KERNEL_DROPPED,       /* found the ring full */
    WIRE_IGNORED_DIRECTION,    /* neither to this host's port nor from it */
    WIRE_IGNORED_NOT_UDP,      /* another protocol or port */
    WIRE_IGNORED_FRAGMENT,     /* a fragment with an offset above 0: no ports in it */
    WIRE_IGNORED_JOINED,       /* inbound, several queries that the kernel joined to one packet */
    WIRE_IGNORED_NOT_QUERY,    /* inbound, with QR set */
    WIRE_IGNORED_NOT_RESPONSE, /* outbound, and no response to a query that counts */
    WIRE_MALFORMED,            /* IP, UDP or DNS headers that do not fit */
    WIRE_OTHER_DOMAIN,         /* a query for a name under none of the domains */
    WIRE_REJECTED_OPCODE,      /* a query under a domain that is none of a client's: why */
    WIRE_REJECTED_QTYPE,
    WIRE_REJECTED_EDNS,
    WIRE_REJECTED_ENCODING,
    WIRE_REJECTED_SHORT,
    WIRE_REJECTED_FRAMING,
    WIRE_QUERY,    /* one that the server takes */
    WIRE_RESPONSE, /* a response to such a query */
    WIRE_OUTCOMES, /* how many */

    WIRE_UNDECIDED = WIRE_OUTCOMES, /* no outcome yet: the next step decides */
    WIRE_IGNORED_FIRST = WIRE_IGNORED_DIRECTION,
    WIRE_IGNORED_COUNT = WIRE_MALFORMED - WIRE_IGNORED_FIRST,
    WIRE_REJECTED_FIRST = WIRE_REJECTED_OPCODE,
    WIRE_REJECTED_COUNT = WIRE_QUERY - WIRE_REJECTED_FIRST,
};

/* How an outcome is named, and why it comes about. */
struct wire_outcome_text {
    const char *outcome; /* the label `outcome`; the same for all that are ignored, or rejected */
    const char *reason;  /* the label `reason`; NULL: the outcome has none */
    const char *meaning; /* of the reason, or of the outcome, in a few words */
};

extern const struct wire_outcome_text wire_outcome_texts[WIRE_OUTCOMES];

static inline bool wire_is_rejected(unsigned outcome)
{
    return outcome >= WIRE_REJECTED_FIRST && outcome < WIRE_QUERY;
}

/* How well a query shows the session that it names, in the rules of its tunnel's format; in a
 * response, how well its question does. */
enum wire_strength {
    WIRE_NO_SESSION, /* it names none */
    WIRE_WEAK,       /* anybody could have written it */
    WIRE_STRONG,     /* it proves its session, and carries data */
    /* Of xdns alone, whose type says how likely a name is a client's: */
    WIRE_WEAK_DATA,   /* as weak, and carries data */
    WIRE_STRONG_POLL, /* as strong, and carries none */
    WIRE_STRENGTHS,   /* how many */
};

static inline bool wire_proves(uint8_t strength)
{
    return strength == WIRE_STRONG || strength == WIRE_STRONG_POLL;
}

static inline bool wire_has_data(uint8_t strength)
{
    return strength == WIRE_STRONG || strength == WIRE_WEAK_DATA;
}

/* One packet that counts. 32 octets, no padding. */
struct wire_record {
    /* Keyed pseudonym of (domain, ClientID), uniform, never 0; 0 without a session. In a rejected
     * record that of the id that its evidence is of, 0 without evidence. */
    uint64_t token;
    /* The resolver's address, IPv4 as ::ffff:a.b.c.d: source of a query, destination of a
     * response. */
    uint8_t address[16];
    /* DNS message octets: WIRE_MESSAGE_BYTES_MIN to WIRE_MESSAGE_BYTES_MAX. */
    uint16_t bytes;
    uint8_t outcome;  /* enum wire_outcome, WIRE_REJECTED_FIRST or above */
    uint8_t strength; /* enum wire_strength; WIRE_NO_SESSION in a rejected record */
    uint8_t domain;   /* index into the configured domains */
    /* Keyed fold of what follows the ClientID, of slipstream of all that the name says, to
     * distinguish a resolver's retry from a new query. In a rejected record its evidence (struct
     * wire_evidence). Else 0. */
    uint8_t fingerprint[WIRE_FINGERPRINT_OCTETS];
};

/* The keys of the tunnel that the data of a rejected query is of. */
struct wire_evidence {
    uint8_t format;        /* enum tunnel_format: dnstt, vaydns, dnsttex or slipstream */
    uint8_t clientid_size; /* of vaydns 1 to TUNNEL_CLIENT_ID_MAX, else 0 */
    uint8_t record_type;   /* enum tunnel_record_type: of vaydns any below TUNNEL_ANY, else TXT */
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

/* What came in to a watched port, by the header: at least a header was captured, with QR clear. */
struct wire_port {
    uint64_t queries;
    uint64_t loopback; /* of these, from a loopback address */
};

/*
 * The sniffer's account since it started; none of these ever falls. The outcomes add up to at most
 * `received`, and to exactly that once everything received has been classified. Of those that are
 * recorded it is also how many records were sent before this message.
 */
struct wire_stats {
    struct wire_header header;
    uint64_t received;                /* passed the kernel filter, drops included */
    uint64_t outcomes[WIRE_OUTCOMES]; /* index: enum wire_outcome */
    uint64_t interface_down;          /* how often the kernel said ENETDOWN; no packet count */
    /* Of the queries from loopback addresses, those with the outcome WIRE_OTHER_DOMAIN. */
    uint64_t loopback_other_domain;
    struct wire_port ports[WIRE_PORTS_MAX]; /* as configured; 0 past the last one */
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
_Static_assert(sizeof(struct wire_stats) == 16 + 8 * (3 + WIRE_OUTCOMES + 2 * WIRE_PORTS_MAX),
               "no padding");

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
    WIRE_FAULT_PORTS,    /* STATS whose ports contradict each other or the rest */
    WIRE_FAULT_COUNT,    /* how many values */
};

/* The strengths that queries and responses of a domain can have, by its tunnel's format. */
struct wire_strengths {
    uint8_t least, most; /* enum wire_strength */
};

struct wire_strengths wire_strengths_of(const struct tunnel *tunnel);

/* What a receiver expects of the next message. */
struct wire_expectation {
    uint64_t sequence; /* of the next message; 0 means that HELLO is due */
    uint8_t domains;   /* configured domains, 1 to DOMAINS_MAX */
    uint8_t ports;     /* watched ports, 1 to WIRE_PORTS_MAX */
    struct wire_strengths strengths[DOMAINS_MAX]; /* of each domain */
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

/* Sets a record's domain and its fingerprint, 0 to 2^24 - 1: together they are one store. */
static inline void wire_set_fingerprint(struct wire_record *record, uint8_t domain,
                                        uint32_t fingerprint)
{
    uint32_t word = htole32(fingerprint << 8 | domain);
    memcpy((uint8_t *)record + offsetof(struct wire_record, domain), &word, sizeof word);
}

/* The fingerprint of a record, 0 to 2^24 - 1: with the octet before it, one load. */
static inline uint32_t wire_fingerprint(const struct wire_record *record)
{
    uint32_t word;
    memcpy(&word, (const uint8_t *)record + offsetof(struct wire_record, domain), sizeof word);
    return le32toh(word) >> 8;
}

/* Sets a rejected record's evidence; its domain is set. */
static inline void wire_set_evidence(struct wire_record *record, struct wire_evidence evidence)
{
    wire_set_fingerprint(record, record->domain,
                         (uint32_t)evidence.record_type << 16 |
                             (uint32_t)evidence.clientid_size << 8 | evidence.format);
}

/* The evidence of a rejected record whose token is not 0. */
static inline struct wire_evidence wire_evidence(const struct wire_record *record)
{
    return (struct wire_evidence){.format = record->fingerprint[0],
                                  .clientid_size = record->fingerprint[1],
                                  .record_type = record->fingerprint[2]};
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
