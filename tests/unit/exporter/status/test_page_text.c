#include "common/build.h"
#include "common/wire.h"
#include "exporter/status/page.h"
#include "exporter/status/view.h"
#include "exporter/text/terminal.h"
#include "exporter/text/utf8.h"
#include "exporter/text/width.h"
#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/exporter/status/hand_made.h"

#define ESCAPE "\033"

static const char expected_utf8[] =
    "dnstt_exporter %s, counting since 2023-11-14 22:13 UTC (3 h)\n"
    "\n"
    "Tunnels                 format      active  establ.   answered  median session\n"
    "t.example.com           dnstt           42       30       98 %%          12 min\n"
    "a-rather-long-name.v.example.com\n"
    "                        vaydns           1        0 no queries      none ended\n"
    "\n"
    "Since the start         sessions  queries repeated responses        in       out\n"
    "t.example.com                700    1.23M    99999     1.20M   150 MiB    1023 B\n"
    "a-rather-long-name.v.example.com\n"
    "                               1        3        0         0     400 B       0 B\n"
    "\n"
    "Active clients\n"
    "43 now, 30 of them established\n"
    "peak of the last hour 59, day 290, week 290\n"
    "        59 |                                                    \u2581\u2584\u2588\n"
    "           |                                                   \u2586\u2588\u2588\u2588\n"
    "           |                                               \u2581\u2584\u2587 "
    "\u2588\u2588\u2588\u2588\n"
    "           |                                             \u2582\u2585\u2588\u2588\u2588 "
    "\u2588\u2588\u2588\u2588\n"
    "           |                                           "
    "\u2584\u2587\u2588\u2588\u2588\u2588\u2588 \u2588\u2588\u2588\u2588\n"
    "         0 |                                        "
    "\u2582\u2585\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588 "
    "\u2588\u2588\u2588\u2588\u2581\u2581\u2581\u2581\u2581\n"
    "            -60 min                      -30 min                      now\n"
    "       day |                                                    "
    "\u2581\u2581\u2582\u2583\u2584\u2585\u2586\u2588\n"
    "      week |                                                           \u2588\n"
    "\n"
    "Countries of the resolvers\n"
    "DE              20 "
    "\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588"
    "\u2588\u2588\u2588\u2588\u2588\n"
    "FR              10 \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\n"
    "unknown          1 \u2588\n"
    "all others       2 \u2588\u2588\n"
    "other           10 \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\n"
    "\n"
    "Networks of the resolvers\n"
    "AS64496         16 "
    "\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588"
    "\u2588\u2588\u2588\u2588\u2588 Example Networks, Ltd.\n"
    "AS64497          8 \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588           "
    "</bdi><script> [31m \"\\\n"
    "AS4294967295     4 \u2588\u2588\u2588\u2588\u2588                "
    "\xe6\x97\xa5\xe6\x9c\xac\xe3\x83\x8d\xe3\x83\x83\xe3\x83\x88\n"
    "AS65536          3 \u2588\u2588\u2588\n"
    "AS65537          1 \u2588\n"
    "unknown          1 \u2588\n"
    "other           10 \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\n"
    "\n"
    "Health\n"
    "ok  Sniffer: reports\n"
    "ok  Packets lost: none\n"
    "BAD ASN database: built 60 days ago; its replacement cannot be used\n"
    "BAD Interfaces: changed since the start: packets may count twice or not at all\n"
    "    until a restart\n"
    "\n"
    "Rejected queries since the start\n"
    "opcode         0  not a standard query\n"
    "qtype          0  not the tunnel's type, as resolvers ask that minimise names\n"
    "edns          40  a size below the MTU, without EDNS 512: no tunnel works\n"
    "                  through this resolver\n"
    "encoding       0  not base32 as the format has it\n"
    "short          0  too short for a session id, or for a packet\n"
    "framing     123k  not a client's: scanners, forged queries, another format\n"
    "\n"
    "Watching UDP port 53 on all interfaces\n"
    "Active: with a query in the last 10 to 30 s.\n"
    "Established: with data, for a minute or longer.\n"
    "A restart begins all values again. Countries and networks are those of the\n"
    "resolvers, not of the people behind them.\n";

