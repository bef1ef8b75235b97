/* The verdict on any message, under any rules: what capture/sniffer/tunnels/tunnels.c does itself.
 * dns.c, base32.c and frames.h are models. */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/parse/base32.h"

void *copy(void *to, const void *from, size_t count);

#define memcpy copy
#include "capture/sniffer/tunnels/tunnels.c"
#undef memcpy

#include <stdlib.h>

/* The least address that may be read in the message, which stands in a larger array. */
const uint8_t *message_begin;

/* Octets that labels are known to fill, and where copies of them went. Nothing is written to any of
 * these places but by `copy`. */
const uint8_t *filled;
const uint8_t *filled_copy;
size_t filled_length;

struct tunnels_findings findings;

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
    fills = fills_to_end(octets, 0);
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

static bool domain_is_valid(const struct tunnels_domain *domain, unsigned count)
{
    return domain->wire_length >= 2 && domain->wire_length <= DOMAIN_WIRE_MAX &&
           domain->word_count == (domain->wire_length + 7) / 8 && domain->index < count &&
           has_format(domain);
}

void prove_is_under(void)
{
    uint8_t octets[DNS_HEADER_OCTETS + DNS_NAME_MAX];
    struct tunnels_domain domain;
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

/* --- find_domain: all of the rules' domains, in turn. */

struct tunnels_rules nondet_rules(void);

const struct tunnels_rules *given_rules;
unsigned asked;                       /* how many of the domains */
const struct tunnels_domain *matched; /* the one that the name was found to be under */

bool model_is_under(const struct dns_question *question, const struct tunnels_domain *domain)
{
    REQUIRE(question->name_length >= 1, "there is a name");
    REQUIRE(asked < given_rules->domain_count && domain == given_rules->domains + asked,
            "the domain is the next");
    asked++;
    bool result = question->name_length >= domain->wire_length && nondet_bool();
    matched = result ? domain : NULL;
    return result;
}

void prove_find_domain(void)
{
    struct tunnels_rules rules = nondet_rules();
    const struct dns_question question = {.name_length = nondet_octet()};
    __CPROVER_assume(rules.domain_count >= 1 && rules.domain_count <= DOMAINS_MAX &&
                     question.name_length >= 1);
    given_rules = &rules;
    asked = 0;

    const struct tunnels_domain *result = find_domain(&rules, &question);

    PROMISE(result == matched, "the first that the name is under is found");
    PROMISE(result != NULL || asked == rules.domain_count, "none is left out");
    REACH(result != NULL && asked == DOMAINS_MAX, "the last domain");
    REACH(result == NULL && asked == DOMAINS_MAX, "another domain");
}

/* --- is_joined: two queries that follow each other. */

size_t first_length;     /* of the query that the message was found to begin with */
const uint8_t *asked_at; /* where a query was looked for last */
size_t asked_length;     /* and the length that it was found to have; 0: there is none */

void prove_is_joined(void)
{
    size_t length = nondet_size();
    __CPROVER_assume(length <= FRAME_MAX);
    uint8_t *message = malloc(length);
    message_begin = message;
    asked_at = NULL;
    first_length = 0;

    bool result = is_joined(message, length);

    if (result) {
        PROMISE(is_query_header(message) && first_length >= QUERY_MIN && first_length < length,
                "the message begins with a query, and does not end with it");
        PROMISE(asked_at == message + first_length && asked_length >= QUERY_MIN &&
                    asked_length <= length - first_length && is_query_header(asked_at),
                "another query follows it");
        PROMISE(asked_length == first_length ||
                    (asked_length < first_length && first_length + asked_length == length),
                "both are of one length, but for a shorter last one");
        REACH(length == FRAME_MAX && first_length == 30, "many");
        REACH(length == 2 * QUERY_MIN, "the shortest two");
        REACH(length == FRAME_MAX && first_length == FRAME_MAX - QUERY_MIN, "a shorter last one");
    }
    REACH(!result && first_length == length, "one query");
    REACH(!result && asked_at != message && asked_length > first_length, "a longer second one");
    REACH(!result && asked_at != message && asked_length < first_length && asked_length > 0,
          "a shorter one that is not the last");
}

/* --- The verdicts. */

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

int model_dns_query_length(const uint8_t *message, size_t length, size_t *out)
{
    REQUIRE(length <= FRAME_MAX && __CPROVER_r_ok(message, length), "a message can be read");
    int result = success_or_failure();
    if (result == 0) {
        *out = nondet_size();
        __CPROVER_assume(*out >= QUERY_MIN && *out <= length);
        __CPROVER_assume(is_query_header(message));
    }
    asked_at = message;
    asked_length = result == 0 ? *out : 0;
    if (message == message_begin) {
        first_length = asked_length;
    }
    return result;
}

/* Stands for each of the configured domains, as what is looked at is the one that is found. */
struct tunnels_domain any_domain;

const struct tunnels_domain *model_find_domain(const struct tunnels_rules *rules,
                                               const struct dns_question *question)
{
    REQUIRE(rules == given_rules && question->name_length >= 1, "the rules are passed on");
    REQUIRE(__CPROVER_r_ok(question->name - DNS_HEADER_OCTETS,
                           DNS_HEADER_OCTETS + question->name_length),
            "the name can be read, and a header before it");
    if (question->name_length < any_domain.wire_length || nondet_bool()) {
        return NULL;
    }
    matched = &any_domain;
    filled = question->name;
    filled_length = (size_t)question->name_length - any_domain.wire_length;
    return &any_domain;
}

int read_count; /* values of the labels, or -EBADMSG */

static int read_labels(const uint8_t *labels, size_t length, uint8_t *values, bool hex)
{
    REQUIRE((labels == filled || labels == filled_copy) && length == filled_length,
            "labels fill what is read");
    REQUIRE(__CPROVER_r_ok(labels, length + BASE32_STEP), "a step more can be read");
    REQUIRE(values == findings.values, "there is room for values");
    REQUIRE(hex == (matched->format == TUNNEL_DNSTTEX), "the alphabet is the format's");
    int result = nondet_int();
    __CPROVER_assume(result == -EBADMSG ||
                     (result >= (length > 0 ? 1 : 0) && (size_t)result <= length));
    read_count = result;
    return result;
}

int model_base32_read_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    return read_labels(labels, length, values, false);
}

