#include "capture/filter.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

/* On a SOCK_DGRAM packet socket offset 0 is the network header, in both directions. */
enum {
    IPV4_FRAGMENT = 6,
    IPV4_PROTOCOL = 9,
    IPV4_OFFSET_MASK = 0x1fff,
    IPV6_NEXT_HEADER = 6,
    IPV6_HEADER_OCTETS = 40,
    UDP_SOURCE_PORT = 0,
    UDP_DESTINATION_PORT = 2,
    VLAN_ID_MASK = 0xfff,
    ETHERNET_SOURCE = 6, /* in the link-layer header, which only SKF_LL_OFF reaches */
};

/* IPv6 headers that may lead to UDP. User space finds where they end. */
static const uint32_t extension_headers[] = {
    IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
    IPPROTO_DSTOPTS, IPPROTO_MH,      139 /* HIP */,    140 /* Shim6 */,
};

struct assembler {
    struct filter_program *program;
    bool full;
};

static void emit(struct assembler *to, uint16_t code, uint32_t value, uint8_t if_true,
                 uint8_t if_false)
{
    struct filter_program *program = to->program;
    if (program->length == FILTER_INSTRUCTIONS_MAX) {
        to->full = true;
        return;
    }
    program->instructions[program->length++] =
        (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
}

static void emit_return(struct assembler *to, uint32_t snap)
{
    emit(to, BPF_RET | BPF_K, snap, 0, 0);
}

static void emit_load_extension(struct assembler *to, int32_t which)
{
    emit(to, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + which), 0, 0);
}

