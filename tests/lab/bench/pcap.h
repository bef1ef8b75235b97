/* The bench's frame file: a pcap of Ethernet frames in this machine's byte order. */
#ifndef TESTS_BENCH_PCAP_H
#define TESTS_BENCH_PCAP_H

#include <stdint.h>

struct pcap_frame {
    const uint8_t *data;
    uint32_t length;
};

struct pcap_file {
    struct pcap_frame *frames; /* each followed by 16 octets or more that can be read */
    unsigned count;
};

/* Reads a whole file; ends the program when that cannot be done. */
void pcap_read(const char *path, struct pcap_file *out);

#endif
