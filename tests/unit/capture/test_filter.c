#include "capture/filter.h"
#include "common/link.h"

#include "common/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PARENT = 3, CHILD = 4, PORT = 5, STATIONS = 2, HEADER = 20, STEPS = 4096 };

static const uint16_t dns[] = {53};
static const int excluded[] = {PORT, 70000};
static const struct filter_station stations[STATIONS] = {
    {PARENT, {2, 0x11, 0x22, 0x33, 0x44, 0x55}},
    {70001, {2, 0x11, 0x22, 0x33, 0x44, 0x56}},
};

/* A packet at the tap: what the kernel's extensions tell of it, its link-layer source, and an
 * IPv4 header with UDP's. */
struct packet {
    int index;
    unsigned type;
    uint8_t source[LINK_ADDRESS_OCTETS];
    uint16_t source_port, destination_port;
};

static struct filter_options all_interfaces(void)
{
    return (struct filter_options){.ports = dns,
                                   .port_count = 1,
                                   .every_interface = true,
                                   .excluded = excluded,
                                   .excluded_count = 2,
                                   .stations = stations,
                                   .station_count = STATIONS};
}

static uint32_t number(const uint8_t *octets, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | octets[i];
    }
    return value;
}

static uint32_t load(const struct packet *packet, uint32_t offset, unsigned size)
{
    uint8_t octets[HEADER + 8] = {0x45, [9] = IPPROTO_UDP};
    uint8_t ethernet[ETH_HLEN] = {0};
    octets[HEADER] = (uint8_t)(packet->source_port >> 8);
    octets[HEADER + 1] = (uint8_t)packet->source_port;
    octets[HEADER + 2] = (uint8_t)(packet->destination_port >> 8);
    octets[HEADER + 3] = (uint8_t)packet->destination_port;
    memcpy(ethernet + ETH_ALEN, packet->source, ETH_ALEN);
    switch (offset) {
    case (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL):
        return ETH_P_IP;
    case (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE):
        return packet->type;
    case (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX):
        return (uint32_t)packet->index;
    case (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT):
        return 0;
    default:
        break;
    }
    if (offset >= (uint32_t)SKF_LL_OFF) {
        offset -= (uint32_t)SKF_LL_OFF;
        assert_true(offset + size <= sizeof ethernet);
        return number(ethernet + offset, size);
    }
    assert_true(offset + size <= sizeof octets);
    return number(octets + offset, size);
}

static unsigned size_of(uint16_t code)
{
    return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* Runs the program as the kernel does: how many octets of the packet it takes. */
static uint32_t run(const struct filter_program *program, const struct packet *packet)
{
    uint32_t a = 0, x = 0;
    for (unsigned at = 0, steps = 0; steps < STEPS; steps++, at++) {
        assert_true(at < program->length);
        const struct sock_filter *step = &program->instructions[at];
        switch (step->code) {
        case BPF_RET | BPF_K:
            return step->k;
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
            a = load(packet, step->k, size_of(step->code));
            break;
        case BPF_LD | BPF_H | BPF_IND:
            a = load(packet, x + step->k, 2);
            break;
        case BPF_LDX | BPF_B | BPF_MSH:
            x = 4 * (load(packet, step->k, 1) & 0xf);
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += a == step->k ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            at += (a & step->k) != 0 ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JA:
            at += step->k;
            break;
        default:
            fail_msg("instruction %#x", step->code);
        }
    }
    fail_msg("no end");
    return 0;
}

static void assert_kernel_takes(struct filter_program *program)
{
    const struct sock_fprog attached = {.len = program->length, .filter = program->instructions};
    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(descriptor >= 0);
    int result = setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached);
    close(descriptor);
    assert_int_equal(result, 0);
}

static struct packet query_on(int index)
{
    return (struct packet){index, PACKET_HOST, {2, 9, 9, 9, 9, 9}, 40000, 53};
}

static struct packet answer_on(int index, const uint8_t *source)
{
    struct packet packet = {
        .index = index, .type = PACKET_OUTGOING, .source_port = 53, .destination_port = 40000};
    memcpy(packet.source, source, sizeof packet.source);
    return packet;
}

static void test_excluded(void **state)
{
    (void)state;
    static struct filter_program program;
    struct filter_options options = all_interfaces();
    assert_int_equal(filter_make(&options, &program), 0);
    const int indexes[] = {PARENT, CHILD, 1, PORT + 65536};
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        struct packet packet = query_on(indexes[i]);
        assert_int_equal(run(&program, &packet), FILTER_SNAP_WHOLE);
    }
    struct packet packet = query_on(PORT);
    assert_int_equal(run(&program, &packet), 0);
    packet = query_on(70000);
    assert_int_equal(run(&program, &packet), 0);
}

