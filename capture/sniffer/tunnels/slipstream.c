#include "capture/sniffer/tunnels/slipstream.h"

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/frames.h"
#include "common/wire.h"

enum {
    PACKET_OCTETS_MIN = 21,       /* RFC 9000, section 10.3: none that is protected has less */
    SHORT_HEADER_OCTETS_MIN = 29, /* the first octet, the id, and what protects the rest */
    FORM_MASK = 0xc0,             /* of the first octet: the form, and the bit that is fixed */
    LONG_FORM = 0xc0,
    SHORT_FORM = 0x40,
    TYPE_SHIFT = 4,
    TYPE_MASK = 3,
    VERSION_1 = 1, /* the one that clients speak */
};

/* Where it is in a packet. */
enum {
    SHORT_ID = 1,
    LONG_VERSION = 1,
};

/* RFC 9000, table 5. */
enum packet_type {
    INITIAL,
    ZERO_RTT,
    HANDSHAKE,
    RETRY, /* a server's */
};

static int read_long(const uint8_t *values, size_t length, enum packet_type type,
                     struct slipstream_id *out)
{
    if (base32_word(values, LONG_VERSION) != VERSION_1) {
        return FRAMES_WRONG;
    }
    size_t id_octets = base32_octet(values, SLIPSTREAM_LONG_ID_LENGTH);
    size_t source = SLIPSTREAM_LONG_ID + id_octets; /* the client's own id: its length, then it */
    if (source >= length) {
        return FRAMES_SHORT;
    }
    size_t source_octets = base32_octet(values, source);
    if (source + 1 + source_octets > length) {
        return FRAMES_SHORT;
    }
    if (id_octets > SLIPSTREAM_ID_OCTETS_MAX || source_octets > SLIPSTREAM_ID_OCTETS_MAX ||
        type == RETRY) {
        return FRAMES_WRONG;
    }
    if (type != HANDSHAKE) {
        return WIRE_NO_SESSION;
    }
    if (id_octets == 0) {
        return FRAMES_WRONG;
    }
    *out = (struct slipstream_id){.at = SLIPSTREAM_LONG_ID, .octets = (uint8_t)id_octets};
    return WIRE_STRONG;
}

int slipstream_header(const uint8_t *values, size_t length, struct slipstream_id *out)
{
    if (length < PACKET_OCTETS_MIN) {
        return FRAMES_SHORT;
    }
    unsigned first = base32_octet(values, 0);
    if ((first & FORM_MASK) == LONG_FORM) {
        return read_long(values, length, (enum packet_type)(first >> TYPE_SHIFT & TYPE_MASK), out);
    }
    if ((first & FORM_MASK) != SHORT_FORM) {
        return FRAMES_WRONG;
    }
    if (length < SHORT_HEADER_OCTETS_MIN) {
        return FRAMES_SHORT;
    }
    *out = (struct slipstream_id){.at = SHORT_ID, .octets = SLIPSTREAM_ID_OCTETS};
    return WIRE_WEAK;
}
