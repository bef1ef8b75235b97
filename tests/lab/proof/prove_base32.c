/* The labels of a name: any that fill any length. What the characters are worth is of no account
 * for memory, and vectors cost CBMC much: so they are read by a model, and the reading is proved by
 * itself, of each alphabet. */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/parse/base32.h"

#define memcpy model_memcpy
#define memset model_memset
#include "capture/sniffer/parse/base32.c"
#undef memcpy
#undef memset

octets nondet_octets(void);
int nondet_int(void);

/* --- The alphabets: any characters. */

octets model_load(const uint8_t *from)
{
    octets loaded;
    for (unsigned i = 0; i < BASE32_STEP; i++) {
        loaded[i] = from[i];
    }
    return loaded;
}

/* `value` is what `character` was read as, and `right` its place in the alphabet, or -1. */
static void promise_value(uint8_t value, int right)
{
    PROMISE(right < 0 ? (value & FAULT_BITS) != 0 : value == right,
            "a character has its value, and a fault where it is none of the alphabet");
}

static int place_in(uint8_t character, char first, char last, int value)
{
    return character >= first && character <= last ? character - first + value : -1;
}

void prove_read_characters(void)
{
    uint8_t characters[BASE32_STEP];
    size_t i = nondet_size();
    __CPROVER_assume(i < BASE32_STEP);
    octets values = read_characters(characters);
    uint8_t one = characters[i];
    int upper = place_in(one, 'A', 'Z', 0);
    int lower = place_in(one, 'a', 'z', 0);
    int digit = place_in(one, '2', '7', 26);
    promise_value(values[i], upper >= 0 ? upper : lower >= 0 ? lower : digit);
    REACH(values[0] == 31 && values[15] == 0x88, "a value and a fault");
}

void prove_read_hex_characters(void)
{
    uint8_t characters[BASE32_STEP];
    size_t i = nondet_size();
    __CPROVER_assume(i < BASE32_STEP);
    octets values = read_hex_characters(characters);
    uint8_t one = characters[i];
    int upper = place_in(one, 'A', 'V', 10);
    int lower = place_in(one, 'a', 'v', 10);
    int digit = place_in(one, '0', '9', 0);
    promise_value(values[i], upper >= 0 ? upper : lower >= 0 ? lower : digit);
    REACH(values[0] == 31 && values[15] == 0x80, "a value and a fault");
}

/* --- read_labels: of either alphabet. No label is empty, as none that dns.c skips is. */

/* For the loop's contract in proofs.py. */
const uint8_t *name;
octet_set fills;

octets model_read(const uint8_t *from)
{
    REQUIRE(__CPROVER_r_ok(from, BASE32_STEP), "a step can be read");
    return nondet_octets();
}

void prove_read_labels(void)
{
    uint8_t octets[DNS_NAME_MAX + BASE32_STEP];
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t length = nondet_size();
    __CPROVER_assume(length <= DNS_NAME_MAX);
    name = octets;
    fills = fills_to_end(octets, 1);
    __CPROVER_assume(SET_HAS(fills, DNS_NAME_MAX - length));

    int result = read_labels(model_read, octets + DNS_NAME_MAX - length, length, values);

    PROMISE(result == -EBADMSG || (result >= 0 && (size_t)result <= length),
            "at most a value for each octet is returned");
    PROMISE(result != 0 || length == 0, "no label is empty, and so neither are the values");
    REACH(result == DNS_NAME_MAX - 4 && length == DNS_NAME_MAX, "the longest labels");
    REACH(result == 0 && length == 0, "none");
    REACH(result == -EBADMSG, "a bad character");
}

/* --- base32_read_labels and base32hex_read_labels. */

bool given_hex;
const uint8_t *given_labels;
size_t given_length;
uint8_t *given_values;
int given_result;

int model_read_labels(octets (*read)(const uint8_t *), const uint8_t *labels, size_t length,
                      uint8_t *values)
{
    REQUIRE(read == (given_hex ? read_hex_characters : read_characters),
            "characters are read as those of the alphabet");
    REQUIRE(labels == given_labels && length == given_length && values == given_values,
            "labels are passed on");
    return given_result;
}

void prove_base32_read_labels(void)
{
    uint8_t labels[BASE32_STEP];
    uint8_t values[BASE32_BUFFER_SIZE];
    given_hex = nondet_bool();
    given_labels = labels;
    given_length = nondet_size();
    given_values = values;
    given_result = nondet_int();

    int result = given_hex ? base32hex_read_labels(labels, given_length, values)
                           : base32_read_labels(labels, given_length, values);

    PROMISE(result == given_result, "the result is passed on");
    REACH(given_hex, "extended hex");
    REACH(!given_hex, "the other");
}

/* --- base32_is_canonical: the values of a name. */

void prove_base32_is_canonical(void)
{
    enum { VALUE_BITS = 5, VALUE_MASK = 0x1f };
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t count = nondet_size();
    __CPROVER_assume(count >= 1 && count <= DNS_NAME_MAX && values[count - 1] <= VALUE_MASK);

    bool result = base32_is_canonical(values, count);

    size_t spare = count * VALUE_BITS - base32_octet_count(count) * 8;
    PROMISE(result == (spare < VALUE_BITS && (values[count - 1] & ((1u << spare) - 1)) == 0),
            "it tells whether no bit is to spare");
    REACH(result && spare == 4, "bits that are zero");
    REACH(!result && spare < VALUE_BITS, "bits that are not");
    REACH(!result && count == 1, "one value, which encodes nothing");
}
