/*
 * Pseudonyms. A ClientID never leaves the sniffer: SipHash-2-4 (Aumasson and Bernstein, 2012)
 * under a key that is drawn at each start and never written anywhere. Pure but for the key.
 */
#ifndef CAPTURE_SNIFFER_TOKEN_H
#define CAPTURE_SNIFFER_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum {
    /* What is read to find a ClientID: its values, rounded up to words. */
    TOKEN_VALUES = 16,
    TOKEN_OCTETS_MAX = 20, /* of an id of any length: QUIC's, RFC 9000, section 17.2 */
};

struct token_key {
    uint64_t session[2];     /* SipHash's 128-bit key */
    uint64_t fingerprint[2]; /* start value and odd multiplier of the fingerprint's fold */
};

/* Draws a key from getrandom(2). Returns 0 or -errno. */
int token_key_draw(struct token_key *out);

/*
 * The token of a session: uniform over the keys, never 0 (an empty table slot). Computed from the
 * ClientID's base32 values, which identify it as well as its octets do. `values` begin with it;
 * `mask` has its bits, those of the first TOKEN_VALUES - 3 values at most.
 */
uint64_t token_session(const struct token_key *key, uint8_t domain,
                       const uint8_t values[TOKEN_VALUES], const uint64_t mask[2]);

/*
 * The same of an id of `octets`, 1 to TOKEN_OCTETS_MAX, that begin with the octet `at` of those
 * that the values encode, and may have another length in each query.
 */
uint64_t token_session_at(const struct token_key *key, uint8_t domain, const uint8_t *values,
                          size_t at, size_t octets);

/*
 * 24 bits of what follows the ClientID, or of a whole payload, to distinguish a resolver's retry
 * from a new query. A fold, not a hash: a collision only delays the proof of a session. `data` is
 * followed by at least fifteen zeros.
 */
uint32_t token_fingerprint(const struct token_key *key, const uint8_t *data, size_t length);

#endif
