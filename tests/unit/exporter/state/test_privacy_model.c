/* Random traffic with -privacy.min-clients, from the sniffer's messages to the pages, against a
 * naive model: places that move, sessions that end and are evicted, full groups, and databases that
 * are reloaded. The databases are ours. */
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/exposition/exposition.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/metrics.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/intake.h"
#include "exporter/state/state.h"
#include "exporter/status/status.h"
#include "exporter/system/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/privacy_model.h"
#include "tests/unit/random.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESSES = 40, NOW = 1000, TODAY = 1700000000, STEPS = 6000, PAGE_MAX = 1024 * 1024 };

static struct state shown;
static uint32_t now;
static union wire_message message;
static struct organizations organizations;
static char page[PAGE_MAX];

static struct {
    uint64_t opened, closed, hidden, below, evicted, moved, capped, named;
} met;

/* --- The databases: a place for each address, until a reload gives it another. */

static uint32_t place_of[ADDRESSES];
static bool is_cached[ADDRESSES];

/* Countries and ASNs that no page has in another meaning. */
static struct geo geo_of(uint32_t place)
{
    static const char letters[] = "QXKJ";
    if (place == 0) {
        return GEO_UNKNOWN;
    }
    return (struct geo){.country = GEO_COUNTRY(letters[place / 4], letters[place % 4]),
                        .asn = 4200000000 + 7919 * place};
}

static uint32_t place_at(struct geo geo)
{
    uint32_t place = 0;
    while (geo_of(place).asn != geo.asn) {
        place++;
    }
    assert_in_range(place, 0, PLACES - 1);
    return place;
}

static void reload(uint32_t parts)
{
    for (uint32_t address = 0; address < ADDRESSES; address++) {
        is_cached[address] = false;
        if (random_below(parts) == 0) {
            /* The first places have most of the addresses. */
            place_of[address] = random_below(1 + random_below(PLACES));
        }
    }
    organizations_renew(&organizations);
}

struct geo geoip_lookup(struct geoip *geoip, const uint8_t address[16], bool *fresh)
{
    assert_non_null(geoip);
    *fresh = !is_cached[address[15]] || random_below(50) == 0;
    is_cached[address[15]] = true;
    return geo_of(place_of[address[15]]);
}

void geoip_note_organization(struct geoip *geoip, const uint8_t address[16], uint32_t asn)
{
    assert_non_null(geoip);
    assert_int_equal(geo_of(place_of[address[15]]).asn, asn);
    (void)organizations_due(&organizations, asn);
    met.named++;
}

const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    assert_non_null(geoip);
    return &organizations;
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    assert_non_null(geoip);
    return (struct geoip_values){.build_time = TODAY - which};
}

/* --- What the pages show. */

static bool was_opened_anywhere(uint32_t place)
{
    bool opened = false;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        opened |= model.places[domain][place].opened;
    }
    return opened;
}

/* None of the forms has a place that was never open, in any way. */
static void assert_hides_places(void)
{
    for (uint32_t place = 1; place < PLACES; place++) {
        const struct geo geo = geo_of(place);
        char asn[16];
        const char country[] = {(char)(geo.country >> 8), (char)(geo.country & 0xff), '\0'};
        (void)snprintf(asn, sizeof asn, "%u", geo.asn);
        if (!was_opened_anywhere(place)) {
            assert_null(strstr(page, asn));
            assert_null(strstr(page, country));
            met.hidden++;
        }
    }
}

static void read_metrics(void)
{
    struct exposition *exposition = NULL;
    const struct exposition_wish wish = {.format = random_below(2) == 0 ? EXPOSITION_TEXT
                                                                        : EXPOSITION_OPENMETRICS};
    size_t length = 0;
    size_t got = 0;
    assert_int_equal(exposition_begin(&shown, &wish, &exposition), 0);
    while ((got = exposition_read(exposition, page + length, 8192)) > 0) {
        length += got;
        assert_true(length + 8192 < sizeof page);
    }
    page[length] = '\0';
    exposition_end(exposition);
}

static void assert_line(uint32_t domain, uint32_t place, bool expected)
{
    char line[200];
    const struct geo geo = geo_of(place);
    (void)snprintf(
        line, sizeof line, "\ndnstt_queries_total{domain=\"%s\",country=\"%c%c\",asn=\"%u\"} ",
        shown.options.domains[domain].text, geo.country >> 8, geo.country & 0xff, geo.asn);
    if (place == OTHER) {
        (void)snprintf(line, sizeof line,
                       "\ndnstt_queries_total{domain=\"%s\",country=\"other\",asn=\"other\"} ",
                       shown.options.domains[domain].text);
    }
    const char *found = strstr(page, line);
    assert_int_equal(found != NULL, expected);
    assert_null(found != NULL ? strstr(found + 1, line) : NULL);
}

