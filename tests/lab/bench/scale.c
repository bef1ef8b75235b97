/*
 * What grows with sessions and with groups, measured in one process. Prints "name value" lines;
 * times are nanoseconds of CPU, each the least of several runs; but growth and a hold of the loop,
 * which are to stay below something, are the longest of all runs.
 *
 *     scale sessions COUNT COUNTRY ASN   time for a record, bytes for a session
 *     scale distinct COUNT               whether so many sessions that come twice count once
 *     scale groups COUNT                 a scrape of so many groups, in memory
 *     scale http COUNT ENCODING          the same over HTTP: its cost, how long it holds the loop
 */
#include "common/address.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/exposition/exposition.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/outcome.h"
#include "exporter/http/http.h"
#include "exporter/http/listen.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/status/status.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/timer.h"
#include "tests/lab/bench/state.h"

#include <err.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS = 7,
    RECORDS_PER_RUN = 512 * WIRE_BATCH_RECORDS,
    BUFFER = 64 * 1024, /* as the endpoint has */
    RESOLVERS = 64,
};

static struct state state;

/* Of this thread. */
static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* splitmix64: its values are tokens as good as SipHash's. */
static uint64_t dice(void)
{
    static uint64_t seed = 4;
    seed += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static void tell(const char *name, double value)
{
    printf("%s %.3f\n", name, value);
}

/* Without databases, and with the labels that they would give. */
static void make_state(uint32_t groups)
{
    state_options("", "", &state.options);
    state.options.groups_max = groups;
    state_make(NULL, &state);
}

static void make_state_with(const char *country, const char *asn)
{
    struct geoip *geoip;
    struct geoip_error error;
    state_options(country, asn, &state.options);
    if (geoip_open(country, asn, state.options.groups_max, &geoip, &error) != 0) {
        errx(1, "%s: %s", error.path, error.reason);
    }
    state_make(geoip, &state);
}

/* --- Sessions. */

static uint64_t *make_tokens(uint32_t count)
{
    uint64_t *tokens = calloc(count, sizeof *tokens);
    if (tokens == NULL) {
        err(1, "tokens");
    }
    for (uint32_t i = 0; i < count; i++) {
        tokens[i] = dice() | 1;
    }
    return tokens;
}

/* Each once. Returns how long the slowest took of those for which the table grew. */
static uint64_t enter_all(const uint64_t *tokens, uint32_t count, uint32_t now)
{
    uint64_t growth = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t slots = state.counts.sessions.slot_count;
        const struct wire_record query = {
            .token = tokens[i], .strength = WIRE_STRONG, .fingerprint = {1}};
        uint64_t begun = cpu_ns();
        sessions_query(&state.counts.sessions, &query, 0, now);
        if (state.counts.sessions.slot_count != slots) {
            growth = larger(growth, cpu_ns() - begun);
        }
    }
    return growth;
}

static uint64_t take_random_records(const uint64_t *tokens, uint32_t count)
{
    static union wire_message message;
    uint64_t spent = 0;
    for (unsigned done = 0; done < RECORDS_PER_RUN; done += WIRE_BATCH_RECORDS) {
        for (unsigned i = 0; i < WIRE_BATCH_RECORDS; i++) {
            uint8_t resolver = (uint8_t)(i % RESOLVERS);
            message.batch.records[i] = (struct wire_record){
                .token = tokens[dice() % count],
                .address = {[10] = 0xff, 0xff, 10, 77, 1 + resolver % 3, resolver},
                .bytes = 120,
                .outcome = WIRE_QUERY,
                .strength = WIRE_WEAK,
            };
        }
        uint64_t begun = cpu_ns();
        state_take(&state, &message, WIRE_BATCH_RECORDS);
        spent += cpu_ns() - begun;
    }
    return spent;
}

/* All are within the window. */
static void measure_sweep(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned run = 1; run <= RUNS; run++) {
        uint64_t begun = cpu_ns();
        sessions_sweep(&state.counts.sessions, STATE_NOW + run);
        least = smaller(least, cpu_ns() - begun);
    }
    tell("sweep_ns", (double)least);
}