int model_base32hex_read_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    return read_labels(labels, length, values, true);
}

bool model_base32_is_canonical(const uint8_t *values, size_t count)
{
    REQUIRE(values == findings.values && count == findings.value_count && count >= 1 &&
                count <= DNS_NAME_MAX,
            "values are those that were read");
    return nondet_bool();
}

int model_frames_dnstt(const uint8_t *values, size_t length, size_t packet_min)
{
    REQUIRE(values == findings.values, "values are those that were read");
    REQUIRE(length >= FRAMES_DNSTT_ID_OCTETS && length <= base32_octet_count(DNS_NAME_MAX),
            "the length is one that a name can have");
    REQUIRE(matched->plain || matched->format == TUNNEL_XDNS, "the frame is of the format");
    REQUIRE(packet_min == (matched->plain ? FRAMES_DNSTT_PACKET_MIN : FRAMES_XDNS_PACKET_MIN),
            "a packet has the octets of its format's least");
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG);
    return result;
}

int model_frames_vaydns(const uint8_t *values, size_t length, size_t id)
{
    REQUIRE(values == findings.values, "values are those that were read");
    REQUIRE(matched->format == TUNNEL_VAYDNS && id == matched->id_octets,
            "the frame is of the format, and its id");
    REQUIRE(id >= 1 && id <= TUNNEL_CLIENT_ID_MAX && length >= id &&
                length <= base32_octet_count(DNS_NAME_MAX),
            "the length is one that a name can have, and an id");
    size_t rest = length - id;
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || (result == WIRE_WEAK && rest == 4) ||
                     (result == WIRE_STRONG && rest >= 25));
    return result;
}

bool shown; /* whether a frame of dnsttEx's or a header of slipstream's was found */

int model_dnsttex_frame(const uint8_t *values, size_t length)
{
    REQUIRE(values == findings.values && matched->format == TUNNEL_DNSTTEX,
            "values are those that were read, of the format");
    REQUIRE(length >= DNSTTEX_OCTETS_MIN && length <= base32_octet_count(DNS_NAME_MAX),
            "the length is one that a name can have");
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG ||
                     (result == WIRE_NO_SESSION && length >= 15));
    shown = result != FRAMES_WRONG;
    return result;
}