/* The unknown place and `other` from the start, each other one once it was open. */
static void check_pages(void)
{
    read_metrics();
    assert_hides_places();
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        for (uint32_t place = 0; place < PLACES; place++) {
            assert_line(domain, place, place == 0 || model.places[domain][place].opened);
        }
        assert_line(domain, OTHER, true);
    }
    for (int form = 0; form < STATUS_FORMS; form++) {
        const long length = status_render(&shown, (enum status_form)form, now, TODAY, page);
        assert_in_range(length, 1, STATUS_BYTES);
        page[length] = '\0';
        assert_hides_places();
    }
}

/* --- What is counted and shown, at any moment. */

static void assert_counters(const struct group *group, const struct model_place *expected)
{
    assert_int_equal(group->queries, expected->queries);
    assert_int_equal(group->repeated, expected->repeated);
    assert_int_equal(group->responses, expected->responses);
    assert_int_equal(group->bytes_in, expected->bytes_in);
    assert_int_equal(group->bytes_out, expected->bytes_out);
    assert_int_equal(group->sessions, expected->sessions);
    assert_memory_equal(group->rejected, expected->rejected, sizeof group->rejected);
}

static void assert_group(const struct group *group, const struct metrics_gauges *gauges)
{
    const uint32_t place = place_at(group->geo);
    const struct model_place *expected = &model.places[group->domain][place];
    const bool is_shown = model_is_shown(group->domain, place);
    const uint32_t active = model_active(group->domain, place);
    assert_true(expected->has_group);
    assert_int_equal(group->hidden, place != 0 && !expected->opened);
    assert_int_equal(gauges->active, is_shown ? active : 0);
    assert_int_equal(gauges->established, is_shown ? model_established(group->domain, place) : 0);
    assert_int_equal(gauges->peak, expected->peak);
    assert_false(gauges->active > 0 && gauges->active < model.least);
    assert_counters(group, expected);
    met.below += expected->open && !is_shown && active > 0;
}

/* What `other` has to show: each session that no shown place has. */
static void assert_other(const struct group *group, const struct metrics_gauges *gauges)
{
    struct model_place *expected = &model.places[group->domain][OTHER];
    uint32_t active = model_active(group->domain, OTHER);
    uint32_t established = model_established(group->domain, OTHER);
    for (uint32_t place = 0; place < PLACES; place++) {
        if (!model_is_shown(group->domain, place)) {
            active += model_active(group->domain, place);
            established += model_established(group->domain, place);
        }
    }
    model_raise(expected, active); /* what was shown once is in the peak from then on */
    assert_int_equal(gauges->active, active);
    assert_int_equal(gauges->established, established);
    assert_int_equal(gauges->peak, expected->peak);
    assert_counters(group, expected);
}

/* The exact sums, whatever counts where. */
static void assert_sums(uint32_t domain)
{
    struct model_sums all = {0};
    for (uint32_t i = 0; i < shown.counts.groups.group_count; i++) {
        const struct group *group = &shown.counts.groups.entries[i];
        if (group->domain == domain) {
            all.sessions += group->sessions;
            all.queries += group->queries;
            all.repeated += group->repeated;
            all.responses += group->responses;
            all.bytes_in += group->bytes_in;
            all.bytes_out += group->bytes_out;
            for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
                all.rejected += group->rejected[reason];
            }
        }
    }
    assert_memory_equal(&all, &model_sums[domain], sizeof all);
}

static void look(void)
{
    const struct groups *groups = &shown.counts.groups;
    const struct snapshot *snapshot = NULL;
    uint32_t sums[DOMAINS] = {0};
    assert_int_equal(snapshot_take(&shown, &snapshot), 0);
    assert_int_equal(snapshot->group_count, model.group_count + DOMAINS);
    for (uint32_t i = 0; i < snapshot->group_count; i++) {
        const struct group *group = &groups->entries[i];
        if (group->other) {
            assert_other(group, &snapshot->gauges[i]);
        } else {
            assert_group(group, &snapshot->gauges[i]);
        }
        sums[group->domain] += snapshot->gauges[i].active;
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        uint32_t active = 0;
        for (uint32_t place = 0; place <= PLACES; place++) {
            active += model_active(domain, place);
        }
        assert_int_equal(sums[domain], active);
        assert_int_equal(snapshot->domains[domain].active, active);
        assert_sums(domain);
    }
    assert_int_equal(groups->capped, model.capped);
    snapshot_release(snapshot);
}