static double set_bytes(const struct distinct_set *set)
{
    return (double)table_bytes(set->slot_count, sizeof *set->slots);
}

static void tell_memory(void)
{
    const struct sessions *sessions = &state.counts.sessions;
    const struct distinct *distinct = &state.counts.distinct;
    uint64_t remembered = distinct->current.used + distinct->previous.used - distinct->carried;
    tell("session_bytes", (double)table_bytes(sessions->slot_count, sizeof *sessions->slots) /
                              (double)sessions->used);
    tell("distinct_bytes",
         (set_bytes(&distinct->current) + set_bytes(&distinct->previous)) / (double)remembered);
}

static void measure_sessions(uint32_t count, char *databases[])
{
    make_state_with(databases[0], databases[1]);
    const uint64_t *tokens = make_tokens(count);
    tell("growth_ns", (double)enter_all(tokens, count, STATE_NOW));
    uint64_t least = UINT64_MAX;
    for (unsigned run = 0; run < RUNS; run++) {
        least = smaller(least, take_random_records(tokens, count));
    }
    tell("record_ns", (double)least / RECORDS_PER_RUN);
    tell_memory();
    measure_sweep();
}

static void measure_distinct(uint32_t count)
{
    make_state(1);
    const uint64_t *tokens = make_tokens(count);
    (void)enter_all(tokens, count, STATE_NOW);
    /* After the window: nobody is active any more, and all come again. */
    (void)enter_all(tokens, count, STATE_NOW + STATE_WINDOW + 1);
    tell("counted", (double)state.counts.groups.entries[0].sessions);
    tell("forgotten", (double)state.counts.distinct.forgotten);
}

/* --- Groups. */

static void make_groups(uint32_t count)
{
    make_state(count);
    while (state.counts.groups.group_count < count) {
        uint64_t roll = dice();
        struct geo place = {.country = GEO_COUNTRY('A' + roll % 26, 'A' + roll / 26 % 26),
                            .asn = (uint32_t)(1000 + roll / 676 % 400000)};
        struct group *group =
            &state.counts.groups.entries[groups_find(&state.counts.groups, 0, place)];
        group->active = (uint32_t)(dice() % 1000);
        group->peak = group->active + (uint32_t)(dice() % 1000);
        group->sessions = dice() % 100000;
        group->queries = dice() % 100000000;
        group->responses = group->queries;
        group->bytes_in = group->queries * 120;
        group->bytes_out = group->queries * 800;
    }
}

struct scrape {
    uint64_t spent;
    uint64_t longest; /* of the calls that it is made of */
    size_t memory;
};

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static struct scrape scrape_once(void)
{
    static const struct exposition_wish everything;
    static char buffer[BUFFER];
    struct scrape scrape = {0};
    struct exposition *exposition;
    size_t before = allocated();
    uint64_t first = cpu_ns();
    uint64_t begun = cpu_ns();
    if (exposition_begin(&state, &everything, &exposition) != 0) {
        errx(1, "no memory");
    }
    scrape.longest = cpu_ns() - begun;
    for (size_t length = 1; length > 0;) {
        begun = cpu_ns();
        length = exposition_read(exposition, buffer, sizeof buffer);
        scrape.longest = larger(scrape.longest, cpu_ns() - begun);
    }
    scrape.memory = allocated() - before;
    exposition_end(exposition);
    scrape.spent = cpu_ns() - first;
    return scrape;
}

/* The longest that the status page holds the loop: each request of a second shares one. */
static uint64_t page_hold(void)
{
    static char page[STATUS_BYTES];
    uint64_t longest = 0;
    for (unsigned run = 0; run < RUNS; run++) {
        for (enum status_form form = 0; form < STATUS_FORMS; form++) {
            const uint64_t begun = cpu_ns();
            if (status_render(&state, form, STATE_NOW, 1700000000, page) < 0) {
                errx(1, "no page");
            }
            longest = larger(longest, cpu_ns() - begun);
        }
    }
    return longest;
}