int model_slipstream_header(const uint8_t *values, size_t length, struct slipstream_id *out)
{
    REQUIRE(values == findings.values && matched->format == TUNNEL_SLIPSTREAM,
            "values are those that were read, of the format");
    REQUIRE(length == base32_octet_count(findings.value_count), "the length is that of the values");
    REQUIRE(out == &findings.slipstream, "the id is found");
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == FRAMES_SHORT || result == WIRE_WEAK ||
                     result == WIRE_STRONG || result == WIRE_NO_SESSION);
    __CPROVER_assume(result < 0 || length >= 21);
    shown = result >= 0;
    if (result > WIRE_NO_SESSION) {
        out->at = nondet_octet();
        out->octets = nondet_octet();
        __CPROVER_assume(is_inside(out, findings.value_count));
    }
    return result;
}

static void assume_valid(const struct tunnels_rules *rules)
{
    given_rules = rules;
    shown = false;
    read_count = -EBADMSG;
    __CPROVER_havoc_object(&findings);
    __CPROVER_havoc_object(&any_domain);
    __CPROVER_assume(rules->domain_count >= 1 && rules->domain_count <= DOMAINS_MAX);
    __CPROVER_assume(domain_is_valid(&any_domain, rules->domain_count));
}

static void promise(const struct tunnels_rules *rules, size_t captured, enum wire_outcome outcome)
{
    bool taken = outcome == WIRE_QUERY || outcome == WIRE_RESPONSE;
    bool session = taken && findings.strength != WIRE_NO_SESSION;
    if (outcome >= WIRE_REJECTED_FIRST) {
        PROMISE(captured >= DNS_HEADER_OCTETS, "a message that counts has a header");
        PROMISE(findings.domain == matched && matched->index < rules->domain_count,
                "the domain is one of those configured");
        PROMISE(!taken || has_strength(matched->format, findings.strength),
                "opaque has no sessions, and most have nothing else; some strengths are xdns's");
        PROMISE(!taken || shown ||
                    (matched->format != TUNNEL_DNSTTEX && matched->format != TUNNEL_SLIPSTREAM),
                "dnsttex and slipstream have their frame or header");
        PROMISE(taken || matched->format != TUNNEL_OPAQUE, "nothing of opaque is rejected");
        PROMISE(!session || (findings.value_count > matched->id_values &&
                             findings.value_count <= DNS_NAME_MAX),
                "a session has an id, and something behind it");
        PROMISE(!session || matched->format != TUNNEL_SLIPSTREAM ||
                    is_inside(&findings.slipstream, findings.value_count),
                "slipstream's id is inside the values");
        PROMISE(!session || !matched->any_framing || findings.strength == WIRE_WEAK,
                "any framing proves nothing");
    }
    PROMISE(!taken || findings.strength < WIRE_STRENGTHS, "a strength is known");
    REACH(session && captured == FRAME_MAX, "a session of the largest message");
    REACH(session && captured == DNS_HEADER_OCTETS + filled_length + 6 &&
              filled_copy == findings.scratch,
          "a session whose name is read from a copy");
    REACH(session && matched->index == DOMAINS_MAX - 1, "the last domain");
    REACH(session && matched->format == TUNNEL_VAYDNS && matched->id_octets == 1, "the least id");
    REACH(session && matched->format == TUNNEL_XDNS && findings.strength == WIRE_STRONG, "xdns");
    REACH(session && findings.strength == WIRE_STRONG_POLL, "a poll of xdns's by type TXT");
    REACH(session && findings.strength == WIRE_WEAK_DATA, "data of xdns's by type A");
    REACH(session && matched->plain && findings.strength == WIRE_STRONG, "dnstt");
    REACH(session && matched->any_framing, "any framing");
    REACH(session && matched->format == TUNNEL_DNSTTEX, "dnsttex");
    REACH(session && matched->format == TUNNEL_SLIPSTREAM && findings.slipstream.octets == 20,
          "slipstream");
    REACH(taken && !session && matched->format == TUNNEL_DNSTTEX, "a probe");
    REACH(taken && !session && matched->format == TUNNEL_OPAQUE, "opaque");
}

