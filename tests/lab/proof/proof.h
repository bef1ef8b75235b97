/*
 * What the harnesses share. A harness calls one shipped function with any arguments that meet what
 * the function asks for, and asserts what it promises; `run` has CBMC look for a counterexample.
 * Where a proved function is called by the next, a model stands for it (`models` in proofs.py): it
 * asserts what the function asks for, and returns anything that meets what it promises.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Octets of a frame, and of a message: no IP packet but a jumbogram has more. */
    FRAME_MAX = 65535,
    /* Octets of the shortest query: a header, the root, its type and class. */
    QUERY_MIN = DNS_HEADER_OCTETS + 5,
    /* Octets behind those of a fingerprint, which can be read: capture/sniffer/token.h. */
    TOKEN_ZEROS = 15,
    /* The largest fingerprint, of 24 bits. */
    FINGERPRINT_MAX = 0xffffff,
};

/* Where something must be possible: `run` asks that CBMC finds this assertion to fail. What a
 * harness reaches shows that its assumptions leave something to prove. */
#define REACH(condition, text) __CPROVER_assert(!(condition), "reached: " text)

#define REQUIRE(condition, text) __CPROVER_assert(condition, "asked for: " text)
#define PROMISE(condition, text) __CPROVER_assert(condition, "promised: " text)

bool nondet_bool(void);
uint8_t nondet_octet(void);
size_t nondet_size(void);
unsigned nondet_unsigned(void);

/*
 * memcpy(3) and memset(3) where only the extent counts and not what is copied: the target keeps
 * any values, since the harnesses leave it uninitialised.
 */
static inline void *model_memcpy(void *to, const void *from, size_t count)
{
    REQUIRE(__CPROVER_r_ok(from, count), "memcpy reads inside an object");
    REQUIRE(__CPROVER_w_ok(to, count), "memcpy writes inside an object");
    return to;
}

static inline void *model_memset(void *to, int value, size_t count)
{
    (void)value;
    REQUIRE(__CPROVER_w_ok(to, count), "memset writes inside an object");
    return to;
}

/* What dns_query_length asks of a header: that of a query with one question, and nothing behind
 * that but additional records. */
static inline bool is_query_header(const uint8_t *message)
{
    return message[2] >> 7 == 0 && dns_get16(message + 4) == 1 && dns_get16(message + 6) == 0 &&
           dns_get16(message + 8) == 0;
}

/* What the rules make of any options. */
static inline bool has_format(const struct tunnels_domain *domain)
{
    bool dnstt = domain->format == TUNNEL_DNSTT || domain->format == TUNNEL_NOIZDNS;
    uint8_t least = domain->format == TUNNEL_OPAQUE   ? 0
                    : domain->format == TUNNEL_VAYDNS ? 1
                                                      : TUNNEL_CLIENT_ID_MAX;
    uint8_t most = domain->format == TUNNEL_OPAQUE ? 0 : TUNNEL_CLIENT_ID_MAX;
    int values = domain->format == TUNNEL_SLIPSTREAM ? 0 : domain->id_octets * 8 / 5;
    return domain->format < TUNNEL_FORMATS && domain->id_octets >= least &&
           domain->id_octets <= most && domain->id_values == values &&
           (!domain->any_framing || domain->format == TUNNEL_DNSTT) &&
           domain->plain == (dnstt && !domain->any_framing);
}

/* Whether a query or a response of a format can have this strength, with a session or without. */
static inline bool has_strength(uint8_t format, uint8_t strength)
{
    if (strength == WIRE_NO_SESSION) {
        return format == TUNNEL_OPAQUE || format == TUNNEL_DNSTTEX || format == TUNNEL_SLIPSTREAM;
    }
    return format != TUNNEL_OPAQUE &&
           (strength <= WIRE_STRONG || (strength < WIRE_STRENGTHS && format == TUNNEL_XDNS));
}

/* Whether slipstream's id is one that token_session_at takes of so many values. */
static inline bool is_inside(const struct slipstream_id *id, size_t value_count)
{
    return id->at <= 6 && id->octets >= 1 && id->octets <= SLIPSTREAM_ID_OCTETS_MAX &&
           (size_t)id->at + id->octets <= base32_octet_count(value_count);
}

/*
 * A name's labels at the end of an array, so that what is read past them is seen, and of each octet
 * whether labels of `least` octets and more that begin there fill the rest exactly. The latter is a
 * definition and assumes nothing: it is solved from the end on. A set of bits, since CBMC is slow
 * on arrays.
 */
typedef unsigned __CPROVER_bitvector[DNS_NAME_MAX + 1] octet_set;
typedef unsigned __CPROVER_bitvector[8] octet_bits;

#define SET_HAS(set, at) (((set) >> (at)&1) != 0)

static inline octet_set fills_to_end(const uint8_t octets[DNS_NAME_MAX], uint8_t least)
{
    octet_set fills;
    __CPROVER_assume(SET_HAS(fills, DNS_NAME_MAX));
    for (unsigned at = 0; at < DNS_NAME_MAX; at++) {
        bool next_fills = octets[at] >= least && SET_HAS(fills >> (at + 1), (octet_bits)octets[at]);
        __CPROVER_assume(SET_HAS(fills, at) == next_fills);
    }
    return fills;
}

#endif