/* Of the parts where ASCII differs. */
static const char expected_ascii[] =
    "peak of the last hour 59, day 290, week 290\n"
    "        59 |                                                    _:#\n"
    "           |                                                   :###\n"
    "           |                                               _:: ####\n"
    "           |                                             .:### ####\n"
    "           |                                           ::##### ####\n"
    "         0 |                                        .:######## ####_____\n"
    "            -60 min                      -30 min                      now\n"
    "       day |                                                    __..:::#\n"
    "      week |                                                           #\n";

static const struct page_style styles[] = {
    {TERMINAL_UTF8, false}, {TERMINAL_ASCII, false}, {TERMINAL_UTF8, true}, {TERMINAL_ASCII, true}};
enum { STYLES = sizeof styles / sizeof *styles };

static void render(struct page_style style)
{
    struct writer writer = begin_page();
    page_text(&view, style, &writer);
    end_page(&writer);
}

/* Takes the escapes that are ours out of the page. */
static void strip_color(void)
{
    static const char *const escapes[] = {ESCAPE "[1m", ESCAPE "[0m", ESCAPE "[32m",
                                          ESCAPE "[1;31m"};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        const size_t length = strlen(escapes[i]);
        for (char *at = page; (at = strstr(at, escapes[i])) != NULL;) {
            memmove(at, at + length, strlen(at + length) + 1);
        }
    }
}

static void assert_line(const char *line, size_t length, bool ascii)
{
    unsigned columns = 0;
    for (size_t at = 0; at < length;) {
        uint32_t character = 0;
        const size_t size = utf8_decode(line + at, length - at, &character);
        if (size == 0 || character < ' ' || (character >= 0x7f && character < 0xa0) ||
            (ascii && size > 1)) {
            fail_msg("wrong character at %zu: %.*s", at, (int)length, line);
        }
        columns += width_of(character);
        at += size;
    }
    if (columns > PAGE_TEXT_COLUMNS || (length > 0 && line[length - 1] == ' ')) {
        fail_msg("%u columns: <%.*s>", columns, (int)length, line);
    }
}

/* Whole lines of text that any terminal shows as it is. */
static void assert_lines(bool ascii)
{
    const char *line = page;
    while (*line != '\0') {
        const size_t length = strcspn(line, "\n");
        assert_int_equal(line[length], '\n');
        assert_line(line, length, ascii);
        line += length + 1;
    }
}

/* In each style: the rules of the text, and colour adds escapes alone. */
static void check_all_styles(void)
{
    static char without[2][sizeof page];
    for (unsigned i = 0; i < STYLES; i++) {
        const bool ascii = styles[i].characters == TERMINAL_ASCII;
        render(styles[i]);
        if (styles[i].color) {
            assert_non_null(strchr(page, '\033'));
            strip_color();
            assert_page(without[ascii]);
        }
        assert_lines(ascii);
        memcpy(without[ascii], page, sizeof page);
    }
}

static void test_the_whole_page(void **state)
{
    (void)state;
    char expected[sizeof expected_utf8 + 64];
    make_view();
    snprintf(expected, sizeof expected, expected_utf8, build_version());
    render(styles[0]);
    assert_page(expected);
    check_all_styles();
}

static void test_ascii(void **state)
{
    (void)state;
    make_view();
    render(styles[1]);
    assert_shows(expected_ascii);
    assert_shows("DE              20 ####################\n"
                 "FR              10 ##########\n");
    assert_shows("\nAS4294967295     4 #####                ?????\n");
}

static void test_color(void **state)
{
    (void)state;
    make_view();
    render(styles[2]);
    assert_shows(
        "\n\n" ESCAPE
        "[1mTunnels                 format      active  establ.   answered  median session" ESCAPE
        "[0m\nt.example.com ");
    assert_shows(
        "\n\n" ESCAPE
        "[1mSince the start         sessions  queries repeated responses        in       out" ESCAPE
        "[0m\nt.example.com ");
    assert_shows("\n\n" ESCAPE "[1mHealth" ESCAPE "[0m\n" ESCAPE "[32mok  " ESCAPE
                 "[0mSniffer: reports\n");
    assert_shows("\n" ESCAPE "[1;31mBAD " ESCAPE "[0mASN database: built 60 days ago;");
    assert_shows(" </bdi><script> [31m "); /* not from a name */
}

