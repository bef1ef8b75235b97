/* When a hint is logged, and that each has room for the longest names. */
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exporter/hints/hints_bench.h"

enum { LOG_LOOKS = HINTS_LOG_SECONDS / HINTS_LOOK_SECONDS };

/* One hint that is nothing but a switch. */
static void change(bool on)
{
    shown.interfaces_changed = on;
    look(1);
    assert_int_equal(is_on(HINT_INTERFACES_CHANGED), on);
}

static void assert_logged(unsigned count, enum log_level level, const char *text)
{
    assert_int_equal(lines, count);
    assert_int_equal(logged, level);
    assert_string_equal(line, text);
}

static const char begun[] =
    "an interface has changed since the start: packets may count twice or not at all hint "
    "interfaces_changed advice restart the exporter; the log names the interface";
static const char ended[] = "a hint has ended hint interfaces_changed";

static void test_once_when_it_begins_and_ends(void **state)
{
    (void)state;
    be_asked();
    look(10);
    assert_int_equal(lines, 0);
    change(true);
    assert_logged(1, LOG_WARN, begun);
    look(10 * LOG_LOOKS);
    assert_int_equal(lines, 1);
    change(false);
    assert_logged(2, LOG_INFO, ended);
    look(10 * LOG_LOOKS);
    assert_int_equal(lines, 2);
}

/* The end of a short one is logged when it may be, if it has not begun again. */
static void test_short_ones(void **state)
{
    (void)state;
    be_asked();
    change(true);
    change(false);
    look(LOG_LOOKS - 2);
    assert_int_equal(lines, 1);
    look(1);
    assert_logged(2, LOG_INFO, ended);
    change(true);
    change(false);
    look(10 * LOG_LOOKS);
    assert_int_equal(lines, 2);
}

static void test_at_most_once_in_ten_minutes(void **state)
{
    (void)state;
    be_asked();
    uint32_t latest = second - HINTS_LOG_SECONDS;
    for (unsigned i = 0; i < 100 * LOG_LOOKS + 1; i++) {
        const unsigned before = lines;
        change(i % 2 == 0 || i % 7 == 0);
        if (lines > before) {
            assert_int_equal(lines, before + 1);
            assert_true(second - latest >= HINTS_LOG_SECONDS);
            assert_string_equal(line, shown.interfaces_changed ? begun : ended);
            latest = second;
        }
    }
    assert_in_range(lines, 50, 101);
}

/* One does not wait for another. */
static void test_each_for_itself(void **state)
{
    (void)state;
    be_asked();
    change(true);
    shown.web_config.successful = 0;
    look(1);
    assert_int_equal(lines, 2);
    shown.web_config.successful = 1;
    look(LOG_LOOKS);
    assert_logged(3, LOG_INFO, "a hint has ended hint web_config_failed");
}

/* All that can be on together, with the longest names: nothing is cut. */
static void test_the_longest(void **state)
{
    (void)state;
    char name[DOMAIN_WIRE_MAX] = "";
    for (size_t i = 0; i < sizeof name - 3; i++) {
        name[i] = i % 64 == 63 ? '.' : 'a';
    }
    shown.options.domain_count = 0;
    shown.counts.groups.domain_count = 0;
    name_domain(name);
    name_domain("u.example.com");
    memset(shown.options.interface, 'i', IF_NAMESIZE - 1);
    shown.options.port_count = OPTIONS_PORTS_MAX;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        shown.options.ports[i] = UINT16_MAX;
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < HINTS_TEN_MINUTES; i++) {
            const struct wire_evidence longest = {TUNNEL_VAYDNS, 8, TUNNEL_CNAME};
            const uint32_t code = (uint32_t)longest.format | (uint32_t)longest.clientid_size << 8 |
                                  (uint32_t)longest.record_type << 16;
            domains[0].queries += round == 0;
            domains[0].responses += round == 1;
            domains[0].misfits += 10;
            for (unsigned query = 0; query < 10 * (round > 0); query++) {
                evidence_note(&shown.counts.evidence[0], code, query);
            }
            shown.intake.stats.ports[0].queries += round == 2;
            look(1);
            for (enum hint hint = 0; hint < HINTS; hint++) {
                if (is_on(hint)) {
                    const struct hint_text *text = &shown.hints.texts[hint];
                    assert_in_range(strlen(text->seen), 20, HINT_SEEN_BYTES - 2);
                    assert_in_range(strlen(text->advice), 20, HINT_ADVICE_BYTES - 2);
                }
            }
        }
        assert_int_equal(is_on(HINT_NO_PACKETS), round < 2);
        assert_int_equal(is_on(HINT_NO_QUERIES), round == 2);
        assert_int_equal(is_on(HINT_NO_RESPONSES), round == 0);
        assert_int_equal(is_on(HINT_ONLY_RESPONSES), round == 1);
        assert_true(is_on(HINT_OTHER_FORMAT));
    }
    assert_in_range(lines, 5, 20);
    /* With the time, the level, the keys and the quotes around. */
    assert_in_range(line_length_max, 500, LOG_LINE_MAX - 100);
}

#define TEST(name) cmocka_unit_test_setup(name, bench_start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_once_when_it_begins_and_ends),
        TEST(test_short_ones),
        TEST(test_at_most_once_in_ten_minutes),
        TEST(test_each_for_itself),
        TEST(test_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