/* The formats whose servers look at nothing past the question. */
static bool question_is_all(void)
{
    return matched->format == TUNNEL_SLIPSTREAM || matched->format == TUNNEL_OPAQUE;
}

void prove_tunnels_classify_query(void)
{
    struct tunnels_rules rules = nondet_rules();
    size_t captured = nondet_size();
    assume_valid(&rules);
    __CPROVER_assume(captured <= FRAME_MAX);
    bool whole = nondet_bool();
    uint8_t *message = malloc(captured);
    message_begin = message;

    enum wire_outcome outcome = tunnels_classify_query(&rules, message, captured, whole, &findings);

    promise(&rules, captured, outcome);
    PROMISE(outcome == WIRE_QUERY || outcome == WIRE_IGNORED_NOT_QUERY ||
                outcome == WIRE_IGNORED_JOINED || outcome == WIRE_MALFORMED ||
                outcome == WIRE_OTHER_DOMAIN || wire_is_rejected(outcome),
            "a query is classified as one");
    PROMISE(outcome != WIRE_IGNORED_JOINED || (whole && captured >= 2 * QUERY_MIN),
            "joined queries are a whole message");
    if (wire_is_rejected(outcome)) {
        const struct dns_question *question = &findings.question;
        PROMISE(question->name == message + DNS_HEADER_OCTETS &&
                    question->name_length >= matched->wire_length &&
                    (size_t)DNS_HEADER_OCTETS + question->name_length + 4 <= captured,
                "a rejected query has its question");
        PROMISE((outcome != WIRE_REJECTED_SHORT && outcome != WIRE_REJECTED_FRAMING) ||
                    filled_length == 0 || (unsigned)read_count == findings.value_count,
                "its labels were read where they are short or in no frame");
    }
    if (outcome >= WIRE_REJECTED_FIRST) {
        bool answers = message[6] != 0 || message[7] != 0;
        PROMISE(!answers || question_is_all(), "a query with answers is malformed to most");
        PROMISE((outcome != WIRE_REJECTED_OPCODE && outcome != WIRE_REJECTED_EDNS) ||
                    !question_is_all(),
                "nothing past the question counts to the others");
        REACH(answers && outcome == WIRE_QUERY && findings.strength == WIRE_WEAK,
              "slipstream's with an answer");
        REACH(outcome == WIRE_REJECTED_SHORT && filled_length == 0 &&
                  matched->format == TUNNEL_DNSTTEX,
              "no label before dnsttex's domain");
        REACH(outcome == WIRE_REJECTED_EDNS && matched->format == TUNNEL_DNSTTEX, "bad EDNS");
        REACH(outcome == WIRE_REJECTED_FRAMING && matched->format == TUNNEL_SLIPSTREAM,
              "another header than slipstream's");
    }
    REACH(outcome == WIRE_IGNORED_NOT_QUERY, "a response");
    REACH(outcome == WIRE_IGNORED_JOINED && captured == FRAME_MAX, "joined queries");
    REACH(outcome == WIRE_MALFORMED, "a malformed message");
    REACH(outcome == WIRE_OTHER_DOMAIN, "another domain");
    REACH(outcome == WIRE_REJECTED_FRAMING, "bad framing");
}

void prove_tunnels_classify_response(void)
{
    struct tunnels_rules rules = nondet_rules();
    size_t captured = nondet_size();
    assume_valid(&rules);
    __CPROVER_assume(captured <= FRAME_MAX);
    uint8_t *message = malloc(captured);
    message_begin = message;

    enum wire_outcome outcome = tunnels_classify_response(&rules, message, captured, &findings);

    promise(&rules, captured, outcome);
    PROMISE(outcome == WIRE_RESPONSE || outcome == WIRE_IGNORED_NOT_RESPONSE,
            "a response is one of a session or none");
    if (outcome == WIRE_RESPONSE) {
        uint8_t code = message[3] & 0xf;
        PROMISE(code == 0 || question_is_all(), "a response without error counts");
        PROMISE(code == 0 || code == 3 || matched->format == TUNNEL_OPAQUE,
                "any error counts of opaque alone");
        REACH(code == 3 && matched->format == TUNNEL_SLIPSTREAM, "slipstream's, with nothing");
        REACH(code == 5, "refused");
    }
    REACH(outcome == WIRE_IGNORED_NOT_RESPONSE, "none of a session");
}
