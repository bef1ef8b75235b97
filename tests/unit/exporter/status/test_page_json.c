#include "common/build.h"
#include "exporter/counts/history.h"
#include "exporter/status/page.h"
#include "exporter/status/view.h"
#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/exporter/status/hand_made.h"

static char expected[STATUS_BYTES];

static void expect(const char *text)
{
    assert_true(strlen(expected) + strlen(text) < sizeof expected);
    strcat(expected, text);
}

/* The samples of a span, the oldest first. */
static void expect_history(enum history_span span)
{
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        char number[24];
        snprintf(number, sizeof number, "%" PRIu32, view.histories[span].samples[i]);
        expect(i == 0 ? "" : ",");
        expect(view.histories[span].samples[i] == HISTORY_NOTHING ? "null" : number);
    }
}

static void render(void)
{
    struct writer writer = begin_page();
    page_json(&view, &writer);
    end_page(&writer);
    assert_ptr_equal(strchr(page, '\n'), page + writer.length - 1);
}

static void test_the_whole_object(void **state)
{
    (void)state;
    make_view();
    expected[0] = '\0';
    expect("{\"version\":1,\"exporter\":\"");
    expect(build_version());
    expect("\",\"time\":1700010805,\"started\":1700000000,\"ports\":[53],\"interface\":null,"
           "\"clients\":{\"active\":43,\"established\":30,\"peak_hour\":59,\"peak_day\":290,"
           "\"peak_week\":291},\"history\":{\"hour\":{\"sample_seconds\":15,\"active\":[");
    view.histories[HISTORY_WEEK].peak = 291; /* each has its own */
    expect_history(HISTORY_HOUR);
    expect("]},\"day\":{\"sample_seconds\":360,\"active\":[");
    expect_history(HISTORY_DAY);
    expect("]},\"week\":{\"sample_seconds\":2520,\"active\":[");
    expect_history(HISTORY_WEEK);
    expect("]}},\"domains\":[{\"domain\":\"t.example.com\",\"format\":\"dnstt\","
           "\"active_window_seconds\":30,\"active\":42,\"established\":30,\"peak\":60,"
           "\"sessions\":700,\"queries\":1234567,\"repeated_queries\":99999,"
           "\"responses\":1200000,\"bytes_in\":157286400,\"bytes_out\":1023,"
           "\"recent_queries\":200,\"recent_responses\":197,\"ended_sessions\":658,"
           "\"median_session_seconds\":754},"
           "{\"domain\":\"a-rather-long-name.v.example.com\",\"format\":\"vaydns\","
           "\"active_window_seconds\":10,\"active\":1,\"established\":0,\"peak\":1,"
           "\"sessions\":1,\"queries\":3,\"repeated_queries\":0,\"responses\":0,"
           "\"bytes_in\":400,\"bytes_out\":0,\"recent_queries\":0,\"recent_responses\":0,"
           "\"ended_sessions\":0,\"median_session_seconds\":null}],");
    expect("\"countries\":{\"top\":[{\"country\":\"DE\",\"active\":20},"
           "{\"country\":\"FR\",\"active\":10},{\"country\":null,\"active\":1}],"
           "\"all_others\":2,\"other\":10},"
           "\"networks\":{\"top\":["
           "{\"asn\":64496,\"organization\":\"Example Networks, Ltd.\",\"active\":16},"
           "{\"asn\":64497,\"organization\":\"\\u003c/bdi\\u003e\\u003cscript\\u003e [31m "
           "\\u0022\\u005c\",\"active\":8},"
           "{\"asn\":4294967295,\"organization\":\"\xe6\x97\xa5\xe6\x9c\xac\xe3\x83\x8d\xe3\x83\x83"
           "\xe3\x83\x88\",\"active\":4},{\"asn\":65536,\"active\":3},"
           "{\"asn\":65537,\"active\":1},{\"asn\":null,\"active\":1}],"
           "\"all_others\":0,\"other\":10},");
    expect("\"rejected_queries\":{\"opcode\":0,\"qtype\":0,\"edns\":40,\"encoding\":0,"
           "\"short\":0,\"framing\":123456},\"checks\":["
           "{\"check\":\"sniffer\",\"good\":true,\"text\":\"reports\"},"
           "{\"check\":\"packets_lost\",\"good\":true,\"text\":\"none\"},"
           "{\"check\":\"asn_database\",\"good\":false,"
           "\"text\":\"built 60 days ago; its replacement cannot be used\"},"
           "{\"check\":\"interfaces\",\"good\":false,\"text\":\"changed since the start: packets "
           "may count twice or not at all until a restart\"}],\"hints\":[]}\n");
    render();
    assert_page(expected);
}

