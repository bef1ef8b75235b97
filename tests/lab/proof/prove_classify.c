/*
 * classify_frame: any frame, to a record that the exporter accepts. What it calls are models here,
 * of which ip.c, tunnels.c, detect.c and token.c are proved to be instances.
 */
#include "tests/lab/proof/proof.h"

#include "common/wire.c"

#include "capture/sniffer/classify.c"

#include <stdlib.h>

/* What the models are to be given. */
const struct frame *given_frame;
const struct classifier *given_classifier;
const struct datagram *given_datagram;
const struct tunnels_findings *given_findings;

/* Stands for each of the configured domains, and its tunnel. */
struct tunnels_domain any_domain;
struct tunnel any_tunnel;

uint32_t given_fingerprint;

/* What a rejected query proves, and whether it does. */
bool proved;
struct detect_proof given_proof;

/* No counter comes near its end. */
#define COUNTER_MAX (UINT64_MAX / 2)

struct datagram nondet_datagram(void);
unsigned nondet_outcome(void);
struct tunnels_findings nondet_findings(void);
struct classifier nondet_classifier(void);
struct wire_expectation nondet_expectation(void);
struct frame nondet_frame(void);
struct detect_proof nondet_proof(void);
struct wire_stats nondet_stats(void);
uint64_t nondet_token(void);

enum wire_outcome model_ip_parse(const struct frame *frame, struct datagram *out)
{
    REQUIRE(frame == given_frame, "the frame is passed on");
    unsigned outcome = nondet_outcome();
    __CPROVER_assume(outcome == WIRE_UNDECIDED || outcome == WIRE_IGNORED_NOT_UDP ||
                     outcome == WIRE_IGNORED_FRAGMENT || outcome == WIRE_MALFORMED);
    if (outcome == WIRE_UNDECIDED) {
        *out = nondet_datagram();
        size_t offset = nondet_size();
        __CPROVER_assume(offset <= frame->captured && out->captured <= frame->captured - offset);
        __CPROVER_assume(out->captured <= out->length && out->length <= WIRE_MESSAGE_BYTES_MAX);
        out->payload = frame->data + offset;
    }
    given_datagram = out;
    return (enum wire_outcome)outcome;
}

static enum wire_outcome findings_of(const struct tunnels_rules *rules, const uint8_t *message,
                                     size_t captured, struct tunnels_findings *out)
{
    REQUIRE(rules == &given_classifier->rules, "the rules are those configured");
    REQUIRE(captured <= FRAME_MAX && __CPROVER_r_ok(message, captured), "a message can be read");
    unsigned outcome = nondet_outcome();
    __CPROVER_assume(outcome < WIRE_OUTCOMES);
    *out = nondet_findings();
    if (outcome >= WIRE_REJECTED_FIRST) {
        __CPROVER_assume(captured >= DNS_HEADER_OCTETS && any_domain.index < rules->domain_count);
        out->domain = &any_domain;
        if (!wire_is_rejected(outcome)) {
            bool session = out->strength != WIRE_NO_SESSION;
            __CPROVER_assume(has_strength(any_domain.format, out->strength));
            __CPROVER_assume(!session || (out->value_count > any_domain.id_values &&
                                          out->value_count <= DNS_NAME_MAX));
            __CPROVER_assume(!session || any_domain.format != TUNNEL_SLIPSTREAM ||
                             is_inside(&out->slipstream, out->value_count));
        }
    }
    given_findings = out;
    return (enum wire_outcome)outcome;
}

enum wire_outcome model_tunnels_classify_query(const struct tunnels_rules *rules,
                                               const uint8_t *message, size_t captured, bool whole,
                                               struct tunnels_findings *out)
{
    REQUIRE(given_frame->type == PACKET_HOST, "a query comes in");
    REQUIRE(!whole || (captured == given_datagram->length && !given_datagram->fragment),
            "a whole message is at hand");
    enum wire_outcome outcome = findings_of(rules, message, captured, out);
    __CPROVER_assume(outcome == WIRE_QUERY || outcome == WIRE_IGNORED_NOT_QUERY ||
                     (outcome == WIRE_IGNORED_JOINED && whole) || outcome == WIRE_MALFORMED ||
                     outcome == WIRE_OTHER_DOMAIN || wire_is_rejected(outcome));
    return outcome;
}

enum wire_outcome model_tunnels_classify_response(const struct tunnels_rules *rules,
                                                  const uint8_t *message, size_t captured,
                                                  struct tunnels_findings *out)
{
    enum wire_outcome outcome = findings_of(rules, message, captured, out);
    __CPROVER_assume(outcome == WIRE_RESPONSE || outcome == WIRE_IGNORED_NOT_RESPONSE);
    return outcome;
}

