/* The verdict on any message: what capture/sniffer/tunnels/dnstt.c does itself. dns.c and base32.c
 * are models. */
#include "tests/proof/proof.h"

#include "capture/sniffer/parse/base32.h"

void *copy(void *to, const void *from, size_t count);

#define memcpy copy
#include "capture/sniffer/tunnels/dnstt.c"
#undef memcpy

#include <stdlib.h>

/* The least address that may be read in the message, which stands in a larger array. */
const uint8_t *message_begin;

/* Octets that labels are known to fill, and where copies of them went. Nothing is written to any of
 * these places but by `copy`. */
const uint8_t *filled;
const uint8_t *filled_copy;
size_t filled_length;

struct dnstt_findings findings;

void *copy(void *to, const void *from, size_t count)
{
    REQUIRE(!__CPROVER_same_object(from, message_begin) || (const uint8_t *)from >= message_begin,
            "nothing before the message is read");
    REQUIRE(to != findings.scratch || count + BASE32_STEP <= sizeof findings.scratch,
            "scratch has room for it, and for a step more");
    if (from == filled && count == filled_length) {
        filled_copy = to;
    }
    return model_memcpy(to, from, count);
}

/* --- label_begins: whether labels fill what is before an offset. */

octet_set fills;
size_t start;

void prove_label_begins(void)
{
    uint8_t octets[DNS_NAME_MAX];
    size_t offset = nondet_size();
    __CPROVER_assume(offset <= DNS_NAME_MAX);
    start = DNS_NAME_MAX - offset;
    fills = fills_to_end(octets);
    const struct dns_question question = {.name = octets + start, .name_length = nondet_octet()};

    bool result = label_begins(&question, offset);

    PROMISE(result == SET_HAS(fills, start), "it tells whether labels fill it");
    REACH(result && offset == DNS_NAME_MAX, "a long name");
    REACH(!result, "another");
}

/* --- is_under: a name and a domain. */

/* The offset that was found to begin a label; none has this value. */
size_t begins = SIZE_MAX;

bool model_label_begins(const struct dns_question *question, size_t offset)
{
    REQUIRE(offset <= question->name_length, "the offset is in the name");
    bool result = nondet_bool();
    begins = result ? offset : SIZE_MAX;
    return result;
}

static bool domain_is_valid(const struct dnstt_domain *domain, unsigned count)
{
    return domain->wire_length >= 2 && domain->wire_length <= DOMAIN_WIRE_MAX &&
           domain->word_count == (domain->wire_length + 7) / 8 && domain->index < count;
}

void prove_is_under(void)
{
    uint8_t octets[DNS_HEADER_OCTETS + DNS_NAME_MAX];
    struct dnstt_domain domain;
    uint8_t length = nondet_octet();
    __CPROVER_assume(length >= 1 && domain_is_valid(&domain, DOMAINS_MAX));
    message_begin = octets + DNS_NAME_MAX - length;
    const struct dns_question question = {.name = message_begin + DNS_HEADER_OCTETS,
                                          .name_length = length};

    bool result = is_under(&question, &domain);

    PROMISE(!result || domain.wire_length <= length, "the name is no shorter");
    PROMISE(!result || begins == (size_t)length - domain.wire_length,
            "labels fill what is before the domain");
    REACH(result && length == DNS_NAME_MAX && domain.wire_length == DOMAIN_WIRE_MAX, "the longest");
    REACH(result && length == domain.wire_length, "the domain itself");
    REACH(!result && length >= domain.wire_length, "another name");
}

/* --- is_framed: the values of a name. */

void prove_is_framed(void)
{
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t length = nondet_size();
    __CPROVER_assume(length >= DNSTT_CLIENT_ID_OCTETS &&
                     length <= base32_octet_count(DNS_NAME_MAX));

    bool result = is_framed(values, length);

    REACH(result && length > 100, "a frame with a packet");
    REACH(result && length == DNSTT_CLIENT_ID_OCTETS + 1, "one without");
    REACH(!result, "none");
}

/* --- The verdicts. */

struct dnstt_rules nondet_rules(void);
struct dns_edns nondet_edns(void);
int nondet_int(void);
uint16_t nondet_type(void);

static int success_or_failure(void)
{
    return nondet_bool() ? 0 : -EBADMSG;
}

int model_dns_question_parse(const uint8_t *message, size_t length, struct dns_question *out)
{
    REQUIRE(length <= FRAME_MAX && __CPROVER_r_ok(message, length), "a message can be read");
    int result = success_or_failure();
    if (result == 0) {
        out->name = message + DNS_HEADER_OCTETS;
        out->name_length = nondet_octet();
        out->type = nondet_type();
        out->end = (uint16_t)(DNS_HEADER_OCTETS + out->name_length + 4);
        __CPROVER_assume(out->name_length >= 1 && out->end <= length);
    }
    return result;
}

