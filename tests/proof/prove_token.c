/* What token.c computes of a findings. It is meant to wrap, as hashes do. */
#include "tests/proof/proof.h"

#include "capture/sniffer/token.c"

#include <stdlib.h>

struct token_key nondet_key(void);

void prove_token_session(void)
{
    struct token_key key = nondet_key();
    uint8_t values[TOKEN_VALUES];
    uint64_t mask[2];

    uint64_t token = token_session(&key, nondet_octet(), values, mask);

    PROMISE(token != 0, "a token is never 0");
    REACH(true, "the end");
}

void prove_token_fingerprint(void)
{
    struct token_key key = nondet_key();
    size_t length = nondet_size();
    __CPROVER_assume(length <= DNS_NAME_MAX);
    uint8_t object[DNS_NAME_MAX + TOKEN_ZEROS];

    uint32_t fingerprint = token_fingerprint(&key, object + DNS_NAME_MAX - length, length);

    PROMISE(fingerprint <= FINGERPRINT_MAX, "a fingerprint is what a record has room for");
    REACH(length == DNS_NAME_MAX, "the longest payload");
    REACH(length == 0, "none");
}