bool model_detect_format(struct tunnels_findings *rejected, enum wire_outcome outcome,
                         const uint8_t *end, struct detect_proof *out)
{
    REQUIRE(outcome == WIRE_REJECTED_QTYPE || outcome == WIRE_REJECTED_ENCODING ||
                outcome == WIRE_REJECTED_SHORT || outcome == WIRE_REJECTED_FRAMING,
            "the query was rejected for what it says");
    REQUIRE(rejected == given_findings && rejected->domain == &any_domain,
            "the findings are those of the query");
    REQUIRE(end == given_datagram->payload + given_datagram->captured, "the message has its end");
    proved = nondet_bool();
    if (proved) {
        given_proof = nondet_proof();
        rejected->value_count = nondet_unsigned();
        const struct slipstream_id id = {.at = given_proof.id_at, .octets = given_proof.id_octets};
        __CPROVER_assume(evidence_valid(given_proof.evidence));
        __CPROVER_assume(rejected->value_count <= DNS_NAME_MAX &&
                         is_inside(&id, rejected->value_count));
        *out = given_proof;
    }
    return proved;
}

uint64_t model_token_session(const struct token_key *key, uint8_t domain,
                             const uint8_t values[TOKEN_VALUES], const uint64_t mask[2])
{
    REQUIRE(key == &given_classifier->key && domain < given_classifier->rules.domain_count,
            "the domain is one of those configured");
    REQUIRE(values == given_findings->values && mask == any_domain.id_mask &&
                any_domain.format != TUNNEL_SLIPSTREAM,
            "values begin with an id of the domain's");
    uint64_t token = nondet_token();
    __CPROVER_assume(token != 0);
    return token;
}

uint64_t model_token_session_at(const struct token_key *key, uint8_t domain, const uint8_t *values,
                                size_t at, size_t octets)
{
    const struct slipstream_id id = {.at = (uint8_t)at, .octets = (uint8_t)octets};
    REQUIRE(key == &given_classifier->key && domain < given_classifier->rules.domain_count,
            "the domain is one of those configured");
    REQUIRE(values == given_findings->values && (proved || any_domain.format == TUNNEL_SLIPSTREAM),
            "values are those that were read");
    REQUIRE(!proved || (at == given_proof.id_at && octets == given_proof.id_octets),
            "the id is that of what is proved");
    REQUIRE(at <= UINT8_MAX && octets <= TOKEN_OCTETS_MAX &&
                is_inside(&id, given_findings->value_count),
            "the id is inside them");
    uint64_t token = nondet_token();
    __CPROVER_assume(token != 0);
    return token;
}

uint32_t model_token_fingerprint(const struct token_key *key, const uint8_t *data, size_t length)
{
    REQUIRE(key == &given_classifier->key && length <= DNS_NAME_MAX, "the length is one of values");
    REQUIRE(__CPROVER_same_object(data, given_findings), "values are those that were read");
    size_t offset = __CPROVER_POINTER_OFFSET(data) - offsetof(struct tunnels_findings, values);
    REQUIRE(offset + length + TOKEN_ZEROS <= BASE32_BUFFER_SIZE,
            "values can be read, and zeros behind them");
    given_fingerprint = nondet_unsigned();
    __CPROVER_assume(given_fingerprint <= FINGERPRINT_MAX);
    return given_fingerprint;
}

/* What the exporter expects, which is started with the same domains. */
static struct wire_expectation expectation(const struct classifier *classifier)
{
    struct wire_expectation expected = nondet_expectation();
    expected.domains = (uint8_t)classifier->rules.domain_count;
    if (any_domain.index < DOMAINS_MAX) {
        expected.strengths[any_domain.index] = wire_strengths_of(&any_tunnel);
    }
    return expected;
}

