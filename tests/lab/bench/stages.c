/*
 * One stage of a packet's way, repeated: what callgrind counts instructions of. Run twice with
 * different repeat counts, the difference is the stage's alone. The last line of output tells how
 * many frames, records or lines went through.
 *
 *     stages frames KEYS FILE REPEATS           from frame to record, in a tunnel with these keys
 *     stages rejected FILE REPEATS              the same of frames that are refused
 *     stages records COUNTRY ASN REPEATS        from record to counts, in messages of 1,024
 *     stages responses COUNTRY ASN REPEATS      the same of responses to queries that were counted
 *     stages lines REPEATS                      from figures to text
 *     stages build                              what compiled this
 */
#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/token.h"
#include "common/build.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/exposition/exposition.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/state/state.h"
#include "tests/lab/bench/pcap.h"
#include "tests/lab/bench/state.h"

#include <err.h>
#include <gnu/libc-version.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    SESSIONS = 1000,
    RESOLVERS = 64,
    GROUPS = 1000,
    LINES_BUFFER = 16 * 1024,
};

static struct state state;

/* In the place of libc's: keys that are the same each time make counts that are. */
static void fill(void *buffer, size_t length)
{
    static uint64_t seed = 4;
    uint8_t *bytes = buffer;
    for (size_t i = 0; i < length; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(seed >> 56);
    }
}

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    (void)flags;
    fill(buffer, length);
    return (ssize_t)length;
}

int getentropy(void *buffer, size_t length)
{
    fill(buffer, length);
    return 0;
}

/* A tunnel with these keys takes the queries of the file, or refuses them all. */
static uint64_t run_frames(const char *keys, const char *path, bool accepted, unsigned repeats)
{
    static struct classifier classifier;
    struct pcap_file file;
    state_options(NULL, NULL, &state.options);
    const char *part = NULL;
    const char *wrong = tunnel_parse(keys, &state.options.tunnels[0], &part);
    if (wrong != NULL) {
        errx(2, "%s: %s", part, wrong);
    }
    pcap_read(path, &file);
    classifier_make(&state.options, &classifier);
    if (token_key_draw(&classifier.key) != 0) {
        errx(1, "no key");
    }
    uint64_t records = 0;
    for (unsigned repeat = 0; repeat < repeats; repeat++) {
        for (unsigned i = 0; i < file.count; i++) {
            const struct frame frame = {.data = file.frames[i].data + ETH_HLEN,
                                        .captured = file.frames[i].length - ETH_HLEN,
                                        .length = file.frames[i].length - ETH_HLEN,
                                        .protocol = ETH_P_IP,
                                        .type = PACKET_HOST};
            struct wire_record record;
            static struct wire_stats stats;
            enum wire_outcome outcome = classify_frame(&classifier, &frame, &stats, &record);
            records += accepted ? outcome == WIRE_QUERY : wire_is_rejected(outcome);
        }
    }
    if (records != (uint64_t)repeats * file.count) {
        errx(1, "%s: a frame is not what the stage is for", path);
    }
    return records;
}

/* A client's queries all differ, and its first ones have data, so that its session is proved. */
static void make_records(struct wire_record *records, const uint64_t *tokens, unsigned repeat)
{
    for (unsigned i = 0; i < WIRE_BATCH_RECORDS; i++) {
        unsigned resolver = i % RESOLVERS;
        records[i] = (struct wire_record){
            .token = tokens[i % SESSIONS],
            .address = {[10] = 0xff, 0xff, 10, 77, (uint8_t)(1 + resolver % 3), (uint8_t)resolver},
            .bytes = 120,
            .outcome = WIRE_QUERY,
            .strength = repeat == 0 ? WIRE_STRONG : WIRE_WEAK,
            .fingerprint = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)repeat},
        };
    }
}

