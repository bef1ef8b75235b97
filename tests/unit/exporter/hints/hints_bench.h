/* The hints over a state that the tests fill in by hand, by the tests' clock; what is logged of
 * them. Include after cmocka. */
#ifndef TESTS_UNIT_EXPORTER_HINTS_BENCH_H
#define TESTS_UNIT_EXPORTER_HINTS_BENCH_H

#include "common/domain.h"
#include "common/log.h"
#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/geoip/geoip.h"
#include "exporter/hints/hints.h"
#include "exporter/hints/watch.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/timer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first look is a whole HINTS_LOOK_SECONDS after the start. */
enum { START = 1000 * HINTS_LOOK_SECONDS, ENTRIES_MAX = 200000, DATABASE_DAYS = 45 };

static struct state shown;
static struct hints_watch watch;
static uint32_t second;
static struct group_domain domains[DOMAINS_MAX];
static struct group entries[ENTRIES_MAX];

/* --- In the place of the exporter's. */

static uint64_t built[GEOIP_DATABASES];

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    (void)geoip;
    return (struct geoip_values){.build_time = built[which]};
}

static unsigned lines;         /* logged so far */
static char line[2048];        /* the latest: all of its parts, with a space between */
static enum log_level logged;  /* its level */
static size_t line_length_max; /* of all */

void log_line(enum log_level level, const char *message, ...)
{
    va_list fields;
    size_t length = (size_t)snprintf(line, sizeof line, "%s", message);
    va_start(fields, message);
    for (const char *part = va_arg(fields, const char *); part != NULL;
         part = va_arg(fields, const char *)) {
        assert_true(length < sizeof line);
        length += (size_t)snprintf(line + length, sizeof line - length, " %s", part);
    }
    va_end(fields);
    assert_true(length < sizeof line);
    lines++;
    logged = level;
    line_length_max = length > line_length_max ? length : line_length_max;
}

/* --- The state, and the time. */

static inline void name_domain(const char *text)
{
    assert_int_equal(domain_parse(text, &shown.options.domains[shown.options.domain_count++]), 0);
    shown.counts.groups.domain_count++;
}

/* One domain, at one port. */
static inline int bench_start(void **state)
{
    (void)state;
    memset(&shown, 0, sizeof shown);
    memset(domains, 0, sizeof domains);
    memset(entries, 0, sizeof entries);
    memset(built, 0, sizeof built);
    shown.counts.groups = (struct groups){.entries = entries, .domains = domains};
    shown.options.ports[0] = 53;
    shown.options.port_count = 1;
    shown.databases[GEOIP_COUNTRY].file.successful = 1;
    shown.databases[GEOIP_ASN].file.successful = 1;
    shown.web_config.successful = SELF_METRICS_UNKNOWN;
    name_domain("t.example.com");
    second = START;
    lines = 0;
    line_length_max = 0;
    hints_start(&shown, second, &watch);
    return 0;
}

/* Queries have come, under a domain. */
static inline void be_asked(void)
{
    shown.intake.stats.ports[0].queries = 1;
    shown.intake.stats.outcomes[WIRE_QUERY] = 1;
}

/* Up to the next look, as the loop waits for it. */
static inline void look_once(void)
{
    const struct timer timer = hints_timer(&watch);
    const uint32_t before = watch.looks;
    const int wait = timer.wait(timer.owner, (struct timer_now){.second = second});
    assert_in_range(wait, 1000, HINTS_LOOK_SECONDS * 1000);
    second += (uint32_t)wait / 1000;
    timer.run(timer.owner, (struct timer_now){.second = second - 1, .millisecond = 999});
    assert_int_equal(watch.looks, before);
    timer.run(timer.owner, (struct timer_now){.second = second});
    timer.run(timer.owner, (struct timer_now){.second = second, .millisecond = 1});
    assert_int_equal(watch.looks, before + 1);
}

static inline void look(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        look_once();
    }
}

static inline bool is_on(enum hint hint)
{
    assert_in_range(shown.hints.on[hint], 0, 1);
    return shown.hints.on[hint] != 0;
}

static inline unsigned on_count(void)
{
    unsigned count = 0;
    for (enum hint hint = 0; hint < HINTS; hint++) {
        count += is_on(hint);
    }
    return count;
}

#endif