static void measure_groups(uint32_t count)
{
    make_groups(count);
    struct scrape kept = scrape_once();
    for (unsigned run = 1; run < RUNS; run++) {
        struct scrape scrape = scrape_once();
        kept.spent = smaller(kept.spent, scrape.spent);
        kept.longest = larger(kept.longest, scrape.longest);
    }
    tell("scrape_ns", (double)kept.spent);
    tell("hold_ns", (double)kept.longest);
    tell("page_hold_ns", (double)page_hold());
    /* Three gauges of each group are copied. */
    tell("extra_bytes", (double)kept.memory - (double)count * 3 * sizeof(uint32_t));
}

/* --- HTTP. */

/* The scraper, a process of its own: asks once, reads to the end. */
static void scrape_over(struct sockaddr_in6 address, const char *encoding)
{
    static char buffer[256 * 1024];
    int connection = socket(AF_INET6, SOCK_STREAM, 0);
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) != 0 ||
        dprintf(connection,
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: %s\r\n\r\n",
                encoding) < 0) {
        err(1, "scrape");
    }
    while (read(connection, buffer, sizeof buffer) > 0) {
    }
    _exit(0);
}

static void serve_one(struct http *http, const struct listener *listener, struct scrape *out)
{
    struct pollfd waiting[] = {{.fd = listener->descriptor, .events = POLLIN},
                               {.fd = http_descriptor(http), .events = POLLIN}};
    const struct timer timer = http_timer(http);
    const struct timer_now now = {.second = STATE_NOW};
    bool taken = false;
    uint64_t first = cpu_ns();
    while (!taken || timer.wait(timer.owner, now) >= 0) {
        poll(waiting, 2, timer.wait(timer.owner, now));
        uint64_t begun = cpu_ns();
        if (waiting[0].revents != 0) {
            http_accept(http, listener, STATE_NOW);
            taken = true;
        }
        timer.run(timer.owner, now);
        out->longest = larger(out->longest, cpu_ns() - begun);
    }
    out->spent = cpu_ns() - first;
}

/* Returns the address to scrape. */
static struct sockaddr_in6 listen_somewhere(struct listener *listener)
{
    const struct address any_port = {
        .socket.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
        .length = sizeof any_port.socket.v6};
    struct sockaddr_in6 bound;
    socklen_t length = sizeof bound;
    if (listen_open(&any_port, listener) != 0 ||
        getsockname(listener->descriptor, (struct sockaddr *)&bound, &length) != 0) {
        errx(1, "cannot listen");
    }
    return bound;
}

static void measure_http(uint32_t count, const char *encoding)
{
    struct listener listener;
    struct http *http;
    make_groups(count);
    struct sockaddr_in6 address = listen_somewhere(&listener);
    if (http_start(&state, &http) != 0) {
        errx(1, "no memory");
    }
    struct scrape kept = {.spent = UINT64_MAX};
    for (unsigned run = 0; run < RUNS; run++) {
        struct scrape scrape = {0};
        if (fork() == 0) {
            scrape_over(address, encoding);
        }
        serve_one(http, &listener, &scrape);
        wait(NULL);
        kept.spent = smaller(kept.spent, scrape.spent);
        kept.longest = larger(kept.longest, scrape.longest);
    }
    http_stop(http);
    tell("http_scrape_ns", (double)kept.spent);
    tell("http_hold_ns", (double)kept.longest);
}

int main(int argc, char *argv[])
{
    const char *what = argc > 2 ? argv[1] : "";
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (strcmp(what, "sessions") == 0 && argc == 5) {
        measure_sessions(count, argv + 3);
    } else if (strcmp(what, "distinct") == 0) {
        measure_distinct(count);
    } else if (strcmp(what, "groups") == 0) {
        measure_groups(count);
    } else if (strcmp(what, "http") == 0 && argc == 4) {
        measure_http(count, argv[3]);
    } else {
        errx(2, "usage: scale sessions COUNT COUNTRY ASN | distinct|groups COUNT | "
                "http COUNT identity|gzip");
    }
    return 0;
}
