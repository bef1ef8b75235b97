/* The verdict on any message, under any rules: what capture/sniffer/tunnels/tunnels.c does itself.
 * dns.c, base32.c and frames.h are models. */
#include "tests/proof/proof.h"

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

/* What tunnels_rules_make makes of any options. */
static bool has_format(const struct tunnels_domain *domain)
{
    bool dnstt = domain->format == TUNNEL_DNSTT || domain->format == TUNNEL_NOIZDNS;
    uint8_t least = domain->format == TUNNEL_OPAQUE   ? 0
                    : domain->format == TUNNEL_VAYDNS ? 1
                                                      : TUNNEL_CLIENT_ID_MAX;
    uint8_t most = domain->format == TUNNEL_OPAQUE ? 0 : TUNNEL_CLIENT_ID_MAX;
    return domain->format < TUNNEL_FORMATS && domain->id_octets >= least &&
           domain->id_octets <= most && domain->id_values == domain->id_octets * 8 / 5 &&
           (!domain->any_framing || domain->format == TUNNEL_DNSTT) &&
           domain->plain == (dnstt && !domain->any_framing);
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

/* --- is_canonical: the values of a name. */

void prove_is_canonical(void)
{
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t count = nondet_size();
    __CPROVER_assume(count >= 2 && count <= DNS_NAME_MAX && values[count - 1] <= VALUE_MASK);

    bool result = is_canonical(values, count);

    size_t spare = count * VALUE_BITS - base32_octet_count(count) * 8;
    PROMISE(result == (spare < VALUE_BITS && (values[count - 1] & ((1u << spare) - 1)) == 0),
            "it tells whether no bit is to spare");
    REACH(result && spare == 4, "bits that are zero");
    REACH(!result && spare < VALUE_BITS, "bits that are not");
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

bool model_is_canonical(const uint8_t *values, size_t count)
{
    REQUIRE(values == findings.values && count >= 2 && count <= DNS_NAME_MAX,
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

static void assume_valid(const struct tunnels_rules *rules)
{
    given_rules = rules;
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
        PROMISE(!taken || session == (matched->format != TUNNEL_OPAQUE),
                "all but opaque has sessions");
        PROMISE(taken || matched->format != TUNNEL_OPAQUE, "nothing of opaque is rejected");
        PROMISE(!session || (findings.value_count > matched->id_values &&
                             findings.value_count <= DNS_NAME_MAX),
                "a session has an id, and something behind it");
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
    REACH(session && matched->plain && findings.strength == WIRE_STRONG, "dnstt");
    REACH(session && matched->any_framing, "any framing");
    REACH(taken && !session, "opaque");
}

void prove_tunnels_classify_query(void)
{
    struct tunnels_rules rules = nondet_rules();
    size_t captured = nondet_size();
    assume_valid(&rules);
    __CPROVER_assume(captured <= FRAME_MAX);
    uint8_t *message = malloc(captured);
    message_begin = message;

    enum wire_outcome outcome =
        tunnels_classify_query(&rules, message, captured, nondet_bool(), &findings);

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
    REACH(outcome == WIRE_IGNORED_NOT_RESPONSE, "none of a session");
}