/* What a station sends at its interface, and nothing else of it or of there. */
static void test_stations(void **state)
{
    (void)state;
    static struct filter_program program;
    struct filter_options options = all_interfaces();
    assert_int_equal(filter_make(&options, &program), 0);
    for (size_t i = 0; i < STATIONS; i++) {
        struct packet packet = answer_on(stations[i].index, stations[i].address);
        assert_int_equal(run(&program, &packet), 0);
        packet.index = CHILD;
        assert_int_equal(run(&program, &packet), FILTER_SNAP_RESPONSE);
        packet.index = stations[1 - i].index;
        assert_int_equal(run(&program, &packet), FILTER_SNAP_RESPONSE);
        /* Each octet of the address counts. */
        for (size_t j = 0; j < LINK_ADDRESS_OCTETS; j++) {
            packet = answer_on(stations[i].index, stations[i].address);
            packet.source[j] ^= 0x80;
            assert_int_equal(run(&program, &packet), FILTER_SNAP_RESPONSE);
        }
        /* What comes in under that address is no copy. */
        packet = query_on(stations[i].index);
        memcpy(packet.source, stations[i].address, sizeof packet.source);
        assert_int_equal(run(&program, &packet), FILTER_SNAP_WHOLE);
    }
}

/* A named interface is taken as it is. */
static void test_named(void **state)
{
    (void)state;
    static struct filter_program program;
    struct filter_options options = all_interfaces();
    options.every_interface = false;
    assert_int_equal(filter_make(&options, &program), 0);
    struct packet packet = answer_on(PARENT, stations[0].address);
    assert_int_equal(run(&program, &packet), FILTER_SNAP_RESPONSE);
    packet = query_on(PORT);
    assert_int_equal(run(&program, &packet), FILTER_SNAP_WHOLE);
}

/* The most of everything fits, and the last of each is found. */
static void test_most(void **state)
{
    (void)state;
    static struct filter_program program;
    static struct filter_station many[FILTER_STATIONS_MAX];
    static int indexes[FILTER_EXCLUDED_MAX];
    uint16_t ports[OPTIONS_PORTS_MAX];
    for (unsigned i = 0; i < FILTER_STATIONS_MAX; i++) {
        many[i] = (struct filter_station){PARENT, {2, 0, 0, 0, 0, (uint8_t)i}};
    }
    for (unsigned i = 0; i < FILTER_EXCLUDED_MAX; i++) {
        indexes[i] = 1000 + (int)i;
    }
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        ports[i] = (uint16_t)(53 + OPTIONS_PORTS_MAX - 1 - i);
    }
    const struct filter_options options = {.ports = ports,
                                           .port_count = OPTIONS_PORTS_MAX,
                                           .every_interface = true,
                                           .excluded = indexes,
                                           .excluded_count = FILTER_EXCLUDED_MAX,
                                           .stations = many,
                                           .station_count = FILTER_STATIONS_MAX};
    assert_int_equal(filter_make(&options, &program), 0);
    print_message("%u instructions\n", program.length);
    assert_kernel_takes(&program);
    struct packet packet = answer_on(PARENT, many[FILTER_STATIONS_MAX - 1].address);
    assert_int_equal(run(&program, &packet), 0);
    packet.source[5]++;
    assert_int_equal(run(&program, &packet), FILTER_SNAP_RESPONSE);
    packet = query_on(indexes[FILTER_EXCLUDED_MAX - 1]);
    assert_int_equal(run(&program, &packet), 0);
    packet.index++;
    assert_int_equal(run(&program, &packet), FILTER_SNAP_WHOLE);
}

/* One that would not fit is refused whole. */
static void test_too_many(void **state)
{
    (void)state;
    static struct filter_program program;
    static int indexes[FILTER_INSTRUCTIONS_MAX];
    struct filter_options options = all_interfaces();
    options.excluded = indexes;
    options.excluded_count = FILTER_INSTRUCTIONS_MAX;
    program.length = 77;
    assert_int_equal(filter_make(&options, &program), -E2BIG);
    assert_int_equal(program.length, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excluded), cmocka_unit_test(test_stations),
        cmocka_unit_test(test_named),    cmocka_unit_test(test_most),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
