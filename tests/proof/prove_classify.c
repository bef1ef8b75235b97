/*
 * classify_frame: any frame, to a record that the exporter accepts. What it calls are models here,
 * of which ip.c, dnstt.c and token.c are proved to be instances.
 */
#include "tests/proof/proof.h"

#include "common/wire.c"

#include "capture/sniffer/classify.c"

#include <stdlib.h>

/* What the models are to be given. */
const struct frame *given_frame;
const struct classifier *given_classifier;
const struct datagram *given_datagram;

enum ip_result nondet_ip_result(void);
struct datagram nondet_datagram(void);
enum wire_outcome nondet_verdict(void);
struct dnstt_findings nondet_findings(void);
struct classifier nondet_classifier(void);
struct frame nondet_frame(void);
uint64_t nondet_token(void);

enum ip_result model_ip_parse(const struct frame *frame, struct datagram *out)
{
    REQUIRE(frame == given_frame, "the frame is passed on");
    enum ip_result result = nondet_ip_result();
    if (result == IP_DATAGRAM) {
        *out = nondet_datagram();
        size_t offset = nondet_size();
        __CPROVER_assume(offset <= frame->captured && out->captured <= frame->captured - offset);
        __CPROVER_assume(out->captured <= out->length && out->length <= WIRE_MESSAGE_BYTES_MAX);
        out->payload = frame->data + offset;
    }
    given_datagram = out;
    return result;
}

static enum wire_outcome findings_of(const struct dnstt_rules *rules, const uint8_t *message,
                                     size_t captured, struct dnstt_findings *out)
{
    REQUIRE(rules == &given_classifier->rules, "the rules are those configured");
    REQUIRE(captured <= FRAME_MAX && __CPROVER_r_ok(message, captured), "a message can be read");
    enum wire_outcome verdict = nondet_verdict();
    *out = nondet_findings();
    if (verdict == DNSTT_SESSION || verdict == DNSTT_REJECTED) {
        __CPROVER_assume(captured >= DNS_HEADER_OCTETS && out->domain < rules->domain_count);
    }
    if (verdict == DNSTT_SESSION) {
        __CPROVER_assume(out->reason == WIRE_REJECT_NONE);
        __CPROVER_assume(out->value_count > DNSTT_CLIENT_ID_VALUES);
        __CPROVER_assume(out->value_count <= DNS_NAME_MAX);
    }
    if (verdict == DNSTT_REJECTED) {
        __CPROVER_assume(out->reason > WIRE_REJECT_NONE && out->reason < WIRE_REJECT_REASONS);
    }
    return verdict;
}

enum wire_outcome model_dnstt_classify_query(const struct dnstt_rules *rules,
                                             const uint8_t *message, size_t captured, bool whole,
                                             struct dnstt_findings *out)
{
    REQUIRE(!whole || captured == given_datagram->length, "a whole message is at hand");
    enum wire_outcome verdict = findings_of(rules, message, captured, out);
    __CPROVER_assume(verdict != WIRE_IGNORED_NOT_RESPONSE);
    return verdict;
}

enum wire_outcome model_dnstt_classify_response(const struct dnstt_rules *rules,
                                                const uint8_t *message, size_t captured,
                                                struct dnstt_findings *out)
{
    enum wire_outcome verdict = findings_of(rules, message, captured, out);
    __CPROVER_assume(verdict == DNSTT_SESSION || verdict == WIRE_IGNORED_NOT_RESPONSE);
    return verdict;
}

uint64_t model_token_session(const struct token_key *key, uint8_t domain,
                             const uint8_t values[TOKEN_VALUES])
{
    REQUIRE(key == &given_classifier->key && domain < given_classifier->rules.domain_count,
            "the domain is one of those configured");
    REQUIRE(__CPROVER_r_ok(values, TOKEN_VALUES), "values can be read");
    uint64_t token = nondet_token();
    __CPROVER_assume(token != 0);
    return token;
}

uint32_t model_token_fingerprint(const struct token_key *key, const uint8_t *data, size_t length)
{
    REQUIRE(key == &given_classifier->key && length <= DNS_NAME_MAX, "the length is one of values");
    size_t offset = __CPROVER_POINTER_OFFSET(data) - offsetof(struct dnstt_findings, values);
    REQUIRE(offset + length + TOKEN_ZEROS <= BASE32_BUFFER_SIZE,
            "values can be read, and zeros behind them");
    return nondet_unsigned();
}

void prove_classify_frame(void)
{
    struct classifier classifier = nondet_classifier();
    struct frame frame = nondet_frame();
    struct wire_record record;
    enum wire_ignore ignored = WIRE_IGNORE_REASONS;
    __CPROVER_assume(classifier.port_count <= OPTIONS_PORTS_MAX);
    __CPROVER_assume(classifier.rules.domain_count <= DOMAINS_MAX);
    __CPROVER_assume(frame.captured <= FRAME_MAX && frame.captured <= frame.length);
    frame.data = malloc(frame.captured);
    given_frame = &frame;
    given_classifier = &classifier;

    enum outcome outcome = classify_frame(&classifier, &frame, &record, &ignored);

    PROMISE(outcome != OUTCOME_RECORD ||
                record_valid(&record, (uint8_t)classifier.rules.domain_count),
            "a record is one that the exporter accepts");
    PROMISE((outcome == OUTCOME_IGNORED) == (ignored < WIRE_IGNORE_REASONS),
            "what is ignored has a reason");
    REACH(outcome == OUTCOME_RECORD && record.kind == WIRE_QUERY, "a query");
    REACH(outcome == OUTCOME_RECORD && record.kind == WIRE_RESPONSE, "a response");
    REACH(outcome == OUTCOME_RECORD && record.kind == WIRE_REJECTED, "a rejected query");
    REACH(outcome == OUTCOME_RECORD && record.bytes == WIRE_MESSAGE_BYTES_MAX,
          "the largest message");
    REACH(outcome == WIRE_OTHER_DOMAIN, "another domain");
    REACH(outcome == WIRE_MALFORMED, "a malformed frame");
    REACH(ignored == WIRE_IGNORED_FRAGMENT, "a fragment");
}