/* --- The traffic. */

static void take(struct wire_record record)
{
    message.batch.records[0] = record;
    message.header = (struct wire_header){.magic = WIRE_MAGIC,
                                          .type = WIRE_BATCH,
                                          .count = 1,
                                          .sequence = shown.intake.expected.sequence};
    assert_int_equal(intake_take(&shown.intake, &message, wire_batch_length(1), now), INTAKE_OK);
}

static struct wire_record record_of(uint32_t domain, enum wire_outcome outcome, uint32_t address)
{
    return (struct wire_record){.bytes = (uint16_t)(WIRE_MESSAGE_BYTES_MIN + random_below(1000)),
                                .outcome = (uint8_t)outcome,
                                .domain = (uint8_t)domain,
                                .address = {[10] = 0xff, [11] = 0xff, [15] = (uint8_t)address}};
}

static void send_query(uint32_t number, uint32_t address)
{
    const uint32_t domain = number % DOMAINS;
    const uint32_t place = model_group(domain, place_of[address]);
    const uint32_t fingerprint = random_below(FINGERPRINTS);
    struct wire_record record = record_of(domain, WIRE_QUERY, address);
    struct model_place *counts = model_counting(domain, place);
    const struct wire_strengths strengths = shown.intake.expected.strengths[domain];
    counts->queries++;
    counts->bytes_in += record.bytes;
    model_sums[domain].queries++;
    model_sums[domain].bytes_in += record.bytes;
    if (strengths.most == WIRE_NO_SESSION) {
        take(record);
        return;
    }
    const bool repeats = model_repeats(number, fingerprint, now);
    counts->repeated += repeats;
    model_sums[domain].repeated += repeats;
    record.token = random_token(number);
    record.strength = (uint8_t)(random_below(3) == 0 ? WIRE_STRONG : WIRE_WEAK);
    wire_set_fingerprint(&record, (uint8_t)domain, fingerprint);
    met.moved += model.sessions[number].here && model.sessions[number].place != place;
    met.capped += place == OTHER;
    const uint64_t evicted = shown.counts.sessions.evicted;
    take(record);
    const uint32_t gone = model_session_query(number, place, now, &shown.counts.sessions);
    assert_int_equal(shown.counts.sessions.evicted - evicted, gone);
    met.evicted += gone;
}

static void send_response(uint32_t number, uint32_t address)
{
    const uint32_t domain = number % DOMAINS;
    struct model_place *counts = model_counting(domain, model_group(domain, place_of[address]));
    struct wire_record record = record_of(domain, WIRE_RESPONSE, address);
    if (shown.intake.expected.strengths[domain].most != WIRE_NO_SESSION) {
        record.token = random_token(number);
        record.strength = WIRE_WEAK;
    }
    counts->responses++;
    counts->bytes_out += record.bytes;
    model_sums[domain].responses++;
    model_sums[domain].bytes_out += record.bytes;
    take(record);
}

static void send_rejected(uint32_t domain, uint32_t address)
{
    struct model_place *counts = model_counting(domain, model_group(domain, place_of[address]));
    const uint32_t reason = random_below(WIRE_REJECTED_COUNT);
    counts->rejected[reason]++;
    model_sums[domain].rejected++;
    take(record_of(domain, (enum wire_outcome)(WIRE_REJECTED_FIRST + reason), address));
}

/* The exporter's timer, as its loop runs it. */
static void sweep(void)
{
    const struct timer timer = counts_timer(&shown.counts);
    bool before[DOMAINS][PLACES];
    for (uint32_t i = 0; i < DOMAINS * PLACES; i++) {
        before[i / PLACES][i % PLACES] = model.places[i / PLACES][i % PLACES].open;
    }
    timer.run(timer.owner, (struct timer_now){.second = now});
    model_sweep(now);
    (void)model_follow(&shown.counts.sessions);
    for (uint32_t i = 0; i < DOMAINS * PLACES; i++) {
        const bool open = model.places[i / PLACES][i % PLACES].open;
        met.opened += open && !before[i / PLACES][i % PLACES];
        met.closed += !open && before[i / PLACES][i % PLACES];
    }
}

/* --- The runs. */

struct run {
    uint32_t least;
    uint32_t sessions_max;
    uint32_t groups_max;
    uint32_t pool; /* sessions that come */
};

