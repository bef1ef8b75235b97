/* make_id: how the rules mark an id of any size, as the proofs of tunnels.c and classify.c take for
 * granted. */
#include "tests/proof/proof.h"

#include "capture/sniffer/tunnels/tunnels.c"

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
