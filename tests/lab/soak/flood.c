/*
 * Forged sessions by the million, one query each, through the exporter's own modules at the default
 * limits, as fast as they go, while a thousand that were there before keep polling. TAP, with the
 * figures. FIRST: sessions count from their first query; CONFIRMED: from their second.
 *
 *     flood FIRST|CONFIRMED FORGED
 */
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/state/intake.h"
#include "tests/support/figure.h"
#include "tests/unit/random.h"

#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    A_SECOND = 200000, /* so many come in a second of the tables' clock */
    REGULARS = 1000,
    POLL_SECONDS = 10, /* of the regulars: as dnstt's idle clients */
    START = 1000,
    WINDOW = 30,
    MEBIBYTE = 1 << 20,
    ALLOWANCE = 1 * MEBIBYTE, /* above the limits' sum */
    FORGED_DOMAIN = 0,
    REGULAR_DOMAIN = 1,
    DOMAINS = 2,
};

/* As the README documents them. */
static const uint32_t sessions_max = 1000000;
static const uint32_t remember = 1000000;
static const uint32_t groups_max = 10000;

static struct counts counts;
static struct intake intake;
static union wire_message message;
static uint64_t forged;
static unsigned held; /* records in the message */
static unsigned tests;
static unsigned failed;

static void check(bool holds, const char *what)
{
    tests++;
    failed += !holds;
    printf("%sok %u - %s\n", holds ? "" : "not ", tests, what);
}

/* Bytes of this process in memory. */
static uint64_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    uint64_t pages = 0;
    if (file == NULL || fscanf(file, "%*u %" SCNu64, &pages) != 1) {
        err(1, "/proc/self/statm");
    }
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void send_batch(uint32_t now)
{
    message.header.sequence = intake.expected.sequence;
    size_t length = sizeof message.hello;
    if (message.header.type == WIRE_BATCH) {
        message.header.count = (uint16_t)held;
        length = wire_batch_length(held);
    }
    enum intake_fault fault = intake_take(&intake, &message, length, now);
    if (fault != INTAKE_OK) {
        errx(1, "%s", intake_fault_text(&intake, fault));
    }
    held = 0;
}

static void say_hello(void)
{
    message.hello = (struct wire_hello){
        .header = {.magic = WIRE_MAGIC, .type = WIRE_HELLO},
        .version = WIRE_VERSION,
        .record_size = sizeof(struct wire_record),
        .domains = DOMAINS,
    };
    send_batch(START);
    message.header = (struct wire_header){.magic = WIRE_MAGIC, .type = WIRE_BATCH};
}

static void query(uint64_t number, uint8_t domain, uint32_t fingerprint, uint32_t now)
{
    message.batch.records[held++] = (struct wire_record){
        .token = random_token(number),
        .address = {[10] = 0xff, [11] = 0xff, 10, 77, (uint8_t)(number >> 8), (uint8_t)number},
        .bytes = 78,
        .outcome = WIRE_QUERY,
        .strength = WIRE_WEAK,
        .domain = domain,
        .fingerprint = {(uint8_t)fingerprint, (uint8_t)(fingerprint >> 8)},
    };
    if (held == WIRE_BATCH_RECORDS) {
        send_batch(now);
    }
}

/* The regulars of this second, in so many parts; each with a name of its own. */
static void poll_regulars(uint32_t now)
{
    for (uint64_t number = now % POLL_SECONDS; number < REGULARS; number += POLL_SECONDS) {
        query(number, REGULAR_DOMAIN, now, now);
    }
}

static uint32_t flood(uint64_t *peak)
{
    uint32_t now = START + 2 * POLL_SECONDS;
    uint32_t least = REGULARS;
    for (uint64_t number = 0; number < forged; number++) {
        query(REGULARS + number, FORGED_DOMAIN, 1, now);
        if (number % A_SECOND == A_SECOND - 1) {
            now++;
            poll_regulars(now);
        }
        if (number % (A_SECOND / 8) == 0) {
            uint64_t bytes = resident();
            *peak = bytes > *peak ? bytes : *peak;
            uint32_t active = counts.groups.domains[REGULAR_DOMAIN].active;
            least = active < least ? active : least;
        }
    }
    send_batch(now);
    return least;
}

static void make_tables(bool confirmed_only)
{
    const struct options options = {
        .domain_count = DOMAINS,
        .groups_max = groups_max,
        .sessions_max = sessions_max,
        .sessions_remember = remember,
        .sessions_min_queries = confirmed_only ? 2 : 1,
        .active_window = WINDOW,
    };
    if (counts_create(&options, START, &counts) != 0) {
        errx(1, "no memory");
    }
    intake_start(&options, NULL, &counts, &intake);
}

int main(int argc, char *argv[])
{
    bool confirmed_only = argc == 3 && strcmp(argv[1], "CONFIRMED") == 0;
    forged = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (forged < 2 * sessions_max || (!confirmed_only && strcmp(argv[1], "FIRST") != 0)) {
        errx(2, "usage: flood FIRST|CONFIRMED FORGED, at least two million");
    }
    const uint64_t before = resident();
    uint64_t peak = before;
    make_tables(confirmed_only);
    for (uint32_t place = 0; place <= groups_max; place++) { /* one more than there is room for */
        groups_find(&counts.groups, FORGED_DOMAIN, (struct geo){.asn = 1 + place});
    }
    say_hello();
    for (uint32_t now = START; now < START + 2 * POLL_SECONDS; now++) {
        poll_regulars(now);
    }
    send_batch(START + 2 * POLL_SECONDS - 1);

    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    uint32_t least = flood(&peak);
    clock_gettime(CLOCK_MONOTONIC, &ended);

    const uint64_t documented = UINT64_C(40) * sessions_max + UINT64_C(19) * remember / 2 +
                                UINT64_C(176) * groups_max + 4 * MEBIBYTE;
    const uint64_t forged_active = counts.groups.domains[FORGED_DOMAIN].active;
    const uint64_t forged_counted = counts.groups.entries[FORGED_DOMAIN].sessions;
    check(peak - before <= documented + ALLOWANCE, "memory stays within the limits' sum");
    check(groups_memory_max(DOMAINS, groups_max) + distinct_memory_max(remember) +
                  sessions_memory_max(sessions_max) + REPEATS_MEMORY <=
              documented,
          "the tables' own sums are no larger than what is documented");
    check(least == REGULARS, "no session that was there before was lost");
    check(counts.groups.entries[REGULAR_DOMAIN].sessions == REGULARS, "nor counted twice");
    check(counts.sessions.used == sessions_max, "the table is full");
    check(counts.sessions.evicted + counts.sessions.refused + counts.sessions.used ==
              forged + REGULARS,
          "every forged session is there, or counted as evicted or refused");
    check(counts.groups.entries[FORGED_DOMAIN].queries == forged, "every forged query is counted");
    check(
        forged_active == (confirmed_only ? 0 : sessions_max - REGULARS),
        "the active forged ones are those in the table, or none where a second query is asked for");
    check(forged_counted == (confirmed_only ? 0 : forged - counts.sessions.refused),
          "and so in the total");
    printf("1..%u\n", tests);

    double seconds =
        (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
    figure("%" PRIu64
           " forged sessions (%s) in %.1f s: %.1f MiB taken, %.1f documented; %d sessions kept, "
           "%" PRIu64 " evicted, %" PRIu64 " refused",
           forged, argv[1], seconds, (double)(peak - before) / MEBIBYTE,
           (double)documented / MEBIBYTE, least, counts.sessions.evicted, counts.sessions.refused);
    return failed == 0 ? 0 : 1;
}
