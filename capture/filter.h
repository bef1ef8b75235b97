/*
 * The classic BPF program (bpf(2), packet(7), Linux' networking/filter.rst) that decides in the
 * kernel which packets reach the ring and how much of each: UDP to or from a configured port over
 * IPv4 or IPv6, IPv6 with extension headers whatever they lead to, and IPv4 fragments of UDP.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include "common/link.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Interfaces that can be left out; a host with more has to name its interface. */
    FILTER_EXCLUDED_MAX = 256,
    /* Stations whose copies can be left out: a macvlan each, of which hosts have a few. */
    FILTER_STATIONS_MAX = 32,
    /* The most of all of these take 1,255, for which a kernel charges some 20,000 octets: before
     * Linux 6.8 it has 20,480 for them (net.core.optmem_max). */
    FILTER_INSTRUCTIONS_MAX = 1536,
    /* Octets kept of a response: the longest IPv4 header, UDP, DNS header and question are 60 + 8 +
     * 12 + 259; the rest leaves room for IPv6 extension headers. */
    FILTER_SNAP_RESPONSE = 512,
    /* Octets kept of a packet that is only counted: enough for its headers. */
    FILTER_SNAP_HEADERS = 128,
    /* Octets kept of a query: all. */
    FILTER_SNAP_WHOLE = 65535 + 128,
};

/* What leaves the interface with this link-layer source is a copy, or another machine's. */
struct filter_station {
    int index; /* of the interface */
    uint8_t address[LINK_ADDRESS_OCTETS];
};

struct filter_options {
    const uint16_t *ports;
    unsigned port_count;
    bool every_interface; /* leave out VLAN-tagged frames, which their VLAN interface shows too */
    const int *excluded;  /* indexes of the interfaces to leave out */
    unsigned excluded_count;
    const struct filter_station *stations; /* and of packets that leave, with `every_interface` */
    unsigned station_count;
};

struct filter_program {
    struct sock_filter instructions[FILTER_INSTRUCTIONS_MAX];
    unsigned short length;
};

/* Returns 0, or -E2BIG when it would exceed FILTER_INSTRUCTIONS_MAX. */
int filter_make(const struct filter_options *options, struct filter_program *out);

#endif