static void test_nothing_has_happened(void **state)
{
    (void)state;
    make_empty_view();
    check_all_styles();
    render(styles[0]);
    assert_shows(
        "\nt.example.com           dnstt            0        0 no queries      none ended\n");
    assert_shows("\n0 now, 0 of them established\npeak of the last hour 0, day 0, week 0\n");
    assert_shows(
        "\nWatching UDP port 53 on all interfaces\nActive: with a query in the last 30 s.\n");
    assert_hides("of the resolvers\n\n");
    assert_hides("Countries of");
    assert_hides("Networks of");
    assert_hides("nobody is active");

    /* With a database there is a place for what it will say. */
    state_shown.options.country_database = "country.mmdb";
    render(styles[0]);
    assert_shows("\nCountries of the resolvers\nnobody is active\n\n");
    assert_hides("Networks of");
    state_shown.options.country_database = NULL;
    state_shown.options.asn_database = "asn.mmdb";
    render(styles[0]);
    assert_shows("\nNetworks of the resolvers\nnobody is active\n\n");
    assert_hides("Countries of");
}

/* The longest bar is that of the most, wherever it stands. */
static void test_bars(void **state)
{
    (void)state;
    make_empty_view();
    state_shown.options.country_database = "country.mmdb";
    rank(&view.countries, DE, 19);
    view.countries.rest = 20;
    view.other = 1;
    render(styles[1]);
    assert_shows("\nDE              19 ###################\n"
                 "all others      20 ####################\n"
                 "other            1 #\n\n");
    view.other = 40;
    render(styles[1]);
    assert_shows("\nDE              19 #########\n"
                 "all others      20 ##########\n"
                 "other           40 ####################\n\n");
    view.countries.rest = 1;
    render(styles[1]);
    assert_shows("\nall others       1\n");
    view.countries.count = 0;
    view.countries.rest = 0;
    render(styles[1]);
    assert_shows("\nCountries of the resolvers\nother           40 ####################\n\n");
}

static void test_one_row(void **state)
{
    (void)state;
    make_empty_view();
    state_shown.options.country_database = "country.mmdb";
    rank(&view.countries, DE, 1);
    render(styles[1]);
    assert_shows("\nDE               1 ####################\n\n");
    view.countries.rows[0].active = 0; /* which is never ranked */
    render(styles[1]);
    assert_shows("\nDE               0\n");
}

static void show_name(const char *name)
{
    make_empty_view();
    state_shown.options.asn_database = "asn.mmdb";
    name_network(64496, name, strlen(name));
    rank(&view.networks, 64496, 1);
    check_all_styles();
    render(styles[1]);
}

static void test_names_of_networks(void **state)
{
    (void)state;
    show_name("x");
    assert_shows("\nAS64496          1 #################### x\n");
    show_name("");
    assert_shows("\nAS64496          1 ####################\n");
    show_name("12345678901234567890123456789012345678");
    assert_shows("# 12345678901234567890123456789012345678\n");
    show_name("123456789012345678901234567890123456789");
    assert_shows("# 12345678901234567890123456789012345...\n");
}

/* Where a line of words ends. */
static void test_words_in_lines(void **state)
{
    (void)state;
    char text[VIEW_CHECK_BYTES] = "";
    make_empty_view();
    memset(text, 'w', 66);
    check_of("sniffer", "Sniffer", true, text);
    text[66] = 'v';
    check_of("sniffer", "Sniffer", true, text);
    memset(text, 'u', 90);
    check_of("sniffer", "Sniffer", true, text);
    render(styles[1]);
    assert_shows(
        "\nok  Sniffer: wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\n");
    assert_shows(
        "\nok  Sniffer:\n    wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
        "wv\n");
    assert_shows("\nok  Sniffer:\n    uuuuuuuu"); /* one line, whatever its length */
}

/* A name that does not leave a space before the next column has a line of its own. */
static void test_names_of_domains(void **state)
{
    (void)state;
    static const unsigned lengths[] = {23, 24, 80, 81};
    static char names[4][DOMAIN_WIRE_MAX];
    make_empty_view();
    view.domain_count = 4;
    for (unsigned i = 0; i < 4; i++) {
        memset(names[i], 'a' + (int)i, lengths[i]);
        view.domains[i] = (struct view_domain){.name = names[i], .format = "xdns"};
    }
    check_all_styles();
    render(styles[0]);
    assert_shows("\naaaaaaaaaaaaaaaaaaaaaaa xdns    ");
    assert_shows("\nbbbbbbbbbbbbbbbbbbbbbbbb\n                        xdns    ");
    assert_shows(
        "\ncccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
        "                        xdns    ");
    assert_shows(
        "\nddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd...\n"
        "                        xdns    ");
    assert_shows("\nbbbbbbbbbbbbbbbbbbbbbbbb\n                               0        0        0 ");
}

