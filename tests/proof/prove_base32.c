/* base32_read_labels: labels that fill any length of a name. What the characters are worth is of no
 * account for memory, and vectors cost CBMC much: so they are read by a model, and the reading is
 * proved by itself. */
#include "tests/proof/proof.h"

#include "capture/sniffer/parse/base32.h"

#define memcpy model_memcpy
#define memset model_memset
#include "capture/sniffer/parse/base32.c"
#undef memcpy
#undef memset

octets nondet_octets(void);

octets model_read_characters(const uint8_t *from)
{
    REQUIRE(__CPROVER_r_ok(from, BASE32_STEP), "a step can be read");
    return nondet_octets();
}

void prove_read_characters(void)
{
    uint8_t characters[BASE32_STEP];
    octets values = read_characters(characters);
    REACH(values[0] == 31 && values[15] == 0x88, "a value and a fault");
}

/* For the loop's contract in proofs.py. */
const uint8_t *name;
octet_set fills;

void prove_base32_read_labels(void)
{
    uint8_t octets[DNS_NAME_MAX + BASE32_STEP];
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t length = nondet_size();
    __CPROVER_assume(length <= DNS_NAME_MAX);
    name = octets;
    fills = fills_to_end(octets);
    __CPROVER_assume(SET_HAS(fills, DNS_NAME_MAX - length));

    int result = base32_read_labels(octets + DNS_NAME_MAX - length, length, values);

    PROMISE(result == -EBADMSG || (result >= 0 && (size_t)result <= length),
            "at most a value for each octet is returned");
    REACH(result == DNS_NAME_MAX - 4 && length == DNS_NAME_MAX, "the longest labels");
    REACH(result == 0 && length == 0, "none");
    REACH(result == -EBADMSG, "a bad character");
}
