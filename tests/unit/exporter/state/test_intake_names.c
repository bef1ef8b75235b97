/* Which networks are named where groups open and close. The databases are ours: one resolver, whose
 * place a test sets. */
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/intake.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

enum { NOW = 1000, WINDOW = 30, LEAST = 2 };

static struct counts counts;
static struct intake intake;
static union wire_message message;
static uint32_t now;

static struct geo place;
static bool is_fresh;
static unsigned noted;
static uint32_t noted_asn;

struct geo geoip_lookup(struct geoip *geoip, const uint8_t address[16], bool *fresh)
{
    assert_non_null(geoip);
    assert_int_equal(address[15], 9);
    *fresh = is_fresh;
    return place;
}

void geoip_note_organization(struct geoip *geoip, const uint8_t address[16], uint32_t asn)
{
    assert_non_null(geoip);
    assert_int_equal(address[15], 9);
    noted++;
    noted_asn = asn;
}

static int start(void **state)
{
    (void)state;
    const struct options options = {.domain_count = 1,
                                    .port_count = 1,
                                    .groups_max = 100,
                                    .sessions_max = 1000,
                                    .sessions_remember = 10000,
                                    .sessions_min_queries = 1,
                                    .active_window = WINDOW,
                                    .asn_database = "asn.mmdb",
                                    .privacy_min_clients = LEAST};
    now = NOW;
    noted = 0;
    is_fresh = true;
    place = (struct geo){.country = GEO_UNKNOWN.country, .asn = 64496};
    assert_int_equal(counts_create(&options, now, &counts), 0);
    intake_start(&options, (struct geoip *)&place, &counts, &intake);
    message.hello = (struct wire_hello){
        .version = WIRE_VERSION, .record_size = sizeof(struct wire_record), .domains = 1};
    message.header = (struct wire_header){.magic = WIRE_MAGIC, .type = WIRE_HELLO};
    assert_int_equal(intake_take(&intake, &message, sizeof message.hello, now), INTAKE_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    table_unmap(counts.sessions.slots, counts.sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&counts.groups);
    distinct_destroy(&counts.distinct);
    repeats_destroy(&counts.repeats);
    return 0;
}

static void take(uint64_t token, enum wire_outcome outcome)
{
    message.batch.records[0] =
        (struct wire_record){.token = token,
                             .address = {[10] = 0xff, [11] = 0xff, [15] = 9},
                             .bytes = 100,
                             .outcome = (uint8_t)outcome,
                             .strength = token != 0 ? WIRE_WEAK : WIRE_NO_SESSION};
    message.header = (struct wire_header){
        .magic = WIRE_MAGIC, .type = WIRE_BATCH, .count = 1, .sequence = intake.expected.sequence};
    assert_int_equal(intake_take(&intake, &message, wire_batch_length(1), now), INTAKE_OK);
}

static void next_second(void)
{
    now++;
    sessions_sweep(&counts.sessions, now);
}

static void open_it(void)
{
    take(random_token(1), WIRE_QUERY);
    take(random_token(2), WIRE_QUERY);
    next_second();
}

/* Not even by what comes fresh from the database, or after so many sessions were there. */
static void test_hidden_is_not_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        take(random_token(1), WIRE_QUERY);
        take(random_token(1), WIRE_RESPONSE);
        take(0, WIRE_REJECTED_EDNS);
        next_second();
    }
    take(random_token(2), WIRE_QUERY); /* enough, but it opens with the next second */
    take(random_token(2), WIRE_QUERY);
    assert_int_equal(noted, 0);
}

/* Its address came from the database long before: the cache's answer does, once. */
static void test_named_once_it_has_opened(void **state)
{
    (void)state;
    open_it();
    assert_int_equal(noted, 0);
    is_fresh = false;
    take(random_token(1), WIRE_RESPONSE);
    assert_int_equal(noted, 1);
    assert_int_equal(noted_asn, 64496);
    take(random_token(1), WIRE_QUERY);
    take(random_token(1), WIRE_RESPONSE);
    assert_int_equal(noted, 1);
}

/* After a reload each answer is fresh again: of one that was open once, whatever it is now. */
static void test_named_after_a_reload(void **state)
{
    (void)state;
    open_it();
    is_fresh = false;
    take(random_token(1), WIRE_QUERY);
    assert_int_equal(noted, 1);
    is_fresh = true;
    take(random_token(1), WIRE_QUERY);
    assert_int_equal(noted, 2);
    now += WINDOW + 1;
    sessions_sweep(&counts.sessions, now);
    take(0, WIRE_REJECTED_EDNS);
    assert_int_equal(noted, 3);
    /* The address resolves elsewhere, where nobody was. */
    place.asn = 64497;
    take(random_token(1), WIRE_QUERY);
    assert_int_equal(noted, 3);
}

/* Nor do those that have no number: the unknown place, and what is beyond the cap. */
static void test_no_name_without_a_number(void **state)
{
    (void)state;
    place.asn = GEO_UNKNOWN.asn;
    open_it();
    take(random_token(1), WIRE_QUERY);
    assert_int_equal(noted, 0);
    counts.groups.group_max = 1;
    place.asn = 64496;
    open_it();
    take(random_token(1), WIRE_QUERY);
    assert_int_equal(noted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hidden_is_not_named, start, end),
        cmocka_unit_test_setup_teardown(test_named_once_it_has_opened, start, end),
        cmocka_unit_test_setup_teardown(test_named_after_a_reload, start, end),
        cmocka_unit_test_setup_teardown(test_no_name_without_a_number, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