/* What needs a database is not there without it. */
static void test_without_databases(void **state)
{
    (void)state;
    make_view();
    state_shown.options.country_database = NULL;
    render();
    assert_hides("\"countries\"");
    assert_shows(",\"networks\":{");
    state_shown.options.country_database = "country.mmdb";
    state_shown.options.asn_database = NULL;
    render();
    assert_hides("\"networks\"");
    assert_shows(",\"countries\":{");
}

static void test_one_of_each(void **state)
{
    (void)state;
    make_empty_view();
    state_shown.options.asn_database = "asn.mmdb";
    name_network(1, "x", 1);
    rank(&view.networks, 1, 1);
    view.domains[0].ended = 1;
    render();
    assert_shows("\"top\":[{\"asn\":1,\"organization\":\"x\",\"active\":1}]");
    assert_shows("\"ended_sessions\":1,\"median_session_seconds\":0}]");
}

static void test_nobody_is_active(void **state)
{
    (void)state;
    make_empty_view();
    state_shown.options.country_database = "country.mmdb";
    render();
    assert_shows("\"checks\":[],\"hints\":[]}\n");
    check_of("sniffer", "Sniffer", false, "silent");
    render();
    assert_shows("\"countries\":{\"top\":[],\"all_others\":0,\"other\":0}");
    assert_shows(
        "\"checks\":[{\"check\":\"sniffer\",\"good\":false,\"text\":\"silent\"}],\"hints\":[]}\n");
    assert_shows("\"peak_hour\":0,\"peak_day\":0,\"peak_week\":0}");
}

static void test_what_is_watched(void **state)
{
    (void)state;
    static const char interface[] = "e\"\033\xff\xc3\xa9";
    make_empty_view();
    memcpy(state_shown.options.interface, "e", 2);
    render();
    assert_shows("\"ports\":[53],\"interface\":\"e\",\"clients\"");
    memcpy(state_shown.options.interface, interface, sizeof interface);
    state_shown.options.ports[1] = 65535;
    state_shown.options.port_count = 2;
    render();
    assert_shows("\"ports\":[53,65535],\"interface\":\"e\\u0022 \xc3\xa9\",\"clients\"");
}

/* At the end, only where a flag is used, and both then. */
static void test_privacy(void **state)
{
    (void)state;
    make_view();
    render();
    assert_hides("privacy");
    state_shown.options.privacy_min_clients = 5;
    render();
    assert_shows("\"hints\":[],\"privacy\":{\"min_clients\":5,\"round\":0}}\n");
    state_shown.options.privacy_round = 10;
    render();
    assert_shows(",\"privacy\":{\"min_clients\":5,\"round\":10}}\n");
    state_shown.options.country_database = NULL;
    state_shown.options.asn_database = NULL;
    render();
    assert_shows(",\"privacy\":{\"min_clients\":0,\"round\":10}}\n");
    state_shown.options.privacy_round = 0;
    render();
    assert_hides("privacy");
}

/* All that has a limit, at its limit; and no octet that is special anywhere. */
static void test_the_longest_object(void **state)
{
    (void)state;
    make_longest_view();
    render();
    assert_in_range(strlen(page), 1, STATUS_BYTES / 2);
    assert_shows("\"active\":18446744073709551615,\"established\":18446744073709551615,"
                 "\"peak_hour\":4294967294,");
    assert_shows("\"bytes_out\":18446744073709551615,\"recent_queries\":1,"
                 "\"recent_responses\":18446744073709551615,");
    for (const char *at = page; at[1] != '\0'; at++) {
        assert_true((unsigned char)*at >= ' ' && *at != '\x7f' && strchr("<>&'", *at) == NULL);
    }
}

static void put(struct writer *writer)
{
    page_json(&view, writer);
}

static void test_without_room(void **state)
{
    (void)state;
    make_longest_view();
    assert_full_without_room(put);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_object), cmocka_unit_test(test_without_databases),
        cmocka_unit_test(test_nobody_is_active), cmocka_unit_test(test_one_of_each),
        cmocka_unit_test(test_what_is_watched),  cmocka_unit_test(test_the_longest_object),
        cmocka_unit_test(test_without_room),     cmocka_unit_test(test_privacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
