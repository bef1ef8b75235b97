/* ip_parse: any frame. */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/parse/ip.c"

#include <stdlib.h>

struct frame nondet_frame(void);

void prove_ip_parse(void)
{
    struct datagram out;
    struct frame frame = nondet_frame();
    __CPROVER_assume(frame.captured <= FRAME_MAX && frame.captured <= frame.length);
    uint8_t *data = malloc(frame.captured);
    frame.data = data;

    enum wire_outcome result = ip_parse(&frame, &out);

    if (result == WIRE_UNDECIDED) {
        PROMISE(__CPROVER_same_object(out.payload, data), "the payload is in the frame");
        PROMISE((size_t)(out.payload - data) + out.captured <= frame.captured,
                "what is captured of it too");
        PROMISE(out.captured <= out.length && out.length <= 65527, "lengths are in their range");
        REACH(out.captured > 65000, "the largest datagram");
        REACH(out.length == 0, "an empty one");
        REACH(out.captured < out.length && !out.fragment, "one cut short");
        REACH(frame.protocol == ETH_P_8021AD && data[8] >> 4 == 6 && data[14] == IPPROTO_AH,
              "one behind two tags and an extension header");
    }
    PROMISE(result == WIRE_UNDECIDED || result == WIRE_IGNORED_NOT_UDP ||
                result == WIRE_IGNORED_FRAGMENT || result == WIRE_MALFORMED,
            "the outcome is one of four");
    REACH(result == WIRE_IGNORED_NOT_UDP, "another protocol");
    REACH(result == WIRE_IGNORED_FRAGMENT && data[0] == 0x60, "a later fragment");
    REACH(result == WIRE_MALFORMED && frame.captured == FRAME_MAX, "a malformed frame");
}
