/* What a rejected query proves: any name under any domain. The frames, base32 and KCP are models.
 */
#include "tests/lab/proof/proof.h"

#include "common/wire.c"

void *copy(void *to, const void *from, size_t count);

#define memcpy copy
#include "capture/sniffer/tunnels/detect.c"
#undef memcpy

#include <stdlib.h>

struct tunnels_findings findings;
struct tunnels_domain any_domain;

/* Octets that labels are known to fill, and where copies of them went. */
const uint8_t *filled;
const uint8_t *filled_copy;
size_t filled_length;

size_t octets; /* that the values encode */
bool hex;      /* the alphabet that they were read in */

void *copy(void *to, const void *from, size_t count)
{
    REQUIRE(from == filled && count == filled_length, "what is copied is labels");
    REQUIRE(to == findings.scratch && count + BASE32_STEP <= sizeof findings.scratch,
            "scratch has room for it, and for a step more");
    filled_copy = to;
    return model_memcpy(to, from, count);
}

int nondet_int(void);
enum tunnel_record_type nondet_record_type(void);

enum tunnel_record_type model_tunnels_record_type(uint16_t type)
{
    REQUIRE(type == findings.question.type, "the type is the question's");
    enum tunnel_record_type result = nondet_record_type();
    __CPROVER_assume((unsigned)result <= TUNNEL_ANY);
    return result;
}

static int read_model_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    REQUIRE((labels == filled || labels == filled_copy) && length == filled_length,
            "labels fill what is read");
    REQUIRE(__CPROVER_r_ok(labels, length + BASE32_STEP), "a step more can be read");
    REQUIRE(values == findings.values, "there is room for values");
    int result = nondet_int();
    __CPROVER_assume(result == -EBADMSG ||
                     (result >= (length > 0 ? 1 : 0) && (size_t)result <= length));
    return result;
}

int model_base32_read_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    hex = false;
    return read_model_labels(labels, length, values);
}

int model_base32hex_read_labels(const uint8_t *labels, size_t length, uint8_t *values)
{
    hex = true;
    return read_model_labels(labels, length, values);
}

bool model_base32_is_canonical(const uint8_t *values, size_t count)
{
    REQUIRE(values == findings.values && count == findings.value_count && count >= 1 &&
                count <= DNS_NAME_MAX,
            "values are those that were read");
    octets = base32_octet_count(count);
    return nondet_bool();
}

static bool is_read(const uint8_t *values, size_t length, bool in_hex)
{
    return values == findings.values && length == octets &&
           octets == base32_octet_count(findings.value_count) && hex == in_hex;
}

/* Each of what prove_frames.c proves. */

int model_frames_vaydns(const uint8_t *values, size_t length, size_t id)
{
    REQUIRE(is_read(values, length, false), "values are those that were read");
    REQUIRE(id >= 1 && id <= TUNNEL_CLIENT_ID_MAX && length >= id, "they have an id");
    size_t rest = length - id;
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || (result == WIRE_WEAK && rest == 4) ||
                     (result == WIRE_STRONG && rest >= 25));
    return result;
}

int model_frames_dnstt(const uint8_t *values, size_t length, size_t packet_min)
{
    REQUIRE(is_read(values, length, false), "values are those that were read");
    REQUIRE(length >= FRAMES_DNSTT_ID_OCTETS && packet_min == KCP_HEADER_OCTETS,
            "they have an id, and a packet that may be KCP's");
    uint8_t mark = base32_octet(values, FRAMES_DNSTT_ID_OCTETS);
    size_t packet = (size_t)FRAMES_DNSTT_ID_OCTETS + 1 + (mark & 0x1f);
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG);
    __CPROVER_assume(result != WIRE_STRONG || (mark >= FRAMES_PADDING_MARK &&
                                               mark <= FRAMES_PADDING_MARK + FRAMES_PADDING_MAX &&
                                               length >= packet + 1 + packet_min));
    return result;
}

bool model_kcp_has_command(const uint8_t *values, size_t begin)
{
    REQUIRE(is_read(values, octets, false) && begin + 5 <= octets, "a command can be read");
    return nondet_bool();
}