int model_dns_records_parse(const uint8_t *message, size_t length, size_t offset, unsigned count,
                            struct dns_edns *out)
{
    REQUIRE(length <= FRAME_MAX && __CPROVER_r_ok(message, length), "a message can be read");
    REQUIRE(offset <= length && count <= UINT16_MAX, "records begin in it");
    int result = success_or_failure();
    if (result == 0) {
        *out = nondet_edns();
    }
    return result;
}

bool model_is_under(const struct dns_question *question, const struct dnstt_domain *domain)
{
    REQUIRE(question->name_length >= 1 && domain_is_valid(domain, DOMAINS_MAX),
            "the domain is one that rules have");
    REQUIRE(__CPROVER_r_ok(question->name - DNS_HEADER_OCTETS,
                           DNS_HEADER_OCTETS + question->name_length),
            "the name can be read, and a header before it");
    bool result = question->name_length >= domain->wire_length && nondet_bool();
    if (result) {
        filled = question->name;
        filled_length = (size_t)question->name_length - domain->wire_length;
    }
    return result;
}

int model_base32_read_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    REQUIRE((labels == filled || labels == filled_copy) && length == filled_length,
            "labels fill what is read");
    REQUIRE(__CPROVER_r_ok(labels, length + BASE32_STEP), "a step more can be read");
    REQUIRE(values == findings.values, "there is room for values");
    int result = nondet_int();
    __CPROVER_assume(result == -EBADMSG || (result >= 0 && (size_t)result <= length));
    return result;
}

bool model_is_framed(const uint8_t *values, size_t length)
{
    REQUIRE(values == findings.values, "values are those that were read");
    REQUIRE(length >= DNSTT_CLIENT_ID_OCTETS && length <= base32_octet_count(DNS_NAME_MAX),
            "the length is one that a name can have");
    return nondet_bool();
}

static void assume_valid(const struct dnstt_rules *rules)
{
    __CPROVER_assume(rules->domain_count >= 1 && rules->domain_count <= DOMAINS_MAX);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        __CPROVER_assume(domain_is_valid(&rules->domains[i], rules->domain_count));
    }
}

static void promise(const struct dnstt_rules *rules, size_t captured, enum wire_outcome outcome)
{
    bool session = outcome == WIRE_QUERY || outcome == WIRE_RESPONSE;
    if (outcome >= WIRE_REJECTED_FIRST) {
        PROMISE(captured >= DNS_HEADER_OCTETS, "a message that counts has a header");
        PROMISE(findings.domain < rules->domain_count, "the domain is one of those configured");
    }
    PROMISE(!session || (findings.value_count > DNSTT_CLIENT_ID_VALUES &&
                         findings.value_count <= DNS_NAME_MAX),
            "a session has a ClientID");
    REACH(session && captured == FRAME_MAX, "a session of the largest message");
    REACH(session && captured == DNS_HEADER_OCTETS + filled_length + 6 &&
              filled_copy == findings.scratch,
          "a session whose name is read from a copy");
    REACH(session && findings.domain == DOMAINS_MAX - 1, "the last domain");
}

void prove_dnstt_classify_query(void)
{
    struct dnstt_rules rules = nondet_rules();
    size_t captured = nondet_size();
    assume_valid(&rules);
    __CPROVER_assume(captured <= FRAME_MAX);
    uint8_t *message = malloc(captured);
    message_begin = message;

    enum wire_outcome outcome =
        dnstt_classify_query(&rules, message, captured, nondet_bool(), &findings);

    promise(&rules, captured, outcome);
    PROMISE(outcome == WIRE_QUERY || outcome == WIRE_IGNORED_NOT_QUERY ||
                outcome == WIRE_MALFORMED || outcome == WIRE_OTHER_DOMAIN ||
                wire_is_rejected(outcome),
            "a query is classified as one");
    REACH(outcome == WIRE_IGNORED_NOT_QUERY, "a response");
    REACH(outcome == WIRE_MALFORMED, "a malformed message");
    REACH(outcome == WIRE_OTHER_DOMAIN, "another domain");
    REACH(outcome == WIRE_REJECTED_FRAMING, "bad framing");
}

void prove_dnstt_classify_response(void)
{
    struct dnstt_rules rules = nondet_rules();
    size_t captured = nondet_size();
    assume_valid(&rules);
    __CPROVER_assume(captured <= FRAME_MAX);
    uint8_t *message = malloc(captured);
    message_begin = message;

    enum wire_outcome outcome = dnstt_classify_response(&rules, message, captured, &findings);

    promise(&rules, captured, outcome);
    PROMISE(outcome == WIRE_RESPONSE || outcome == WIRE_IGNORED_NOT_RESPONSE,
            "a response is one of a session or none");
    REACH(outcome == WIRE_IGNORED_NOT_RESPONSE, "none of a session");
}
