#include "common/wire.h"

#include "common/tunnel.h"

#define IGNORED(name, why)                                                                         \
    {                                                                                              \
        .outcome = "ignored", .reason = (name), .meaning = (why)                                   \
    }
#define REJECTED(name, why)                                                                        \
    {                                                                                              \
        .outcome = "rejected", .reason = (name), .meaning = (why)                                  \
    }

const struct wire_outcome_text wire_outcome_texts[WIRE_OUTCOMES] = {
    [WIRE_KERNEL_DROPPED] = {.outcome = "kernel_dropped",
                             .meaning = "the ring was full, so nobody looked at it"},
    [WIRE_IGNORED_DIRECTION] =
        IGNORED("direction", "neither to nor from a watched port of this host"),
    [WIRE_IGNORED_NOT_UDP] = IGNORED("not_udp", "another protocol or port"),
    [WIRE_IGNORED_FRAGMENT] = IGNORED("fragment", "not the first"),
    [WIRE_IGNORED_JOINED] = IGNORED(
        "joined", "queries of one sender that the kernel made one packet of, by UDP GRO or GSO"),
    [WIRE_IGNORED_NOT_QUERY] = IGNORED("not_query", "inbound, but a response"),
    [WIRE_IGNORED_NOT_RESPONSE] =
        IGNORED("not_response", "outbound, but no response to a query that counts"),
    [WIRE_MALFORMED] =
        {.outcome = "malformed",
         .meaning =
             "headers that do not fit, a broken question, bytes left over, or what no resolver "
             "sends: a pointer in the question's name, answers in a query"},
    [WIRE_OTHER_DOMAIN] = {.outcome = "other_domain",
                           .meaning = "a name under none of the domains"},
    [WIRE_REJECTED_OPCODE] = REJECTED("opcode", "not a standard query"),
    [WIRE_REJECTED_QTYPE] =
        REJECTED("qtype", "not the tunnel's type, as resolvers ask that minimise names"),
    [WIRE_REJECTED_EDNS] =
        REJECTED("edns", "a size below the MTU, without EDNS 512: no tunnel works "
                         "through this resolver"),
    [WIRE_REJECTED_ENCODING] = REJECTED("encoding", "not base32 as the format has it"),
    [WIRE_REJECTED_SHORT] = REJECTED("short", "too short for a session id, or for a packet"),
    [WIRE_REJECTED_FRAMING] =
        REJECTED("framing", "not a client's: scanners, forged queries, another format"),
    [WIRE_QUERY] = {.outcome = "query", .meaning = "a query that the server takes"},
    [WIRE_RESPONSE] = {.outcome = "response",
                       .meaning =
                           "to a query that the server takes, without error but for slipstream and "
                           "opaque tunnels"},
};

struct wire_strengths wire_strengths_of(const struct tunnel *tunnel)
{
    switch (tunnel->format) {
    case TUNNEL_OPAQUE:
        return (struct wire_strengths){WIRE_NO_SESSION, WIRE_NO_SESSION};
    case TUNNEL_DNSTTEX:    /* its probes name none */
    case TUNNEL_SLIPSTREAM: /* nor does a connection's begin */
        return (struct wire_strengths){WIRE_NO_SESSION, WIRE_STRONG};
    case TUNNEL_XDNS:
        return (struct wire_strengths){WIRE_WEAK, WIRE_STRONG_POLL};
    case TUNNEL_DNSTT:
    case TUNNEL_VAYDNS:
    case TUNNEL_NOIZDNS:
    case TUNNEL_FORMATS:
        break;
    }
    return (struct wire_strengths){WIRE_WEAK, WIRE_STRONG};
}

static bool evidence_valid(struct wire_evidence evidence)
{
    switch (evidence.format) {
    case TUNNEL_VAYDNS:
        return evidence.clientid_size >= 1 && evidence.clientid_size <= TUNNEL_CLIENT_ID_MAX &&
               evidence.record_type < TUNNEL_ANY;
    case TUNNEL_DNSTT:
    case TUNNEL_DNSTTEX:
    case TUNNEL_SLIPSTREAM:
        return evidence.clientid_size == 0 && evidence.record_type == TUNNEL_TXT;
    default:
        return false;
    }
}

/* A rejected query, or a query or a response of a domain where not all name a session. */
static bool no_session_valid(const struct wire_record *record, struct wire_strengths strengths)
{
    if (wire_is_rejected(record->outcome) && record->token != 0) {
        return evidence_valid(wire_evidence(record));
    }
    const bool allowed = record->outcome == WIRE_QUERY || record->outcome == WIRE_RESPONSE
                             ? strengths.least == WIRE_NO_SESSION
                             : wire_is_rejected(record->outcome);
    return allowed && record->token == 0 && wire_fingerprint(record) == 0;
}

static inline bool record_valid(const struct wire_record *record,
                                const struct wire_expectation *expected)
{
    if (record->domain >= expected->domains || record->bytes < WIRE_MESSAGE_BYTES_MIN ||
        record->bytes > WIRE_MESSAGE_BYTES_MAX) {
        return false;
    }
    const struct wire_strengths *strengths = &expected->strengths[record->domain];
    if (record->strength == WIRE_NO_SESSION) {
        return no_session_valid(record, *strengths);
    }
    if (record->token == 0 || record->strength > strengths->most) {
        return false;
    }
    return record->outcome == WIRE_QUERY ||
           (record->outcome == WIRE_RESPONSE && wire_fingerprint(record) == 0);
}