bool model_kcp_is_packet(const uint8_t *values, size_t begin, size_t end)
{
    uint8_t mark = base32_octet(values, FRAMES_DNSTT_ID_OCTETS);
    REQUIRE(is_read(values, end, false), "values are those that were read");
    REQUIRE(begin + KCP_HEADER_OCTETS <= end && begin == (size_t)10 + (mark & 0x1f),
            "a packet is behind the padding and its length");
    return nondet_bool();
}

int model_slipstream_header(const uint8_t *values, size_t length, struct slipstream_id *out)
{
    REQUIRE(is_read(values, length, false), "values are those that were read");
    (void)out;
    uint8_t id = base32_octet(values, 5);
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == FRAMES_SHORT || result == WIRE_WEAK ||
                     result == WIRE_STRONG || result == WIRE_NO_SESSION);
    __CPROVER_assume((result != WIRE_STRONG && result != WIRE_NO_SESSION) ||
                     (id <= SLIPSTREAM_ID_OCTETS_MAX && (size_t)6 + id < length));
    return result;
}

int model_dnsttex_frame(const uint8_t *values, size_t length)
{
    REQUIRE(is_read(values, length, true), "values are those that were read");
    REQUIRE(length >= DNSTTEX_OCTETS_MIN, "the server reads them");
    int result = nondet_int();
    __CPROVER_assume(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG ||
                     result == WIRE_NO_SESSION);
    return result;
}

void prove_detect_format(void)
{
    size_t captured = nondet_size();
    struct detect_proof proof;
    __CPROVER_assume(captured <= FRAME_MAX);
    uint8_t *message = malloc(captured);
    __CPROVER_havoc_object(&findings);
    __CPROVER_havoc_object(&any_domain);
    enum wire_outcome outcome = (enum wire_outcome)nondet_unsigned();
    __CPROVER_assume(outcome == WIRE_REJECTED_QTYPE || outcome == WIRE_REJECTED_ENCODING ||
                     outcome == WIRE_REJECTED_SHORT || outcome == WIRE_REJECTED_FRAMING);
    struct dns_question *question = &findings.question;
    __CPROVER_assume(question->name_length >= any_domain.wire_length &&
                     any_domain.wire_length >= 2 &&
                     (size_t)DNS_HEADER_OCTETS + question->name_length + 4 <= captured);
    findings.domain = &any_domain;
    question->name = message + DNS_HEADER_OCTETS;
    filled = question->name;
    filled_length = (size_t)question->name_length - any_domain.wire_length;
    filled_copy = NULL;
    hex = false;
    /* What tunnels.c promises of labels that are too short or in no frame of the domain's. */
    __CPROVER_assume(outcome == WIRE_REJECTED_QTYPE || outcome == WIRE_REJECTED_ENCODING ||
                     any_domain.format == TUNNEL_DNSTTEX || filled_length == 0 ||
                     (findings.value_count >= 1 && findings.value_count <= filled_length));

    bool result = detect_format(&findings, outcome, message + captured, &proof);

    const struct slipstream_id id = {.at = proof.id_at, .octets = proof.id_octets};
    PROMISE(!result || evidence_valid(proof.evidence), "evidence is what the exporter accepts");
    PROMISE(!result || is_inside(&id, findings.value_count), "the id is inside the values");
    PROMISE(!result || (proof.evidence.format == TUNNEL_DNSTTEX) == hex,
            "dnsttex alone has the other alphabet");
    REACH(result && proof.evidence.format == TUNNEL_VAYDNS && proof.evidence.clientid_size == 8 &&
              proof.evidence.record_type == TUNNEL_CAA,
          "vaydns");
    REACH(result && proof.evidence.format == TUNNEL_DNSTT, "dnstt");
    REACH(result && proof.evidence.format == TUNNEL_DNSTTEX, "dnsttex");
    REACH(result && proof.evidence.format == TUNNEL_SLIPSTREAM &&
              proof.id_octets == SLIPSTREAM_ID_OCTETS_MAX,
          "slipstream");
    PROMISE(!result || proof.evidence.format != TUNNEL_DNSTTEX ||
                any_domain.format != TUNNEL_DNSTTEX,
            "dnsttex's own domain proves nothing of it");
    REACH(result && outcome == WIRE_REJECTED_FRAMING && filled_copy == NULL,
          "values that were read for the verdict");
    REACH(result && filled_copy == findings.scratch, "a name that is read from a copy");
    REACH(!result && filled_length == 0, "the domain itself");
}
