/*
 * What the harnesses share. A harness calls one shipped function with any arguments that meet what
 * the function asks for, and asserts what it promises; `run` has CBMC look for a counterexample.
 * Where a proved function is called by the next, a model stands for it (`models` in proofs.py): it
 * asserts what the function asks for, and returns anything that meets what it promises.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include "capture/sniffer/parse/dns.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Octets of a frame, and of a message: no IP packet but a jumbogram has more. */
    FRAME_MAX = 65535,
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

/*
 * A name's labels at the end of an array, so that what is read past them is seen, and of each octet
 * whether labels that begin there fill the rest exactly. The latter is a definition and assumes
 * nothing: it is solved from the end on. A set of bits, since CBMC is slow on arrays.
 */
typedef unsigned __CPROVER_bitvector[DNS_NAME_MAX + 1] octet_set;
typedef unsigned __CPROVER_bitvector[8] octet_bits;

#define SET_HAS(set, at) (((set) >> (at)&1) != 0)

static inline octet_set fills_to_end(const uint8_t octets[DNS_NAME_MAX])
{
    octet_set fills;
    __CPROVER_assume(SET_HAS(fills, DNS_NAME_MAX));
    for (unsigned at = 0; at < DNS_NAME_MAX; at++) {
        bool next_fills = SET_HAS(fills >> (at + 1), (octet_bits)octets[at]);
        __CPROVER_assume(SET_HAS(fills, at) == next_fills);
    }
    return fills;
}

#endif
