/* What the rules make of any options, as the proofs of tunnels.c and classify.c take for granted.
 */
#include "tests/lab/proof/proof.h"

#include "common/typed_offset.h"

/* Of its flags' table alone; CBMC takes `enum name : 0` in it for an enum of a given type. */
#undef TYPED_OFFSET
#define TYPED_OFFSET(structure, field, type) offsetof(structure, field)
#include "common/tunnel.c"

#include "capture/sniffer/tunnels/rules.c"

/* --- make_id: an id of any size. */

void prove_make_id(void)
{
    struct tunnels_domain domain;
    uint8_t octets = nondet_octet();
    __CPROVER_assume(octets <= TUNNEL_CLIENT_ID_MAX);

    make_id(octets, &domain);

    PROMISE(domain.id_octets == octets && domain.id_values == octets * 8 / 5,
            "what holds bits of the id alone is known");
    PROMISE(domain.id_mask[1] >> 40 == 0, "its bits are in the first thirteen values");
    PROMISE(__builtin_popcountll(domain.id_mask[0]) + __builtin_popcountll(domain.id_mask[1]) ==
                octets * 8,
            "all its bits are marked");
    REACH(octets == TUNNEL_CLIENT_ID_MAX, "the longest id");
    REACH(octets == 0, "none");
}

/* --- tunnels_record_type: of any type. */

void prove_tunnels_record_type(void)
{
    uint16_t type = (uint16_t)nondet_unsigned();

    enum tunnel_record_type result = tunnels_record_type(type);

    PROMISE((unsigned)result <= TUNNEL_ANY, "it is a record type, or none");
    PROMISE(result == TUNNEL_ANY || codes[result] == type, "it is that of the type");
    REACH(result == TUNNEL_TXT, "the first");
    REACH(result == TUNNEL_CAA, "the last");
    REACH(result == TUNNEL_ANY, "none");
}

/* --- make_rules: a tunnel of any format, the last, since CBMC is slow on an array of them. */

static struct options options;

struct tunnel nondet_tunnel(void);

static bool is_valid(const struct tunnel *tunnel)
{
    return (unsigned)tunnel->format < TUNNEL_FORMATS &&
           (unsigned)tunnel->record_type < TUNNEL_RECORD_TYPES && tunnel->mtu <= UINT16_MAX &&
           (tunnel->format != TUNNEL_VAYDNS ||
            (tunnel->clientid_size >= 1 && tunnel->clientid_size <= TUNNEL_CLIENT_ID_MAX));
}

void prove_make_rules(void)
{
    const uint8_t index = DOMAINS_MAX - 1;
    struct tunnels_domain domain;
    struct tunnel tunnel = nondet_tunnel();
    options.mtu = nondet_unsigned();
    options.framing = nondet_bool() ? FRAMING_ANY : FRAMING_STRICT;
    __CPROVER_assume(is_valid(&tunnel) && options.mtu >= 1 && options.mtu <= UINT16_MAX);
    options.tunnels[index] = tunnel;

    make_rules(&options, index, &domain);

    PROMISE(has_format(&domain) && domain.format == tunnel.format, "the format has its rules");
    PROMISE(domain.types[0] != 0 && domain.types[1] != 0 && domain.types[2] != 0,
            "the server answers the types that it names");
    PROMISE(domain.payload_size_min == 0 || domain.payload_size_min > NO_EDNS_SIZE,
            "a size that every query allows is not asked for");
    REACH(domain.any_framing, "any framing");
    REACH(domain.plain && domain.payload_size_min == UINT16_MAX, "the largest size");
    REACH(domain.format == TUNNEL_SLIPSTREAM, "slipstream");
    REACH(domain.format == TUNNEL_OPAQUE, "opaque");
    REACH(domain.id_octets == 1, "the least id");
}