static void watch(const char *interface, unsigned ports)
{
    memset(state_shown.options.interface, 0, sizeof state_shown.options.interface);
    memcpy(state_shown.options.interface, interface, strlen(interface));
    state_shown.options.port_count = ports;
    for (unsigned i = 0; i < ports; i++) {
        state_shown.options.ports[i] = (uint16_t)(5300 + i);
    }
    check_all_styles();
    render(styles[0]);
}

static void test_what_is_watched(void **state)
{
    (void)state;
    make_empty_view();
    watch("eth0", 2);
    assert_shows("\n\nWatching UDP port 5300, 5301 on eth0\nActive: ");
    watch("", 10);
    assert_shows(
        "\nWatching UDP port 5300, 5301, 5302, 5303, 5304, 5305, 5306, 5307, 5308, 5309 on\n"
        "    all interfaces\n");
    watch("123456789abcdef", 7);
    assert_shows(" 5305, 5306 on 123456789abcdef\n");
    state_shown.options.ports[5] = 10000;
    state_shown.options.ports[6] = 10001;
    render(styles[0]);
    assert_shows(" 5304, 10000, 10001 on 123456789abcdef\n");
    state_shown.options.ports[4] = 10002;
    render(styles[0]);
    assert_shows(" 10002, 10000, 10001 on\n    123456789abcdef\n");
    watch("e", 1);
    assert_shows(" on e\n");
    watch("123456789abcdef", 8);
    assert_shows(" 5306, 5307 on\n    123456789abcdef\n");
    watch("a\x1b[31m\xc2\x9b\xff\xe2\x80\xae"
          "b",
          1);
    assert_shows(" on a [31m b\n");
}

static void test_windows(void **state)
{
    (void)state;
    make_empty_view();
    view.window_most = 3600;
    render(styles[0]);
    assert_shows("\nActive: with a query in the last 30 to 3600 s.\n");
}

/* Each kind of count in its own column. */
static void test_columns(void **state)
{
    (void)state;
    make_empty_view();
    view.domains[0].active = 1;
    view.domains[0].established = 2;
    view.domains[0].totals = (struct view_totals){3, 4, 5, 6, 7, 8};
    view.domains[0].ended = 1;
    render(styles[0]);
    assert_shows(
        "\nt.example.com           dnstt            1        2 no queries             0 s\n");
    assert_shows(
        "\nt.example.com                  3        4        5         6       7 B       8 B\n");
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        view.rejected[i] = i + 1;
    }
    render(styles[0]);
    assert_shows("\nopcode         1  not a standard query\n");
    assert_shows("\nframing        6  not a client's: ");
}

/* All that has a limit, at its limit. */
static void test_the_longest_page(void **state)
{
    (void)state;
    make_longest_view();
    check_all_styles();
    assert_in_range(strlen(page), 1, STATUS_BYTES / 4);
}

static void put(struct writer *writer)
{
    page_text(&view, styles[2], writer);
}

static void test_without_room(void **state)
{
    (void)state;
    make_longest_view();
    assert_full_without_room(put);
}

/* At the end, in lines as long as the others. */
static void test_privacy(void **state)
{
    (void)state;
    make_view();
    render(styles[0]);
    assert_hides("Places with");
    state_shown.options.privacy_min_clients = 5;
    state_shown.options.privacy_round = 10;
    render(styles[0]);
    assert_shows("resolvers, not of the people behind them.\n"
                 "Places with fewer than 5 active sessions are in other. Sessions are rounded up\n"
                 "to multiples of 10, packets of 1000.\n");
    check_all_styles();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_page),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_nothing_has_happened),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_one_row),
        cmocka_unit_test(test_names_of_networks),
        cmocka_unit_test(test_words_in_lines),
        cmocka_unit_test(test_names_of_domains),
        cmocka_unit_test(test_what_is_watched),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_the_longest_page),
        cmocka_unit_test(test_without_room),
        cmocka_unit_test(test_privacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