void prove_classify_frame(void)
{
    struct classifier classifier = nondet_classifier();
    struct frame frame = nondet_frame();
    struct wire_record record;
    struct wire_stats stats = nondet_stats();
    unsigned any_port = nondet_unsigned();
    __CPROVER_assume(any_port < WIRE_PORTS_MAX);
    for (unsigned i = 0; i < WIRE_PORTS_MAX; i++) {
        __CPROVER_assume(stats.ports[i].queries <= COUNTER_MAX &&
                         stats.ports[i].loopback <= COUNTER_MAX);
    }
    __CPROVER_assume(stats.loopback_other_domain <= COUNTER_MAX);
    const struct wire_stats before = stats;
    __CPROVER_assume(classifier.port_count >= 1 && classifier.port_count <= OPTIONS_PORTS_MAX);
    __CPROVER_assume(classifier.rules.domain_count >= 1 &&
                     classifier.rules.domain_count <= DOMAINS_MAX);
    __CPROVER_assume(frame.captured <= FRAME_MAX && frame.captured <= frame.length);
    frame.data = malloc(frame.captured);
    __CPROVER_havoc_object(&any_domain);
    __CPROVER_havoc_object(&any_tunnel);
    __CPROVER_assume(
        any_tunnel.format < TUNNEL_FORMATS &&
        (any_tunnel.format != TUNNEL_VAYDNS ||
         (any_tunnel.clientid_size >= 1 && any_tunnel.clientid_size <= TUNNEL_CLIENT_ID_MAX)));
    __CPROVER_assume(has_format(&any_domain) && any_domain.format == any_tunnel.format);
    const struct wire_expectation expected = expectation(&classifier);
    given_frame = &frame;
    given_classifier = &classifier;
    proved = false;

    enum wire_outcome outcome = classify_frame(&classifier, &frame, &stats, &record);

    const uint64_t queries = stats.ports[any_port].queries - before.ports[any_port].queries;
    const uint64_t loopback = stats.ports[any_port].loopback - before.ports[any_port].loopback;
    const uint64_t look_ups = stats.loopback_other_domain - before.loopback_other_domain;
    PROMISE(queries <= 1 && loopback <= queries, "a port counts a query once");
    PROMISE(queries == 0 || (frame.type == PACKET_HOST && any_port < classifier.port_count),
            "only queries that came in to a port are counted");
    PROMISE(look_ups <= (outcome == WIRE_OTHER_DOMAIN ? 1 : 0), "a look-up is for another domain");
    PROMISE(loopback == 0 || look_ups == (outcome == WIRE_OTHER_DOMAIN ? 1 : 0),
            "each look-up of this host is counted");
    PROMISE(stats.received == before.received && stats.interface_down == before.interface_down,
            "nothing else is counted");
    REACH(queries == 1 && any_port == OPTIONS_PORTS_MAX - 1, "a query to the last port");
    REACH(loopback == 1 && look_ups == 1, "a look-up of this host");
    REACH(queries == 1 && outcome == WIRE_MALFORMED, "a malformed query");

    PROMISE(outcome < WIRE_OUTCOMES, "every frame has its outcome");
    PROMISE(outcome < WIRE_REJECTED_FIRST ||
                (record.outcome == outcome && record_valid(&record, &expected)),
            "a record is one that the exporter accepts");
    PROMISE(outcome < WIRE_REJECTED_FIRST || record.domain == any_domain.index,
            "a record names its domain");
    PROMISE(outcome != WIRE_QUERY || record.token == 0 ||
                wire_fingerprint(&record) == given_fingerprint,
            "a session's query has its fingerprint");
    REACH(outcome == WIRE_QUERY && record.strength == WIRE_STRONG, "a query");
    REACH(outcome == WIRE_QUERY && record.strength == WIRE_STRONG_POLL, "a poll of xdns's");
    REACH(outcome == WIRE_QUERY && record.token == 0, "a query without a session");
    REACH(outcome == WIRE_QUERY && record.token == 0 && any_domain.format == TUNNEL_DNSTTEX,
          "a probe");
    REACH(outcome == WIRE_QUERY && record.token != 0 && any_domain.format == TUNNEL_SLIPSTREAM,
          "a query of slipstream's");
    REACH(outcome == WIRE_RESPONSE, "a response");
    PROMISE(!proved || (outcome != WIRE_REJECTED_OPCODE && outcome != WIRE_REJECTED_EDNS &&
                        wire_is_rejected(outcome)),
            "evidence is of a query that was rejected for what it says");
    PROMISE(!proved ||
                (record.token != 0 && wire_evidence(&record).format == given_proof.evidence.format),
            "what is proved is recorded");
    PROMISE(!wire_is_rejected(outcome) || proved || record.token == 0, "nothing else is");
    REACH(outcome == WIRE_REJECTED_EDNS, "a rejected query");
    REACH(proved && given_proof.evidence.format == TUNNEL_VAYDNS, "evidence");
    REACH(outcome == WIRE_QUERY && record.bytes == WIRE_MESSAGE_BYTES_MAX, "the largest message");
    REACH(outcome == WIRE_OTHER_DOMAIN, "another domain");
    REACH(outcome == WIRE_MALFORMED, "a malformed frame");
    REACH(outcome == WIRE_IGNORED_FRAGMENT, "a fragment");
    REACH(outcome == WIRE_IGNORED_JOINED, "joined queries");
    REACH(outcome == WIRE_IGNORED_DIRECTION, "a foreign packet");
}
