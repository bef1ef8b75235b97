/* What token.c computes of a findings. It is meant to wrap, as hashes do. */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/token.c"

struct token_key nondet_key(void);
uint64_t nondet_word(void);

void prove_token_session(void)
{
    struct token_key key = nondet_key();
    uint8_t values[TOKEN_VALUES];
    uint64_t mask[2];

    uint64_t token = token_session(&key, nondet_octet(), values, mask);

    PROMISE(token != 0, "a token is never 0");
    REACH(true, "the end");
}

/* --- token_session_at: an id at most six octets behind the begin of a name's values. They stand at
 * the end of an object, with the zeros that follow them. */

static uint8_t object[DNS_NAME_MAX + BASE32_STEP];
static size_t id_end; /* the octets that the values encode */
static const uint8_t *id_values;

static void any_values(void)
{
    size_t count = nondet_size();
    __CPROVER_havoc_object(object);
    __CPROVER_assume(count <= DNS_NAME_MAX);
    id_values = object + DNS_NAME_MAX - count;
    id_end = base32_octet_count(count);
}

size_t id_at;
size_t id_octets;

/* The next eight octets, in two words. */
uint64_t halves[2];

uint32_t model_base32_word(const uint8_t *given, size_t index)
{
    REQUIRE(given == id_values && __CPROVER_r_ok(given + index * 8 / 5, sizeof(uint64_t)),
            "a word has its values");
    REQUIRE(index == id_at || index == id_at + 4, "a word is the first or the next");
    return (uint32_t)halves[index != id_at];
}

void prove_octets_at(void)
{
    any_values();
    id_at = nondet_size();
    id_octets = nondet_size();
    halves[0] = nondet_unsigned();
    halves[1] = nondet_unsigned();
    __CPROVER_assume(id_at <= DNS_NAME_MAX && id_octets >= 1 && id_octets <= TOKEN_OCTETS_MAX &&
                     id_at + id_octets <= id_end);

    uint64_t word = octets_at(id_values, id_at, id_octets);

    size_t kept = id_octets < 8 ? id_octets * 8 : 64;
    uint64_t whole = halves[0] << 32 | halves[1];
    PROMISE(word >> (64 - kept) == whole >> (64 - kept), "the id's octets are taken");
    PROMISE(kept == 64 || word << kept == 0, "zeros are behind them");
    REACH(id_octets == 1 && id_at + id_octets == id_end, "the last octet");
    REACH(id_octets == 8, "a whole word");
}

size_t taken;

uint64_t model_octets_at(const uint8_t *given, size_t at, size_t count)
{
    REQUIRE(given == id_values && at == id_at + taken && count == id_octets - taken,
            "octets are those of the id, in turn");
    REQUIRE(count >= 1 && count <= TOKEN_OCTETS_MAX && at + count <= id_end, "it has octets left");
    taken += 8;
    return nondet_word();
}

void prove_token_session_at(void)
{
    struct token_key key = nondet_key();
    any_values();
    id_at = nondet_size();
    id_octets = nondet_size();
    taken = 0;
    __CPROVER_assume(id_at <= 6 && id_octets >= 1 && id_octets <= TOKEN_OCTETS_MAX &&
                     id_at + id_octets <= id_end);

    uint64_t token = token_session_at(&key, nondet_octet(), id_values, id_at, id_octets);

    PROMISE(token != 0, "a token is never 0");
    PROMISE(taken >= id_octets, "all the id's octets are taken");
    REACH(id_at == 6 && id_octets == TOKEN_OCTETS_MAX && id_at + id_octets == id_end,
          "the longest id");
    REACH(id_octets == 1, "the least");
}

/* --- token_fingerprint. */

void prove_token_fingerprint(void)
{
    struct token_key key = nondet_key();
    size_t length = nondet_size();
    __CPROVER_assume(length <= DNS_NAME_MAX);
    uint8_t data[DNS_NAME_MAX + TOKEN_ZEROS];

    uint32_t fingerprint = token_fingerprint(&key, data + DNS_NAME_MAX - length, length);

    PROMISE(fingerprint <= FINGERPRINT_MAX, "a fingerprint is what a record has room for");
    REACH(length == DNS_NAME_MAX, "the longest payload");
    REACH(length == 0, "none");
}