static enum wire_fault check_hello(const struct wire_hello *hello, size_t length, uint8_t domains)
{
    if (length != sizeof *hello) {
        return WIRE_FAULT_LENGTH;
    }
    if (hello->version != WIRE_VERSION || hello->record_size != sizeof(struct wire_record) ||
        hello->domains != domains) {
        return WIRE_FAULT_VERSION;
    }
    if (hello->header.count != 0 || hello->reserved[0] != 0 || hello->reserved[1] != 0 ||
        hello->reserved[2] != 0) {
        return WIRE_FAULT_RESERVED;
    }
    return WIRE_FAULT_NONE;
}

static enum wire_fault check_batch(const struct wire_batch *batch, size_t length,
                                   const struct wire_expectation *expected)
{
    size_t count = batch->header.count;
    if (count < 1 || count > WIRE_BATCH_RECORDS || length != wire_batch_length(count)) {
        return WIRE_FAULT_LENGTH;
    }
    for (size_t i = 0; i < count; i++) {
        if (!record_valid(&batch->records[i], expected)) {
            return WIRE_FAULT_RECORD;
        }
    }
    return WIRE_FAULT_NONE;
}

/* Adds to a sum; false when it no longer fits, so that a sum cannot wrap to a small one. */
static bool add(uint64_t *sum, uint64_t value)
{
    return !__builtin_add_overflow(*sum, value, sum);
}

static bool account_fits(const struct wire_stats *stats)
{
    uint64_t sum = 0;
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        if (!add(&sum, stats->outcomes[outcome])) {
            return false;
        }
    }
    return sum <= stats->received;
}

/* Ports past the configured ones have no queries. */
static bool ports_fit(const struct wire_stats *stats, unsigned ports)
{
    uint64_t queries = 0;
    uint64_t loopback = 0;
    for (unsigned i = 0; i < WIRE_PORTS_MAX; i++) {
        const struct wire_port *port = &stats->ports[i];
        if (port->loopback > port->queries || !add(&queries, port->queries) ||
            (i >= ports && port->queries != 0)) {
            return false;
        }
        loopback += port->loopback; /* no more than queries */
    }
    return queries <= stats->received && stats->loopback_other_domain <= loopback &&
           stats->loopback_other_domain <= stats->outcomes[WIRE_OTHER_DOMAIN];
}

static enum wire_fault check_stats(const struct wire_stats *stats, size_t length, unsigned ports)
{
    if (length != sizeof *stats) {
        return WIRE_FAULT_LENGTH;
    }
    if (stats->header.count != 0) {
        return WIRE_FAULT_RESERVED;
    }
    if (!account_fits(stats)) {
        return WIRE_FAULT_ACCOUNT;
    }
    return ports_fit(stats, ports) ? WIRE_FAULT_NONE : WIRE_FAULT_PORTS;
}

enum wire_fault wire_check(const union wire_message *message, size_t length,
                           const struct wire_expectation *expected)
{
    if (length < sizeof message->header) {
        return WIRE_FAULT_LENGTH;
    }
    if (message->header.magic != WIRE_MAGIC) {
        return WIRE_FAULT_MAGIC;
    }
    bool hello = message->header.type == WIRE_HELLO;
    if (hello != (expected->sequence == 0)) {
        return WIRE_FAULT_TYPE;
    }
    if (message->header.sequence != expected->sequence) {
        return WIRE_FAULT_SEQUENCE;
    }
    switch (message->header.type) {
    case WIRE_HELLO:
        return check_hello(&message->hello, length, expected->domains);
    case WIRE_BATCH:
        return check_batch(&message->batch, length, expected);
    case WIRE_STATS:
        return check_stats(&message->stats, length, expected->ports);
    default:
        return WIRE_FAULT_TYPE;
    }
}

const char *wire_fault_text(enum wire_fault fault)
{
    switch (fault) {
    case WIRE_FAULT_NONE:
        return "no fault";
    case WIRE_FAULT_LENGTH:
        return "a message has the wrong length";
    case WIRE_FAULT_MAGIC:
        return "a message has the wrong magic number";
    case WIRE_FAULT_SEQUENCE:
        return "a message is missing or came twice";
    case WIRE_FAULT_TYPE:
        return "a message has an unknown or unexpected type";
    case WIRE_FAULT_VERSION:
        return "the sniffer is another build or was started with other domains";
    case WIRE_FAULT_RESERVED:
        return "a reserved byte of a message is not zero";
    case WIRE_FAULT_RECORD:
        return "a record has a value outside its range";
    case WIRE_FAULT_ACCOUNT:
        return "the counters add up to more packets than were received";
    case WIRE_FAULT_PORTS:
        return "the counters of the ports contradict the others";
    case WIRE_FAULT_COUNT:
        break;
    }
    return "unknown fault";
}
