#include "capture/sniffer/token.h"

#include "capture/sniffer/parse/base32.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static uint64_t get64(const uint8_t *octets)
{
    uint64_t word;
    memcpy(&word, octets, sizeof word);
    return le64toh(word);
}

static inline void siphash_round(struct siphash *state)
{
    state->v0 += state->v1;
    state->v2 += state->v3;
    state->v1 = rotate(state->v1, 13) ^ state->v0;
    state->v3 = rotate(state->v3, 16) ^ state->v2;
    state->v0 = rotate(state->v0, 32) + state->v3;
    state->v2 += state->v1;
    state->v1 = rotate(state->v1, 17) ^ state->v2;
    state->v3 = rotate(state->v3, 21) ^ state->v0;
    state->v2 = rotate(state->v2, 32);
}

static inline struct siphash siphash_begin(const uint64_t key[2])
{
    return (struct siphash){
        .v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
        .v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
        .v3 = key[1] ^ UINT64_C(0x7465646279746573),
    };
}

static inline void siphash_word(struct siphash *state, uint64_t word)
{
    state->v3 ^= word;
    siphash_round(state);
    siphash_round(state);
    state->v0 ^= word;
}

static inline uint64_t siphash_end(struct siphash *state)
{
    state->v2 ^= 0xff;
    siphash_round(state);
    siphash_round(state);
    siphash_round(state);
    siphash_round(state);
    return state->v0 ^ state->v1 ^ state->v2 ^ state->v3;
}

int token_key_draw(struct token_key *out)
{
    struct token_key key;
    /* getrandom(2) returns up to 256 octets whole or not at all. */
    ssize_t drawn = getrandom(&key, sizeof key, 0);
    if (drawn < 0) {
        return -errno;
    }
    if ((size_t)drawn != sizeof key) {
        return -EIO;
    }
    key.fingerprint[1] |= 1;
    *out = key;
    return 0;
}

uint64_t token_session(const struct token_key *key, uint8_t domain,
                       const uint8_t values[TOKEN_VALUES], const uint64_t mask[2])
{
    /* SipHash-2-4 of fourteen octets: the ClientID's values and the domain. */
    uint64_t first;
    uint64_t rest;
    memcpy(&first, values, sizeof first);
    memcpy(&rest, values + sizeof first, sizeof rest);
    first = le64toh(first & mask[0]);
    rest = le64toh(rest & mask[1]);
    struct siphash state = siphash_begin(key->session);
    siphash_word(&state, first);
    siphash_word(&state, rest | (uint64_t)domain << 40 | UINT64_C(14) << 56);
    uint64_t token = siphash_end(&state);
    return token != 0 ? token : 1;
}

/* Up to eight octets from `at` on, the first highest, then zeros. */
static inline uint64_t octets_at(const uint8_t *values, size_t at, size_t count)
{
    uint64_t word = (uint64_t)base32_word(values, at) << 32 | base32_word(values, at + 4);
    return count < 8 ? word & ~(UINT64_MAX >> 8 * count) : word;
}

uint64_t token_session_at(const struct token_key *key, uint8_t domain, const uint8_t *values,
                          size_t at, size_t octets)
{
    /* SipHash-2-4 of the id, filled up to whole words, and of two octets: how many, the domain. */
    struct siphash state = siphash_begin(key->session);
    size_t done = 0;
    for (; done < octets; done += 8) {
        siphash_word(&state, octets_at(values, at + done, octets - done));
    }
    siphash_word(&state, octets | (uint64_t)domain << 8 | (uint64_t)(done + 2) << 56);
    uint64_t token = siphash_end(&state);
    return token != 0 ? token : 1;
}

uint32_t token_fingerprint(const struct token_key *key, const uint8_t *data, size_t length)
{
    uint64_t fold = key->fingerprint[0];
    uint64_t multiplier = key->fingerprint[1];
    /* Each step is a permutation of the fold, and of either word, since the multiplier is odd. */
    for (size_t at = 0; at < length; at += 16) {
        fold = (fold ^ get64(data + at)) * multiplier + get64(data + at + 8);
        fold = rotate(fold, 32);
    }
    return (uint32_t)(((fold ^ length) * multiplier) >> 40);
}
