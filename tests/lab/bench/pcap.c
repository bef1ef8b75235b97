#include "tests/lab/bench/pcap.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_HEADER = 24,
    FRAME_HEADER = 16,
    FILE_MAX = 64 * 1024 * 1024,
    READABLE_AFTER = 16, /* as the ring has: parsers take whole words */
};

static uint32_t word_at(const uint8_t *octets)
{
    uint32_t word;
    memcpy(&word, octets, sizeof word);
    return word;
}

void pcap_read(const char *path, struct pcap_file *out)
{
    FILE *file = fopen(path, "rb");
    uint8_t *octets = calloc(1, FILE_MAX + READABLE_AFTER);
    if (file == NULL || octets == NULL) {
        err(1, "%s", path);
    }
    size_t size = fread(octets, 1, FILE_MAX, file);
    fclose(file);
    if (size < FILE_HEADER || size == FILE_MAX || word_at(octets) != 0xa1b2c3d4) {
        errx(1, "%s: not a pcap file of this machine's byte order", path);
    }
    out->frames = calloc(size / FRAME_HEADER, sizeof *out->frames);
    if (out->frames == NULL) {
        err(1, "%s", path);
    }
    out->count = 0;
    for (size_t at = FILE_HEADER; at + FRAME_HEADER <= size;) {
        uint32_t length = word_at(octets + at + 8);
        at += FRAME_HEADER;
        if (length > size - at) {
            errx(1, "%s: cut off", path);
        }
        out->frames[out->count++] = (struct pcap_frame){.data = octets + at, .length = length};
        at += length;
    }
    if (out->count == 0) {
        errx(1, "%s: no frames", path);
    }
}