static void add_domain(const char *keys)
{
    const char *part = NULL;
    struct options *options = &shown.options;
    struct domain *domain = &options->domains[options->domain_count];
    (void)snprintf(domain->text, sizeof domain->text, "t%u.example.com", options->domain_count);
    assert_null(tunnel_parse(keys, &options->tunnels[options->domain_count++], &part));
}

static void start(const struct run *run)
{
    memset(&shown, 0, sizeof shown);
    now = NOW;
    shown.options = (struct options){.groups_max = run->groups_max,
                                     .sessions_max = run->sessions_max,
                                     .sessions_remember = 100000,
                                     .sessions_min_queries = 1,
                                     .active_window = 30,
                                     .privacy_min_clients = run->least,
                                     .country_database = "country.mmdb",
                                     .asn_database = "asn.mmdb",
                                     .telemetry_path = "/metrics",
                                     .ports = {53},
                                     .port_count = 1};
    add_domain("active-window=20s");
    add_domain("format=vaydns,active-window=10s");
    add_domain("format=xdns");
    add_domain("format=opaque");
    assert_int_equal(counts_create(&shown.options, now, &shown.counts), 0);
    assert_int_equal(organizations_create(PLACES, &organizations), 0);
    /* Only that there is one matters. */
    shown.geoip = (struct geoip *)&place_of;
    intake_start(&shown.options, shown.geoip, &shown.counts, &shown.intake);
    message.hello = (struct wire_hello){
        .version = WIRE_VERSION, .record_size = sizeof(struct wire_record), .domains = DOMAINS};
    message.header = (struct wire_header){.magic = WIRE_MAGIC, .type = WIRE_HELLO};
    assert_int_equal(intake_take(&shown.intake, &message, sizeof message.hello, now), INTAKE_OK);
    model_begin(run->least, run->groups_max, now);
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        model.windows[domain] = shown.counts.rules[domain].window;
        model.lasting[domain] = shown.counts.rules[domain].lasting;
    }
    memset(place_of, 0, sizeof place_of);
    reload(1);
}

static void end(void)
{
    table_unmap(shown.counts.sessions.slots, shown.counts.sessions.slot_count,
                sizeof(struct session_entry));
    groups_destroy(&shown.counts.groups);
    distinct_destroy(&shown.counts.distinct);
    repeats_destroy(&shown.counts.repeats);
    organizations_destroy(&organizations);
}

/* Now a few seconds or a whole window pass, now many records come within one. */
static void pass(uint32_t most)
{
    now += random_below(8) == 0 ? random_below(40) : random_below(most);
    if (random_below(3) > 0) {
        sweep();
    }
}

/* A session stays with its address for the most part. */
static uint32_t address_for(uint32_t number)
{
    return random_below(6) == 0 ? random_below(ADDRESSES) : number % ADDRESSES;
}

static void step(const struct run *run)
{
    const uint32_t number = random_below(run->pool);
    const uint32_t dice = random_below(20);
    if (dice == 0) {
        send_rejected(number % DOMAINS, address_for(number));
    } else if (dice < 3) {
        send_response(number, address_for(number));
    } else {
        send_query(number, address_for(number));
    }
}

static void run_against_model(const struct run *run)
{
    start(run);
    look();
    check_pages();
    for (unsigned i = 0; i < STEPS; i++) {
        if (random_below(12) == 0) {
            pass(3);
        }
        if (random_below(1000) == 0) {
            reload(3);
        }
        step(run);
        if (random_below(5) == 0) {
            look();
        }
        if (random_below(200) == 0) {
            check_pages();
        }
    }
    check_pages();
    end();
}

static void test_against_model(void **state)
{
    (void)state;
    const struct run runs[] = {
        {1, 1000, 100, 100}, {2, 1000, 100, 100}, {3, 1000, 100, 200}, {5, 1000, 100, 400},
        {4, 1000, 16, 200},  {3, 40, 100, 200},   {2, 12, 20, 100},    {1000, 1000, 100, 400},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        run_against_model(&runs[i]);
    }
    /* Nothing was spared. */
    assert_true(met.opened > 100 && met.closed > 100 && met.hidden > 100);
    assert_true(met.below > 100 && met.evicted > 100 && met.moved > 100 && met.capped > 100);
    assert_true(met.named > 20);
    printf("%llu places opened and %llu closed; %llu were found hidden, %llu open and below; "
           "%llu sessions moved, %llu were evicted\n",
           (unsigned long long)met.opened, (unsigned long long)met.closed,
           (unsigned long long)met.hidden, (unsigned long long)met.below,
           (unsigned long long)met.moved, (unsigned long long)met.evicted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
