/*
 * intake_take in three parts: wire_check on any message, what counts one valid record, and what
 * goes through a message that was found valid. What keeps the counts are models here, and assert
 * that the values they are given are in their range: the exporter indexes by them.
 */
#include "tests/lab/proof/proof.h"

#include "common/wire.c"

#include "exporter/state/intake.c"

#include <stdlib.h>

struct wire_expectation nondet_expectation(void);
struct wire_stats nondet_stats(void);
uint64_t nondet_counter(void);
struct wire_record nondet_record(void);
struct intake nondet_intake(void);
struct geo nondet_place(void);
struct group nondet_group(void);
enum wire_fault nondet_fault(void);

/* Of any length up to its buffer's, which is a whole union; what is past it has any values. */
static const union wire_message *any_message(size_t length)
{
    size_t room = nondet_size(); /* CBMC takes an array of unknown size for less of a burden */
    __CPROVER_assume(length <= sizeof(union wire_message) && room >= sizeof(union wire_message) &&
                     room <= FRAME_MAX);
    return malloc(room);
}

/* --- wire_check. Of all the records of a message any one is looked at, which stands for each. */

size_t any;
bool any_is_valid; /* false when the message has no such record */

static bool has_its_length(const struct wire_header *header, size_t length)
{
    switch (header->type) {
    case WIRE_HELLO:
        return length == sizeof(struct wire_hello);
    case WIRE_BATCH:
        return header->count >= 1 && header->count <= WIRE_BATCH_RECORDS &&
               length == wire_batch_length(header->count);
    case WIRE_STATS:
        return length == sizeof(struct wire_stats);
    default:
        return false;
    }
}

bool model_ports_fit(const struct wire_stats *stats, unsigned ports)
{
    (void)ports;
    REQUIRE(__CPROVER_r_ok(stats, sizeof *stats), "STATS are whole");
    return nondet_bool();
}

void prove_wire_check(void)
{
    size_t length = nondet_size();
    const union wire_message *message = any_message(length);
    struct wire_expectation expected = nondet_expectation();
    __CPROVER_assume(expected.domains <= DOMAINS_MAX);
    any = nondet_size();
    __CPROVER_assume(any < WIRE_BATCH_RECORDS);
    any_is_valid = length >= wire_batch_length(any + 1) &&
                   record_valid(&message->batch.records[any], &expected);

    enum wire_fault fault = wire_check(message, length, &expected);

    PROMISE(fault < WIRE_FAULT_COUNT, "a fault is known");
    if (fault == WIRE_FAULT_NONE) {
        bool batch = message->header.type == WIRE_BATCH;
        PROMISE(has_its_length(&message->header, length), "a message has its kind's length");
        PROMISE(message->header.sequence == expected.sequence, "it is the one that is due");
        PROMISE(!batch || any >= message->header.count || any_is_valid, "its records are valid");
        REACH(batch && message->header.count == WIRE_BATCH_RECORDS && any == WIRE_BATCH_RECORDS - 1,
              "a full batch");
        REACH(message->header.type == WIRE_HELLO, "HELLO");
        REACH(message->header.type == WIRE_STATS, "STATS");
    }
    REACH(fault == WIRE_FAULT_RECORD, "a bad record");
    REACH(fault == WIRE_FAULT_ACCOUNT, "a bad account");
    REACH(fault == WIRE_FAULT_PORTS, "bad ports");
}

/* --- ports_fit: what came in to each port. That the sums are no more than what was received is
 * left to unit tests: sums of sixteen are too much for CBMC. */

bool model_add(uint64_t *sum, uint64_t value)
{
    (void)value;
    *sum = nondet_counter();
    return nondet_bool();
}

void prove_ports_fit(void)
{
    const struct wire_stats stats = nondet_stats();
    const unsigned ports = nondet_unsigned();
    const unsigned any_port = nondet_unsigned();
    __CPROVER_assume(any_port < WIRE_PORTS_MAX);
    const struct wire_port *port = &stats.ports[any_port];

    if (ports_fit(&stats, ports)) {
        PROMISE(port->loopback <= port->queries, "what comes from loopback has come in");
        PROMISE(any_port < ports || port->queries == 0, "a port that is not watched has nothing");
        REACH(port->loopback > 0 && any_port == WIRE_PORTS_MAX - 1, "the last port");
    }
}

/* --- count: one valid record. */