static void make_responses(struct wire_record *records)
{
    for (unsigned i = 0; i < WIRE_BATCH_RECORDS; i++) {
        records[i].outcome = WIRE_RESPONSE;
        wire_set_fingerprint(&records[i], records[i].domain, 0);
    }
}

static uint64_t run_records(const char *country, const char *asn, bool responses, unsigned repeats)
{
    static union wire_message message;
    uint64_t tokens[SESSIONS];
    struct geoip *geoip;
    struct geoip_error error;
    state_options(country, asn, &state.options);
    if (geoip_open(country, asn, state.options.groups_max, &geoip, &error) != 0) {
        errx(1, "%s: %s", error.path, error.reason);
    }
    state_make(geoip, &state);
    fill(tokens, sizeof tokens);
    make_records(message.batch.records, tokens, 0);
    state_take(&state, &message, WIRE_BATCH_RECORDS);
    for (unsigned repeat = 1; repeat <= repeats; repeat++) {
        make_records(message.batch.records, tokens, repeat);
        if (responses) {
            make_responses(message.batch.records);
        }
        state_take(&state, &message, WIRE_BATCH_RECORDS);
    }
    geoip_close(geoip);
    return (uint64_t)repeats * WIRE_BATCH_RECORDS;
}

static uint64_t count_lines(const char *text, size_t length)
{
    uint64_t count = 0;
    for (const char *end = text + length; (text = memchr(text, '\n', (size_t)(end - text))) != NULL;
         text++) {
        count++;
    }
    return count;
}

static uint64_t run_lines(unsigned repeats)
{
    static char buffer[LINES_BUFFER];
    static const struct exposition_wish wish;
    state_options("", "", &state.options);
    state_make(NULL, &state);
    for (unsigned i = 0; i < GROUPS; i++) {
        struct geo place = {.country = GEO_COUNTRY('A' + i % 26, 'A' + i / 26 % 26),
                            .asn = 60000 + i};
        uint32_t group = groups_find(&state.counts.groups, 0, place);
        state.counts.groups.entries[group].queries = (uint64_t)i * 997;
        state.counts.groups.entries[group].bytes_in = (uint64_t)i * 99991;
    }
    uint64_t lines = 0;
    for (unsigned repeat = 0; repeat < repeats; repeat++) {
        struct exposition *exposition;
        if (exposition_begin(&state, &wish, &exposition) != 0) {
            errx(1, "no memory");
        }
        for (size_t length; (length = exposition_read(exposition, buffer, sizeof buffer)) > 0;) {
            lines += repeat == 0 ? count_lines(buffer, length) : 0;
        }
        exposition_end(exposition);
    }
    return lines * repeats;
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char *argv[])
{
    const char *stage = argc > 1 ? argv[1] : "";
    uint64_t units = 0;
    if (strcmp(stage, "frames") == 0 && argc == 5) {
        units = run_frames(argv[2], argv[3], true, number(argv[4]));
    } else if (strcmp(stage, "rejected") == 0 && argc == 4) {
        units = run_frames("", argv[2], false, number(argv[3]));
    } else if (strcmp(stage, "records") == 0 && argc == 5) {
        units = run_records(argv[2], argv[3], false, number(argv[4]));
    } else if (strcmp(stage, "responses") == 0 && argc == 5) {
        units = run_records(argv[2], argv[3], true, number(argv[4]));
    } else if (strcmp(stage, "lines") == 0 && argc == 3) {
        units = run_lines(number(argv[2]));
    } else if (strcmp(stage, "build") == 0 && argc == 2) {
        printf("%s %s, glibc %s\n", build_compiler(), BUILD_FLAGS, gnu_get_libc_version());
        return 0;
    } else {
        errx(2, "usage: stages frames KEYS FILE REPEATS | rejected FILE REPEATS | "
                "records COUNTRY ASN REPEATS | responses COUNTRY ASN REPEATS | lines REPEATS");
    }
    printf("%llu\n", (unsigned long long)units);
    return 0;
}
