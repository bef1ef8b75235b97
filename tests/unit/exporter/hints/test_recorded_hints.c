/* Recordings of clients and servers, each read in its own format, from frame to counts and looks by
 * its own clock: no hint is ever on. */
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/hints/hints.h"
#include "exporter/hints/watch.h"
#include "exporter/state/state.h"
#include "exporter/system/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"
#include "tests/unit/recording.h"

#include <string.h>

enum { QUIET_SECONDS = 2 * 3600 };

static struct state shown;
static struct hints_watch watch;

static void start(uint32_t now)
{
    memset(&shown, 0, sizeof shown);
    shown.options = options;
    shown.web_config.successful = 1;
    assert_int_equal(counts_create(&shown.options, now, &shown.counts), 0);
    hints_start(&shown, now, &watch);
}

static void end(void)
{
    struct counts *counts = &shown.counts;
    table_unmap(counts->sessions.slots, counts->sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&counts->groups);
    distinct_destroy(&counts->distinct);
    repeats_destroy(&counts->repeats);
}

/* The timers, as the loop runs them, in each second. */
static void pass(uint32_t from, uint32_t until)
{
    const struct timer timers[] = {counts_timer(&shown.counts), hints_timer(&watch)};
    for (uint32_t now = from; now <= until; now++) {
        for (unsigned i = 0; i < sizeof timers / sizeof *timers; i++) {
            timers[i].run(timers[i].owner, (struct timer_now){.second = now});
        }
        for (uint32_t hint = 0; hint < HINTS; hint++) {
            if (shown.hints.on[hint] != 0) {
                fail_msg("%s is on", hint_name(hint));
            }
        }
    }
}

static void run_recording(const char *name)
{
    struct recorded recorded;
    uint32_t now = 0;
    FILE *file = recording_open(name);
    while (recording_next(file, &recorded)) {
        if (now == 0) {
            now = recorded.second;
            start(now);
        }
        pass(now + 1, recorded.second);
        now = recorded.second;
        shown.intake.stats.ports[0].queries++;
        shown.intake.stats.outcomes[recorded.outcome]++;
        if (recorded.outcome >= WIRE_REJECTED_FIRST) {
            counts_take(&shown.counts, &record, GEO_UNKNOWN, now, false);
        }
    }
    pass(now + 1, now + QUIET_SECONDS);
    assert_true(watch.looks > HINTS_HOUR);
    end();
}

static const struct recording {
    const char *name;
    struct tunnel tunnel;
} recordings[] = {
    {"1c-direct", {.format = TUNNEL_DNSTT}},
    {"1c-direct-frag", {.format = TUNNEL_DNSTT}},
    {"2c-direct-drop10", {.format = TUNNEL_DNSTT}},
    {"2c-direct-v6", {.format = TUNNEL_DNSTT}},
    {"3c-unbound", {.format = TUNNEL_DNSTT}},
    {"vay-1c-null", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}},
    {"vay-2c-compat", {.format = TUNNEL_DNSTT}},
    {"vay-2c-id4", {.format = TUNNEL_VAYDNS, .clientid_size = 4}},
    {"vay-2c-unbound-a", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}},
    {"vay-3c-direct", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    {"vay-3c-unbound", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    {"slip-2conn-3paths", {.format = TUNNEL_SLIPSTREAM}},
};

static void test_recordings(void **state)
{
    (void)state;
    options.groups_max = 100;
    options.sessions_max = 1000;
    options.sessions_remember = 1000;
    options.sessions_min_queries = 1;
    options.active_window = 30;
    for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
        options.tunnels[1] = recordings[i].tunnel;
        classifier_make(&options, &classifier);
        run_recording(recordings[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recordings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