/* What a record that is taken says of its session, its domain can say. */
static void promise_session(const struct wire_record *record, struct wire_strengths strengths)
{
    bool taken = record->outcome == WIRE_QUERY || record->outcome == WIRE_RESPONSE;
    bool session = taken && record->token != 0;
    const struct wire_evidence evidence = wire_evidence(record);
    PROMISE(taken || wire_is_rejected(record->outcome), "a record is a message that counts");
    PROMISE(taken || record->token == 0 ||
                (evidence.format < TUNNEL_OPAQUE &&
                 evidence.clientid_size <= TUNNEL_CLIENT_ID_MAX &&
                 (evidence.clientid_size > 0) == (evidence.format == TUNNEL_VAYDNS) &&
                 evidence.record_type < TUNNEL_ANY),
            "evidence names a format and its keys");
    PROMISE(session || !taken || strengths.least == WIRE_NO_SESSION,
            "only where not all name a session, one does not");
    PROMISE(session ? record->strength >= WIRE_WEAK && record->strength <= strengths.most
                    : record->strength == WIRE_NO_SESSION,
            "a session has a strength of its domain's, and nothing else has one");
    PROMISE((session && record->outcome == WIRE_QUERY) || (!taken && record->token != 0) ||
                wire_fingerprint(record) == 0,
            "only a session's query has a fingerprint");
}

/* No counter comes near its end, not even at a record a nanosecond. */
#define COUNTER_MAX (UINT64_MAX / 2)

enum { GROUPS_FEW = 2 };

uint8_t domains;
bool closing; /* whether groups are closed and opened */
struct group entries[GROUPS_FEW];
uint32_t others[DOMAINS_MAX];
uint32_t comes_from; /* the record's group */
uint32_t counts_in;

struct geo model_geoip_lookup(struct geoip *geoip, const uint8_t address[16], bool *fresh)
{
    REQUIRE(geoip != NULL && __CPROVER_r_ok(address, 16), "an address can be read");
    *fresh = nondet_bool();
    return nondet_place();
}

void model_geoip_note_organization(struct geoip *geoip, const uint8_t address[16], uint32_t asn)
{
    REQUIRE(geoip != NULL && __CPROVER_r_ok(address, 16), "an address can be read");
    REQUIRE(asn != 0, "an ASN is known");
    REQUIRE(!entries[comes_from].hidden, "a group that nobody may see is not named");
    REACH(true, "a name that is noted");
}

uint32_t model_groups_find(struct groups *groups, uint8_t domain, struct geo place)
{
    (void)place;
    REQUIRE(domain < domains, "a domain is one of those configured");
    comes_from = nondet_unsigned();
    __CPROVER_assume(comes_from < groups->group_count && entries[comes_from].domain == domain);
    counts_in = closing && entries[comes_from].closed ? others[domain] - 1 : comes_from;
    return comes_from;
}

void model_count_message(struct groups *groups, uint32_t group, uint16_t bytes)
{
    (void)groups;
    REQUIRE(group == counts_in, "what comes from a closed group counts in other");
    REQUIRE(bytes >= WIRE_MESSAGE_BYTES_MIN && bytes <= WIRE_MESSAGE_BYTES_MAX,
            "a message's length is in its range");
}

void model_count_rejected(struct groups *groups, uint32_t group, enum wire_outcome outcome)
{
    (void)groups;
    REQUIRE(group == counts_in, "what comes from a closed group counts in other");
    REQUIRE(wire_is_rejected(outcome), "a rejection is known");
}

void model_counts_take_session(struct counts *counts, const struct wire_record *query,
                               uint32_t from, uint32_t group, uint32_t now)
{
    (void)counts;
    (void)now;
    REQUIRE(group == counts_in, "what comes from a closed group counts in other");
    REQUIRE(from == comes_from, "a session is where it comes from");
    REACH(from != group, "a query that counts in other");
    REACH(!closing && entries[from].closed, "one where no group is closed");
    REQUIRE(query->outcome == WIRE_QUERY, "what a session is made of is a query");
    REQUIRE(query->token != 0, "a token is none of an empty slot");
    REQUIRE(query->domain < domains, "a domain has its rule");
    REACH(query->strength == WIRE_STRONG, "a query that proves its session");
    REACH(query->strength == WIRE_WEAK, "one that proves nothing");
    REACH(query->strength == WIRE_WEAK_DATA, "one that has data");
    REACH(query->strength == WIRE_STRONG_POLL, "one that has none");
}

void model_evidence_note(struct evidence *evidence, uint32_t code, uint64_t token)
{
    REQUIRE(__CPROVER_rw_ok(evidence, sizeof *evidence), "a domain has evidence");
    REQUIRE(code < 1 << 24 && token != 0, "evidence is of a session");
}

void model_sessions_response(struct sessions *sessions, const struct wire_record *response)
{
    (void)sessions;
    REQUIRE(response->outcome == WIRE_RESPONSE && response->token != 0,
            "a response names its session");
    REACH(response->strength == WIRE_STRONG, "a response of a session");
}