/* Returns `snap` when the accumulator equals the value, else goes on. */
static void emit_return_if(struct assembler *to, uint32_t value, uint32_t snap)
{
    emit(to, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    emit_return(to, snap);
}

/* Skips what follows, unless the accumulator equals the value; emit_land sets the jump's length. */
static unsigned emit_unless(struct assembler *to, uint32_t value)
{
    emit(to, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    emit(to, BPF_JMP | BPF_JA, 0, 0, 0);
    return to->program->length - 1u;
}

static void emit_land(struct assembler *to, unsigned jump)
{
    to->program->instructions[jump].k = to->program->length - jump - 1u;
}

/* X holds the number of octets before the UDP header. */
static void emit_port(struct assembler *to, const struct filter_options *options, uint32_t offset,
                      uint32_t snap)
{
    emit(to, BPF_LD | BPF_H | BPF_IND, offset, 0, 0);
    for (unsigned i = 0; i < options->port_count; i++) {
        emit_return_if(to, options->ports[i], snap);
    }
}

static void emit_ports(struct assembler *to, const struct filter_options *options,
                       uint32_t destination_snap, uint32_t source_snap)
{
    emit_port(to, options, UDP_DESTINATION_PORT, destination_snap);
    emit_port(to, options, UDP_SOURCE_PORT, source_snap);
    emit_return(to, 0);
}

/* By direction: keep a query whole, a response as far as its question, and the headers of the rest.
 * The first match wins, so a response is looked for before a query where both ports are ours. */
static void emit_udp(struct assembler *to, const struct filter_options *options)
{
    emit_load_extension(to, SKF_AD_PKTTYPE);
    unsigned not_outgoing = emit_unless(to, PACKET_OUTGOING);
    emit_port(to, options, UDP_SOURCE_PORT, FILTER_SNAP_RESPONSE);
    emit_port(to, options, UDP_DESTINATION_PORT, FILTER_SNAP_HEADERS);
    emit_return(to, 0);
    emit_land(to, not_outgoing);
    unsigned not_host = emit_unless(to, PACKET_HOST);
    emit_ports(to, options, FILTER_SNAP_WHOLE, FILTER_SNAP_HEADERS);
    emit_land(to, not_host);
    emit_ports(to, options, FILTER_SNAP_HEADERS, FILTER_SNAP_HEADERS);
}

/* Leaves out what a station sends, at its interface. Skipped by one jump where that is another. */
static void emit_station(struct assembler *to, const struct filter_station *station)
{
    const uint8_t *address = station->address;
    emit_load_extension(to, SKF_AD_IFINDEX);
    unsigned elsewhere = emit_unless(to, (uint32_t)station->index);
    emit(to, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_LL_OFF + ETHERNET_SOURCE), 0, 0);
    unsigned first = emit_unless(to, (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                                         (uint32_t)address[2] << 8 | address[3]);
    emit(to, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_LL_OFF + ETHERNET_SOURCE + 4), 0, 0);
    emit_return_if(to, (uint32_t)address[4] << 8 | address[5], 0);
    emit_land(to, first);
    emit_land(to, elsewhere);
}

static void emit_stations(struct assembler *to, const struct filter_options *options)
{
    if (options->station_count == 0) {
        return;
    }
    emit_load_extension(to, SKF_AD_PKTTYPE);
    unsigned not_outgoing = emit_unless(to, PACKET_OUTGOING);
    for (unsigned i = 0; i < options->station_count; i++) {
        emit_station(to, &options->stations[i]);
    }
    emit_land(to, not_outgoing);
}

static void emit_interfaces(struct assembler *to, const struct filter_options *options)
{
    if (!options->every_interface) {
        return;
    }
    emit_stations(to, options);
    /* Another interface shows the same packets. */
    if (options->excluded_count > 0) {
        emit_load_extension(to, SKF_AD_IFINDEX);
    }
    for (unsigned i = 0; i < options->excluded_count; i++) {
        emit_return_if(to, (uint32_t)options->excluded[i], 0);
    }
    /* A tagged frame is seen on its VLAN interface too. A tag with number 0 (only a priority) has
     * no such interface. */
    emit_load_extension(to, SKF_AD_VLAN_TAG_PRESENT);
    emit(to, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
    emit_load_extension(to, SKF_AD_VLAN_TAG);
    emit(to, BPF_JMP | BPF_JSET | BPF_K, VLAN_ID_MASK, 0, 1);
    emit_return(to, 0);
}

static void emit_ipv4(struct assembler *to, const struct filter_options *options)
{
    emit(to, BPF_LD | BPF_B | BPF_ABS, IPV4_PROTOCOL, 0, 0);
    emit(to, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0);
    emit_return(to, 0);
    emit(to, BPF_LD | BPF_H | BPF_ABS, IPV4_FRAGMENT, 0, 0);
    emit(to, BPF_JMP | BPF_JSET | BPF_K, IPV4_OFFSET_MASK, 0, 1);
    emit_return(to, FILTER_SNAP_HEADERS);
    emit(to, BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0);
    emit_udp(to, options);
}

static void emit_ipv6(struct assembler *to, const struct filter_options *options)
{
    emit(to, BPF_LD | BPF_B | BPF_ABS, IPV6_NEXT_HEADER, 0, 0);
    unsigned not_udp = emit_unless(to, IPPROTO_UDP);
    emit(to, BPF_LDX | BPF_IMM, IPV6_HEADER_OCTETS, 0, 0);
    emit_udp(to, options);
    emit_land(to, not_udp);
    for (size_t i = 0; i < sizeof extension_headers / sizeof *extension_headers; i++) {
        emit_return_if(to, extension_headers[i], FILTER_SNAP_WHOLE);
    }
    emit_return(to, 0);
}

int filter_make(const struct filter_options *options, struct filter_program *out)
{
    struct filter_program program = {.length = 0};
    struct assembler to = {.program = &program};
    emit_interfaces(&to, options);
    emit_load_extension(&to, SKF_AD_PROTOCOL);
    unsigned not_ipv4 = emit_unless(&to, ETH_P_IP);
    emit_ipv4(&to, options);
    emit_land(&to, not_ipv4);
    unsigned not_ipv6 = emit_unless(&to, ETH_P_IPV6);
    emit_ipv6(&to, options);
    emit_land(&to, not_ipv6);
    /* A named interface takes tagged frames too: user space reads the tag. */
    if (!options->every_interface) {
        emit_return_if(&to, ETH_P_8021Q, FILTER_SNAP_WHOLE);
        emit_return_if(&to, ETH_P_8021AD, FILTER_SNAP_WHOLE);
    }
    emit_return(&to, 0);
    if (to.full) {
        return -E2BIG;
    }
    *out = program;
    return 0;
}