void prove_count(void)
{
    bool located = nondet_bool();
    struct intake intake = nondet_intake();
    struct wire_record record = nondet_record();
    struct counts counts;
    counts.groups.entries = entries;
    counts.groups.group_count = GROUPS_FEW;
    counts.groups.other = others;
    closing = located && nondet_bool(); /* without a database none closes: options.h */
    for (unsigned group = 0; group < GROUPS_FEW; group++) {
        entries[group] = nondet_group();
    }
    const struct wire_expectation expected = nondet_expectation();
    domains = expected.domains;
    __CPROVER_assume(domains <= DOMAINS_MAX && record_valid(&record, &expected));
    others[record.domain] = nondet_unsigned();
    __CPROVER_assume(others[record.domain] >= 1 && others[record.domain] <= GROUPS_FEW);
    intake.counts = &counts;
    intake.geoip = located ? (struct geoip *)&located : NULL; /* only whether there is one counts */
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        __CPROVER_assume(intake.records[outcome] <= COUNTER_MAX);
    }
    uint64_t before = intake.records[record.outcome];

    const struct wire_strengths strengths = expected.strengths[record.domain];
    promise_session(&record, strengths);
    count(&intake, &record, nondet_unsigned(), closing);

    PROMISE(intake.records[record.outcome] == before + 1, "the record is counted once");
    REACH(record.outcome == WIRE_QUERY && located, "a query");
    REACH(record.outcome == WIRE_QUERY && record.token == 0, "a query without a session");
    REACH(wire_is_rejected(record.outcome) && record.token != 0, "a query that proves a format");
    REACH(record.token != 0 && strengths.least == WIRE_NO_SESSION, "a session where not all have");
    REACH(record.outcome == WIRE_RESPONSE && !located, "a response");
    REACH(record.outcome == WIRE_REJECTED_FRAMING, "a rejected query");
}

/* --- intake_take: every record of the message is counted, once. */

const union wire_message *given;
size_t given_length;
size_t counted; /* records */

enum wire_fault model_wire_check(const union wire_message *message, size_t length,
                                 const struct wire_expectation *expected)
{
    REQUIRE(message == given && length == given_length, "the message is passed on");
    enum wire_fault fault = nondet_fault();
    __CPROVER_assume(fault < WIRE_FAULT_COUNT);
    if (fault == WIRE_FAULT_NONE) {
        __CPROVER_assume(length >= sizeof message->header);
        __CPROVER_assume(has_its_length(&message->header, length));
        __CPROVER_assume(message->header.sequence == expected->sequence);
    }
    return fault;
}

void model_count(struct intake *intake, const struct wire_record *record, uint32_t now, bool closes)
{
    (void)now;
    REQUIRE(closes == (intake->counts->groups.min_clients != 0), "groups close where they may");
    REQUIRE(counted < given->header.count && record == given->batch.records + counted,
            "the record is the next of the message");
    counted++;
}

void model_counts_prefetch(const struct counts *counts, const struct wire_record *record)
{
    (void)counts;
    REQUIRE((size_t)(record - given->batch.records) < given->header.count,
            "a record that is looked at ahead is one of the message");
}

void prove_intake_take(void)
{
    struct intake intake = nondet_intake();
    struct counts counts;
    counts.groups.min_clients = nondet_unsigned();
    intake.counts = &counts;
    size_t length = nondet_size();
    const union wire_message *message = any_message(length);
    given = message;
    given_length = length;
    counted = 0;
    __CPROVER_assume(intake.expected.sequence <= COUNTER_MAX);
    uint64_t before = intake.expected.sequence;

    enum intake_fault fault = intake_take(&intake, message, length, nondet_unsigned());

    if (fault == INTAKE_OK) {
        PROMISE(intake.expected.sequence == before + 1, "the next message is due");
        PROMISE(counted == (message->header.type == WIRE_BATCH ? message->header.count : 0),
                "all its records are counted");
        REACH(counted == WIRE_BATCH_RECORDS, "a full batch");
        REACH(counted == WIRE_BATCH_RECORDS && counts.groups.min_clients > 1, "where groups close");
        REACH(counted == 1, "a record");
        REACH(message->header.type == WIRE_STATS, "STATS");
    } else {
        PROMISE(intake.expected.sequence == before && counted == 0, "a fault counts nothing");
    }
    REACH(fault == INTAKE_FELL, "a counter that fell");
    REACH(fault == INTAKE_DISAGREES, "STATS that disagree");
    REACH(fault == INTAKE_WIRE, "a bad message");
}
